// SPDX-License-Identifier: MIT
// Emit within the host's own transaction: one commit or neither, and every misuse refused with the handle as it was.
#include <catch2/catch.hpp>

#include <thread>

#include "support/sqlite_host.hpp"
#include "support/thrown.hpp"

namespace unit_in_transaction {
using namespace std::chrono_literals;
using support::Database;
using support::SqliteHost;
using support::thrown;
using webhook::errc;
using webhook::in_transaction;

namespace {
struct Shop {
  support::TemporaryFolder folder{};
  std::string path = folder.file("shop.db");
  webhook::ManualClock clock{};
  Database db{path};
  SqliteHost host{path, clock};

  Shop() {
    db.run("CREATE TABLE orders (item TEXT)");
    host.hooks.add({.url = "https://a.example/", .events = {"order.*"}});
  }
  std::size_t sent() {
    host.settle();
    return host.sent().size();
  }
};
}  // namespace

TEST_CASE("an event that was emitted in the host's transaction is delivered after its commit, and not before") {
  Shop shop;
  REQUIRE(shop.db.run("BEGIN IMMEDIATE; INSERT INTO orders VALUES ('a book')") == SQLITE_OK);
  const webhook::Emitted emitted = shop.host.hooks.emit(in_transaction(shop.db.get()), "order.created", {{"item", 1}});
  CHECK(emitted.endpoints == 1);
  CHECK_FALSE(emitted.id.empty());
  REQUIRE(shop.db.run("COMMIT") == SQLITE_OK);
  CHECK(shop.sent() == 1);
  CHECK(shop.host.transport.requests().front().headers.find("webhook-id") == emitted.id.view());
  CHECK(shop.host.hooks.deliveries().front().state == webhook::State::delivered);
}

TEST_CASE("an event of a transaction that was rolled back was never there", "[B9]") {
  Shop shop;
  REQUIRE(shop.db.run("BEGIN IMMEDIATE; INSERT INTO orders VALUES ('a book')") == SQLITE_OK);
  shop.host.hooks.emit(in_transaction(shop.db.get()), "order.created", {{"item", 1}}, {.id = "order-1"});
  REQUIRE(shop.db.run("ROLLBACK") == SQLITE_OK);
  CHECK(shop.sent() == 0);
  CHECK(shop.db.number("SELECT count(*) FROM webhook_event") == 0);
  CHECK(shop.host.hooks.emit("order.created", {{"item", 2}}, {.id = "order-1"}).outcome == webhook::Appended::inserted);
}

TEST_CASE("a savepoint of the host takes its events with it") {
  Shop shop;
  shop.db.run("BEGIN IMMEDIATE");
  shop.host.hooks.emit(in_transaction(shop.db.get()), "order.created", {{"item", 1}});
  shop.db.run("SAVEPOINT doubt");
  shop.host.hooks.emit(in_transaction(shop.db.get()), "order.created", {{"item", 2}});
  shop.db.run("ROLLBACK TO doubt");
  shop.db.run("COMMIT");
  CHECK(shop.sent() == 1);
}

TEST_CASE("emit in a transaction that the host did not begin is refused, and none is begun", "[B10]") {
  Shop shop;
  CHECK(thrown([&] { shop.host.hooks.emit(in_transaction(shop.db.get()), "order.created", {}); }) == errc::misuse);
  CHECK(sqlite3_get_autocommit(shop.db.get()) != 0);
  CHECK(thrown([&] { shop.host.hooks.emit(in_transaction(static_cast<sqlite3*>(nullptr)), "order.created", {}); }) ==
        errc::misuse);
  CHECK(shop.sent() == 0);
}

TEST_CASE("emit in a transaction on another file than the store's is refused, and the transaction stays open") {
  Shop shop;
  Database other(shop.folder.file("other.db"));
  Database memory(":memory:");
  for (Database* wrong : {&other, &memory}) {
    REQUIRE(wrong->run("BEGIN IMMEDIATE; CREATE TABLE mine (x)") == SQLITE_OK);
    CHECK(thrown([&] { shop.host.hooks.emit(in_transaction(wrong->get()), "order.created", {}); }) == errc::misuse);
    CHECK(sqlite3_get_autocommit(wrong->get()) == 0);
    CHECK(wrong->run("COMMIT") == SQLITE_OK);
    CHECK(wrong->number("SELECT count(*) FROM mine") == 0);
  }
}

TEST_CASE("the store's file may be reached by another name") {
  Shop shop;
  Database alias(shop.folder.file("./shop.db"));
  REQUIRE(alias.run("BEGIN IMMEDIATE") == SQLITE_OK);
  shop.host.hooks.emit(in_transaction(alias.get()), "order.created", {});
  REQUIRE(alias.run("COMMIT") == SQLITE_OK);
  CHECK(shop.sent() == 1);
}

TEST_CASE("a failed emit leaves the host's transaction open and usable") {
  Shop shop;
  REQUIRE(shop.db.run("BEGIN IMMEDIATE; INSERT INTO orders VALUES ('a book')") == SQLITE_OK);
  auto within = in_transaction(shop.db.get());
  CHECK(thrown([&] { shop.host.hooks.emit_bytes(within, "not a type", "{}"); }) == errc::invalid_type);
  CHECK(thrown([&] { shop.host.hooks.emit_bytes(within, "order.created", std::string(300'000, 'x')); }) ==
        errc::too_large);
  shop.host.hooks.emit(within, "order.created", {{"item", 1}}, {.id = "order-1"});
  CHECK(shop.host.hooks.emit(within, "order.created", {{"item", 1}}, {.id = "order-1"}).outcome ==
        webhook::Appended::duplicate);
  CHECK(thrown([&] {
          shop.host.hooks.emit(within, "order.created", {{"item", 2}}, {.id = "order-1"});
        }) == errc::conflict);
  REQUIRE(shop.db.run("COMMIT") == SQLITE_OK);
  CHECK(shop.db.number("SELECT count(*) FROM orders") == 1);
  CHECK(shop.sent() == 1);
}

TEST_CASE("a handle that cannot write is refused, or told why, and its transaction stays open") {
  Shop shop;
  shop.db.run("PRAGMA query_only = 1; BEGIN");
  CHECK(thrown([&] { shop.host.hooks.emit(in_transaction(shop.db.get()), "order.created", {}); }) == errc::unsupported);
  CHECK(sqlite3_get_autocommit(shop.db.get()) == 0);
  shop.db.run("ROLLBACK; PRAGMA query_only = 0");

  Database other(shop.path);
  REQUIRE(other.run("BEGIN IMMEDIATE") == SQLITE_OK);  // someone else writes
  REQUIRE(shop.db.run("BEGIN") == SQLITE_OK);
  CHECK(thrown([&] { shop.host.hooks.emit(in_transaction(shop.db.get()), "order.created", {}); }) == errc::transient);
  CHECK(sqlite3_get_autocommit(shop.db.get()) == 0);
}

TEST_CASE("a batch in the host's transaction is all or nothing") {
  Shop shop;
  webhook::SqliteStore store(shop.path);
  auto event = std::make_shared<webhook::Event>();
  event->id = webhook::EventId("one");
  event->type = "order.created";
  shop.db.run("BEGIN IMMEDIATE");
  // A trigger of the host's refuses the second.
  shop.db.run(
      "CREATE TRIGGER refuses BEFORE INSERT ON webhook_event WHEN new.number > 1 BEGIN SELECT RAISE(ABORT, 'no'); END");
  const webhook::NewEvent batch[2]{{event, {}, 0, false, {}}, {event, {}, 0, false, {}}};
  webhook::Appended answers[2]{};
  CHECK(thrown([&] { store.append(shop.db.get(), batch, answers); }).value() != 0);
  CHECK(shop.db.number("SELECT count(*) FROM webhook_event") == 0);
  CHECK(shop.db.run("COMMIT") == SQLITE_OK);
}

TEST_CASE("an emit in the host's transaction leaves nothing behind on its handle") {
  Shop shop;
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(shop.path.c_str(), &db) == SQLITE_OK);
  REQUIRE(sqlite3_exec(db, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
  shop.host.hooks.emit(in_transaction(db), "order.created", {});
  REQUIRE(sqlite3_exec(db, "COMMIT", nullptr, nullptr, nullptr) == SQLITE_OK);
  CHECK(sqlite3_next_stmt(db, nullptr) == nullptr);
  CHECK(sqlite3_close(db) == SQLITE_OK);
}

TEST_CASE("the delay of an event counts from its emit, not from when it was routed") {
  Shop shop;
  shop.db.run("BEGIN IMMEDIATE");
  shop.host.hooks.emit(in_transaction(shop.db.get()), "order.created", {}, {.delay = 10min});
  shop.db.run("COMMIT");
  shop.clock.advance(4min);
  CHECK(shop.sent() == 0);
  shop.clock.advance(5min + 59s);
  CHECK(shop.sent() == 0);
  shop.clock.advance(2s);
  CHECK(shop.sent() == 1);
}

TEST_CASE("notify() wakes a worker that sleeps for an event of the host's transaction") {
  support::TemporaryFolder folder;
  const std::string path = folder.file("shop.db");
  webhook::RecordingTransport transport;
  webhook::Dispatcher hooks{transport, webhook::JsonSerializer{}, webhook::StandardWebhooks{},
                            webhook::SqliteStore(path), webhook::SystemClock{}};
  hooks.add({.url = "https://a.example/"});
  hooks.start();
  Database db(path);
  REQUIRE(sqlite3_busy_timeout(db.get(), 5000) == SQLITE_OK);
  REQUIRE(db.run("BEGIN IMMEDIATE") == SQLITE_OK);
  hooks.emit(in_transaction(db.get()), "order.created", {});
  REQUIRE(db.run("COMMIT") == SQLITE_OK);
  hooks.notify();
  for (int i = 0; i < 1000 && transport.requests().empty(); ++i) std::this_thread::sleep_for(1ms);
  CHECK(transport.requests().size() == 1);
}

}  // namespace unit_in_transaction
