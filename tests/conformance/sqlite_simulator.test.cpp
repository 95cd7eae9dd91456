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

namespace conformance_sqlite_simulator {

namespace {

using webhook::Now;

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

webhook::SimulationReport simulate(std::uint64_t seed) {
  const support::TemporaryFolder folder = support::TemporaryFolder::in_memory();
  webhook::SimulationOptions options;
  if (seed % 5 == 0) options.most_pending = 30;  // a store that is full most of the time
  webhook::SqliteStore store(folder.file("store.db"), {.exclusive = true, .max_deliveries = options.most_pending});
  return webhook::Simulator<webhook::StandardWebhooks, webhook::SqliteStore>(seed, std::move(store), {}, options).run();
}

webhook::Happenings check(std::uint64_t seed) {
  const webhook::SimulationReport report = simulate(seed);
  INFO("again: WEBHOOK_SQLITE_SIM_SEED=" << seed << " WEBHOOK_SQLITE_SIM_SEEDS=1");
  REQUIRE(report.violation == "");
  return report.counts;
}

}  // namespace

TEST_CASE("over the SQLite store every invariant holds under every fault for every seed", "[simulator][sqlite]") {
  using std::chrono::steady_clock;
  const std::uint64_t first = number_from("WEBHOOK_SQLITE_SIM_SEED", 1);
  const std::uint64_t asked = number_from("WEBHOOK_SQLITE_SIM_SEEDS", 0);
  const auto until = steady_clock::now() + std::chrono::seconds{10};
  std::uint64_t run = 0;
  webhook::Happenings counts;
  while (asked != 0 ? run < asked : run < 4 || (run < 40 && steady_clock::now() < until)) {
    counts += check(first + run);
    if (++run % 100 == 0) std::printf("%llu seeds over SQLite\n", static_cast<unsigned long long>(run));
  }
  std::printf("%llu seeds from %llu on\n", static_cast<unsigned long long>(run),
              static_cast<unsigned long long>(first));
  if (asked == 0)
    CHECK(counts[webhook::Happening::routed_later] > 0);  // hosts that had not heard of the newest endpoint
}

TEST_CASE("over the SQLite store the oldest of several that were parked before there was an order goes first",
          "[simulator][sqlite]") {
  check(49);
}

}  // namespace conformance_sqlite_simulator
