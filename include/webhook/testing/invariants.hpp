// SPDX-License-Identifier: MIT
// What must hold whatever happens, checked at every word between hosts and their store, at every request and notice.
// It injects nothing and drives nothing; the list is here, each group is judged in a file of its own.
#ifndef WEBHOOK_TESTING_INVARIANTS_HPP
#define WEBHOOK_TESTING_INVARIANTS_HPP

#include <cstddef>
#include <utility>

#include "notice_invariants.hpp"
#include "recall_invariants.hpp"

// The invariants:
//   1  a committed event goes to whoever wants it, and    2  one unexpired lease at most, and nothing is sent
//      ends, in a state that was earned                      outside of one
//   3  fences grow    4  a word under an old fence has no effect, and the log says what the words said
//   5  in flight <= cap; rests, spacing and pauses are kept    6  what is due is soon claimed, once nothing fails
//   7  of an ordered key the oldest goes first, and nothing passes one that is leased or parked; what a newer event
//      superseded is not sent    8  signatures verify with a key valid at sending    9  the store stays within its bounds
//  10  attempts as the schedule in force says    11  one id, one body and one trace for all tries
//  12  without faults everything drains    13  every transition is told to the host that made it, once

namespace webhook {
inline namespace v0 {

/// Follows a simulation and says which invariant broke first (SimulatedWorld::violated).
class Invariants : public RecallInvariants {
 public:
  Invariants(SimulatedWorld& world, RetrySchedule schedule, std::size_t most_pending)
      : RecallInvariants(world, std::move(schedule), most_pending), notices(world, rows_) {}

  NoticeInvariants notices;
};

}  // namespace v0
}  // namespace webhook

#endif
