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
