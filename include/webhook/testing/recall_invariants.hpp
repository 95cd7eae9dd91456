// SPDX-License-Identifier: MIT
// What must hold of second thoughts: what is resent, cancelled or replayed, and what the store's log says of it.
// It is shown what the store held before and after; who had the thought is simulated_operator.hpp's.
#ifndef WEBHOOK_TESTING_RECALL_INVARIANTS_HPP
#define WEBHOOK_TESTING_RECALL_INVARIANTS_HPP

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "word_invariants.hpp"

namespace webhook {
inline namespace v0 {

/// A delivery that replay() was asked for.
struct AskedReplay {
  EventNumber number{};
  std::shared_ptr<const Event> event{};
  EndpointId endpoint{};
  bool had = false;  // the store kept a delivery of it for that endpoint
  bool given = false;
  bool forgotten = false;  // the event, meanwhile
};

/// Follows the chapter of a store that remembers (SimulatedWorld::violated).
class RecallInvariants : public WordInvariants {
 public:
  using WordInvariants::WordInvariants;

  /// New deliveries, as the store's log has them.
  void learned(std::span<const Delivery> fresh) {
    for (const Delivery& one : fresh) {
      if (SimulatedRow* const row = rows_.find(one.event.view(), one.endpoint)) rows_.learn(*row, one.id);
    }
  }

  /// amend() was asked to make these deliveries `to`, as they stood then, and says that it changed `count`.
  /// `state_of(id)` is how each stands now, or nothing if it is forgotten.
  template <class StateOf>
  void amended(const Now& at, std::span<const Delivery> asked, State to, std::size_t count, const StateOf& state_of) {
    std::size_t changed = 0;
    for (const Delivery& one : asked) {
      SimulatedRow* const row = rows_.find(one.id);
      if (row == nullptr) return world_.violated("I4", "the log has a delivery that nobody appended");
      agree(*row, one.state, at.steady);
      changed += to == State::cancelled ? cancel(*row, at.steady) : resend(*row, at.steady, state_of(one.id));
    }
    if (changed != count)
      world_.violated("I4", "amend() says that it changed " + std::to_string(count) + " deliveries, not " +
                                std::to_string(changed));
    for (const Delivery& one : asked) {
      if (const std::optional<State> now = state_of(one.id)) agree(*rows_.find(one.id), *now, at.steady);
    }
  }

  /// replay() was asked for these, and the store then had `fresh` ones; `refused`: it threw. `state_of` as above.
  template <class StateOf>
  void replayed(const Now& at, std::span<AskedReplay> asked, std::span<const Delivery> fresh, bool refused,
                const StateOf& state_of) {
    for (const Delivery& one : fresh) {
      const auto there = std::find_if(asked.begin(), asked.end(), [&](const AskedReplay& ask) {
        return ask.endpoint == one.endpoint && ask.event->id == one.event;
      });
      SimulatedRow* const before = rows_.find(one.event.view(), one.endpoint);
      if (there == asked.end() || there->given || (there->had && state_of(before->delivery)))
        return world_.violated("I1", "a delivery was replayed that was not missing");
      there->given = true;
      SimulatedLane& lane = *rows_.lane(one.endpoint);
      if (before != nullptr) {  // the store may have ended it without a word, and forgotten it
        look(lane, *before, at.steady);
        if (before->maybe) end(*before, *before->maybe);
        if (!before->is_over()) return world_.violated("I1", "a delivery that is pending was replayed");
      }
      SimulatedRow& row = rows_.add(there->event, one.endpoint);
      row.age = age_of(*there->event);
      row.due = row.due_by = at.steady;
      rows_.learn(row, one.id);
      lane.changed = at.steady;
      if (lane.is_closed()) return world_.violated("I1", "something was replayed to an endpoint that is gone");
      world_.count(Happening::replayed);
      judge_newer(lane, row, at.steady);
      begin(lane, row);
    }
    for (const AskedReplay& ask : asked) {
      if (refused || ask.had || ask.given || ask.forgotten) continue;
      const SimulatedLane* const lane = rows_.lane(ask.endpoint);
      if (lane == nullptr || lane->is_closed()) continue;
      SimulatedRow missing;
      missing.event = ask.event;
      missing.endpoint = ask.endpoint;
      missing.age = age_of(*ask.event);
      if (!may_be_outdated(*lane, missing)) world_.violated("I1", "a delivery that was missing was not replayed");
    }
  }

  /// What the store's log says in the end is what its words were.
  void kept(const Delivery& delivery) {
    SimulatedRow* const row = rows_.find(delivery.id);
    if (row == nullptr) return world_.violated("I4", "the log has a delivery that nobody appended");
    agree(*row, delivery.state, world_.now());
    if (row->attempts != delivery.attempts)
      world_.violated("I4", "the log has another number of attempts than there were words");
  }

 private:
  /// The store says how a delivery stands; it alone knows what became of some leases that ran out.
  void agree(SimulatedRow& row, State said, Duration now) {
    look(*rows_.lane(row.endpoint), row, now);
    if (row.maybe && (said == State::cancelled || said == State::superseded)) end(row, said);
    if (row.state == said) return;
    world_.violated("I4", "the log says " + std::string(to_string(said)) + " of a delivery that is " +
                              std::string(to_string(row.state)));
  }

  std::size_t cancel(SimulatedRow& row, Duration now) {
    if (row.is_over()) return 0;
    if (row.is_held(now)) {
      row.revoked.emplace_back(row.fence, row.lease_ends);
      row.free_at = Duration::zero();
      world_.count(Happening::cancelled_in_flight);
    }
    rows_.lane(row.endpoint)->changed = now;
    end(row, State::cancelled);
    return 1;
  }

  std::size_t resend(SimulatedRow& row, Duration now, std::optional<State> after) {
    SimulatedLane& lane = *rows_.lane(row.endpoint);
    if (row.state == State::parked) {
      world_.count(Happening::unparked);
      restart(row, now);
      pass_turn(lane, row);
    } else if (!row.is_over() || after == row.state || !after) {
      if (row.is_over() && after && !lane.is_closed() && !is_full() && !may_be_outdated(lane, row))
        world_.violated("I1", "a delivery that is over was not made due again");
      return 0;
    } else {
      if (lane.is_closed()) world_.violated("I1", "something was resent to an endpoint that is gone");
      judge_newer(lane, row, now);
      world_.count(Happening::resent);
      restart(row, now);
      row.since = rows_.next_place();
      enter(lane, row);
    }
    lane.changed = now;
    return 1;
  }

  static void restart(SimulatedRow& row, Duration now) noexcept {
    row.state = State::due;
    row.due = row.due_by = now;
    row.attempts = row.lost = 0;
    row.most_attempts = 0;
  }
};

}  // namespace v0
}  // namespace webhook

#endif
