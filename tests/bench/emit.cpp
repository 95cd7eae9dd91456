// SPDX-License-Identifier: MIT
// What an emit costs the thread that emits, beside what nobody could do without.
// Each round measures every case once, so that a busy moment of the machine meets all of them.
#include <barrier>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>
#include <webhook/webhook.hpp>

#include "instant_transport.hpp"
#include "measure.hpp"
#include "payload.hpp"

namespace {

constexpr const char* about = "webhook.bench.emit: nanoseconds per emit, in memory, 1 KiB of JSON";
constexpr const char* type = "order.created";

struct Case {
  const char* name = "";
  bench::Figure wall{}, cpu{};  // nanoseconds each, of one emitting thread
  bench::Figure waits{};        // how often the thread had to wait, in a thousand emits
  std::uint64_t slept = 0;      // how often the worker found nothing to do meanwhile
};

/// Runs `work` so many times on this thread, and notes what one of them took.
template <class Work>
void measure(Case& into, std::size_t times, const Work& work) {
  const double wall = bench::wall();
  const double waits = bench::thread_waits();
  const double cpu = bench::thread_cpu();
  for (std::size_t i = 0; i < times; ++i) work();
  into.cpu.add((bench::thread_cpu() - cpu) / static_cast<double>(times));
  into.wall.add((bench::wall() - wall) / static_cast<double>(times));
  into.waits.add((bench::thread_waits() - waits) * 1000 / static_cast<double>(times));
}

/// A dispatcher with one endpoint, whose transport answers at once.
class Host {
 public:
  Host() {
    webhook::Endpoint endpoint;
    endpoint.url = "https://receiver.example/hooks";
    endpoint.events = {type};
    endpoint.cap = 32;
    hooks.add(endpoint);
  }

  void emit(const std::string& payload) { hooks.emit_bytes(type, payload); }

  /// Gives the worker so much to do that it does not fall asleep while something is measured.
  void fill(const std::string& payload, std::size_t backlog) {
    for (std::size_t i = 0; i < backlog; ++i) emit(payload);
  }

  /// Waits until everything was delivered, so that rounds do not pile up in memory.
  void drain(std::uint64_t emitted) {
    total_ += emitted;
    hooks.transport().progress().wait(total_);
  }

  // More than a round emits: a bound that is never met, but is there.
  webhook::Dispatcher<bench::InstantTransport> hooks{webhook::MemoryStore{{.max_deliveries = 200'000}}};

 private:
  std::uint64_t total_ = 0;
};

/// What a case is compared with; both in nanoseconds.
struct Bound {
  const char* name = "";
  double wall = 0, cpu = 0;
};

void print(const Case& row, const Bound& bound = {}) {
  std::printf("  %-54s %7.0f %7.0f..%-7.0f %6.0f %6.1f", row.name, row.wall.median(), row.wall.least(), row.wall.most(),
              row.cpu.median(), row.waits.mean());
  if (bound.wall > 0) {
    std::printf("   %5.1f x %s, CPU %4.1f x", row.wall.median() / bound.wall, bound.name, row.cpu.median() / bound.cpu);
  }
  std::printf("\n");
}

void run(bool quick) {
  const std::size_t rounds = quick ? 5 : 25;
  const std::size_t times = quick ? 5'000 : 20'000;
  const nlohmann::json order = bench::order();
  const std::string payload = order.dump();

  Case copying{"memcpy of 1 KiB into a fresh allocation, make_shared"},
      locking{"lock and unlock a mutex nobody else has"};
  Case clocks{"read the system clock"}, dumping{"dump() of the json value, nothing else"};
  Case nobody{"nobody subscribes"}, absent{"one endpoint, no worker yet"},
      absent_json{"given a json value, no worker yet"};
  Case awake{"one endpoint, the worker awake and busy"}, awake_json{"given a json value, the worker awake and busy"};
  Case two{"two threads: the one with a processor of its own"}, sharing{"two threads: the one beside the worker"};
  Case waking{"the worker asleep: one emit, which wakes it"};

  // The worker on one processor, the emitter on another: threads that wake each other are put on the same one, and what
  // would be measured is how soon the system parts them.
  const std::vector<int> processors = bench::processors();
  Host idle, busy;
  if (processors.size() > 1) bench::run_on({processors[1]});
  busy.hooks.start();
  if (processors.size() > 1) bench::run_on({processors[0]});
  const bench::Progress& progress = busy.hooks.transport().progress();
  // Measures on the worker's host with a backlog as long as a round, and leaves it drained.
  const auto beside_worker = [&](Case& into, std::size_t emitted, const auto& measured) {
    busy.fill(payload, times);
    const std::uint64_t before = progress.sleeps;
    measured();
    into.slept += progress.sleeps - before;
    busy.drain(times + emitted);
  };

  // It lasts, as emitting threads do: a new one would ask the system for memory first.
  std::barrier<> together(2);
  std::thread other([&, rounds] {
    if (processors.size() > 1) bench::run_on({processors[1]});
    for (std::size_t round = 0; round <= rounds; ++round) {
      if (round == 1) sharing = Case{sharing.name};
      together.arrive_and_wait();
      measure(sharing, times, [&] { busy.emit(payload); });
      together.arrive_and_wait();
    }
  });

  for (std::size_t round = 0; round <= rounds; ++round) {
    {
      std::vector<std::shared_ptr<const webhook::Event>> kept;
      kept.reserve(times);
      measure(copying, times, [&] {
        auto event = std::make_shared<webhook::Event>();
        event->payload = webhook::Bytes(payload);
        kept.push_back(std::move(event));
      });
    }
    std::mutex mutex;
    measure(locking, times, [&] { const std::lock_guard lock(mutex); });
    const webhook::SystemClock clock;
    measure(clocks, times, [&] { bench::keep(clock.now()); });
    measure(dumping, times, [&] { bench::keep(order.dump()); });

    measure(nobody, times, [&] { idle.hooks.emit_bytes("nobody.cares", payload); });
    {
      Host fresh;
      measure(absent, times, [&] { fresh.emit(payload); });
    }
    {
      Host fresh;
      measure(absent_json, times, [&] { fresh.hooks.emit(type, order); });
    }
    beside_worker(awake, times, [&] { measure(awake, times, [&] { busy.emit(payload); }); });
    beside_worker(awake_json, times, [&] { measure(awake_json, times, [&] { busy.hooks.emit(type, order); }); });
    beside_worker(two, 2 * times, [&] {
      together.arrive_and_wait();
      measure(two, times, [&] { busy.emit(payload); });
      together.arrive_and_wait();
    });
    Case each;
    for (int i = 0; i < 200; ++i) {
      measure(each, 1, [&] { busy.emit(payload); });
      busy.drain(1);
    }
    waking.wall.add(each.wall.median());
    waking.cpu.add(each.cpu.median());
    waking.waits.add(each.waits.median());

    if (round == 0) {  // the first only warms up: heaps grow, threads start
      for (Case* one : {&copying, &locking, &clocks, &dumping, &nobody, &absent, &absent_json, &awake, &awake_json,
                        &two, &waking}) {
        *one = Case{one->name};
      }
    }
  }

  other.join();

  const Bound lock{"a lock", locking.wall.median(), locking.cpu.median()};
  const Bound dump{"dump()", dumping.wall.median(), dumping.cpu.median()};
  const Bound floor{"floor", copying.wall.median() + clocks.wall.median() + 2 * lock.wall,  // registry and store
                    copying.cpu.median() + clocks.cpu.median() + 2 * lock.cpu};
  std::printf("\n%zu rounds of %zu emits; ns each, for the emitting thread\n", rounds, times);
  std::printf("  %-54s %7s %16s %6s %6s\n", "", "median", "least..most", "CPU", "waits");
  std::printf("what bounds it:\n");
  for (const Case* bound : {&copying, &locking, &clocks, &dumping}) print(*bound);
  std::printf("  %-54s %7.0f %24.0f\n", "\"floor\": a copy, the clocks, two locks", floor.wall, floor.cpu);
  std::printf("emit:\n");
  print(nobody, lock);
  print(absent, floor);
  print(awake, floor);
  print(two, floor);
  print(sharing, floor);
  print(waking, floor);
  print(absent_json, dump);
  print(awake_json, dump);
  std::printf("limits (medians; on a busy machine the CPU figure says more, since wall counts other programs too):\n");
  const auto against = [](const char* name, double wall, double cpu, double limit) {
    std::printf("  %-54s wall %6.2f, CPU %6.2f of the limit %g\n", name, wall / limit, cpu / limit, limit);
  };
  against("one subscriber, the worker awake: 300 ns", awake.wall.median(), awake.cpu.median(), 300);
  against("two threads, neither waiting for a processor: 600 ns", two.wall.median(), two.cpu.median(), 600);
  against("nobody subscribes: 50 ns", nobody.wall.median(), nobody.cpu.median(), 50);
  against("a json value, beside its dump(): 1.3 times", absent_json.wall.median() / dump.wall,
          absent_json.cpu.median() / dump.cpu, 1.3);
  std::printf(
      "waits: in a thousand emits, how often the emitter slept for a lock; where wall is more than CPU, it waited for "
      "that,\nor for a processor. While it should have been busy, the worker found nothing to do %llu, %llu and %llu "
      "times (bytes, two threads, json; 0 is right).\n",
      static_cast<unsigned long long>(awake.slept), static_cast<unsigned long long>(two.slept),
      static_cast<unsigned long long>(awake_json.slept));
}

}  // namespace

int main(int count, char** words) {
  const bench::Arguments arguments = bench::arguments(count, words, about);
  std::printf("%s\n", about);
  bench::print_machine(words[0], arguments.quick);
  try {
    run(arguments.quick);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "webhook.bench.emit failed: %s\n", error.what());
    return 1;
  }
  return 0;
}
