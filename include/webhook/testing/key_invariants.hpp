// SPDX-License-Identifier: MIT
// What must hold among deliveries of one endpoint with the same key: whose turn it is, and which one supersedes which.
// It follows who is pending; what makes a delivery pending, claims or ends it is judged in word_invariants.hpp.
#ifndef WEBHOOK_TESTING_KEY_INVARIANTS_HPP
#define WEBHOOK_TESTING_KEY_INVARIANTS_HPP

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "request_invariants.hpp"

namespace webhook {
inline namespace v0 {

/// Follows the turns of ordered endpoints and what is superseded (SimulatedWorld::violated).
/// The turn is the oldest's, who keeps it until it is over; one that is resent gets it then, if it is older than the
/// others. When an order is set while several are under way, the turn is the oldest's once all of them have come back.
class KeyInvariants : public RequestInvariants {
 public:
  using RequestInvariants::RequestInvariants;

  std::size_t pending() const noexcept { return pending_; }

 protected:
  /// It is pending from now on, where it was not before.
  void enter(SimulatedLane& lane, SimulatedRow& row) {
    const auto before = [](const SimulatedRow* left, const SimulatedRow* right) { return left->place < right->place; };
    lane.pending.insert(std::upper_bound(lane.pending.begin(), lane.pending.end(), &row, before), &row);
    ++pending_;
    supersede(lane, row);
    if (row.is_over()) return;
    pass_turn(lane, row);
    if (is_ordered(lane, row) && !row.turn) world_.count(Happening::order_held);
  }

  void end(SimulatedRow& row, State state) {
    SimulatedLane& lane = *rows_.lane(row.endpoint);
    leave(lane.leased, row);
    leave(lane.pending, row);
    row.state = state;
    lane.unsure_turn = lane.unsure_turn || row.maybe;
    row.turn = row.overtaken = false;
    row.maybe.reset();
    --pending_;
    count(state);
    world_.trace(row.fence);
    pass_turn(lane, row);
  }

  void count(State state) noexcept {
    const auto first = static_cast<std::size_t>(Happening::state_due);
    world_.count(static_cast<Happening>(first + static_cast<std::size_t>(state)));
  }

  static void leave(std::vector<SimulatedRow*>& rows, SimulatedRow& row) {
    rows.erase(std::remove(rows.begin(), rows.end(), &row), rows.end());
  }

  /// A lease that ran out makes its delivery due again; not where there is no again.
  static void look(const SimulatedLane& lane, SimulatedRow& row, Duration now) noexcept {
    if (row.state != State::leased || row.is_held(now) || row.maybe) return;
    if (lane.is_closed()) {
      row.maybe = State::cancelled;
    } else if (row.overtaken) {
      row.maybe = State::superseded;
    }
  }

  /// Whether a newer one of its key is pending at an endpoint that supersedes.
  static bool is_outdated(const SimulatedLane& lane, const SimulatedRow& row) {
    return supersedes(lane, row) && std::any_of(lane.pending.begin(), lane.pending.end(), [&](const SimulatedRow* one) {
             return one->event->key == row.event->key && one->age > row.age;
           });
  }
  /// Whether a newer one of its key was ever accepted there, so that a store may still know.
  bool may_be_outdated(const SimulatedLane& lane, const SimulatedRow& row) {
    if (!supersedes(lane, row)) return false;
    for (const auto& [key, one] : rows_.rows()) {
      if (one.endpoint == row.endpoint && one.event->key == row.event->key && one.age > row.age) return true;
    }
    return false;
  }

  /// It became due again, so newer ones of its key are over, where the store alone knows.
  void judge_newer(SimulatedLane& lane, const SimulatedRow& row, Duration now) {
    if (!supersedes(lane, row)) return;
    for (SimulatedRow* const one : std::vector<SimulatedRow*>(lane.pending)) {
      look(lane, *one, now);
      if (one->maybe && one->event->key == row.event->key && one->age > row.age) end(*one, *one->maybe);
    }
    if (is_outdated(lane, row)) world_.violated("I7", "something was sent again that a newer event superseded");
  }

  /// Its turn must have come when it is claimed.
  void judge_turn(SimulatedLane& lane, SimulatedRow& row, Duration now) {
    const std::string event(row.event->id.view());
    if (row.overtaken) return world_.violated("I7", event + " was claimed after a newer one superseded it");
    if (!is_ordered(lane, row)) return;
    for (SimulatedRow* const one : std::vector<SimulatedRow*>(lane.pending)) {
      look(lane, *one, now);
      const bool in_the_way = one != &row && is_same(lane, *one, row) && (one->turn || one->place < row.place);
      if (in_the_way && one->maybe) end(*one, *one->maybe);
    }
    for (const SimulatedRow* const one : lane.pending) {
      if (one == &row || !is_same(lane, *one, row)) continue;
      if (one->state == State::parked) return world_.violated("I7", event + " was claimed, past a parked one");
      if (one->is_held(now))
        return world_.violated("I7", event + " was claimed while another one of its key is leased");
      if (one->turn) return world_.violated("I7", event + " was claimed while it was another one's turn");
      if (!row.turn && one->place < row.place && one->since < row.since && one->age < row.age)
        return world_.violated("I7", event + " was claimed before an older one");
    }
    row.turn = true;
    lane.unsure_turn = false;
  }

  /// The endpoint's order or supersede has changed: what is pending finds its place anew.
  void rearrange(SimulatedLane& lane, const Endpoint& before) {
    for (SimulatedRow* const row : lane.pending) {
      // Where a lease ran out, the store may or may not have seen that it is over: then another one has the turn at once.
      lane.unsure_turn = lane.unsure_turn || (row->state == State::leased && !row->is_held(world_.now()));
      row->turn = false;
      if (!lane.endpoint.supersede) row->overtaken = false;
    }
    if (lane.endpoint.supersede && !before.supersede) {
      for (SimulatedRow* const row : std::vector<SimulatedRow*>(lane.pending)) {
        if (!row->is_over()) supersede(lane, *row);
      }
    }
    for (SimulatedRow* const row : lane.pending) pass_turn(lane, *row);
    if (lane.pending.empty()) return;
    if (lane.endpoint.order != before.order) world_.count(Happening::order_changed);
    if (lane.endpoint.supersede != before.supersede) world_.count(Happening::supersede_changed);
  }

  /// If nobody of this one's key has the turn, or is under way, it is the oldest's now.
  void pass_turn(SimulatedLane& lane, const SimulatedRow& row) noexcept {
    if (!is_ordered(lane, row)) return;
    SimulatedRow *first = nullptr, *earliest = nullptr, *eldest = nullptr;
    for (SimulatedRow* const one : lane.pending) {
      if (!is_same(lane, *one, row)) continue;
      if (one->turn || one->state != State::due) return;
      if (first == nullptr) first = one;
      if (earliest == nullptr || one->since < earliest->since) earliest = one;
      if (eldest == nullptr || one->age < eldest->age) eldest = one;
    }
    if (first == nullptr || (lane.unsure_turn && first != earliest)) return;  // its next claim tells
    if (first != eldest) {  // replayed: a store may go by the age of events, or of deliveries
      lane.unsure_turn = true;
      return;
    }
    first->turn = true;
    lane.changed = world_.now();
  }

 private:
  static bool supersedes(const SimulatedLane& lane, const SimulatedRow& row) noexcept {
    return lane.endpoint.supersede && !row.event->key.empty();
  }
  static bool is_ordered(const SimulatedLane& lane, const SimulatedRow& row) noexcept {
    return lane.endpoint.order == Order::complete || (lane.endpoint.order == Order::by_key && !row.event->key.empty());
  }
  static bool is_same(const SimulatedLane& lane, const SimulatedRow& left, const SimulatedRow& right) noexcept {
    return lane.endpoint.order == Order::complete || left.event->key == right.event->key;
  }

  /// Of one key the newest event stays; what is in flight stays too, for as long as its lease.
  void supersede(SimulatedLane& lane, SimulatedRow& row) {
    if (!supersedes(lane, row)) return;
    for (SimulatedRow* const one : std::vector<SimulatedRow*>(lane.pending)) {
      if (one == &row || one->event->key != row.event->key) continue;
      SimulatedRow& older = one->age > row.age ? row : *one;
      if (older.is_over()) continue;
      if (older.state == State::leased) {
        if (!older.overtaken) world_.count(Happening::superseded_in_flight);
        older.overtaken = true;
      } else {
        end(older, State::superseded);
      }
    }
  }

  std::size_t pending_ = 0;
};

}  // namespace v0
}  // namespace webhook

#endif
