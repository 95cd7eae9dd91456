// SPDX-License-Identifier: MIT
// The engine and the memory store under the simulator; and the simulator under engines and stores that are wrong.
//   WEBHOOK_SIM_SEED=<n>       the first seed (1)
//   WEBHOOK_SIM_SEEDS=<count>  how many, however long it takes (by default: what fits 20 s, 200 to 2,000)
#include <catch2/catch.hpp>

#include <webhook/scheme/standard.hpp>
#include <webhook/testing/simulator.hpp>

#include <chrono>
#include <cstdlib>
#include <string>

#include "support/saboteurs.hpp"
#include "support/wrong_store.hpp"

using support::SchemeFault;
using support::TransportFault;
using webhook::Happenings;
using webhook::MemoryOptions;
using webhook::RetrySchedule;
using webhook::SimulationOptions;
using webhook::SimulationReport;

namespace {
constexpr const char* everything = "under every fault, for every seed, each invariant holds";

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

MemoryOptions bounded(std::uint64_t seed) {
  MemoryOptions options;
  options.max_deliveries = SimulationOptions{}.most_pending;
  if (seed % 3 == 0) options.keep_finished = 20;  // most of the log is forgotten while it runs
  return options;
}

SimulationReport simulate(std::uint64_t seed) {
  return webhook::Simulator<webhook::StandardWebhooks>(seed, webhook::MemoryStore(bounded(seed))).run();
}

struct Sabotage {
  StoreFault store = StoreFault::none;
  SchemeFault scheme = SchemeFault::none;
  TransportFault transport = TransportFault::none;
  SimulationOptions options{};
};

SimulationReport simulate(std::uint64_t seed, const Sabotage& sabotage) {
  using Simulator = webhook::Simulator<support::WrongScheme, WrongStore, support::WrongTransport>;
  return Simulator(seed, WrongStore(sabotage.store, bounded(seed)), support::WrongScheme(sabotage.scheme),
                   sabotage.options,
                   [&](webhook::SimulatedTransport plain) {
                     return support::WrongTransport(std::move(plain), sabotage.transport);
                   })
      .run();
}

/// Which invariant a saboteur breaks within twenty seeds; "" if none.
std::string caught(const Sabotage& sabotage) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const SimulationReport report = simulate(seed, sabotage);
    if (report.ok()) continue;
    UNSCOPED_INFO("seed " << seed << ": " << report.violation);
    return report.violation.substr(0, report.violation.find(':'));
  }
  return {};
}
std::string caught(StoreFault fault) {
  Sabotage sabotage;
  sabotage.store = fault;
  return caught(sabotage);
}
std::string caught(SchemeFault fault) {
  Sabotage sabotage;
  sabotage.scheme = fault;
  return caught(sabotage);
}
std::string caught(TransportFault fault) {
  Sabotage sabotage;
  sabotage.transport = fault;
  return caught(sabotage);
}
std::string caught_attempts(std::size_t made, std::size_t promised) {
  Sabotage sabotage;
  sabotage.options.schedule = RetrySchedule::linear(std::chrono::minutes{1}, promised);
  sabotage.options.tamper = [made](webhook::Options& options) {
    options.retry = RetrySchedule::linear(std::chrono::minutes{1}, made);
  };
  return caught(sabotage);
}
}  // namespace

TEST_CASE(everything) {
  const std::uint64_t first = number_from("WEBHOOK_SIM_SEED", 1);
  const std::uint64_t asked = number_from("WEBHOOK_SIM_SEEDS", std::getenv("WEBHOOK_SIM_SEED") != nullptr ? 1 : 0);
  const auto since = std::chrono::steady_clock::now();
  const auto spent = [&] { return std::chrono::steady_clock::now() - since; };
  const std::uint64_t least = asked != 0 ? asked : 200, most = asked != 0 ? asked : 2000;
  Happenings all;
  webhook::Duration simulated{};
  std::uint64_t run = 0;
  for (; run < least || (run < most && spent() < std::chrono::seconds{20}); ++run) {
    const SimulationReport report = simulate(first + run);
    all += report.counts;
    simulated += report.simulated;
    INFO("again: WEBHOOK_SIM_SEED=" << report.seed << " webhook.tests '" << everything << "'");
    REQUIRE(report.violation == "");
    REQUIRE(report.simulated >= std::chrono::hours{7 * 24});
  }
  const double seconds = std::chrono::duration<double>(spent()).count();
  const double days = std::chrono::duration<double>(simulated).count() / 86400;
  const std::string figures = std::to_string(run) + " seeds, " + std::to_string(days) + " virtual days, " +
                              std::to_string(static_cast<double>(run) / seconds) + " seeds a second\n" + all.table();
  if (asked != 0) WARN(figures);
  INFO(figures);
  if (run >= 200) CHECK(all.missing() == "");
}

TEST_CASE("the same seed does the same, and another seed something else") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const SimulationReport report = simulate(seed);
    CHECK(report.trace == simulate(seed).trace);
    CHECK(report.trace != simulate(seed + 1).trace);
  }
}

TEST_CASE("the simulator finds nothing wrong where nothing is") { CHECK(caught(Sabotage{}) == ""); }

TEST_CASE("the simulator catches a store that takes words under old fences") {
  CHECK(caught(StoreFault::fence_ignored) == "I4");
}
TEST_CASE("the simulator catches a store that ignores leases") { CHECK(caught(StoreFault::lease_ignored) == "I2"); }
TEST_CASE("the simulator catches a store whose leases never end") {
  CHECK(caught(StoreFault::lease_never_ends) == "I12");
}
TEST_CASE("the simulator catches a store that ignores rests") { CHECK(caught(StoreFault::rest_ignored) == "I5"); }
TEST_CASE("the simulator catches a store that ignores caps") { CHECK(caught(StoreFault::cap_ignored) == "I5"); }
TEST_CASE("the simulator catches a store that ignores spacing") { CHECK(caught(StoreFault::spacing_ignored) == "I5"); }
TEST_CASE("the simulator catches a store that has workers sleep too long") {
  CHECK(caught(StoreFault::wakes_too_late) == "I6");
}
TEST_CASE("the simulator catches a store that takes a known event for a new one") {
  CHECK(caught(StoreFault::duplicate_taken_as_new) == "I1");
}
TEST_CASE("the simulator catches a store that does not count lost leases") {
  CHECK(caught(StoreFault::lost_leases_not_counted) == "I4");
}
TEST_CASE("the simulator catches a store that serves removed endpoints") {
  CHECK(caught(StoreFault::removed_endpoint_served) != "");
}

TEST_CASE("the simulator catches a signer that keeps to an expired key") {
  CHECK(caught(SchemeFault::first_key_for_ever) == "I8");
}
TEST_CASE("the simulator catches a signer that keeps to the first try's time") {
  CHECK(caught(SchemeFault::first_time_for_ever) == "I8");
}
TEST_CASE("the simulator catches a fresh id for each attempt") {
  CHECK(caught(SchemeFault::fresh_id_per_attempt) == "I11");
}

TEST_CASE("the simulator catches a transport that does not ask the gate") {
  CHECK(caught(TransportFault::gate_not_asked) == "I2");
}
TEST_CASE("the simulator catches a delivery that is settled before it was sent") {
  CHECK(caught(TransportFault::answered_before_it_was_sent) == "I1");
}
TEST_CASE("the simulator catches a redirect that is taken for a success") {
  CHECK(caught(TransportFault::redirect_taken_for_success) == "I1");
}

TEST_CASE("the simulator catches a schedule with one attempt too many") { CHECK(caught_attempts(4, 3) == "I10"); }
TEST_CASE("the simulator catches a schedule with one attempt too few") { CHECK(caught_attempts(2, 3) == "I10"); }
