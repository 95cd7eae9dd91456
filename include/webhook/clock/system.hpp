// SPDX-License-Identifier: MIT
// SystemClock: the machine's own clocks.
// Nobody sleeps on it, and it knows no time zones; tests use testing/manual_clock.hpp instead.
#ifndef WEBHOOK_CLOCK_SYSTEM_HPP
#define WEBHOOK_CLOCK_SYSTEM_HPP

#include <time.h>

#include <atomic>
#include <chrono>
#include <cstdint>

#include "../concepts.hpp"

namespace webhook {
inline namespace v0 {

/// Reads CLOCK_BOOTTIME, and CLOCK_REALTIME once a millisecond at most: between two readings the wall time follows the
/// steady one, so a clock that is set is noticed a millisecond later. Where a system has no CLOCK_BOOTTIME,
/// std::chrono::steady_clock stands in, which may not count the time that the machine was suspended. Thread-safe.
class SystemClock {
 public:
  using role = webhook::role::clock;

  SystemClock() noexcept = default;
  SystemClock(const SystemClock&) noexcept {}  // each reads for itself
  SystemClock& operator=(const SystemClock&) noexcept { return *this; }

  Now now() const noexcept {
    const Duration at = steady();
    // Two readers may mix their readings: each offset was true within this millisecond or the one before.
    const std::int64_t age = at.count() - read_at_.load(std::memory_order_acquire);
    if (age >= 0 && age < good_for) {
      const Duration wall(at.count() + offset_.load(std::memory_order_relaxed));
      return {at, WallTime(std::chrono::floor<std::chrono::microseconds>(wall))};
    }
    const WallTime read = wall();
    if (steady() - at < apart) {  // else the thread was interrupted in between
      offset_.store(std::chrono::nanoseconds(read.time_since_epoch()).count() - at.count(), std::memory_order_relaxed);
      read_at_.store(at.count(), std::memory_order_release);
    }
    return {at, read};
  }

 private:
  static constexpr std::int64_t good_for = 1'000'000;               // nanoseconds
  static constexpr Duration apart = std::chrono::microseconds{10};  // at most, the two readings of one offset

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

  mutable std::atomic<std::int64_t> offset_{0};                             // from the steady clock to the wall's
  mutable std::atomic<std::int64_t> read_at_{-std::int64_t{4} * good_for};  // when, steady; at first: long ago
};

static_assert(ClockPolicy<SystemClock>);

}  // namespace v0
}  // namespace webhook

#endif
