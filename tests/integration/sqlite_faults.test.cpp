// SPDX-License-Identifier: MIT
// Disks that are full, that fail to sync, or that lose their power: what a store said it kept is there.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "support/faulty_vfs.hpp"
#include "support/sqlite_host.hpp"
#include "webhook/testing/store_bench.hpp"

#include <catch2/catch.hpp>

namespace integration_sqlite_faults {
using namespace std::chrono_literals;
using support::FaultyVfs;
using webhook::Claimed;
using webhook::EndpointId;
using webhook::errc;
using webhook::SqliteStore;
using webhook::State;

namespace {

using Bench = webhook::StoreBench<SqliteStore, webhook::VirtualTime>;
const webhook::Now now{1h, webhook::WallTime(24h * 365 * 50)};

void append(SqliteStore& store, const std::string& id, bool named) {
  const EndpointId to{1};
  const webhook::NewEvent fresh{Bench::event(id, std::string(500, 'x')), {&to, 1}, 1, named, {}};
  webhook::Appended answer{};
  store.append(now, {&fresh, 1}, {&answer, 1});
}

/// Emits as the engine does: what may have happened is said again, under its name.
void emit(SqliteStore& store, const std::string& id) {
  try {
    append(store, id, false);
  } catch (const webhook::Error& error) {
    if (error.code() != errc::unknown_commit) throw;
    append(store, id, true);
  }
}

void add_endpoint(SqliteStore& store) {
  webhook::Endpoint endpoint;
  endpoint.id = EndpointId{1};
  endpoint.cap = 1000;
  store.put(endpoint);
}

/// What is in the file, claimed or settled or not; each event as often as it is there.
std::multiset<std::string> kept(const std::string& path, bool exclusive) {
  SqliteStore store(path, {.exclusive = exclusive});
  std::multiset<std::string> ids;
  for (const webhook::Delivery& one : store.find({.most = 100'000})) ids.insert(std::string(one.event.view()));
  return ids;
}

bool sound(const std::string& path) {
  return support::Database(path).number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'") ==
         0;
}

/// Emits, claims and settles; adds what was kept for certain, and what may have been.
void work(SqliteStore& store, int from, int until, std::set<std::string>& certain, std::set<std::string>& possible) {
  for (int i = from; i < until; ++i) {
    const std::string id = "e" + std::to_string(i);
    possible.insert(id);
    try {
      emit(store, id);
      certain.insert(id);
      std::vector<Claimed> claimed;
      if (i % 3 == 0) store.claim({now, webhook::WorkerId{1}, 30s, 2, 2}, claimed);
      for (const Claimed& one : claimed) {
        const webhook::Settlement word{one.lease, State::delivered, {}, nullptr};
        webhook::Settled answer;
        store.settle(now, {&word, 1}, {&answer, 1});
      }
    } catch (const webhook::Error&) {  // said, and nothing was kept, unless it is possible
    }
  }
}

unsigned times(const char* name, unsigned otherwise) {
  const char* const wanted = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return wanted == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(wanted, nullptr, 10));
}

}  // namespace

TEST_CASE("a disk that is full or fails at any write or sync loses nothing, and is used again afterwards", "[E2][E3]") {
  const support::TemporaryFolder folder = support::TemporaryFolder::in_memory();
  const std::string path = folder.file("store.db");
  for (const bool exclusive : {false, true}) {
    for (const int failure : {SQLITE_FULL, SQLITE_IOERR_WRITE}) {
      unsigned failed = 0;
      for (int n = 1; n <= 200; n += exclusive ? 1 : 3) {
        folder.empty();
        std::set<std::string> certain, possible;
        {
          FaultyVfs files;
          SqliteStore store(path, {.exclusive = exclusive});
          add_endpoint(store);
          int left = n, broken = 0;
          files.before = [&](FaultyVfs::Act) {
            if (--left > 0 || broken == 3) return SQLITE_OK;
            ++broken;  // for a while
            return failure;
          };
          work(store, 0, 25, certain, possible);
          failed += broken > 0 ? 1U : 0U;
          files.before = nullptr;
          work(store, 25, 30, certain, possible);
          for (int i = 25; i < 30; ++i) CHECK(certain.count("e" + std::to_string(i)) == 1);
        }
        INFO((exclusive ? "wal" : "shared") << ", failure " << failure << " at " << n);
        const std::multiset<std::string> there = kept(path, exclusive);
        for (const std::string& id : certain) REQUIRE(there.count(id) == 1);
        for (const std::string& id : there) REQUIRE(possible.count(id) == 1);
        REQUIRE(sound(path));
      }
      CHECK(failed > 20);
    }
  }
}

TEST_CASE("a full disk says that it is full, and what was kept before can be read", "[E2]") {
  const support::TemporaryFolder folder = support::TemporaryFolder::in_memory();
  FaultyVfs files;
  SqliteStore store(folder.file("store.db"));
  add_endpoint(store);
  append(store, "before", false);
  files.before = [](FaultyVfs::Act) { return SQLITE_FULL; };
  std::error_code code;
  try {
    append(store, "e", false);
  } catch (const webhook::Error& error) {
    code = error.code();
  }
  CHECK(code == errc::full);
  CHECK(store.find({}).size() == 1);
  files.before = nullptr;
  append(store, "e", false);
  CHECK(store.find({}).size() == 2);
}

TEST_CASE("what a store said it kept survives a loss of power at any moment") {
  const support::TemporaryFolder folder = support::TemporaryFolder::in_memory();
  const std::string path = folder.file("store.db");
  const unsigned runs = times("WEBHOOK_POWER_CUTS", 100);
  std::uint64_t state = 1;
  const auto random = [&state](std::uint64_t below) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return (state >> 33U) % below;
  };
  std::size_t events = 0, cuts = 0;
  for (unsigned run = 0; run < runs; ++run) {
    const bool exclusive = run % 2 == 0;
    folder.empty();
    std::set<std::string> certain, possible;
    FaultyVfs files;
    files.remembers = true;
    {
      SqliteStore store(path, {.exclusive = exclusive});
      add_endpoint(store);
      std::uint64_t left = 1 + random(300);
      files.before = [&](FaultyVfs::Act) {
        if (--left > 0) return SQLITE_OK;
        ++cuts;
        const std::uint64_t share = random(3);  // none, some or all of what was on its way arrives
        files.lose_power([&] { return share == 2 || (share == 1 && random(2) == 0); });
        return SQLITE_IOERR_WRITE;
      };
      work(store, 0, 40, certain, possible);
      files.before = nullptr;
    }
    files.restore_power();
    INFO("run " << run);
    const std::multiset<std::string> there = kept(path, exclusive);
    for (const std::string& id : certain) REQUIRE(there.count(id) == 1);
    for (const std::string& id : there) REQUIRE(possible.count(id) == 1);
    REQUIRE(sound(path));
    events += certain.size();
  }
  std::printf("%zu losses of power in %u runs: %zu events kept, 0 lost\n", cuts, runs, events);
  CHECK(cuts > runs / 2);
}

}  // namespace integration_sqlite_faults
