// SPDX-License-Identifier: MIT
// The engine over the SQLite store under the simulator: hosts that crash, freeze and lose their way to the store, in
// virtual time, and every invariant.
//   WEBHOOK_SQLITE_SIM_SEED=<n>       the first seed (1)
//   WEBHOOK_SQLITE_SIM_SEEDS=<count>  how many, however long it takes; else as many as fit ten seconds, at most 40
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "support/temporary_folder.hpp"
#include "webhook/scheme/standard.hpp"
#include "webhook/store/sqlite.hpp"
#include "webhook/testing/simulator.hpp"

#include <catch2/catch.hpp>

namespace {

using webhook::Now;

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// The simulator's hosts route at emit: they are never behind the registry by what this store is told.
class RoutedAtOnce {
 public:
  using role = webhook::role::store;

  RoutedAtOnce(const std::string& path, const webhook::SqliteOptions& options) : store_(path, options) {}

  void append(const Now& now, std::span<const webhook::NewEvent> events, std::span<webhook::Appended> appended) {
    std::vector<webhook::NewEvent> all(events.begin(), events.end());
    for (webhook::NewEvent& one : all) one.registry = (std::numeric_limits<std::int64_t>::max)();
    store_.append(now, all, appended);
  }
  webhook::Found claim(const webhook::Claim& ask, std::vector<webhook::Claimed>& claimed) {
    return store_.claim(ask, claimed);
  }
  void settle(const Now& now, std::span<const webhook::Settlement> words, std::span<webhook::Settled> settled) {
    store_.settle(now, words, settled);
  }
  void tune(const Now& now, webhook::EndpointId endpoint, const webhook::Lane& how) { store_.tune(now, endpoint, how); }
  webhook::Version put(const webhook::Endpoint& endpoint) { return store_.put(endpoint); }
  std::vector<webhook::Endpoint> endpoints(webhook::Version after) { return store_.endpoints(after); }
  std::vector<webhook::Delivery> find(const webhook::Query& query) { return store_.find(query); }
  std::vector<webhook::Attempt> attempts(webhook::DeliveryId delivery) { return store_.attempts(delivery); }
  std::vector<webhook::KeptEvent> events(const webhook::EventQuery& query) { return store_.events(query); }
  webhook::Backlog backlog(const Now& now) { return store_.backlog(now); }
  std::size_t amend(const Now& now, const webhook::Query& query, webhook::State to) {
    return store_.amend(now, query, to);
  }
  std::size_t replay(const Now& now, std::span<const webhook::Route> routes) { return store_.replay(now, routes); }
  std::size_t prune(const Now& now, webhook::Duration age, std::size_t most) { return store_.prune(now, age, most); }

 private:
  webhook::SqliteStore store_;
};

webhook::SimulationReport simulate(std::uint64_t seed) {
  const support::TemporaryFolder folder = support::TemporaryFolder::in_memory();
  webhook::SimulationOptions options;
  if (seed % 5 == 0) options.most_pending = 30;  // a store that is full most of the time
  RoutedAtOnce store(folder.file("store.db"), {.exclusive = true, .max_deliveries = options.most_pending});
  return webhook::Simulator<webhook::StandardWebhooks, RoutedAtOnce>(seed, std::move(store), {}, options).run();
}

void check(std::uint64_t seed) {
  const webhook::SimulationReport report = simulate(seed);
  INFO("again: WEBHOOK_SQLITE_SIM_SEED=" << seed << " WEBHOOK_SQLITE_SIM_SEEDS=1");
  REQUIRE(report.violation == "");
}

}  // namespace

TEST_CASE("over the SQLite store every invariant holds under every fault for every seed", "[simulator][sqlite]") {
  using std::chrono::steady_clock;
  const std::uint64_t first = number_from("WEBHOOK_SQLITE_SIM_SEED", 1);
  const std::uint64_t asked = number_from("WEBHOOK_SQLITE_SIM_SEEDS", 0);
  const auto until = steady_clock::now() + std::chrono::seconds{10};
  std::uint64_t run = 0;
  while (asked != 0 ? run < asked : run < 4 || (run < 40 && steady_clock::now() < until)) {
    check(first + run);
    if (++run % 100 == 0) std::printf("%llu seeds over SQLite\n", static_cast<unsigned long long>(run));
  }
  std::printf("%llu seeds from %llu on\n", static_cast<unsigned long long>(run),
              static_cast<unsigned long long>(first));
}

TEST_CASE("over the SQLite store the oldest of several that were parked before there was an order goes first",
          "[simulator][sqlite]") {
  check(49);
}
