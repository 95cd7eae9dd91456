// SPDX-License-Identifier: MIT
// What must hold whatever happens, checked at every word between hosts and their store and at every request.
// It injects nothing and drives nothing; simulated_world.hpp does.
#ifndef WEBHOOK_TESTING_INVARIANTS_HPP
#define WEBHOOK_TESTING_INVARIANTS_HPP

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../retry.hpp"
#include "request_invariants.hpp"

// The invariants:
//   1  a committed event ends delivered, dead, cancelled, expired or quarantined    2  one unexpired lease at most, and
//   3  fences grow    4  a word under an old fence has no effect                       nothing is sent outside of one
//   5  in flight <= cap; rests, spacing and pauses are kept    6  what is due is soon claimed, once there are no faults
//   8  signatures verify with a key valid at sending           9  the store stays within its bounds
//  10  attempts as the schedule says    11  one id and one body for all tries    12  without faults everything drains
// (7, order within a key, has no counterpart in the engine yet.)

namespace webhook {
inline namespace v0 {

/// Follows a simulation and says which invariant broke first (SimulatedWorld::violated).
class Invariants : public RequestInvariants {
 public:
  Invariants(SimulatedWorld& world, RetrySchedule schedule, std::size_t most_pending)
      : RequestInvariants(world), schedule_(std::move(schedule)), most_pending_(most_pending) {}

  std::size_t pending() const noexcept { return pending_; }
  Duration soon = std::chrono::seconds{2};  ///< how long anything due may wait once there are no faults
  Duration calm_since{};
  Duration full{};  ///< when a host last had no room for more

  // ------------------------------------------------------------------------------------------ words of the store
  void appended(const Now& at, const NewEvent& what, Appended answer) {
    if (answer != Appended::inserted) return;
    const Duration now = at.steady;
    for (const EndpointId id : what.routes) {
      const SimulatedLane* const lane = rows_.lane(id);
      if (lane == nullptr) continue;
      const SimulatedRow* const before = rows_.find(what.event->id.view(), id);
      if (before != nullptr && !before->is_over()) {
        return world_.violated("I1", "an event that is pending was taken for a new one");
      }
      SimulatedRow& row = rows_.add(what.event, id);
      row.due = now + what.delay;
      ++pending_;
      ++world_.report.deliveries;
      world_.count(Happening::state_due);
      if (lane->is_closed()) end(row, State::cancelled);
    }
    if (pending_ > most_pending_ && waiting() > most_pending_) {
      world_.violated("I9", "the store holds more than its bound");
    }
  }

  void claimed(const std::shared_ptr<SimulatedHost>& host, const Claim& ask, std::span<const Claimed> all) {
    const Duration now = ask.now.steady;
    for (const Claimed& one : all) {
      SimulatedRow* const row = rows_.find(one.event->id.view(), one.endpoint);
      if (row == nullptr) return world_.violated("I1", "a delivery was claimed that nobody appended");
      SimulatedLane& lane = *rows_.lane(row->endpoint);
      judge_claim(*row, lane, one, now);
      if (row->state == State::leased) {
        if (forgotten(*row, now)) world_.violated("I1", "a host that lived on never told what became of its lease");
        ++row->lost;
        world_.count(Happening::lease_lost);
        leave(lane, *row);
      }
      if (row->delivery == DeliveryId{}) rows_.learn(*row, one.lease.delivery);
      row->state = State::leased;
      row->word.reset();
      row->fence = one.lease.fence;
      row->holder = host;
      row->heard = row->taken = Duration::zero();
      row->begun = false;
      row->duty = Duty::none;
      row->asked = Duration::zero();
      row->lease_ends = now + ask.lease;
      row->maybe_cancelled = false;
      lane.leased.push_back(row);
      if (lane.held(now) > lane.cap) world_.violated("I5", "more is in flight than the cap allows");
      world_.count(Happening::state_leased);
      world_.trace(one.lease.fence);
    }
    for (const Claimed& one : all) {
      SimulatedLane& lane = *rows_.lane(one.endpoint);
      lane.spaced_until = (std::max)(lane.spaced_until, now) + lane.endpoint.spacing;
      lane.changed = now;
    }
  }

  void settled(const Now& at, const Settlement& word, Settled::Word answer) {
    SimulatedRow* const row = rows_.find(word.lease.delivery);
    if (row == nullptr) {
      if (answer != Settled::Word::stale) world_.violated("I4", "a word about an unknown delivery was taken");
      return;
    }
    const Duration now = at.steady;
    SimulatedLane& lane = *rows_.lane(row->endpoint);
    world_.trace(static_cast<std::uint64_t>(answer));
    if (answer != Settled::Word::applied) {
      world_.count(answer == Settled::Word::already ? Happening::word_already : Happening::word_stale);
    }
    if (row->fence != word.lease.fence || row->state != State::leased) {
      if (answer == Settled::Word::applied) world_.violated("I4", "a word under an old fence was taken");
      return;
    }
    if (answer != Settled::Word::applied) {
      if (lane.is_closed() && row->lease_ends <= now) return end(*row, State::cancelled);
      if (!row->maybe_cancelled) world_.violated("I1", "the word of the lease's holder was refused");
      return end(*row, State::cancelled);
    }
    judge_word(*row, word);
    apply(*row, lane, word, now);
  }

  void tuned(const Now& at, EndpointId id, const Lane& how) {
    SimulatedLane& lane = *rows_.lane(id);
    lane.cap = how.cap;
    lane.rests_until = at.steady + how.rest;
    lane.changed = at.steady;
    if (how.rest > Duration::zero()) world_.count(Happening::lane_rested);
  }

  void put(Endpoint endpoint, Version version) {
    const Duration now = world_.now();
    const SimulatedLane* const known = rows_.lane(endpoint.id);
    const bool fresh = known == nullptr;
    const bool opens =
        endpoint.state == EndpointState::active && (fresh || known->endpoint.state != EndpointState::active);
    SimulatedLane& lane = rows_.add(endpoint);
    for (SimulatedRow* const row : lane.leased) {
      if (!fresh && lane.is_closed() && !row->is_held(now)) row->maybe_cancelled = true;
    }
    if (fresh || opens || lane.endpoint.cap != endpoint.cap) lane.cap = endpoint.cap;
    if (opens) lane.rests_until = Duration::zero();
    if (lane.endpoint.spacing != endpoint.spacing) lane.spaced_until = Duration::zero();
    world_.count(fresh ? Happening::endpoint_added : change_of(lane.endpoint, endpoint));
    if (!fresh && !endpoint.secrets.empty() && !lane.endpoint.secrets.empty()) {
      const auto same = [&](const Secret& one) { return one.reveal() == lane.endpoint.secrets.front().reveal(); };
      if (std::none_of(endpoint.secrets.begin(), endpoint.secrets.end(), same))
        world_.violated("I8", "a change of keys dropped the key that signed until now");
    }
    lane.endpoint = std::move(endpoint);
    lane.endpoint.version = version;
    lane.changed = now;
    if (!lane.is_closed()) return;
    for (auto& [key, row] : rows_.rows()) {
      if (row.endpoint == lane.endpoint.id && row.state == State::due) end(row, State::cancelled);
    }
  }

  // ------------------------------------------------------------------------------------------------------ the end
  /// Whether everything that can end has ended; what waits at an endpoint that is not served may wait.
  bool drained() { return pending_ == 0 || waiting() == 0; }
  /// What the store's log says in the end is what its words were.
  void kept(const Delivery& delivery) {
    const SimulatedRow* const row = rows_.find(delivery.id);
    if (row == nullptr || (!row->is_over() && !waits(*row))) return;  // never claimed, or ended without a word
    if (row->state != delivery.state || row->attempts != delivery.attempts) {
      world_.violated("I4", "the log says " + std::string(to_string(delivery.state)) + " of a delivery that is " +
                                std::string(to_string(row->state)));
    }
  }
  void finish() {
    if (drained()) return;
    for (const auto& [key, row] : rows_.rows()) {
      if (!waits(row)) continue;
      world_.violated("I12", "event " + key.first + " is still " + std::string(to_string(row.state)) +
                                 ", long after the last fault; attempts: " + std::to_string(row.attempts));
    }
  }

 private:
  /// Not if its lease ran out while its lane is closed: then the store ends it without a word.
  bool waits(const SimulatedRow& row) {
    if (row.is_over() || row.maybe_cancelled) return false;
    return row.state == State::due || row.is_held(world_.now()) || !rows_.lane(row.endpoint)->is_closed();
  }
  std::size_t waiting() {
    std::size_t count = 0;
    for (const auto& [key, row] : rows_.rows()) count += waits(row) ? 1U : 0U;
    return count;
  }

  /// A lease that ran out although its holder had heard the answer long before, or never made a request, and nothing
  /// kept it from telling.
  static bool forgotten(const SimulatedRow& row, Duration now) {
    const SimulatedHost& host = *row.holder;
    const Duration since = row.begun ? row.heard : row.taken;
    return since != Duration::zero() && now - since > std::chrono::seconds{40} && !host.crashed && !host.ended &&
           host.frozen_until < since && host.partitioned_until < since;
  }

  void judge_claim(const SimulatedRow& row, const SimulatedLane& lane, const Claimed& one, Duration now) {
    const std::string event(row.event->id.view());
    if (row.is_over()) return world_.violated("I1", event + " was claimed after it was over");
    if (row.is_held(now)) return world_.violated("I2", event + " was claimed while its lease lasts");
    if (one.lease.fence <= row.fence) return world_.violated("I3", event + " was claimed with a fence that is not new");
    if (lane.endpoint.state != EndpointState::active) return world_.violated("I5", "an inactive endpoint was served");
    if (now < lane.rests_until) return world_.violated("I5", "a resting lane was served");
    if (now < lane.spaced_until) return world_.violated("I5", "a lane was served before its spacing was over");
    const Duration due = row.state == State::leased ? row.lease_ends : row.due;
    if (now < due) return world_.violated("I10", event + " was claimed before it was due");
    if (one.attempts != row.attempts || one.lost != row.lost + (row.state == State::leased ? 1U : 0U))
      return world_.violated("I4", event + " has other counts than its words gave it");
    if (one.version != lane.endpoint.version) return world_.violated("I4", "a claim names an old endpoint");
    if (!world_.calm) return;
    const Duration ready = (std::max)({due, lane.rests_until, lane.spaced_until, lane.changed, calm_since, full});
    if (now - ready > soon) world_.violated("I6", event + " was due, and nobody claimed it in time");
  }

  void judge_word(const SimulatedRow& row, const Settlement& word) {
    const std::size_t made = row.attempts + (word.attempt != nullptr ? 1U : 0U);
    if (made > schedule_.attempts()) return world_.violated("I10", "more attempts than the schedule has");
    if (row.heard != Duration::zero() && word.attempt == nullptr)
      return world_.violated("I10", "a try that ended is not counted as an attempt");
    if (word.state == State::due && word.attempt != nullptr && word.in < row.asked)
      return world_.violated("I10", "the next attempt comes sooner than Retry-After asked");
    if (word.state == State::delivered && row.accepted != row.fence)
      return world_.violated("I1", "settled as delivered, but its receiver never said so");
    if (word.state == State::dead && made < schedule_.attempts())
      return world_.violated("I10", "given up before the schedule was over");
    if (word.state == State::quarantined && row.lost < 3)
      return world_.violated("I1", "quarantined though no three leases were lost");
    if (word.state == State::due && word.attempt != nullptr) {
      const auto least = schedule_.next(made, 0);  // the jitter's lower end
      if (!least || word.in < *least) world_.violated("I10", "the next attempt comes sooner than the schedule says");
    }
  }

  void apply(SimulatedRow& row, SimulatedLane& lane, const Settlement& word, Duration now) {
    if (word.attempt != nullptr) ++row.attempts;
    row.word = word.state;
    if (word.state == State::leased) {
      row.lease_ends = now + word.in;
      return;
    }
    lane.changed = now;
    if (word.state == State::due && !lane.is_closed()) {
      leave(lane, row);
      row.state = State::due;
      row.due = now + (std::max)(word.in, Duration::zero());
      world_.count(word.attempt != nullptr ? Happening::tried_again : Happening::given_back);
      return;
    }
    end(row, word.state == State::due ? State::cancelled : word.state);
  }

  void leave(SimulatedLane& lane, SimulatedRow& row) {
    lane.leased.erase(std::remove(lane.leased.begin(), lane.leased.end(), &row), lane.leased.end());
  }

  void end(SimulatedRow& row, State state) {
    leave(*rows_.lane(row.endpoint), row);
    row.state = state;
    row.maybe_cancelled = false;
    --pending_;
    const auto first = static_cast<std::size_t>(Happening::state_due);
    world_.count(static_cast<Happening>(first + static_cast<std::size_t>(state)));
    world_.trace(row.fence);
  }

  RetrySchedule schedule_;
  std::size_t most_pending_;
  std::size_t pending_ = 0;
};

}  // namespace v0
}  // namespace webhook

#endif
