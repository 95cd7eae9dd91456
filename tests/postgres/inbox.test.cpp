// SPDX-License-Identifier: MIT
// The inbox on a PostgreSQL server of the test's own: the mark and what a handler wrote commit together, over connections
// and processes, and a repetition beside the first waits for it.
#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>
#include <webhook/inbox/postgres.hpp>
#include <webhook/testing/inbox_conformance.hpp>

#include "support/child.hpp"
#include "support/joined_inbox.hpp"
#include "support/postgres_server.hpp"
#include "support/received.hpp"
#include "support/thrown.hpp"

namespace {
using namespace std::chrono_literals;
using support::envelope;
using support::thrown;
using webhook::errc;
using webhook::PostgresInbox;

constexpr std::string_view key = "evt_1";

webhook::Now at(std::int64_t second) {
  const auto since = std::chrono::seconds{1'700'000'000 + second};
  return {since, webhook::WallTime(since)};
}

class Connection {
 public:
  explicit Connection(const std::string& where) : db_(PQconnectdb(where.c_str()), PQfinish) {
    if (PQstatus(db_.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(db_.get()));
  }
  PGconn* get() const { return db_.get(); }
  bool run(const char* sql) const {
    const std::unique_ptr<PGresult, decltype(&PQclear)> answer(PQexec(db_.get(), sql), PQclear);
    return PQresultStatus(answer.get()) == PGRES_COMMAND_OK || PQresultStatus(answer.get()) == PGRES_TUPLES_OK;
  }

 private:
  std::unique_ptr<PGconn, decltype(&PQfinish)> db_;
};

struct Committed {
  std::string where{};

  template <class Call>
  bool commit(const Call& call) const {
    const Connection db(where);
    if (!db.run("BEGIN")) throw std::runtime_error("no BEGIN");
    const bool answer = call(db.get());
    if (!db.run("COMMIT")) throw std::runtime_error("no COMMIT");
    return answer;
  }
};

// A database of a shop, and a receiver whose handler writes into it.
struct Shop {
  explicit Shop(const std::string& bin) : server(bin) {
    server.ask("CREATE TABLE customer (name text PRIMARY KEY, told bigint NOT NULL)");
    PostgresInbox{}.create(Connection(server.where()).get());
    receiver.on("customer.created", [](const nlohmann::json&, PGconn* db) {
      const std::unique_ptr<PGresult, decltype(&PQclear)> answer(
          PQexec(db,
                 "INSERT INTO customer VALUES ('Smith', 1) ON CONFLICT (name) DO UPDATE SET told = customer.told + 1"),
          PQclear);
      if (PQresultStatus(answer.get()) != PGRES_COMMAND_OK) throw std::runtime_error("the row was not written");
    });
    receiver.on("customer.wrong", [](const nlohmann::json&, PGconn* db) {
      PQclear(PQexec(db, "SELECT no_such_column"));
      throw std::runtime_error("the statement failed, and the transaction with it");
    });
  }
  int receive(const Connection& db, const char* end = nullptr, std::string_view type = "customer.created") {
    REQUIRE(db.run("BEGIN"));
    const webhook::Request request = support::signed_request(envelope(type), clock, key);
    const int status = receiver.handle(request, db.get()).status;
    db.run(end != nullptr ? end : status < 300 ? "COMMIT" : "ROLLBACK");
    return status;
  }
  std::string told() const { return server.ask("SELECT coalesce(sum(told), 0) FROM customer"); }
  std::string marks() const { return server.ask("SELECT count(*) FROM webhook_inbox"); }

  support::PostgresServer server;
  webhook::ManualClock clock{};
  webhook::Receiver<webhook::StandardWebhooks, webhook::JsonSerializer, webhook::ManualClock, PostgresInbox> receiver{
      support::secret(), clock, PostgresInbox{}};
};

void repeat_beside_the_first(const Shop& shop, const char* end) {
  shop.server.ask("DELETE FROM webhook_inbox");
  PostgresInbox inbox;
  const Connection first(shop.server.where()), second(shop.server.where());
  REQUIRE((first.run("BEGIN") && second.run("BEGIN")));
  CHECK(inbox.first(first.get(), key, at(0), 1h));
  bool answer = false;
  std::thread repetition([&] { answer = inbox.first(second.get(), key, at(0), 1h); });
  const std::string waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
  for (int i = 0; i < 3000 && shop.server.ask(waiting) != "1"; ++i) std::this_thread::sleep_for(10ms);
  CHECK(shop.server.ask(waiting) == "1");
  CHECK(first.run(end));
  repetition.join();
  CHECK(second.run("COMMIT"));
  CHECK(answer == (std::string_view(end) == "ROLLBACK"));
  CHECK(shop.marks() == "1");
}
}  // namespace

TEST_CASE("PostgresInbox keeps what every inbox owes, and marks with the effect or not at all", "[inbox][postgres]") {
  const std::string bin = support::PostgresServer::binaries();
  if (bin.empty()) return;
  Shop shop(bin);
  const Connection db(shop.server.where()), other(shop.server.where());

  CHECK(shop.receive(db) == 204);
  CHECK(shop.receive(db) == 200);
  CHECK(shop.receive(other) == 200);
  CHECK(shop.told() == "1");
  shop.server.ask("DELETE FROM webhook_inbox; DELETE FROM customer");

  CHECK(shop.receive(db, "ROLLBACK") == 204);
  CHECK(shop.marks() + shop.told() == "00");
  CHECK(shop.receive(db, nullptr, "customer.wrong") == 500);
  CHECK(shop.receive(db, "COMMIT", "customer.wrong") == 500);  // the server makes a rollback of it
  CHECK(shop.marks() == "0");

  for (const bool committed : {false, true}) {
    const std::string end = support::in_child([&]() -> std::string {
      const Connection own(shop.server.where());
      shop.receive(own, committed ? "COMMIT" : "SELECT 1");
      ::kill(::getpid(), SIGKILL);
      return "lives";
    });
    CHECK(end == "ended by signal 9");
    for (int i = 0;
         i < 3000 && shop.server.ask("SELECT count(*) FROM pg_stat_activity WHERE xact_start IS NOT NULL") != "1"; ++i)
      std::this_thread::sleep_for(10ms);  // the server hears that its client is gone
    CHECK(shop.told() == (committed ? "1" : "0"));
    CHECK(shop.marks() == shop.told());
  }
  CHECK(shop.receive(db) == 200);

  for (const char* const ended : {"COMMIT", "ROLLBACK"}) repeat_beside_the_first(shop, ended);

  shop.server.ask("DELETE FROM webhook_inbox");
  support::Committing<PostgresInbox, Committed> inbox(Committed{shop.server.where()});
  webhook::InboxConformance(inbox, [](bool held, std::string_view promise) {
    INFO(std::string(promise));
    CHECK(held);
  }).run();
}

TEST_CASE("a connection without a transaction that works is refused as it is, by PostgresInbox", "[inbox][postgres]") {
  const std::string bin = support::PostgresServer::binaries();
  if (bin.empty()) return;
  const support::PostgresServer server(bin);
  const Connection db(server.where());
  PostgresInbox inbox;
  const auto first = [&] { inbox.first(db.get(), key, at(0), 1h); };

  CHECK(thrown([&] { inbox.first(nullptr, key, at(0), 1h); }) == errc::misuse);
  REQUIRE(db.run("BEGIN"));
  CHECK(thrown(first) == errc::misuse);  // there is no table yet
  db.run("ROLLBACK");
  inbox.create(db.get());
  inbox.create(db.get());
  PostgresInbox{"public"}.create(db.get());
  CHECK(thrown(first) == errc::misuse);
  CHECK(PQtransactionStatus(db.get()) == PQTRANS_IDLE);

  REQUIRE(db.run("BEGIN"));
  db.run("SELECT no_such_column");
  CHECK(thrown(first) == errc::misuse);
  inbox.forget(db.get(), key);
  CHECK(PQtransactionStatus(db.get()) == PQTRANS_INERROR);
  db.run("ROLLBACK");

  REQUIRE(db.run("BEGIN"));
  REQUIRE(PQsendQuery(db.get(), "SELECT 1") == 1);
  CHECK(thrown(first) == errc::misuse);
  while (PGresult* const pending = PQgetResult(db.get())) PQclear(pending);
  REQUIRE(PQenterPipelineMode(db.get()) == 1);
  CHECK(thrown(first) == errc::misuse);
  REQUIRE(PQexitPipelineMode(db.get()) == 1);
  CHECK(inbox.first(db.get(), key, at(0), 1h));  // and works again
  db.run("COMMIT");
  inbox.forget(db.get(), key);  // committed: it was handled
  CHECK(server.ask("SELECT count(*) FROM webhook_inbox") == "1");

  for (const char* const name : {"", "Shop", "a\"b", "a.b"})
    CHECK(thrown([&] { PostgresInbox{name}; }) == errc::invalid);
  server.ask("CREATE SCHEMA shop");
  PostgresInbox{"shop"}.create(db.get());
  CHECK(server.ask("SELECT count(*) FROM shop.webhook_inbox") == "0");
}

TEST_CASE("PostgresInbox forgets what is over, the oldest first, and never more than asked", "[inbox][postgres]") {
  const std::string bin = support::PostgresServer::binaries();
  if (bin.empty()) return;
  const support::PostgresServer server(bin);
  const Connection db(server.where());
  PostgresInbox inbox;
  inbox.create(db.get());
  REQUIRE(db.run("BEGIN"));
  for (int i = 0; i < 10; ++i) inbox.first(db.get(), "evt_" + std::to_string(i), at(i), 1min);
  db.run("COMMIT");
  CHECK(inbox.prune(db.get(), at(59)) == 0);
  CHECK(inbox.prune(db.get(), at(64), 2) == 2);
  CHECK(inbox.prune(db.get(), at(64)) == 3);
  CHECK(server.ask("SELECT min(encode(key, 'escape')) FROM webhook_inbox") == "evt_5");
  CHECK(inbox.prune(db.get(), at(1000)) == 5);
}
