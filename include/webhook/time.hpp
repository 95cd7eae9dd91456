// SPDX-License-Identifier: MIT
// How the library speaks of time: durations in nanoseconds, wall time in microseconds, and one reading of both clocks.
// It never reads a clock; clocks are policies (clock/system.hpp, testing/manual_clock.hpp).
#ifndef WEBHOOK_TIME_HPP
#define WEBHOOK_TIME_HPP

#include <chrono>

namespace webhook {
inline namespace v0 {

/// A length of time, in nanoseconds; every std::chrono duration of a coarser unit converts to it.
using Duration = std::chrono::nanoseconds;

/// A point in calendar time (UTC, no leap seconds), in microseconds.
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;

/// One reading of the two clocks, taken together.
struct Now {
  Duration steady{};  ///< never jumps and counts suspend: leases, dues and timeouts are measured on it
  WallTime wall{};    ///< what a calendar says: timestamps, key expiry, Retry-After dates
};

}  // namespace v0
}  // namespace webhook

#endif
