// SPDX-License-Identifier: MIT
// What a simulation did: its verdict, the hash of its trace, and how often each fault fired and each state was entered.
// Only counts; what may happen when is decided in simulator.hpp, what must hold in invariants.hpp.
#ifndef WEBHOOK_TESTING_SIMULATION_REPORT_HPP
#define WEBHOOK_TESTING_SIMULATION_REPORT_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "../time.hpp"

namespace webhook {
inline namespace v0 {

/// Everything that a simulation counts; over many seeds, none of it may stay at zero.
enum class Happening : std::uint8_t {
  // Faults of the store and of hosts.
  store_refused,       ///< errc::transient, without effect
  store_unknown,       ///< errc::unknown_commit, without effect
  store_answer_lost,   ///< errc::unknown_commit, after the effect
  store_slow,          ///< a call during which time went on
  store_unreachable,   ///< a call during a partition
  host_crashed,        ///< with whatever it had in flight
  host_crashed_store,  ///< within a call of the store
  host_restarted,
  host_stopped,  ///< in good order: what was in flight is given back
  host_frozen,   ///< paused by its system, often for longer than a lease
  wall_jumped,
  // The network and the receivers.
  connect_failed,
  connect_slow,
  request_lost,  ///< nobody answers: it times out
  answer_lost,   ///< processed, then the answer is lost: the next attempt is a duplicate
  answer_slow,
  answer_broken,
  answered_2xx,
  answered_3xx,
  answered_4xx,
  answered_5xx,
  answered_410,
  answered_429,
  answered_503,
  retry_after_date,
  asked_disable,
  asked_abort,
  gate_closed,  ///< the lease would have ended before the answer: nothing was sent
  // What hosts and operators do.
  emitted,
  emit_duplicate,
  emit_conflict,
  emit_full,
  emit_failed,        ///< by a fault of the store: nobody was promised anything
  emit_keyed,         ///< with a key that orders or supersedes it somewhere
  emit_traced,        ///< with a traceparent
  emit_filtered,      ///< and at least one endpoint's filter kept it out
  emit_channelled,    ///< and at least one endpoint listens to other channels
  operational_event,  ///< the dispatcher's own
  routed_later,       ///< kept by a store that knew a newer registry than the host, and routed under that
  dropped,            ///< cancelled by a full store to make room (WhenFull::drop_oldest)
  endpoint_added,
  endpoint_changed,
  endpoint_rotated,
  endpoint_paused,
  endpoint_resumed,
  endpoint_disabled,
  endpoint_gone,
  endpoint_removed,
  order_changed,      ///< of an endpoint with deliveries pending
  supersede_changed,  ///< the same
  lane_rested,
  observer_threw,
  observer_emitted,
  old_key_signed_along,
  // What hosts were told, beside what became of each delivery.
  told_recovered,           ///< delivered after failed attempts
  told_endpoint_resting,    ///< its breaker opened
  told_endpoint_failing,    ///< a warning
  told_endpoint_recovered,  ///< both taken back
  told_late,                ///< a change whose commit was in doubt at first
  // Second thoughts of operators.
  resent,
  unparked,
  recovered,            ///< something lost, by an endpoint and a time
  replayed,             ///< a delivery that was missing
  cancelled_by_host,    ///< a delivery, or all of an endpoint
  cancelled_in_flight,  ///< its request may still arrive
  pruned,
  // Words and states of deliveries.
  word_already,
  word_stale,
  word_late,  ///< after its lease, and it counted
  lease_lost,
  given_back,
  tried_again,
  order_held,            ///< waits for another one of its key
  superseded_in_flight,  ///< while it was sent: it is not called back
  state_due,
  state_leased,
  state_parked,
  state_delivered,
  state_dead,
  state_cancelled,
  state_expired,
  state_superseded,
  state_quarantined,
  end_of_list  ///< not one of them: how many there are
};

inline constexpr std::size_t happenings = static_cast<std::size_t>(Happening::end_of_list);

/// The name of a happening, as reports show it.
constexpr std::string_view to_string(Happening what) noexcept {
  // clang-format off
  constexpr std::array<std::string_view, happenings> names{
      "store_refused", "store_unknown", "store_answer_lost", "store_slow", "store_unreachable", "host_crashed",
      "host_crashed_store", "host_restarted", "host_stopped", "host_frozen", "wall_jumped", "connect_failed",
      "connect_slow", "request_lost", "answer_lost", "answer_slow", "answer_broken", "answered_2xx",
      "answered_3xx", "answered_4xx", "answered_5xx", "answered_410", "answered_429", "answered_503",
      "retry_after_date", "asked_disable", "asked_abort", "gate_closed", "emitted", "emit_duplicate",
      "emit_conflict", "emit_full", "emit_failed", "emit_keyed", "emit_traced", "emit_filtered",
      "emit_channelled", "operational_event", "routed_later", "dropped", "endpoint_added", "endpoint_changed",
      "endpoint_rotated",
      "endpoint_paused", "endpoint_resumed", "endpoint_disabled", "endpoint_gone", "endpoint_removed",
      "order_changed", "supersede_changed", "lane_rested", "observer_threw", "observer_emitted",
      "old_key_signed_along", "told_recovered", "told_endpoint_resting", "told_endpoint_failing",
      "told_endpoint_recovered", "told_late", "resent", "unparked", "recovered", "replayed", "cancelled_by_host",
      "cancelled_in_flight", "pruned", "word_already", "word_stale", "word_late", "lease_lost", "given_back",
      "tried_again", "order_held", "superseded_in_flight", "state_due", "state_leased", "state_parked",
      "state_delivered", "state_dead", "state_cancelled", "state_expired", "state_superseded", "state_quarantined"};
  // clang-format on
  const auto index = static_cast<std::size_t>(what);
  return index < names.size() ? names[index] : "unknown";
}

/// How often each happening happened.
class Happenings {
 public:
  void count(Happening what, std::uint64_t times = 1) noexcept { counts_[static_cast<std::size_t>(what)] += times; }
  std::uint64_t operator[](Happening what) const noexcept { return counts_[static_cast<std::size_t>(what)]; }
  Happenings& operator+=(const Happenings& other) noexcept {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    return *this;
  }

  /// One line for each, with its count.
  std::string table() const {
    std::string lines;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      lines.append(to_string(static_cast<Happening>(i))).append(": ").append(std::to_string(counts_[i])).append("\n");
    }
    return lines;
  }

  /// The names of those that never happened, apart by blanks; empty if all did.
  std::string missing() const {
    std::string names;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      if (counts_[i] == 0) names.append(names.empty() ? "" : " ").append(to_string(static_cast<Happening>(i)));
    }
    return names;
  }

 private:
  std::array<std::uint64_t, happenings> counts_{};
};

/// The result of one seed.
struct SimulationReport {
  std::uint64_t seed = 0;
  std::uint64_t trace = 0;  ///< hash of everything that happened, in order: the same seed gives the same
  std::uint64_t steps = 0;  ///< of all hosts
  std::uint64_t deliveries = 0, attempts = 0;
  Duration simulated{};
  Happenings counts{};
  std::string violation{};  ///< the first invariant that did not hold, and where; empty if all held

  bool ok() const noexcept { return violation.empty(); }
};

}  // namespace v0
}  // namespace webhook

#endif
