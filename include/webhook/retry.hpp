// SPDX-License-Identifier: MIT
// RetrySchedule: how long to wait after the n-th failed attempt, or that it was the last; as data.
// It knows neither answers nor clocks: what an answer means is judged elsewhere.
#ifndef WEBHOOK_RETRY_HPP
#define WEBHOOK_RETRY_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "error.hpp"
#include "time.hpp"

namespace webhook {
inline namespace v0 {

/// A list of waits: the first before the first attempt, each other after one more failure; its length is the number of
/// attempts. The default is the Standard Webhooks schedule: 10 attempts over 75 h 35 min.
class RetrySchedule {
 public:
  RetrySchedule() : RetrySchedule(standard()) {}

  /// Takes the waits as they are. Throws Error (errc::invalid) for an empty list, a negative wait, or a jitter outside
  /// [0, 1]. `jitter` is the share by which each wait varies at random, both ways: 0.2 is ±20 %.
  explicit RetrySchedule(std::vector<Duration> waits, double jitter = 0.2) : waits_(std::move(waits)), jitter_(jitter) {
    if (waits_.empty())
      throw Error(errc::invalid, "a retry schedule needs at least one wait (that of the first attempt)");
    for (const Duration wait : waits_) {
      if (wait < Duration::zero()) throw Error(errc::invalid, "a retry schedule has a negative wait");
    }
    if (!(jitter >= 0.0 && jitter <= 1.0)) throw Error(errc::invalid, "a retry schedule's jitter lies between 0 and 1");
  }

  /// 0, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h (Standard Webhooks 1.0.0, "Deliverability and reliability").
  static RetrySchedule standard() {
    using namespace std::chrono_literals;
    return RetrySchedule({0s, 5s, 5min, 30min, 2h, 5h, 10h, 14h, 20h, 24h});
  }

  /// One attempt, and no other.
  static RetrySchedule none() { return RetrySchedule({Duration::zero()}); }

  /// `first`, then twice as long each time, never longer than `longest`.
  static RetrySchedule exponential(Duration first, std::size_t attempts, Duration longest, double jitter = 0.2) {
    std::vector<Duration> waits{Duration::zero()};
    Duration wait = first < longest ? first : longest;
    while (waits.size() < attempts) {
      waits.push_back(wait);
      wait = wait < longest / 2 ? wait * 2 : longest;
    }
    return RetrySchedule(std::move(waits), jitter);
  }

  /// `step`, `2 * step`, `3 * step` …
  static RetrySchedule linear(Duration step, std::size_t attempts, double jitter = 0.2) {
    std::vector<Duration> waits{Duration::zero()};
    while (waits.size() < attempts) waits.push_back(step * static_cast<Duration::rep>(waits.size()));
    return RetrySchedule(std::move(waits), jitter);
  }

  std::size_t attempts() const noexcept { return waits_.size(); }
  const std::vector<Duration>& waits() const noexcept { return waits_; }  ///< as they were given
  double jitter() const noexcept { return jitter_; }

  /// The wait before the first attempt; without jitter.
  Duration first() const noexcept { return waits_.front(); }

  /// The wait after `made` failed attempts, varied by `random` (any 64 random bits); nothing if that was the last.
  std::optional<Duration> next(std::size_t made, std::uint64_t random) const noexcept {
    if (made >= waits_.size()) return std::nullopt;
    const double unit = static_cast<double>(random >> 11U) * 0x1.0p-53;  // [0, 1)
    const double factor = 1.0 + jitter_ * (2.0 * unit - 1.0);
    const double wait = static_cast<double>(waits_[made].count()) * factor;
    return wait < 0x1p63 ? Duration(static_cast<Duration::rep>(wait)) : (Duration::max)();  // never means never
  }

 private:
  std::vector<Duration> waits_{};
  double jitter_ = 0.2;
};

}  // namespace v0
}  // namespace webhook

#endif
