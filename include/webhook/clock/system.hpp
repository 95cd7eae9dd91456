// SPDX-License-Identifier: MIT
// SystemClock: the machine's own clocks.
// Nobody sleeps on it, and it knows no time zones; tests use testing/manual_clock.hpp instead.
#ifndef WEBHOOK_CLOCK_SYSTEM_HPP
#define WEBHOOK_CLOCK_SYSTEM_HPP

#include <time.h>

#include <chrono>

#include "../concepts.hpp"

namespace webhook {
inline namespace v0 {

/// Reads CLOCK_BOOTTIME and CLOCK_REALTIME. Where a system has no CLOCK_BOOTTIME, std::chrono::steady_clock stands in,
/// which may not count the time that the machine was suspended. Thread-safe.
class SystemClock {
 public:
  using role = webhook::role::clock;

  Now now() const noexcept { return {steady(), wall()}; }

 private:
  static Duration steady() noexcept {
#if defined(CLOCK_BOOTTIME)
    timespec reading{};
    // Leases must go on running while a laptop sleeps, which CLOCK_MONOTONIC does not see.
    if (clock_gettime(CLOCK_BOOTTIME, &reading) == 0) {
      return std::chrono::seconds(reading.tv_sec) + Duration(reading.tv_nsec);
    }
#endif
    return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch());
  }
  static WallTime wall() noexcept {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());  // CLOCK_REALTIME
  }
};

static_assert(ClockPolicy<SystemClock>);

}  // namespace v0
}  // namespace webhook

#endif
