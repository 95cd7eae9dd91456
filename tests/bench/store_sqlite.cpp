// SPDX-License-Identifier: MIT
// What the SQLite store does in a second, beside what the disk under it does: blocking durable emits from one thread and
// from many, and full deliveries (append, claim, settle with an attempt) through the store alone. No network.
#include <webhook/clock/system.hpp>
#include <webhook/store/sqlite.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "measure.hpp"

namespace {

using Clock = std::chrono::steady_clock;
using webhook::EndpointId;

double seconds_since(Clock::time_point since) { return std::chrono::duration<double>(Clock::now() - since).count(); }

/// How often the disk overwrites 4 KiB durably in a second.
double disk(const std::string& folder, double seconds) {
  const std::string path = folder + "/disk";
  const int file = open(path.c_str(), O_RDWR | O_CREAT, 0600);
  std::vector<char> page(4096, 'x'), all(4096 * 1000, 'y');
  if (file < 0 || pwrite(file, all.data(), all.size(), 0) < 0 || fsync(file) != 0) return 0;
  std::size_t count = 0;
  const auto since = Clock::now();
  for (; seconds_since(since) < seconds; ++count) {
    if (pwrite(file, page.data(), page.size(), static_cast<off_t>(count % 1000 * 4096)) < 0 || fdatasync(file) != 0)
      break;
  }
  const double rate = static_cast<double>(count) / seconds_since(since);
  close(file);
  std::filesystem::remove(path);
  return rate;
}

struct Bench {
  Bench(const std::string& path, bool exclusive) : store(path, {.exclusive = exclusive}) {
    for (std::uint64_t id = 1; id <= endpoints; ++id) {
      webhook::Endpoint endpoint;
      endpoint.id = EndpointId{id};
      endpoint.url = "https://receiver.example/";
      endpoint.cap = 1'000'000;
      registry = store.put(endpoint);
    }
  }

  std::shared_ptr<const webhook::Event> event() {
    auto made = std::make_shared<webhook::Event>();
    char id[40];
    std::snprintf(id, sizeof id, "msg_%032llu", static_cast<unsigned long long>(++made_so_far));
    made->id = webhook::EventId(id);
    made->type = "order.created";
    made->payload = payload;
    return made;
  }

  /// Emits per second, each waiting for its commit.
  double emits(std::size_t threads, double seconds) {
    std::atomic<std::size_t> count{0};
    std::atomic<bool> stop{false};
    std::vector<std::thread> crew;
    const auto since = Clock::now();
    for (std::size_t i = 0; i < threads; ++i) {
      crew.emplace_back([&, i] {
        const EndpointId to{1 + i % endpoints};
        for (; !stop; ++count) {
          const webhook::NewEvent fresh{event(), {&to, 1}, registry, false, {}};
          webhook::Appended answer{};
          store.append(clock.now(), {&fresh, 1}, {&answer, 1});
        }
      });
    }
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    stop = true;
    for (std::thread& one : crew) one.join();
    return static_cast<double>(count) / seconds_since(since);
  }

  /// Deliveries per second, `batch` at a time: one thread appends, claims and settles them.
  double deliveries(std::size_t batch, double seconds) {
    std::vector<EndpointId> to(batch);
    std::size_t count = 0;
    webhook::Attempt attempt;
    attempt.status = 200;
    attempt.response = "ok";
    const auto since = Clock::now();
    while (seconds_since(since) < seconds) {
      std::vector<webhook::NewEvent> fresh;
      for (std::size_t i = 0; i < batch; ++i) {
        to[i] = EndpointId{1 + i % endpoints};
        fresh.push_back({event(), {&to[i], 1}, registry, false, {}});
      }
      std::vector<webhook::Appended> appended(batch);
      store.append(clock.now(), fresh, appended);
      std::vector<webhook::Claimed> claimed;
      store.claim({clock.now(), webhook::WorkerId{1}, std::chrono::seconds{30}, batch, batch}, claimed);
      std::vector<webhook::Settlement> words;
      for (const webhook::Claimed& one : claimed) words.push_back({one.lease, webhook::State::delivered, {}, &attempt});
      std::vector<webhook::Settled> settled(words.size());
      store.settle(clock.now(), words, settled);
      count += words.size();
    }
    return static_cast<double>(count) / seconds_since(since);
  }

  /// So that one measurement is not another's backlog.
  void drain() {
    for (std::size_t left = 1; left > 0;) left = store.amend(clock.now(), {.most = 100'000}, webhook::State::cancelled);
  }

  static constexpr std::uint64_t endpoints = 16;
  webhook::SystemClock clock{};
  webhook::SqliteStore store;
  webhook::Version registry = 0;
  webhook::Bytes payload{std::string(1024, 'x')};
  std::atomic<unsigned long long> made_so_far{0};
};

}  // namespace

int main(int argc, char** argv) {
  const bool quick = argc > 1 && std::strcmp(argv[1], "--quick") == 0;
  const double seconds = quick ? 0.3 : 3;
  const std::filesystem::path folder = std::filesystem::current_path() / "webhook-bench-sqlite";
  std::filesystem::create_directory(folder);
  std::printf("SQLite %s in %s, payloads of 1 KiB, synchronous = FULL\n", sqlite3_libversion(), folder.c_str());
  for (const bool exclusive : {true, false}) {
    const double rate = disk(folder.string(), seconds);
    for (const char* file : {"/store.db", "/store.db-wal", "/store.db-journal", "/store.db-owners"})
      std::filesystem::remove(folder.string() + file);
    Bench bench(folder.string() + "/store.db", exclusive);
    std::printf("\n%s, journal %s; the disk overwrites 4 KiB durably %.0f times/s\n",
                exclusive ? "exclusive" : "shared", bench.store.journal().c_str(), rate);
    for (const std::size_t threads : {1U, 16U, 64U}) {
      const double emits = bench.emits(threads, seconds);
      std::printf("  %2zu threads emit, each waiting for its commit   %8.0f/s  %5.2f of the disk's rate\n", threads,
                  emits, emits / rate);
      bench.drain();
    }
    for (const std::size_t batch : {1U, 64U, 256U, 1024U}) {
      std::printf("  full deliveries, %4zu at a time                 %8.0f/s\n", batch,
                  bench.deliveries(batch, seconds));
    }
  }
  std::filesystem::remove_all(folder);
  return 0;
}
