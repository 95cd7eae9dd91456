// SPDX-License-Identifier: MIT
// ManualClock: time that moves only when a test says so.
// It wakes nobody; a test moves it and then lets the engine take its next step.
#ifndef WEBHOOK_TESTING_MANUAL_CLOCK_HPP
#define WEBHOOK_TESTING_MANUAL_CLOCK_HPP

#include <chrono>
#include <memory>
#include <mutex>

#include "../concepts.hpp"
#include "../error.hpp"

namespace webhook {
inline namespace v0 {

/// A clock that a test moves by hand. Copies share one time, so that a test keeps a handle on the clock it gave away.
/// Starts at 2026-01-01T00:00:00Z, or where it is told. Thread-safe.
class ManualClock {
 public:
  using role = webhook::role::clock;

  explicit ManualClock(WallTime start = std::chrono::sys_days(std::chrono::year(2026) / std::chrono::January / 1))
      : shared_(std::make_shared<Shared>()) {
    shared_->now.wall = start;
  }

  Now now() const noexcept {
    const std::lock_guard lock(shared_->mutex);
    return shared_->now;
  }

  /// Lets time pass: both clocks go on. Throws Error (errc::invalid) for a negative duration, as the steady clock never goes back.
  void advance(Duration by) {
    if (by < Duration::zero())
      throw Error(errc::invalid, "a clock cannot be advanced by a negative duration; use set_wall()");
    const std::lock_guard lock(shared_->mutex);
    // Wall time is coarser: it follows the steady clock, so that many small steps add up without loss.
    const Duration before = shared_->now.steady;
    shared_->now.steady += by;
    shared_->now.wall += std::chrono::floor<std::chrono::microseconds>(shared_->now.steady) -
                         std::chrono::floor<std::chrono::microseconds>(before);
  }

  /// Sets the calendar, in either direction, as an operator or NTP does; the steady clock stays as it is.
  void set_wall(WallTime to) {
    const std::lock_guard lock(shared_->mutex);
    shared_->now.wall = to;
  }

 private:
  struct Shared {
    mutable std::mutex mutex{};
    Now now{std::chrono::hours{1}, {}};  // not zero, so that a forgotten reading shows
  };
  std::shared_ptr<Shared> shared_;
};

static_assert(ClockPolicy<ManualClock>);

}  // namespace v0
}  // namespace webhook

#endif
