// SPDX-License-Identifier: MIT
// The world of a simulation: one virtual time, one source of chance, one trace, and what is known of each host.
// One thread; it decides nothing, but everything that is decided draws from its dice and enters its trace.
#ifndef WEBHOOK_TESTING_SIMULATED_WORLD_HPP
#define WEBHOOK_TESTING_SIMULATED_WORLD_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "../concepts.hpp"
#include "../notice.hpp"
#include "manual_clock.hpp"
#include "simulation_report.hpp"

namespace webhook {
inline namespace v0 {

/// Chance, decided by a seed (SplitMix64).
class SimulatedDice {
 public:
  explicit SimulatedDice(std::uint64_t seed) noexcept : state_(seed) {}

  std::uint64_t next() noexcept {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }
  std::size_t below(std::size_t bound) noexcept { return static_cast<std::size_t>(next() % bound); }
  bool chance(double share) noexcept { return static_cast<double>(next() >> 11U) * 0x1.0p-53 < share; }
  Duration between(Duration least, Duration most) noexcept {
    const auto width = static_cast<std::uint64_t>((most - least).count()) + 1;
    return least + Duration(static_cast<Duration::rep>(next() % width));
  }

 private:
  std::uint64_t state_;
};

/// What an answer asks of the engine, beside judging the delivery.
enum class Duty : std::uint8_t { none, rest, retire };

/// What the policies of one host and the simulator tell each other.
struct SimulatedHost {
  std::size_t index = 0;
  bool crashed = false;              // everything of it has ended: its store refuses, its network is silent
  bool ended = false;                // stopped in good order
  bool woken = false;                // the next poll returns at once
  bool busy = false;                 // something was done in the last poll: the worker goes on without sleeping
  Duration sleeps_until{};           // as the last poll was asked; steady
  Duration next_exchange{};          // when something happens on the network; steady
  Duration frozen_until{};           // steady
  Duration partitioned_until{};      // from the store; steady
  Duration wall_error{};             // how far its calendar is off
  bool wall_went_back = false;       // since it started
  Version knows = 0;                 // of the registry: everything up to here
  bool has_second_thoughts = false;  // what is cancelled now, its operator cancels
  std::size_t exchanges = 0;         // in flight
  Duration changed{};                // when it last changed something in the store; steady
  Duty duty = Duty::none;            // what it owes to an answer, by the end of its step
  EndpointId owed_to{};
  std::function<void()> meanwhile{};  // done by another thread of the host while its worker sleeps
};

/// Everything that one seed decides.
struct SimulatedWorld {
  explicit SimulatedWorld(std::uint64_t seed) : dice(seed) { report.seed = seed; }

  ManualClock clock{};
  SimulatedDice dice;
  SimulationReport report{};
  bool calm = false;        // no more faults: what is pending must drain
  double store_faults = 0;  // share of the store's calls that fail

  Duration now() const noexcept { return clock.now().steady; }

  void count(Happening what) noexcept {
    report.counts.count(what);
    trace(static_cast<std::uint64_t>(what));
  }
  void trace(std::uint64_t what) noexcept {
    report.trace = (report.trace ^ what) * 0x100000001B3U + (report.trace >> 47U);
  }
  void trace(std::string_view text) noexcept {
    for (const char c : text) trace(static_cast<std::uint64_t>(static_cast<unsigned char>(c)));
  }

  /// Remembers the first violation; the others follow from it.
  void violated(std::string_view invariant, const std::string& how) {
    if (!report.violation.empty()) return;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now() - start);
    report.violation = std::string(invariant) + ": " + how + " (after " + std::to_string(seconds.count()) + " s)";
  }

  Duration start = now();
};

/// The clock of one host: steady time is everyone's, the calendar may be wrong.
class SimulatedClock {
 public:
  using role = webhook::role::clock;
  SimulatedClock(ManualClock clock, std::shared_ptr<const SimulatedHost> host)
      : clock_(std::move(clock)), host_(std::move(host)) {}
  Now now() const noexcept {
    Now reading = clock_.now();
    reading.wall += std::chrono::duration_cast<WallTime::duration>(host_->wall_error);
    return reading;
  }

 private:
  ManualClock clock_;
  std::shared_ptr<const SimulatedHost> host_;
};

/// What a filter lets pass: "even" or "odd", by the payload's first byte; "" everything.
struct SimulatedFilter {
  explicit SimulatedFilter(std::string_view text) : odd(text == "odd"), any(text.empty()) {
    if (!any && !odd && text != "even") throw Error(errc::invalid_filter, "a simulated filter is \"even\" or \"odd\"");
  }
  bool passes(const Event& event) const noexcept {
    return any || event.payload.view().empty() || ((event.payload.view().front() & 1) != 0) == odd;
  }
  bool odd, any;
};

/// Sends a payload as it is, so that a simulation needs no library.
struct SimulatedSerializer {
  using role = webhook::role::serializer;
  using Filter = SimulatedFilter;
  bool renders(std::string_view format) const noexcept { return format.empty(); }
  Rendering render(const Event& event, std::string_view) const { return {{}, event.payload}; }
  Bytes encode(const Notice& notice) const {
    return Bytes(std::string(to_string(notice.kind)) + " " +
                 std::to_string(static_cast<std::uint64_t>(notice.endpoint)));
  }
  Filter compile(std::string_view filter, std::string_view) const { return Filter(filter); }
  void matches(std::span<const Filter* const> filters, const Event& event, std::span<bool> verdicts) const {
    for (std::size_t i = 0; i < filters.size(); ++i) verdicts[i] = filters[i]->passes(event);
  }
};

static_assert(ClockPolicy<SimulatedClock> && Filters<SimulatedSerializer> && Encodes<SimulatedSerializer, Notice>);

}  // namespace v0
}  // namespace webhook

#endif
