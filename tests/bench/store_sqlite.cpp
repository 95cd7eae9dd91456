// SPDX-License-Identifier: MIT
// What the SQLite store does in a second, beside what the disk under it does: blocking durable emits from one thread and
// from many, and full deliveries (append, claim, settle with an attempt) through the store alone, on an empty file and
// beside a million that are over (WEBHOOK_BENCH_FINISHED=10000000 for more). No network.
#include <webhook/clock/system.hpp>
#include <webhook/store/sqlite.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
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

/// How many deliveries are over in a full store.
long long finished() {
  const char* const wanted = std::getenv("WEBHOOK_BENCH_FINISHED");
  return wanted == nullptr ? 1'000'000 : std::strtoll(wanted, nullptr, 10);
}

/// Deliveries that are over, with an attempt each, written past the store.
void fill(const std::string& path, long long deliveries) {
  const std::string count = std::to_string(deliveries), delivered = std::to_string(int(webhook::State::delivered));
  const std::string sql =
      "BEGIN;"
      "INSERT INTO webhook_event (number, named, id, type, tenant, key, channel, traceparent, time, created, delay,"
      " payload) WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < " +
      count +
      ")"
      " SELECT i, 0, printf('old_%032d', i), 'order.created', x'', x'', x'', '', 0, 0, 0, zeroblob(64) FROM n;"
      "INSERT INTO webhook_delivery (id, endpoint, due, state, word, fence, attempts, lost, resent, owner, size, ended)"
      " SELECT number << 20, 1 + number % 16, 0, " +
      delivered + ", " + delivered +
      ", number, 1, 0, 0, 0, 64, 1"
      " FROM webhook_event;"
      "INSERT INTO webhook_attempt (delivery, fence, n, at, took, status, failure, response, reason)"
      " SELECT id, fence, 1, 0, 1000000, 200, 0, CAST('ok' AS BLOB), x'' FROM webhook_delivery;"
      "UPDATE webhook_store SET fence = " +
      count + ", last_event = " + count +
      ";"
      "COMMIT; PRAGMA wal_checkpoint(TRUNCATE);";
  sqlite3* db = nullptr;
  if (sqlite3_open(path.c_str(), &db) != SQLITE_OK ||
      sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    std::printf("  the store could not be filled: %s\n", sqlite3_errmsg(db));
  sqlite3_close(db);
}

struct Bench {
  Bench(const std::string& path, bool exclusive) : store(path, {.exclusive = exclusive}) {
    for (const webhook::Endpoint& known : store.endpoints(0)) registry = (std::max)(registry, known.version);
    for (std::uint64_t id = registry == 0 ? 1 : endpoints + 1; id <= endpoints; ++id) {
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

void clear(const std::string& path) {
  for (const char* end : {"", "-wal", "-shm", "-journal", "-owners"}) std::filesystem::remove(path + end);
}

/// Full deliveries in an empty store and in a full one, in turns.
void compare(const std::string& folder, bool exclusive, bool quick) {
  const std::string empty = folder + "/store.db", full = folder + "/full.db";
  const long long over = quick ? (std::min)(finished(), 100'000LL) : finished();
  for (const std::string& path : {empty, full}) clear(path);
  { Bench(full, exclusive); }
  fill(full, over);
  Bench first(empty, exclusive), second(full, exclusive);
  bench::Figure emptied, filled, emptied_cpu, filled_cpu;
  for (int round = 0; round < (quick ? 4 : 8); ++round) {
    const auto run = [quick](Bench& bench, bench::Figure& wall, bench::Figure& cpu) {
      const double before = bench::process_cpu();
      const double rate = bench.deliveries(64, quick ? 0.2 : 1);
      const double spent = quick ? 0.2 : 1;
      wall.add(1e6 / rate);
      cpu.add((bench::process_cpu() - before) / (rate * spent));
    };
    run(first, emptied, emptied_cpu);
    run(second, filled, filled_cpu);
  }
  std::printf(
      "  a full delivery, 64 at a time, beside %lld that are over, medians: %.1f us, %.1f us of CPU; in an empty"
      " store %.1f us, %.1f us: %.2f times, of CPU %.2f (limit 1.5)\n",
      over, filled.median(), filled_cpu.median(), emptied.median(), emptied_cpu.median(),
      filled.median() / emptied.median(), filled_cpu.median() / emptied_cpu.median());
}

}  // namespace

int main(int argc, char** argv) {
  const bool quick = argc > 1 && std::strcmp(argv[1], "--quick") == 0;
  const double seconds = quick ? 0.3 : 3;
  const std::filesystem::path folder = std::filesystem::current_path() / "webhook-bench-sqlite";
  std::filesystem::create_directory(folder);
  std::printf("SQLite %s in %s, payloads of 1 KiB, synchronous = FULL\n", sqlite3_libversion(), folder.c_str());
  for (const bool exclusive : {true, false}) {
    clear(folder.string() + "/store.db");
    Bench bench(folder.string() + "/store.db", exclusive);
    std::printf("\n%s, journal %s\n", exclusive ? "exclusive" : "shared", bench.store.journal().c_str());
    for (const std::size_t threads : {1U, 16U, 64U}) {
      bench::Figure emits, disks, shares;  // in turns, as others may use the disk, too
      for (int round = 0; round < 8; ++round) {
        disks.add(disk(folder.string(), seconds / 8));
        emits.add(bench.emits(threads, seconds / 8));
        shares.add(emits.last() / disks.last());
        bench.drain();
      }
      std::printf(
          "  %2zu threads emit, each waiting for its commit   %8.0f/s  %5.2f of the disk's rate (%.0f 4 KiB"
          " overwrites/s); medians of 8, share %.2f..%.2f\n",
          threads, emits.median(), shares.median(), disks.median(), shares.least(), shares.most());
    }
    for (const std::size_t batch : {1U, 64U, 256U, 1024U}) {
      std::printf("  full deliveries, %4zu at a time                 %8.0f/s\n", batch,
                  bench.deliveries(batch, seconds));
    }
    compare(folder.string(), exclusive, quick);
  }
  std::filesystem::remove_all(folder);
  return 0;
}
