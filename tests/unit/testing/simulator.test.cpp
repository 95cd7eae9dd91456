// SPDX-License-Identifier: MIT
// The engine and the memory store under the simulator; and the simulator under engines and stores that are wrong.
//   WEBHOOK_SIM_SEED=<n>       the first seed (1); alone, only that one
//   WEBHOOK_SIM_SEEDS=<count>  how many, however long it takes; without either, as many as fit ten seconds
// An optimised build runs 2,000 of them as a ctest entry of its own. A longer run says how far it is every 1,000 seeds,
// and goes on from there: WEBHOOK_SIM_SEED=13001 WEBHOOK_SIM_SEEDS=37000.
#include <catch2/catch.hpp>

#include <webhook/scheme/standard.hpp>
#include <webhook/testing/simulator.hpp>

#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <utility>

#include "support/saboteurs.hpp"
#include "support/wrong_store.hpp"

namespace unit_testing_simulator {
using namespace std::chrono_literals;
using support::SchemeFault;
using support::TransportFault;
using webhook::Happenings;
using webhook::MemoryOptions;
using webhook::Notice;
using webhook::RetrySchedule;
using webhook::SimulationOptions;
using webhook::SimulationReport;

namespace {
constexpr const char* everything = "every invariant holds under every fault for every seed";
constexpr std::uint64_t enough = 200;  // seeds in which everything happens

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

SimulationOptions options_of(std::uint64_t seed) {
  SimulationOptions options;
  if (seed % 5 == 0) options.most_pending = 30;  // a store that is full most of the time
  return options;
}
MemoryOptions bounded(std::uint64_t seed) {
  MemoryOptions options;
  options.max_deliveries = options_of(seed).most_pending;
  if (seed % 3 == 0) options.keep_finished = 20;  // most of the log is forgotten while it runs
  return options;
}

SimulationReport simulate(std::uint64_t seed) {
  using Simulator = webhook::Simulator<webhook::StandardWebhooks>;
  return Simulator(seed, webhook::MemoryStore(bounded(seed)), {}, options_of(seed)).run();
}

/// How to have a seed again.
std::string again(std::uint64_t seed) {
  std::array<char, 4096> path{};
  const bool known = readlink("/proc/self/exe", path.data(), path.size() - 1) > 0;
  return "again: WEBHOOK_SIM_SEED=" + std::to_string(seed) + " " + (known ? path.data() : "webhook.tests") + " '" +
         everything + "'";
}

struct Sabotage {
  StoreFault store = StoreFault::none;
  SchemeFault scheme = SchemeFault::none;
  TransportFault transport = TransportFault::none;
  SimulationOptions options{};
};

SimulationReport simulate(std::uint64_t seed, const Sabotage& sabotage) {
  using Simulator = webhook::Simulator<support::WrongScheme, WrongStore, support::WrongTransport>;
  SimulationOptions options = sabotage.options;
  options.most_pending = options_of(seed).most_pending;
  return Simulator(seed, WrongStore(sabotage.store, bounded(seed)), support::WrongScheme(sabotage.scheme),
                   std::move(options),
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
/// A host that keeps to other options than it promises.
std::string caught(std::function<void(webhook::Options&)> tamper) {
  Sabotage sabotage;
  sabotage.options.schedule = RetrySchedule({0s, 1min, 10min, 1h});
  sabotage.options.tamper = std::move(tamper);
  return caught(sabotage);
}
std::string caught_schedule(const RetrySchedule& other) {
  return caught([other](webhook::Options& options) { options.retry = other; });
}
}  // namespace

TEST_CASE(everything) {
  const std::uint64_t first = number_from("WEBHOOK_SIM_SEED", 1);
  const std::uint64_t asked = number_from("WEBHOOK_SIM_SEEDS", std::getenv("WEBHOOK_SIM_SEED") != nullptr ? 1 : 0);
  const auto since = std::chrono::steady_clock::now();
  const auto spent = [&] { return std::chrono::steady_clock::now() - since; };
  Happenings all;
  webhook::Duration simulated{};
  std::uint64_t run = 0, trace = 0;
  while (asked != 0 ? run < asked : run < 20 || (run < enough && spent() < 10s)) {
    const SimulationReport report = simulate(first + run);
    all += report.counts;
    simulated += report.simulated;
    trace = trace * 31 + report.trace;
    if (!report.ok()) std::printf("%s\n", again(report.seed).c_str());  // Catch would break the line
    REQUIRE(report.violation == "");
    REQUIRE(report.simulated >= std::chrono::hours{7 * 24});
    if (++run % 1000 == 0 && run < asked) std::printf("%llu seeds run\n", static_cast<unsigned long long>(run));
    std::fflush(stdout);
  }
  const double seconds = std::chrono::duration<double>(spent()).count();
  const double days = std::chrono::duration<double>(simulated).count() / 86400;
  std::printf("%llu seeds from %llu on, %.0f virtual days, %.1f seeds a second, trace %016llx\n%s",
              static_cast<unsigned long long>(run), static_cast<unsigned long long>(first), days,
              static_cast<double>(run) / seconds, static_cast<unsigned long long>(trace), all.table().c_str());
  if (run >= enough) CHECK(all.missing() == "routed_later");  // which is for stores that outlive a host
}

TEST_CASE("the same seed does the same, and another seed something else") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const SimulationReport report = simulate(seed);
    CHECK(report.trace == simulate(seed).trace);
    CHECK(report.trace != simulate(seed + 1).trace);
  }
}

TEST_CASE("the faults may end at any moment: even while an attempt is under way whose failure disables its endpoint") {
  using Simulator = webhook::Simulator<webhook::StandardWebhooks>;
  SimulationOptions options;
  options.disable_after = 10min;
  for (options.faulty = 1h; options.faulty < 3h; options.faulty += 10s) {
    options.emitting = options.faulty + 2min;
    options.least = options.faulty + 1h;
    options.most = options.faulty + 48h;
    const SimulationReport report = Simulator(45, webhook::MemoryStore(), {}, options).run();
    INFO("faults for " << std::chrono::duration_cast<std::chrono::seconds>(options.faulty).count() << " s");
    REQUIRE(report.violation == "");
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

TEST_CASE("the simulator catches an emit that wakes nobody") { CHECK(caught(TransportFault::never_woken) == "I6"); }
TEST_CASE("the simulator catches a store that forgets a lane after a word about it") {
  CHECK(caught(StoreFault::lane_forgotten_after_settle) == "I6");
}
TEST_CASE("the simulator catches a store that forgets a lane after its rest") {
  CHECK(caught(StoreFault::lane_forgotten_after_tune) == "I6");
}
TEST_CASE("the simulator catches a store that forgets a lane when its endpoint changes") {
  CHECK(caught(StoreFault::lane_forgotten_after_put) == "I6");
}

TEST_CASE("the simulator catches a store that knows no order") { CHECK(caught(StoreFault::order_ignored) == "I7"); }
TEST_CASE("the simulator catches a store that lets another go while the head of its key waits") {
  CHECK(caught(StoreFault::head_skipped) == "I7");
}
TEST_CASE("the simulator catches a store that passes a parked delivery") {
  CHECK(caught(StoreFault::parked_key_passed) == "I7");
}
TEST_CASE("the simulator catches a store that has superseded deliveries sent") {
  CHECK(caught(StoreFault::superseded_sent) == "I7");
}
TEST_CASE("the simulator catches a store that says it resends and does not") {
  CHECK(caught(StoreFault::resend_lost) != "");
}

TEST_CASE("the simulator catches an endpoint's own schedule that is not kept") {
  CHECK(caught(StoreFault::schedule_forgotten) == "I10");
}
TEST_CASE("the simulator catches a schedule with one attempt too many") {
  CHECK(caught_schedule(RetrySchedule({0s, 1min, 10min, 1h, 1h})) == "I10");
}
TEST_CASE("the simulator catches a schedule with one attempt too few") {
  CHECK(caught_schedule(RetrySchedule({0s, 1min, 10min})) == "I10");
}
TEST_CASE("the simulator catches a schedule that is one wait ahead") {
  CHECK(caught_schedule(RetrySchedule({0s, 10min, 1h, 1h})) == "I10");
}
TEST_CASE("the simulator catches a schedule that is one wait behind") {
  CHECK(caught_schedule(RetrySchedule({0s, 0s, 1min, 10min})) == "I10");
}

TEST_CASE("the simulator catches a host that is not told of its dead letters") {
  CHECK(caught([](webhook::Options& options) {
          options.on_notice = [told = options.on_notice](const Notice& notice) {
            if (notice.kind != Notice::Kind::exhausted) told(notice);
          };
        }) == "I13");
}
TEST_CASE("the simulator catches a host that is told everything twice") {
  CHECK(caught([](webhook::Options& options) {
          options.on_notice = [told = options.on_notice](const Notice& notice) {
            told(notice);
            told(notice);
          };
        }) == "I13");
}
TEST_CASE("the simulator catches operational events that are not emitted") {
  CHECK(caught([](webhook::Options& options) { options.operational.reset(); }) == "I13");
}

}  // namespace unit_testing_simulator
