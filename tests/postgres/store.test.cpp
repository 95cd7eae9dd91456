// SPDX-License-Identifier: MIT
// The store contract on a PostgreSQL server of the test's own: every rule of the page, and the model's answers to
// whatever is asked.
#include <array>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/beside_memory.hpp"
#include "support/postgres_server.hpp"
#include "webhook/store/postgres.hpp"
#include "webhook/testing/store_checker.hpp"
#include "webhook/testing/store_conformance.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;

namespace {

// More operations for a longer look: WEBHOOK_MODEL_OPS=1000000
std::size_t model_operations() {
  const char* const wanted = std::getenv("WEBHOOK_MODEL_OPS");  // NOLINT(concurrency-mt-unsafe)
  return wanted == nullptr ? 2'000 : static_cast<std::size_t>(std::strtoull(wanted, nullptr, 10));
}

struct MakePostgres {  // each in a schema of its own
  const support::PostgresServer* server;
  bool server_time = false;
  int* made;

  webhook::PostgresStore operator()() const { return (*this)(webhook::PostgresOptions{}.max_deliveries); }
  webhook::PostgresStore operator()(std::size_t deliveries) const {
    if (*made > 0) server->ask("DROP SCHEMA IF EXISTS w" + std::to_string(*made) + " CASCADE");
    webhook::PostgresOptions options;
    options.schema = "w" + std::to_string(++*made);
    options.max_deliveries = deliveries;
    options.server_time = server_time;
    return webhook::PostgresStore(server->where(), options);
  }
};

auto none() {
  static const std::vector<std::string> empty{};
  return Catch::Equals(empty);  // rather than empty(): a failing test shows the sentences
}

}  // namespace

TEST_CASE("the PostgreSQL store keeps every rule of the page, and does what the model and the memory store do") {
  const std::string bin = support::PostgresServer::binaries();
  if (bin.empty()) return;
  const support::PostgresServer server(bin);
  int made = 0;
  CHECK_THAT(webhook::check_store(MakePostgres{&server, false, &made}), none());
  CHECK_THAT(webhook::check_store_model(MakePostgres{&server, false, &made}, 1, model_operations()), Catch::Equals(""));
  CHECK_THAT(support::check_beside_memory(MakePostgres{&server, false, &made}, model_operations(), false),
             Catch::Equals(""));
}

// The cases wait for three hundred and fifty units in all.
TEST_CASE("the PostgreSQL store keeps every rule of the page by its server's own clock, too") {
  const std::string bin = support::PostgresServer::binaries();
  if (bin.empty()) return;
  const support::PostgresServer server(bin);
  int made = 0;
  CHECK_THAT(webhook::check_store(MakePostgres{&server, true, &made}, webhook::RealTime(200ms)), none());
}

TEST_CASE("what was parked before its endpoint had an order lets the oldest go first") {
  const std::string bin = support::PostgresServer::binaries();
  if (bin.empty()) return;
  const support::PostgresServer server(bin);
  int made = 0;
  webhook::PostgresStore store = MakePostgres{&server, false, &made}();
  webhook::VirtualTime time;
  webhook::Endpoint endpoint;
  endpoint.id = webhook::EndpointId{1};
  endpoint.cap = 10;
  endpoint.version = store.put(endpoint);
  const std::array<webhook::EndpointId, 1> routes{endpoint.id};
  for (const char* const id : {"oldest", "parked"}) {
    auto event = std::make_shared<webhook::Event>();
    event->id = webhook::EventId(id);
    event->type = "order.created";
    const bool waits = std::string_view(id) == "oldest";
    const webhook::NewEvent fresh{event, routes, endpoint.version, true, waits ? 1h : 0h};
    webhook::Appended answer{};
    store.append(time.now(), {&fresh, 1}, {&answer, 1});
  }
  const auto claim = [&] {
    std::vector<webhook::Claimed> claimed;
    store.claim({time.now(), webhook::WorkerId{1}, 30s, 10, 10}, claimed);
    return claimed;
  };
  const auto first = claim();
  REQUIRE(first.size() == 1);
  const webhook::Settlement word{first[0].lease, webhook::State::parked, {}, nullptr};
  webhook::Settled answer;
  store.settle(time.now(), {&word, 1}, {&answer, 1});
  endpoint.order = webhook::Order::complete;
  store.put(endpoint);
  CHECK(store.amend(time.now(), {.state = webhook::State::parked, .most = 10}, webhook::State::due) == 1);
  CHECK(claim().empty());
  time.pass(1h);
  const auto next = claim();
  REQUIRE(next.size() == 1);
  CHECK(next[0].event->id.view() == "oldest");
}

TEST_CASE("a payload is in the backlog once, until the last delivery of its event is over") {
  const std::string bin = support::PostgresServer::binaries();
  if (bin.empty()) return;
  const support::PostgresServer server(bin);
  int made = 0;
  webhook::PostgresStore store = MakePostgres{&server, false, &made}();
  webhook::VirtualTime time;
  std::vector<webhook::EndpointId> routes;
  webhook::Version registry = 0;
  for (std::uint64_t id = 1; id <= 3; ++id) {
    webhook::Endpoint endpoint;
    endpoint.id = webhook::EndpointId{id};
    routes.push_back(endpoint.id);
    registry = store.put(endpoint);
  }
  auto event = std::make_shared<webhook::Event>();
  event->id = webhook::EventId("e");
  event->type = "order.created";
  event->payload = webhook::Bytes(std::string(1000, 'x'));
  const webhook::NewEvent fresh{event, routes, registry, true, {}};
  webhook::Appended appended{};
  store.append(time.now(), {&fresh, 1}, {&appended, 1});
  std::vector<webhook::Claimed> claimed;
  store.claim({time.now(), webhook::WorkerId{1}, 30s, 10, 10}, claimed);
  REQUIRE(claimed.size() == 3);
  time.pass(5s);
  for (std::size_t over = 0; over < 3; ++over) {
    const webhook::Backlog there = store.backlog(time.now());
    CHECK(there.leased == 3 - over);
    CHECK(there.bytes == 1000);
    CHECK(there.oldest == 5s);
    const webhook::Settlement word{claimed[over].lease, webhook::State::delivered, {}, nullptr};
    webhook::Settled answer;
    store.settle(time.now(), {&word, 1}, {&answer, 1});
  }
  const webhook::Backlog none_left = store.backlog(time.now());
  CHECK(none_left.leased + none_left.due + none_left.bytes == 0);
  CHECK(none_left.oldest == 0s);
}

TEST_CASE("the last attempt stays in the log when its delivery is sent again, and comes before those that follow") {
  const std::string bin = support::PostgresServer::binaries();
  if (bin.empty()) return;
  const support::PostgresServer server(bin);
  int made = 0;
  std::vector<std::string> failures;
  webhook::StoreBench bench(MakePostgres{&server, false, &made}(), webhook::VirtualTime(), "log", failures);
  bench.endpoint(1);
  bench.append("e", {1});
  webhook::DeliveryId id{};
  for (const int status : {500, 200, 404}) {
    const auto claimed = bench.claim();
    REQUIRE(claimed.size() == 1);
    id = claimed[0].lease.delivery;
    bench.tried(claimed[0], status, status == 500 ? webhook::State::due : webhook::State::delivered);
    if (status == 200) CHECK(bench.store.amend(bench.time.now(), {.delivery = id}, webhook::State::due) == 1);
  }
  const std::vector<webhook::Attempt> log = bench.store.attempts(id);
  REQUIRE(log.size() == 3);
  CHECK(log[0].status == 500);
  CHECK(log[1].status == 200);
  CHECK(log[1].response == "answer 200");
  CHECK(log[1].took == 12ms);
  CHECK(log[2].status == 404);
  CHECK(log[1].fence < log[2].fence);
  bench.pass(10);
  CHECK(bench.store.prune(bench.time.now(), 0s, 10) == 1);
  CHECK(bench.store.attempts(id).empty());
}

TEST_CASE("a claim keeps no lane from another claim but those that it serves") {
  const std::string bin = support::PostgresServer::binaries();
  if (bin.empty()) return;
  const support::PostgresServer server(bin);
  int made = 0;
  webhook::PostgresStore store = MakePostgres{&server, true, &made}();
  webhook::Version registry = 0;
  for (std::uint64_t id = 1; id <= 3; ++id) {
    webhook::Endpoint endpoint;
    endpoint.id = webhook::EndpointId{id};
    registry = store.put(endpoint);
  }
  const std::array<webhook::EndpointId, 3> routes{webhook::EndpointId{1}, webhook::EndpointId{2},
                                                  webhook::EndpointId{3}};
  for (const char* const id : {"one", "two", "three"}) {
    auto event = std::make_shared<webhook::Event>();
    event->id = webhook::EventId(id);
    event->type = "order.created";
    const webhook::NewEvent fresh{event, routes, registry, false, {}};
    webhook::Appended answer{};
    store.append(webhook::Now{}, {&fresh, 1}, {&answer, 1});
  }
  const std::unique_ptr<PGconn, decltype(&PQfinish)> other(PQconnectdb(server.where().c_str()), PQfinish);
  const std::string claim_one =
      "BEGIN; SELECT count(fence) FROM w" + std::to_string(made) + ".claim(NULL, 30000000000, 2, 2)";
  const std::unique_ptr<PGresult, decltype(&PQclear)> taken(PQexec(other.get(), claim_one.c_str()), PQclear);
  REQUIRE(PQntuples(taken.get()) == 1);
  REQUIRE(std::string(PQgetvalue(taken.get(), 0, 0)) == "2");  // of one lane, and its transaction stays open
  std::vector<webhook::Claimed> claimed;
  store.claim({{}, webhook::WorkerId{1}, 30s, 10, 10}, claimed);
  CHECK(claimed.size() == 6);
}

TEST_CASE("where counting takes long, a full store counts for a tenth of the time") {
  using Room = webhook::detail::PostgresRoom;
  Room room(10, 1000);
  const Room::Clock::time_point start{};
  CHECK(room.may_count(start));
  CHECK_FALSE(room.take({1, 1}));
  room.counted({10, 100}, start, start + 19ms);
  CHECK(room.may_count(start + 19ms));
  room.counted({10, 100}, start, start + 300ms);
  CHECK_FALSE(room.take({1, 1}));
  CHECK_FALSE(room.may_count(start + 3'299ms));
  CHECK(room.may_count(start + 3'300ms));
  room.forget();
  CHECK(room.may_count(start + 301ms));
}
