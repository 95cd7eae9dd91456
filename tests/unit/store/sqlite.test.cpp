// SPDX-License-Identifier: MIT
// What is the SQLite store's own: its file, its clock across reboots, other processes, and who died.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "support/sqlite_host.hpp"
#include "support/thrown.hpp"
#include "webhook/store/sqlite.hpp"
#include "webhook/testing/store_bench.hpp"

#include <catch2/catch.hpp>

namespace unit_store_sqlite {
using namespace std::chrono_literals;
using support::Database;
using support::thrown;
using webhook::Claimed;
using webhook::EndpointId;
using webhook::errc;
using webhook::SqliteStore;
using webhook::State;

namespace {

using Bench = webhook::StoreBench<SqliteStore, webhook::VirtualTime>;

struct Shop {  // a store with one endpoint
  explicit Shop(const webhook::SqliteOptions& options = {}) : bench(SqliteStore(path, options), {}, "sqlite", ignored) {
    bench.endpoint(1);
  }
  support::TemporaryFolder folder{};
  std::string path = folder.file("store.db");
  std::vector<std::string> ignored{};
  Bench bench;
};

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}
void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

std::vector<Claimed> claim(SqliteStore& store, const webhook::Now& now) {
  std::vector<Claimed> claimed;
  store.claim({now, webhook::WorkerId{1}, 30s, 64, 64}, claimed);
  return claimed;
}

void append(SqliteStore& store, const webhook::Now& now, std::string_view id, webhook::Duration delay = {}) {
  const EndpointId to{1};
  const webhook::NewEvent fresh{Bench::event(id), {&to, 1}, store.endpoints(0).front().version, false, delay};
  webhook::Appended answer{};
  store.append(now, {&fresh, 1}, {&answer, 1});
}

/// Runs something in a process of its own, which ends as if it was killed.
template <class Work>
void in_a_process_that_dies(const Work& work) {
  const pid_t child = fork();
  if (child == 0) {
    work();
    _exit(0);  // no destructor runs
  }
  int status = 0;
  waitpid(child, &status, 0);
  REQUIRE(status == 0);
}

}  // namespace

TEST_CASE("a SQLite store says how it keeps its journal, and why") {
  Shop shared, alone({.exclusive = true});
  CHECK(alone.bench.store.journal() == "wal");
  CHECK(alone.bench.store.notice().empty());
  using webhook::detail::sqlite_shares_wal;
  for (const int fixed : {3'044'006, 3'050'007, 3'051'003, 3'052'000, 4'000'000}) CHECK(sqlite_shares_wal(fixed));
  for (const int old : {3'007'000, 3'040'001, 3'044'005, 3'045'000, 3'050'006, 3'051'000, 3'051'002})
    CHECK_FALSE(sqlite_shares_wal(old));
  if (sqlite_shares_wal(sqlite3_libversion_number())) {
    CHECK(shared.bench.store.journal() == "wal");
  } else {
    CHECK(shared.bench.store.journal() == "persist");
    CHECK(shared.bench.store.notice().find("3.51.3") != std::string::npos);
  }
}

TEST_CASE("what a SQLite store keeps is there when it is opened again") {
  Shop shop;
  shop.bench.append(shop.bench.event("a", "body"), {1}, true);
  SqliteStore again(shop.path);
  const std::vector<Claimed> claimed = claim(again, shop.bench.time.now());
  REQUIRE(claimed.size() == 1);
  CHECK(claimed[0].event->payload.view() == "body");
  CHECK(again.endpoints(0).size() == 1);
}

TEST_CASE("every field of an endpoint comes back, its schedule, order and channels too") {
  Shop shop;
  webhook::Endpoint endpoint;
  endpoint.id = EndpointId{7};
  endpoint.url = "https://receiver.example/";
  endpoint.channels = {"a", std::string("b\0c", 3)};
  endpoint.retry = webhook::RetrySchedule({0s, 7s, 1h}, 0.125);
  endpoint.order = webhook::Order::by_key;
  endpoint.when_exhausted = webhook::Exhausted::park;
  endpoint.supersede = true;
  shop.bench.store.put(endpoint);
  const webhook::Endpoint same = SqliteStore(shop.path).endpoints(1).at(0);
  CHECK(same.channels == endpoint.channels);
  REQUIRE(same.retry);
  CHECK(same.retry->waits() == endpoint.retry->waits());
  CHECK(same.retry->jitter() == 0.125);
  CHECK(same.order == endpoint.order);
  CHECK(same.when_exhausted == endpoint.when_exhausted);
  CHECK(same.supersede);
}

TEST_CASE("a SQLite store needs a file") {
  CHECK(thrown([] { SqliteStore(":memory:"); }) == errc::invalid);
  CHECK(thrown([] { SqliteStore(""); }) == errc::invalid);
  CHECK(thrown([] { SqliteStore("/nowhere/store.db"); }) == errc::transient);
}

TEST_CASE("a file that is no database, or one cut short, is refused and left as it was", "[E5]") {
  support::TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  {
    Shop shop;
    std::filesystem::copy_file(shop.path, path);
  }
  const std::string whole = contents(path);
  for (const std::string& bad : {std::string(5000, 'x'), std::string("text"), whole.substr(0, 8192 + 100),
                                 whole.substr(0, whole.size() - 4096)}) {
    write(path, bad);
    CHECK(thrown([&] { SqliteStore{path}; }) == errc::corrupt);
    CHECK(contents(path) == bad);
  }
}

TEST_CASE("a file with foreign tables of our names is refused and left as it was", "[E5]") {
  support::TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  for (const char* table : {"CREATE TABLE webhook_event (mine)", "CREATE TABLE webhook_store (mine)"}) {
    std::remove(path.c_str());
    REQUIRE(Database(path).run(table) == SQLITE_OK);
    const std::string before = contents(path);
    CHECK(thrown([&] { SqliteStore{path}; }) == errc::corrupt);
    CHECK(contents(path) == before);
  }
}

TEST_CASE("a file of a newer version is refused and left as it was", "[E5]") {
  Shop shop;
  REQUIRE(Database(shop.path).run("UPDATE webhook_store SET schema = 99") == SQLITE_OK);
  const std::string before = contents(shop.path);
  CHECK(thrown([&] { SqliteStore{shop.path}; }) == errc::corrupt);
  CHECK(contents(shop.path) == before);
}

TEST_CASE("a file of the first version is brought to this one, with all that is in it") {
  Shop shop;
  shop.bench.append(shop.bench.event("a", "body"), {1}, true);
  REQUIRE(Database(shop.path).run(
              "ALTER TABLE webhook_endpoint DROP COLUMN access; UPDATE webhook_store SET schema = 1") == SQLITE_OK);
  SqliteStore store(shop.path);
  webhook::Endpoint endpoint = store.endpoints(0).at(0);
  CHECK_FALSE(endpoint.access.has_value());
  CHECK(claim(store, shop.bench.time.now()).size() == 1);
  endpoint.access.emplace();
  endpoint.access->certificate_key = webhook::Secret("key");
  store.put(endpoint);
  CHECK(SqliteStore(shop.path).endpoints(0).at(0).access == endpoint.access);
}

TEST_CASE("a host's own tables in the same file stay as they are") {
  support::TemporaryFolder folder;
  Database host(folder.file("shop.db"));
  REQUIRE(host.run("CREATE TABLE orders (item); INSERT INTO orders VALUES ('a book')") == SQLITE_OK);
  SqliteStore store(folder.file("shop.db"));
  CHECK(host.number("SELECT count(*) FROM orders") == 1);
}

TEST_CASE("while another connection writes for too long, a call says so and can be repeated", "[E4]") {
  Shop shop({.busy_timeout = 10ms});
  Database other(shop.path);
  REQUIRE(other.run("BEGIN IMMEDIATE") == SQLITE_OK);
  CHECK(thrown([&] { shop.bench.append("a", {1}); }) == errc::transient);
  REQUIRE(other.run("COMMIT") == SQLITE_OK);
  shop.bench.append("a", {1});
  CHECK(Bench::ids(shop.bench.claim()) == "a");
}

TEST_CASE("a file that was deleted or replaced is noticed, and nothing is taken any more", "[E6]") {
  Shop shop, other;
  shop.bench.append("a", {1});
  std::filesystem::rename(shop.path, shop.path + ".moved");
  CHECK(thrown([&] { shop.bench.append("b", {1}); }) == errc::corrupt);
  std::filesystem::copy_file(other.path, shop.path);
  CHECK(thrown([&] { shop.bench.append("b", {1}); }) == errc::corrupt);
  CHECK(thrown([&] { shop.bench.claim(); }) == errc::corrupt);
  std::filesystem::remove(shop.path);
  std::filesystem::rename(shop.path + ".moved", shop.path);
  shop.bench.append("b", {1});
  CHECK(Bench::ids(shop.bench.claim()) == "a b");
}

TEST_CASE("the host may vacuum, analyse and check the file", "[E8]") {
  Shop shop;
  Database host(shop.path);
  for (int round = 0; round < 3; ++round) {
    shop.bench.append("e" + std::to_string(round), {1});
    CHECK(host.run("VACUUM; ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)") == SQLITE_OK);
    CHECK(shop.bench.claim().size() == 1);
  }
  CHECK(host.number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'") == 0);
}

TEST_CASE("what a process held that died is due at once, and counts as lost", "[E1]") {
  Shop shop;
  shop.bench.append("a", {1});
  const webhook::Now now = shop.bench.time.now();
  in_a_process_that_dies([&] {
    SqliteStore theirs(shop.path);
    if (claim(theirs, now).size() != 1) _exit(1);
  });
  shop.bench.pass(0.2);
  const std::vector<Claimed> claimed = shop.bench.claim();
  REQUIRE(claimed.size() == 1);
  CHECK(claimed[0].lost == 1);
}

TEST_CASE("what a living store holds is its own until the lease ends") {
  Shop shop;
  shop.bench.append("a", {1});
  SqliteStore theirs(shop.path);
  REQUIRE(claim(theirs, shop.bench.time.now()).size() == 1);
  shop.bench.pass(29);
  CHECK(shop.bench.claim().empty());
  shop.bench.pass(2);
  CHECK(shop.bench.claim().size() == 1);
}

TEST_CASE("what a store held that was closed is due at once") {
  Shop shop;
  shop.bench.append("a", {1});
  {
    SqliteStore theirs(shop.path);
    REQUIRE(claim(theirs, shop.bench.time.now()).size() == 1);
  }
  shop.bench.pass(0.2);
  CHECK(shop.bench.claim().size() == 1);
}

TEST_CASE("a store in the child of a fork says that it is not its own") {
  Shop shop;
  const pid_t child = fork();
  if (child == 0) {
    const bool refused = thrown([&] { shop.bench.append("a", {1}); }) == errc::forked;
    _exit(refused ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(status == 0);
  shop.bench.append("a", {1});
}

namespace {
/// The machine was switched off and on again: its steady clock starts anew, under another boot id.
struct Reboot {
  Shop shop{};
  webhook::Now before = shop.bench.time.now();
  explicit Reboot(webhook::Duration delay) {
    claim(shop.bench.store, before);
    append(shop.bench.store, before, "a", delay);
    Database(shop.path).run("UPDATE webhook_store SET boot = 'another'");
  }
  /// Whether it is due `after` the new boot, if the wall clock then says that `passed` has passed.
  bool due(webhook::Duration after, webhook::Duration passed) {
    const auto wall = before.wall + std::chrono::duration_cast<std::chrono::microseconds>(passed);
    SqliteStore store(shop.path);
    const webhook::Now booted{5s, wall};
    if (!claim(store, booted).empty()) return true;
    return !claim(store, {5s + after, wall + std::chrono::duration_cast<std::chrono::microseconds>(after)}).empty();
  }
};
}  // namespace

TEST_CASE("a due time survives a reboot, by what the wall clock says has passed", "[E13]") {
  CHECK_FALSE(Reboot(10min).due(5min, 4min));
  CHECK(Reboot(10min).due(6min, 4min));
  CHECK(Reboot(10min).due(0s, 11min));
}

TEST_CASE("after a reboot with a wall clock that went back, nothing waits longer than it had to", "[E13]") {
  CHECK_FALSE(Reboot(10min).due(9min, -24h * 365 * 20));
  CHECK(Reboot(10min).due(10min, -24h * 365 * 20));
}

TEST_CASE("a wall clock that is set while the machine runs moves no due time", "[E13]") {
  Shop shop;
  webhook::Now now = shop.bench.time.now();
  append(shop.bench.store, now, "a", 10min);
  for (const std::int64_t years : {10, -30, 12}) {  // 2038 among them
    now.steady += 3min;
    now.wall += std::chrono::hours{24 * 365 * years};
    CHECK(claim(shop.bench.store, now).empty());
    CHECK(claim(*std::make_unique<SqliteStore>(shop.path), now).empty());
  }
  now.steady += 1min;
  CHECK(claim(shop.bench.store, now).size() == 1);
}

TEST_CASE("a delivery that a new order put behind another waits for its turn, whatever its holder says") {
  for (const State word : {State::due, State::leased}) {
    Shop shop;
    shop.bench.append("a", {1});
    shop.bench.append("b", {1});
    const std::vector<Claimed> held = shop.bench.claim(2, 2, 2);
    REQUIRE(held.size() == 2);
    shop.bench.settle(held[0].lease, State::parked);
    shop.bench.pass(3);
    shop.bench.append("c", {1});
    shop.bench.claim(1, 1, 1);  // b's lease is noticed to have ended, or c is served: either way
    webhook::Endpoint endpoint = shop.bench.store.endpoints(0).front();
    endpoint.order = webhook::Order::complete;
    shop.bench.put(endpoint);
    shop.bench.settle(held[1].lease, word, 1s);
    shop.bench.pass(10);
    for (int i = 0; i < 3; ++i) {
      for (const Claimed& one : shop.bench.claim(1, 1, 1)) shop.bench.settle(one.lease, State::due);
      shop.bench.pass(2);
    }
    CHECK(shop.bench.claim().empty());  // a is parked, and the oldest
    const auto a = shop.bench.store.find({.event = webhook::EventId("a")}).at(0).id;
    CHECK(shop.bench.store.amend(shop.bench.time.now(), {.delivery = a}, State::due) == 1);
    CHECK(Bench::ids(shop.bench.claim()) == "a");
  }
}

TEST_CASE("prune forgets what is over with its events and attempts, and never gives their numbers again", "[E19]") {
  Shop shop;
  for (int i = 0; i < 5; ++i) shop.bench.append("e" + std::to_string(i), {1});
  for (const Claimed& one : shop.bench.claim(3)) shop.bench.tried(one, 200, State::delivered);
  const auto last = shop.bench.store.find({}).back().id;
  CHECK(shop.bench.store.prune(shop.bench.time.now(), 0s, 100) == 3);
  for (const Claimed& one : shop.bench.claim()) shop.bench.tried(one, 200, State::delivered);
  CHECK(shop.bench.store.prune(shop.bench.time.now(), 0s, 100) == 2);
  Database host(shop.path);
  CHECK(host.number("SELECT count(*) FROM webhook_event") == 0);
  CHECK(host.number("SELECT count(*) FROM webhook_attempt") == 0);
  CHECK(host.number("SELECT pending + bytes FROM webhook_store") == 0);
  shop.bench.append("new", {1});
  CHECK(shop.bench.store.find({}).back().id > last);
}

TEST_CASE("an answer of any bytes and length is logged and hinders nothing", "[E21]") {
  Shop shop;
  shop.bench.append("a", {1});
  webhook::Attempt attempt;
  attempt.status = 500;
  attempt.response = std::string(1'000'000, '\0') + "\xff";
  shop.bench.settle(shop.bench.claim().at(0).lease, State::dead, {}, &attempt);
  const auto found = shop.bench.store.find({});
  CHECK(shop.bench.store.attempts(found.at(0).id).at(0).response == attempt.response);
}

TEST_CASE("backlog counts what waits, in bytes each event once") {
  Shop shop;
  shop.bench.endpoint(2);
  shop.bench.append(shop.bench.event("a", "12345"), {1, 2});
  shop.bench.append(shop.bench.event("b", "123"), {2});
  shop.bench.pass(5);
  const auto claimed = shop.bench.claim(2);
  auto backlog = shop.bench.store.backlog(shop.bench.time.now());
  CHECK(backlog.due == 1);
  CHECK(backlog.leased == 2);
  CHECK(backlog.bytes == 8);
  CHECK(backlog.oldest == 5s);
  for (const Claimed& one : claimed) shop.bench.tried(one, 200, State::delivered);
  backlog = shop.bench.store.backlog(shop.bench.time.now());
  CHECK(backlog.due + backlog.leased == 1);
}

TEST_CASE("a bound on bytes refuses what is too much, and takes it once there is room") {
  Shop shop({.max_bytes = 10});
  shop.bench.append(shop.bench.event("a", "1234567"), {1});
  CHECK(thrown([&] { shop.bench.append(shop.bench.event("b", "1234"), {1}); }) == errc::full);
  for (const Claimed& one : shop.bench.claim()) shop.bench.tried(one, 200, State::delivered);
  shop.bench.append(shop.bench.event("b", "1234"), {1});
  CHECK(Bench::ids(shop.bench.claim()) == "b");
}

TEST_CASE("an exclusive store lets nobody else in") {
  Shop shop({.exclusive = true, .busy_timeout = 10ms});
  shop.bench.append("a", {1});
  CHECK(thrown([&] { SqliteStore(shop.path, {.busy_timeout = 10ms}); }) == errc::transient);
  Database host(shop.path);
  CHECK(thrown([&] { shop.bench.store.append(host.get(), {}, {}); }) == errc::misuse);
}

}  // namespace unit_store_sqlite
