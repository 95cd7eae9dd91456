// SPDX-License-Identifier: MIT
// PostgresRoom: how much more a bounded store takes, without counting what is pending for each event: what was counted
// last, and what this process added since, is never less than what there is of its own. Where counting takes long it is
// counted less often. It does not ask the server; other hosts are heard of when it is counted again.
#ifndef WEBHOOK_DETAIL_POSTGRES_ROOM_HPP
#define WEBHOOK_DETAIL_POSTGRES_ROOM_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <string>

#include "../error.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// Thread-safe.
class PostgresRoom {
 public:
  using Clock = std::chrono::steady_clock;
  struct Load {
    std::uint64_t deliveries = 0, bytes = 0;
  };

  PostgresRoom(std::size_t deliveries, std::size_t bytes) noexcept : most_{deliveries, bytes} {}

  bool is_bounded() const noexcept {
    constexpr std::uint64_t all = (std::numeric_limits<std::size_t>::max)();
    return most_.deliveries != all || most_.bytes != all;
  }

  /// Takes up room if there is some by what is known, and tells whether; if not, count again.
  bool take(const Load& what) noexcept {
    const std::lock_guard lock(mutex_);
    if (!known_ || !fits(what)) return false;
    load_.deliveries += what.deliveries;
    load_.bytes += what.bytes;
    return true;
  }
  /// What there was when it was counted, which took from `start` to `end`.
  void counted(const Load& load, Clock::time_point start, Clock::time_point end) noexcept {
    const std::lock_guard lock(mutex_);
    load_ = load;
    known_ = true;
    next_ = end - start < quick ? end : end + 10 * (end - start);
  }
  /// Whether it is time to count again, since what is known is too little or not known. A store that is full must not
  /// spend its time on telling so.
  bool may_count(Clock::time_point now) noexcept {
    const std::lock_guard lock(mutex_);
    return !known_ || now >= next_;
  }
  /// Something was added that was not taken: what is known is too little.
  void forget() noexcept {
    const std::lock_guard lock(mutex_);
    known_ = false;
  }
  std::uint64_t left() noexcept {
    const std::lock_guard lock(mutex_);
    return load_.deliveries >= most_.deliveries ? 0 : most_.deliveries - load_.deliveries;
  }

  [[noreturn]] void refuse() {
    const std::lock_guard lock(mutex_);
    throw Error(errc::full, "the store holds " + std::to_string(load_.deliveries) + " pending deliveries with " +
                                std::to_string(load_.bytes) + " bytes of payload and takes at most " +
                                std::to_string(most_.deliveries) + " and " + std::to_string(most_.bytes) +
                                " (PostgresOptions::max_deliveries, max_bytes)");
  }

 private:
  static constexpr auto quick = std::chrono::milliseconds{20};

  bool fits(const Load& what) const noexcept {
    return what.deliveries == 0 ||
           (load_.deliveries + what.deliveries <= most_.deliveries && load_.bytes + what.bytes <= most_.bytes);
  }

  Load most_{};
  std::mutex mutex_{};
  Load load_{};
  bool known_ = false;
  Clock::time_point next_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
