// SPDX-License-Identifier: MIT
// What endpoints that hang, that are slow or that have too much to do cost the others. Each round measures every case
// beside the one without any of that, so that a busy moment of the machine meets all of them.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>
#include <webhook/webhook.hpp>

#include "measure.hpp"
#include "timed_transport.hpp"

namespace {

using namespace std::chrono_literals;

constexpr const char* about = "webhook.bench.fairness: what a hung, slow or noisy endpoint costs the others";
constexpr std::size_t endpoints = 100;
constexpr std::chrono::microseconds latency = 20ms;  // of a receiver that is well
constexpr double most_slower = 1.10, least_rate = 0.95;

struct Host {
  Host() : hooks(webhook::MemoryStore{{.max_deliveries = 2'000'000}}) {}
  webhook::Dispatcher<bench::TimedTransport> hooks;

  void add(const std::string& url, const std::string& type) {
    webhook::Endpoint endpoint;
    endpoint.url = url;
    endpoint.events = {type};
    hooks.add(endpoint);
  }
  void emit(const std::string& type) {
    hooks.emit_bytes(type, std::to_string(bench::Time::now().time_since_epoch().count()));
  }
};

std::string type_of(std::size_t endpoint) { return "order.to_" + std::to_string(endpoint); }

enum class Odd { none, hung, noisy };

/// 99 endpoints get an event each, again and again at an even pace; the odd one is there, or not. Returns the p99 from
/// emit to answer, in milliseconds.
double p99_beside(Odd odd, std::size_t queued, std::chrono::milliseconds length) {
  Host host;
  for (std::size_t i = 1; i < endpoints; ++i) host.add(bench::receiver_after(latency, true), type_of(i));
  if (odd == Odd::hung) host.add(bench::hung_receiver(), "odd.event");
  if (odd == Odd::noisy) host.add(bench::receiver_after(latency, false), "odd.event");
  for (std::size_t i = 0; odd == Odd::noisy && i < queued; ++i) host.emit("odd.event");
  host.hooks.start();
  std::this_thread::sleep_for(50ms);  // the worker is at it

  constexpr auto pace = 500us;  // 2,000 a second, 20 for each endpoint
  const auto times = static_cast<std::size_t>(length / pace);
  const bench::Time::time_point start = bench::Time::now();
  for (std::size_t i = 0; i < times; ++i) {
    std::this_thread::sleep_until(start + pace * i);
    host.emit(type_of(1 + i % (endpoints - 1)));
    if (odd == Odd::hung && i % 20 == 0) host.emit("odd.event");
  }
  const bench::Answers& answers = host.hooks.transport().answers();
  const bench::Time::time_point end = bench::Time::now() + 30s;
  while (answers.compared < times && bench::Time::now() < end) std::this_thread::sleep_for(1ms);
  if (answers.compared < times) throw std::runtime_error("healthy endpoints were not served within 30 s");
  if (odd == Odd::noisy && answers.others + 1000 > queued)
    throw std::runtime_error("the noisy endpoint ran out of events");
  host.hooks.stop(0s);
  std::vector<double> took = answers.took;
  std::sort(took.begin(), took.end());
  return took[took.size() * 99 / 100];
}

/// 100 endpoints with a backlog each, of which 10 answer after a second, or at once as the others do. Returns how many
/// deliveries a second the 90 others got.
double rate_beside(bool slow, std::size_t backlog) {
  Host host;
  constexpr std::size_t odd = 10;
  for (std::size_t i = 0; i < endpoints; ++i) {
    const bool compared = i >= odd;
    host.add(bench::receiver_after(!compared && slow ? 1s : std::chrono::microseconds(1ms), compared), type_of(i));
  }
  for (std::size_t n = 0; n < backlog; ++n) {
    for (std::size_t i = 0; i < endpoints; ++i) host.emit(type_of(i));
  }
  const bench::Answers& answers = host.hooks.transport().answers();
  const std::size_t wanted = (endpoints - odd) * backlog;
  const bench::Time::time_point start = bench::Time::now();
  host.hooks.start();
  while (answers.compared < wanted) {
    std::this_thread::sleep_for(1ms);
    if (bench::Time::now() > start + 120s) throw std::runtime_error("healthy endpoints were not served within 120 s");
  }
  host.hooks.stop(0s);
  return static_cast<double>(wanted) * 1e9 / static_cast<double>(answers.last - start.time_since_epoch().count());
}

void print(const char* name, const char* unit, const bench::Figure& without, const bench::Figure& with,
           const bench::Figure& ratio, const char* limit) {
  std::printf("  %-46s %9.2f %9.2f %-5s %6.3f  %6.3f..%-6.3f  %s\n", name, without.median(), with.median(), unit,
              ratio.median(), ratio.least(), ratio.most(), limit);
}

void run(bool quick) {
  const std::size_t rounds = quick ? 3 : 9;
  const std::chrono::milliseconds length = quick ? 1000ms : 3000ms;
  const std::size_t queued = quick ? 20'000 : 100'000, backlog = quick ? 300 : 2000;
  bench::Figure calm, hung, noisy, hung_ratio, noisy_ratio, all_well, some_slow, rate_ratio;
  for (std::size_t round = 0; round < rounds; ++round) {
    const double without = p99_beside(Odd::none, 0, length);
    const double beside_hung = p99_beside(Odd::hung, 0, length);
    const double beside_noisy = p99_beside(Odd::noisy, queued, length);
    calm.add(without);
    hung.add(beside_hung);
    noisy.add(beside_noisy);
    hung_ratio.add(beside_hung / without);
    noisy_ratio.add(beside_noisy / without);
    const double well = rate_beside(false, backlog), slow = rate_beside(true, backlog);
    all_well.add(well);
    some_slow.add(slow);
    rate_ratio.add(slow / well);
  }
  std::printf("\n%zu rounds; receivers in this process, which answer after %lld ms (the rates: after 1 ms); 1 worker\n",
              rounds, static_cast<long long>(latency.count() / 1000));
  std::printf("  %-46s %9s %9s %5s %6s  %14s  %s\n", "", "without", "with", "", "ratio", "least..most", "limit");
  print("p99 of 99, emit to answer, beside 1 hung", "ms", calm, hung, hung_ratio, "<= 1.10");
  print(("the same beside 1 with " + std::to_string(queued) + " queued").c_str(), "ms", calm, noisy, noisy_ratio,
        "<= 1.10");
  print("deliveries to 90, 10 others answer after 1 s", "/s", all_well, some_slow, rate_ratio, ">= 0.95");
  const bool kept =
      hung_ratio.median() <= most_slower && noisy_ratio.median() <= most_slower && rate_ratio.median() >= least_rate;
  std::printf("%s\n", kept ? "every median is within its limit" : "A MEDIAN IS BEYOND ITS LIMIT");
}

}  // namespace

int main(int count, char** words) {
  const bench::Arguments arguments = bench::arguments(count, words, about);
  std::printf("%s\n", about);
  bench::print_machine(words[0], arguments.quick);
  try {
    run(arguments.quick);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "webhook.bench.fairness failed: %s\n", error.what());
    return 1;
  }
  return 0;
}
