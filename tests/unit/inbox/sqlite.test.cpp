// SPDX-License-Identifier: MIT
// A message and what its handler wrote: one commit, or neither, whatever ends the transaction.
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>
#include <webhook/inbox/sqlite.hpp>

#include "support/child.hpp"
#include "support/database.hpp"
#include "support/received.hpp"
#include "support/temporary_folder.hpp"
#include "support/thrown.hpp"

namespace unit_inbox_sqlite {

namespace {
using namespace std::chrono_literals;
using support::Database;
using support::envelope;
using support::signed_request;
using webhook::errc;
using webhook::SqliteInbox;

constexpr std::string_view key = "evt_1";

webhook::Now at(std::int64_t second) {
  const auto since = std::chrono::seconds{1'700'000'000 + second};
  return {since, webhook::WallTime(since)};
}

// A host's file with a table of customers, and a receiver whose handler writes into it.
struct Shop {
  support::TemporaryFolder folder = support::TemporaryFolder::in_memory();
  std::string path = folder.file("shop.db");
  Database db{path};
  webhook::ManualClock clock{};
  std::vector<std::string> errors{};
  bool fails = false;
  webhook::Receiver<webhook::StandardWebhooks, webhook::JsonSerializer, webhook::ManualClock, SqliteInbox> receiver{
      support::secret(), clock, SqliteInbox{}, options()};

  Shop() {
    db.run("CREATE TABLE customer (name TEXT PRIMARY KEY, orders INTEGER NOT NULL)");
    SqliteInbox::create(db.get());
    receiver.on("customer.created", [this](const nlohmann::json& customer, sqlite3* handle) {
      const std::string name = customer.at("name");
      const std::string sql =
          "INSERT INTO customer VALUES ('" + name + "', 1) ON CONFLICT DO UPDATE SET orders = orders + 1";
      if (sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK || fails)
        throw std::runtime_error("no");
    });
  }
  webhook::ReceiverOptions options() {
    webhook::ReceiverOptions given;
    given.on_error = [this](std::string_view what) { errors.emplace_back(what); };
    return given;
  }
  webhook::Request request(std::string_view id = key) const {
    return signed_request(envelope("customer.created", R"({"name":"Smith"})"), clock, id);
  }
  int receive(Database& on, const char* end = nullptr) {
    REQUIRE(on.run("BEGIN") == SQLITE_OK);
    const int status = receiver.handle(request(), on.get()).status;
    on.run(end != nullptr ? end : status < 300 ? "COMMIT" : "ROLLBACK");
    return status;
  }
  std::int64_t orders() { return db.number("SELECT coalesce(sum(orders), 0) FROM customer"); }
  std::int64_t marks() { return db.number("SELECT count(*) FROM webhook_inbox"); }
};
}  // namespace

TEST_CASE("a message that comes twice has its effect once, and both commit together", "[inbox][sqlite][G13]") {
  Shop shop;
  CHECK(shop.receive(shop.db) == 204);
  CHECK(shop.receive(shop.db) == 200);
  Database other(shop.path);
  CHECK(shop.receive(other) == 200);
  CHECK(shop.orders() == 1);
  CHECK(shop.marks() == 1);
  CHECK(shop.errors.empty());
}

TEST_CASE("a rollback leaves neither the mark nor the effect, and the next attempt is handled", "[inbox][sqlite]") {
  Shop shop;
  CHECK(shop.receive(shop.db, "ROLLBACK") == 204);
  CHECK(shop.orders() + shop.marks() == 0);
  CHECK(shop.receive(shop.db) == 204);
  CHECK(shop.orders() == 1);
}

TEST_CASE("a handler that throws leaves no mark, even if its host commits all the same", "[inbox][sqlite]") {
  Shop shop;
  shop.fails = true;
  CHECK(shop.receive(shop.db) == 500);
  CHECK(shop.orders() + shop.marks() == 0);
  CHECK(shop.receive(shop.db, "COMMIT") == 500);
  CHECK(shop.marks() == 0);
  shop.fails = false;
  CHECK(shop.receive(shop.db) == 204);
  CHECK(shop.marks() == 1);
}

TEST_CASE("a process that is killed between the handler and the commit leaves neither; after the commit, both",
          "[inbox][sqlite]") {
  Shop shop;
  for (const bool committed : {false, true}) {
    const std::string end = support::in_child([&]() -> std::string {
      Database own(shop.path);
      shop.receive(own, committed ? "COMMIT" : "SELECT 1");
      ::kill(::getpid(), SIGKILL);
      return "lives";
    });
    CHECK(end == "ended by signal 9");
    CHECK(shop.orders() == (committed ? 1 : 0));
    CHECK(shop.marks() == (committed ? 1 : 0));
  }
  CHECK(shop.receive(shop.db) == 200);
  CHECK(shop.orders() == 1);
}

TEST_CASE("a repetition beside the first waits for it, and hears what became of it", "[inbox][sqlite][G13]") {
  for (const char* const end : {"COMMIT", "ROLLBACK"}) {
    Shop shop;
    SqliteInbox inbox;
    REQUIRE(shop.db.run("BEGIN") == SQLITE_OK);
    CHECK(inbox.first(shop.db.get(), key, at(0), 1h));
    std::atomic<bool> waits{false};
    bool second = false;
    std::thread repetition([&] {
      Database other(shop.path);
      const auto on_busy = [](void* told, int) {
        static_cast<std::atomic<bool>*>(told)->store(true);
        std::this_thread::yield();
        return 1;
      };
      sqlite3_busy_handler(other.get(), on_busy, &waits);
      other.run("BEGIN");
      second = inbox.first(other.get(), key, at(0), 1h);
      other.run("COMMIT");
    });
    while (!waits) std::this_thread::yield();
    while (shop.db.run(end) == SQLITE_BUSY) std::this_thread::yield();
    repetition.join();
    CHECK(second == (std::string(end) == "ROLLBACK"));
    CHECK(shop.marks() == 1);
  }
}

TEST_CASE("without a transaction, a handle or the table nothing is marked, and the sentence says what to do",
          "[inbox][sqlite]") {
  Shop shop;
  SqliteInbox inbox;
  using support::thrown;
  CHECK(thrown([&] { inbox.first(shop.db.get(), key, at(0), 1h); }) == errc::misuse);
  CHECK(thrown([&] { inbox.first(nullptr, key, at(0), 1h); }) == errc::misuse);
  CHECK(thrown([&] { SqliteInbox::create(nullptr); }) == errc::misuse);
  CHECK(shop.receiver.handle(shop.request(), shop.db.get()).status == 500);
  REQUIRE(shop.errors.size() == 1);
  CHECK_THAT(shop.errors.front(), Catch::Contains("no open transaction: BEGIN before"));

  shop.db.run("DROP TABLE webhook_inbox");
  shop.db.run("BEGIN");
  CHECK(shop.receiver.handle(shop.request(), shop.db.get()).status == 500);
  CHECK_THAT(shop.errors.back(), Catch::Contains("SqliteInbox::create"));
  CHECK(sqlite3_get_autocommit(shop.db.get()) == 0);  // still the host's
  shop.db.run("ROLLBACK");
  CHECK(thrown([&] { SqliteInbox::prune(shop.db.get(), at(0)); }) == errc::misuse);
  CHECK(shop.orders() == 0);
}

TEST_CASE("a transaction that has ended leaves nothing to forget", "[inbox][sqlite]") {
  Shop shop;
  SqliteInbox inbox;
  shop.db.run("BEGIN");
  CHECK(inbox.first(shop.db.get(), key, at(0), 1h));
  shop.db.run("COMMIT");
  inbox.forget(shop.db.get(), key);  // committed: it was handled
  inbox.forget(nullptr, key);
  CHECK(shop.marks() == 1);
}

TEST_CASE("pruning forgets what is over, the oldest first, and never more than asked", "[inbox][sqlite]") {
  Shop shop;
  SqliteInbox inbox;
  shop.db.run("BEGIN");
  for (int i = 0; i < 10; ++i) inbox.first(shop.db.get(), "evt_" + std::to_string(i), at(i), 1min);
  shop.db.run("COMMIT");
  CHECK(SqliteInbox::prune(shop.db.get(), at(59)) == 0);
  CHECK(SqliteInbox::prune(shop.db.get(), at(64), 2) == 2);
  CHECK(SqliteInbox::prune(shop.db.get(), at(64), 100) == 3);
  CHECK(shop.db.number("SELECT count(*) FROM webhook_inbox WHERE key >= CAST('evt_5' AS BLOB)") == 5);
  CHECK(SqliteInbox::prune(shop.db.get(), at(1000)) == 5);
  CHECK(SqliteInbox::prune(shop.db.get(), at(1000)) == 0);
}

TEST_CASE("handlers may take the handle last, after as much of the rest as they want", "[inbox][sqlite][receiver]") {
  Shop shop;
  int called = 0;
  shop.receiver.on("a", [&](const nlohmann::json&, sqlite3* db) { called += db == shop.db.get() ? 1 : 0; });
  shop.receiver.on("b", [&](const nlohmann::json&, const webhook::Event& event, sqlite3* db) {
    called += db == shop.db.get() && event.type == "b" ? 1 : 0;
  });
  shop.receiver.on("c", [&](const nlohmann::json&, const webhook::Event&, const webhook::Request& request,
                            sqlite3* db) { called += db == shop.db.get() && request.method == "POST" ? 1 : 0; });
  shop.receiver.on("d", [&](const nlohmann::json&, const webhook::Event&) { ++called; });
  shop.receiver.otherwise([&](const auto&... parts) { called += sizeof...(parts) == 4 ? 1 : 0; });
  for (const char* const type : {"a", "b", "c", "d", "e"}) {
    shop.db.run("BEGIN");
    CHECK(shop.receiver.handle(signed_request(envelope(type), shop.clock, type), shop.db.get()).status == 204);
    shop.db.run("COMMIT");
  }
  CHECK(called == 5);
}

}  // namespace unit_inbox_sqlite
