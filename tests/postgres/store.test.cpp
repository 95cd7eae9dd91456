// SPDX-License-Identifier: MIT
// The store contract on a PostgreSQL server of the test's own: every rule of the page, and the model's answers to
// whatever is asked.
#include <cstdlib>
#include <string>
#include <vector>

#include "support/beside_memory.hpp"
#include "support/postgres_server.hpp"
#include "webhook/store/postgres.hpp"
#include "webhook/testing/store_checker.hpp"
#include "webhook/testing/store_conformance.hpp"

#include <catch2/catch.hpp>

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
