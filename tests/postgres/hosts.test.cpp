// SPDX-License-Identifier: MIT
// Hosts on one PostgreSQL database: in their own transactions, several at once, through a pooler, and while the server
// goes away and comes back.
#include <array>
#include <atomic>
#include <chrono>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/postgres_server.hpp"
#include "support/thrown.hpp"

#include <webhook/store/postgres.hpp>
#include <webhook/testing/store_bench.hpp>

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using support::thrown;
using webhook::Appended;
using webhook::Claimed;
using webhook::errc;

namespace {

const webhook::RealTime clock_of_this_host{};

std::shared_ptr<const webhook::Event> event_of(const std::string& id, const std::string& payload = "{}") {
  auto event = std::make_shared<webhook::Event>();
  event->id = webhook::EventId(id);
  event->type = "order.created";
  event->payload = webhook::Bytes(payload);
  return event;
}

/// A store and the words that the tests say to it.
struct Shop {
  explicit Shop(const std::string& where) : store(where) {}

  void endpoint(std::uint64_t id, std::uint32_t cap = 100, webhook::Order order = webhook::Order::none) {
    webhook::Endpoint endpoint;
    endpoint.id = webhook::EndpointId{id};
    endpoint.url = "https://receiver.example/" + std::to_string(id);
    endpoint.cap = cap;
    endpoint.order = order;
    registry = store.put(endpoint);
  }
  Appended append(const std::string& id, const std::string& payload = "{}",
                  const std::vector<webhook::EndpointId>& routes = {webhook::EndpointId{1}}) {
    const webhook::NewEvent fresh{event_of(id, payload), routes, registry, true, {}};
    Appended answer = Appended::conflict;
    store.append(clock_of_this_host.now(), {&fresh, 1}, {&answer, 1});
    return answer;
  }
  Appended append(PGconn* host, const std::string& id, const std::string& payload = "{}") {
    const webhook::NewEvent fresh{event_of(id, payload), {}, 0, true, {}};
    Appended answer = Appended::conflict;
    store.append(host, {&fresh, 1}, {&answer, 1});
    return answer;
  }
  std::vector<Claimed> claim(webhook::Duration lease = 30s, std::size_t most = 64) {
    std::vector<Claimed> claimed;
    store.claim({clock_of_this_host.now(), webhook::WorkerId{1}, lease, most, 64}, claimed);
    return claimed;
  }
  webhook::Settled settle(const Claimed& one, webhook::State state) {
    const webhook::Settlement word{one.lease, state, {}, nullptr};
    webhook::Settled answer;
    store.settle(clock_of_this_host.now(), {&word, 1}, {&answer, 1});
    return answer;
  }

  webhook::PostgresStore store;
  webhook::Version registry = 0;
};

/// Repeats a call while it says that the failure passes, as the engine does.
template <class Call>
auto in_the_end(const Call& call) {
  const auto end = std::chrono::steady_clock::now() + 30s;
  for (;;) {
    try {
      return call();
    } catch (const webhook::Error& error) {
      const bool passes = error.code() == errc::transient || error.code() == errc::unknown_commit;
      if (!passes || std::chrono::steady_clock::now() > end) throw;
      std::this_thread::yield();
    }
  }
}

struct Host {  // a plain handle
  explicit Host(const std::string& where) : db(PQconnectdb(where.c_str()), PQfinish) {
    REQUIRE(PQstatus(db.get()) == CONNECTION_OK);
  }
  std::string run(const std::string& sql) const {
    const std::unique_ptr<PGresult, decltype(&PQclear)> answer(PQexec(db.get(), sql.c_str()), PQclear);
    const ExecStatusType status = PQresultStatus(answer.get());
    if (status == PGRES_FATAL_ERROR) return PQresultErrorField(answer.get(), PG_DIAG_SQLSTATE);
    return PQntuples(answer.get()) > 0 ? PQgetvalue(answer.get(), 0, 0) : "";
  }
  PGconn* get() const { return db.get(); }
  std::unique_ptr<PGconn, decltype(&PQfinish)> db;
};

}  // namespace

TEST_CASE("an event in the host's transaction shares its fate, and no misuse of the handle touches it",
          "[B9][B10][B11][E20]") {
  const std::string bin = support::PostgresServer::binaries();
  if (bin.empty()) return;
  const support::PostgresServer server(bin);
  Shop shop(server.where());
  shop.endpoint(1);
  Host host(server.where());
  host.run("CREATE TABLE orders (n integer); CREATE TABLE lines (t text)");
  host.run("CREATE DATABASE other");

  host.run("BEGIN; INSERT INTO orders VALUES (1)");
  CHECK(shop.append(host.get(), "rolled-back") == Appended::inserted);
  host.run("ROLLBACK");
  CHECK(shop.store.unrouted(10).empty());
  CHECK(server.ask("SELECT count(*) FROM webhook.event") == "0");

  host.run("BEGIN; INSERT INTO orders VALUES (2)");
  CHECK(shop.append(host.get(), "kept") == Appended::inserted);
  CHECK(shop.append(host.get(), "kept") == Appended::duplicate);
  CHECK(shop.append(host.get(), "kept", "other") == Appended::conflict);
  CHECK(shop.store.unrouted(10).empty());  // not before the commit
  CHECK(host.run("COMMIT").empty());
  CHECK(server.ask("SELECT n FROM orders") == "2");
  const auto kept = shop.store.unrouted(10);
  REQUIRE(kept.size() == 1);
  const std::array<webhook::EndpointId, 1> routes{webhook::EndpointId{1}};
  const webhook::Route route{kept[0].number, routes};
  CHECK(shop.store.route(clock_of_this_host.now(), {&route, 1}, shop.registry));
  CHECK(shop.claim().size() == 1);

  Host slow(server.where());  // what commits later has the smaller number, and is not passed over
  slow.run("BEGIN");
  shop.append(slow.get(), "slow");
  host.run("BEGIN");
  shop.append(host.get(), "quick");
  host.run("COMMIT");
  for (const auto& quick : shop.store.unrouted(10)) {
    const webhook::Route gone{quick.number, routes};
    shop.store.route(clock_of_this_host.now(), {&gone, 1}, shop.registry);
  }
  slow.run("COMMIT");
  CHECK(shop.store.unrouted(10).size() == 1);

  const auto refused = [&](PGconn* handle) { return thrown([&] { shop.append(handle, "misuse"); }) == errc::misuse; };
  CHECK(refused(nullptr));
  CHECK(refused(host.get()));  // no transaction, and none was begun
  CHECK(PQtransactionStatus(host.get()) == PQTRANS_IDLE);

  host.run("BEGIN; SELECT 1/0");
  CHECK(refused(host.get()));
  CHECK(PQtransactionStatus(host.get()) == PQTRANS_INERROR);
  host.run("ROLLBACK");

  host.run("BEGIN; INSERT INTO orders VALUES (3)");
  PQclear(PQexec(host.get(), "COPY lines FROM STDIN"));
  CHECK(refused(host.get()));
  CHECK(PQputCopyData(host.get(), "a line\n", 7) == 1);  // the COPY goes on
  CHECK(PQputCopyEnd(host.get(), nullptr) == 1);
  while (PGresult* const answer = PQgetResult(host.get())) PQclear(answer);
  CHECK(PQsendQuery(host.get(), "SELECT 7") == 1);
  CHECK(refused(host.get()));
  PGresult* const pending = PQgetResult(host.get());  // the result is still there
  CHECK(std::string(PQgetvalue(pending, 0, 0)) == "7");
  PQclear(pending);
  while (PGresult* const answer = PQgetResult(host.get())) PQclear(answer);
  REQUIRE(PQenterPipelineMode(host.get()) == 1);
  CHECK(refused(host.get()));
  CHECK(PQpipelineStatus(host.get()) == PQ_PIPELINE_ON);
  REQUIRE(PQexitPipelineMode(host.get()) == 1);
  CHECK(host.run("COMMIT").empty());
  CHECK(server.ask("SELECT count(*) FROM orders WHERE n = 3") == "1");
  CHECK(server.ask("SELECT t FROM lines") == "a line");

  Host elsewhere(server.where("other"));
  elsewhere.run("CREATE TABLE t (n integer); BEGIN; INSERT INTO t VALUES (1)");
  CHECK(refused(elsewhere.get()));
  CHECK(PQtransactionStatus(elsewhere.get()) == PQTRANS_INTRANS);
  CHECK(elsewhere.run("COMMIT").empty());
  { const Shop another(server.where("other")); }  // a store of its own makes it no better
  elsewhere.run("BEGIN");
  CHECK(refused(elsewhere.get()));
  elsewhere.run("ROLLBACK");

  host.run("CREATE ROLE clerk LOGIN");
  Host clerk(server.where() + " user=clerk");
  clerk.run("BEGIN");
  CHECK(refused(clerk.get()));  // no right to write, and the transaction lives
  CHECK(PQtransactionStatus(clerk.get()) == PQTRANS_INTRANS);
  host.run("GRANT USAGE ON SCHEMA webhook TO clerk; GRANT INSERT, SELECT ON webhook.event TO clerk");
  CHECK(shop.append(clerk.get(), "by-the-clerk") == Appended::inserted);
  CHECK(clerk.run("COMMIT").empty());
  clerk.run("BEGIN READ ONLY");
  CHECK(refused(clerk.get()));
  CHECK(PQtransactionStatus(clerk.get()) == PQTRANS_INTRANS);
}

TEST_CASE("a schema that is foreign or newer is refused and left as it was", "[E5]") {
  const std::string bin = support::PostgresServer::binaries();
  if (bin.empty()) return;
  const support::PostgresServer server(bin);
  server.ask("CREATE SCHEMA webhook; CREATE TABLE webhook.event (mine integer)");
  CHECK(thrown([&] { Shop shop(server.where()); }) == errc::corrupt);
  server.ask("CREATE TABLE webhook.store (mine integer)");
  CHECK(thrown([&] { Shop shop(server.where()); }) == errc::corrupt);
  CHECK(server.ask("SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = "
                   "'webhook'") == "2");
  server.ask("DROP SCHEMA webhook CASCADE; CREATE SCHEMA webhook");  // an empty one is taken
  { const Shop shop(server.where()); }
  server.ask("UPDATE webhook.store SET schema = 99");
  CHECK(thrown([&] { Shop shop(server.where()); }) == errc::corrupt);
  CHECK(server.ask("SELECT schema FROM webhook.store") == "99");
  CHECK(thrown([&] { webhook::PostgresStore(server.where(), {.schema = "no;pe"}); }) == errc::invalid);
}

TEST_CASE("two and four workers on one database claim nothing twice and deliver everything", "[E7]") {
  const std::string bin = support::PostgresServer::binaries();
  if (bin.empty()) return;
  const support::PostgresServer server(bin);
  for (const std::size_t workers : {std::size_t{2}, std::size_t{4}}) {
    server.ask("DROP SCHEMA IF EXISTS webhook CASCADE");
    constexpr int events = 200;
    std::vector<std::unique_ptr<Shop>> shops;  // several stores at once make the schema once
    std::vector<std::thread> openers;
    shops.resize(workers);
    for (auto& shop : shops) openers.emplace_back([&] { shop = std::make_unique<Shop>(server.where()); });
    for (std::thread& opener : openers) opener.join();
    shops[0]->endpoint(1, 5);
    for (auto& shop : shops) shop->registry = shops[0]->registry;
    std::atomic<int> delivered{0}, in_flight{0}, most{0}, wrong{0};
    const auto end = std::chrono::steady_clock::now() + 60s;
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < workers; ++i) {
      threads.emplace_back([&, i] {
        try {
          const int own = events / static_cast<int>(workers);
          for (int n = 0; delivered < events && std::chrono::steady_clock::now() < end; ++n) {
            if (n < own) shops[i]->append(std::to_string(i) + "-" + std::to_string(n));
            for (const Claimed& one : shops[i]->claim(300s, 3)) {
              const int now = ++in_flight;
              for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
              }
              --in_flight;
              if (shops[i]->settle(one, webhook::State::delivered).word != webhook::Settled::Word::applied) ++wrong;
              ++delivered;
            }
          }
        } catch (const std::exception& error) {
          ++wrong;
          std::printf("a worker ended by itself: %s\n", error.what());
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(delivered == events);
    CHECK(wrong == 0);
    CHECK(most <= 5);
    CHECK(server.ask("SELECT count(*) FROM webhook.delivery WHERE fence > 0 AND state = 3") == std::to_string(events));
    CHECK(server.ask("SELECT last_value FROM webhook.fence") == std::to_string(events));  // each was claimed once
  }
}

TEST_CASE("three lost leases are counted by the server's clock, whatever the hosts' clocks say", "[E13]") {
  const std::string bin = support::PostgresServer::binaries();
  if (bin.empty()) return;
  const support::PostgresServer server(bin);
  Shop one(server.where()), other(server.where());
  one.endpoint(1);
  one.append("poison");
  const auto held = one.claim(50ms);
  REQUIRE(held.size() == 1);
  std::vector<Claimed> again;
  for (std::uint32_t lost = 1; lost <= 3; ++lost) {
    const auto end = std::chrono::steady_clock::now() + 30s;
    for (again.clear(); again.empty() && std::chrono::steady_clock::now() < end;) {
      webhook::Now wrong;  // a clock that stands still, a year ago
      other.store.claim({wrong, webhook::WorkerId{2}, 50ms, 8, 8}, again);
    }
    REQUIRE(again.size() == 1);
    CHECK(again[0].lost == lost);
  }
  CHECK(one.settle(held[0], webhook::State::delivered).word == webhook::Settled::Word::stale);
  CHECK(other.settle(again[0], webhook::State::quarantined).word == webhook::Settled::Word::applied);
}

TEST_CASE("a server that restarts at any moment loses nothing, and the store finds it again", "[E9][B17]") {
  const std::string bin = support::PostgresServer::binaries();
  if (bin.empty()) return;
  const char* const wanted = std::getenv("WEBHOOK_RESTARTS");      // NOLINT(concurrency-mt-unsafe)
  const int restarts = wanted == nullptr ? 5 : std::atoi(wanted);  // so many, and then all of them at once
  support::PostgresServer server(bin, {"fsync=on"});
  Shop shop(server.where());
  shop.endpoint(1);
  std::atomic<bool> done{false};
  std::atomic<int> kept{0}, unknown{0}, delivered{0}, wrong{0};
  std::thread emitter([&] {
    for (int n = 0; !done || n == 0; ++n) {
      try {
        const Appended answer = in_the_end([&] {
          try {
            return shop.append("e" + std::to_string(n));
          } catch (const webhook::Error& error) {
            if (error.code() == errc::unknown_commit) ++unknown;
            throw;
          }
        });
        if (answer == Appended::conflict) ++wrong;
        ++kept;
      } catch (const std::exception& error) {
        ++wrong;
        std::printf("an emitter ended by itself: %s\n", error.what());
        return;
      }
    }
  });
  const auto deliver = [&] {
    int count = 0;
    for (const Claimed& one : in_the_end([&] { return shop.claim(200ms); })) {
      const auto word = in_the_end([&] { return shop.settle(one, webhook::State::delivered); }).word;
      if (word != webhook::Settled::Word::stale) ++count;
    }
    delivered += count;
    return count;
  };
  for (int i = 0; i < restarts; ++i) {
    for (const int before = delivered; delivered == before && wrong == 0;) deliver();
    server.stop(wanted == nullptr && i % 3 == 2 ? SIGINT : SIGQUIT);
    server.start();
  }
  done = true;
  emitter.join();
  const auto end = std::chrono::steady_clock::now() + 60s;
  while (server.ask("SELECT count(*) FROM webhook.delivery WHERE seat IS NOT NULL") != "0" &&
         std::chrono::steady_clock::now() < end)
    deliver();
  std::printf("%d restarts: %d events kept, %d answers unheard of\n", restarts, kept.load(), unknown.load());
  CHECK(wrong == 0);
  CHECK(server.ask("SELECT count(*) FROM webhook.event") == std::to_string(kept));
  CHECK(server.ask("SELECT count(*) FROM webhook.delivery WHERE state = 3") == std::to_string(kept));
}

TEST_CASE("a connection that dies within a commit is unknown, and to repeat it is safe; a standby is waited for",
          "[B17][E9]") {
  const std::string bin = support::PostgresServer::binaries();
  if (bin.empty()) return;
  const support::PostgresServer server(bin,
                                       {"fsync=off", "synchronous_standby_names=nobody", "synchronous_commit=local"});
  Shop quick(server.where());
  quick.endpoint(1);
  Shop shop(server.where() + " options='-c synchronous_commit=on'");  // its commits wait for a standby that never comes
  shop.registry = quick.registry;
  std::thread killer([&] {
    const auto end = std::chrono::steady_clock::now() + 60s;
    for (bool killed = false; !killed && std::chrono::steady_clock::now() < end;) {
      killed = server.ask(
                   "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
                   " AND query LIKE '%emit%'") != "0";
    }
  });
  CHECK(thrown([&] { shop.append("e"); }) == errc::unknown_commit);
  killer.join();
  CHECK(quick.append("e") == Appended::duplicate);
  CHECK(quick.claim().size() == 1);

  server.ask("ALTER DATABASE postgres SET default_transaction_read_only = on");
  Shop late(server.where());  // reading is enough to open one
  CHECK(thrown([&] { late.append("f"); }) == errc::transient);
  CHECK(thrown([&] { late.append("f"); }) == errc::transient);
}

TEST_CASE("a deadlock is tried again", "[E10]") {
  const std::string bin = support::PostgresServer::binaries();
  if (bin.empty()) return;
  const support::PostgresServer server(bin, {"fsync=off", "deadlock_timeout=10ms"});
  Shop shop(server.where());
  shop.endpoint(1);
  // The server itself refuses twice, as for a deadlock or a serialisation failure.
  server.ask(
      "CREATE SEQUENCE public.refused; CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
      " IF nextval('public.refused') <= 2 THEN RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'; END IF;"
      " RETURN NEW; END $$; CREATE TRIGGER refuse BEFORE INSERT ON webhook.event FOR EACH ROW"
      " EXECUTE FUNCTION public.refuse()");
  CHECK(shop.append("e") == Appended::inserted);
  CHECK(server.ask("SELECT last_value FROM public.refused") == "3");
}

TEST_CASE("events of two hosts to endpoints with and without an order never lock each other out", "[E10]") {
  const std::string bin = support::PostgresServer::binaries();
  if (bin.empty()) return;
  const support::PostgresServer server(bin, {"fsync=off", "deadlock_timeout=10ms"});
  std::vector<std::unique_ptr<Shop>> shops;
  for (int i = 0; i < 2; ++i) shops.push_back(std::make_unique<Shop>(server.where()));
  shops[0]->endpoint(1);
  shops[0]->endpoint(2, 100, webhook::Order::complete);
  shops[1]->registry = shops[0]->registry;
  std::vector<std::thread> threads;
  std::atomic<int> kept{0};
  for (std::size_t i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < 300; ++n) {
        const std::string id = std::to_string(i) + "-" + std::to_string(n);
        const auto append = [&] {
          return shops[i]->append(id, "{}", {webhook::EndpointId{1}, webhook::EndpointId{2}});
        };
        if (in_the_end(append) == Appended::inserted) ++kept;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(kept == 600);
  CHECK(server.ask("SELECT count(*) FROM webhook.delivery WHERE endpoint = 1 AND seat = 0") == "600");
  CHECK(server.ask("SELECT count(*) FROM webhook.delivery WHERE endpoint = 2 AND seat IN (0, 4)") == "600");
  CHECK(server.ask("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == "0");
}

TEST_CASE("the store works through pgbouncer in transaction mode", "[E9]") {
  const std::string bin = support::PostgresServer::binaries();
  if (bin.empty()) return;
  std::string bouncer;
  for (const char* const path : {"/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"}) {
    if (access(path, X_OK) == 0) bouncer = path;
  }
  if (bouncer.empty()) {
    std::printf("SKIPPED: pgbouncer is not installed\n");
    return;
  }
  const support::PostgresServer server(bin);
  const std::string file = server.socket() + "/pgbouncer.ini";
  std::ofstream(file) << "[databases]\npostgres = host=" << server.socket()
                      << " user=test\n[pgbouncer]\nlisten_port = 6543\n"
                      << "listen_addr =\nunix_socket_dir = " << server.socket() << "\nauth_type = any\n"
                      << "pool_mode = transaction\ndefault_pool_size = 2\n";
  const pid_t pooler = server.spawn({bouncer, file});
  const std::string where = "host=" + server.socket() + " port=6543 user=test dbname=postgres";
  const auto end = std::chrono::steady_clock::now() + 30s;
  while (PQping(where.c_str()) != PQPING_OK && std::chrono::steady_clock::now() < end) usleep(10'000);
  {
    Shop shop(where);
    shop.endpoint(1);
    std::atomic<int> delivered{0}, wrong{0};
    std::vector<std::thread> threads;  // more of them than the pooler has connections
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        try {
          for (int n = 0; n < 20; ++n) shop.append(std::to_string(i) + "-" + std::to_string(n));
          while (delivered < 80 && std::chrono::steady_clock::now() < end) {
            for (const Claimed& one : shop.claim())
              delivered += shop.settle(one, webhook::State::delivered).word == webhook::Settled::Word::applied ? 1 : 0;
          }
        } catch (const std::exception& error) {
          ++wrong;
          std::printf("through the pooler: %s\n", error.what());
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == 0);
    CHECK(delivered == 80);
    Host host(where);
    host.run("BEGIN");
    CHECK(shop.append(host.get(), "in-transaction") == Appended::inserted);
    CHECK(host.run("COMMIT").empty());
    CHECK(shop.store.unrouted(10).size() == 1);
  }
  kill(pooler, SIGKILL);
  waitpid(pooler, nullptr, 0);
}
