// SPDX-License-Identifier: MIT
// How durable inboxes write down until when a key is marked: calendar time, which outlives reboots, in microseconds.
// It knows no database; senders repeat themselves for days, so that a clock that is seconds off changes nothing.
#ifndef WEBHOOK_DETAIL_INBOX_TIME_HPP
#define WEBHOOK_DETAIL_INBOX_TIME_HPP

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "../time.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

inline std::int64_t inbox_time(const Now& now) noexcept { return now.wall.time_since_epoch().count(); }

/// Clamped to some years, so that "for ever" does not overflow; a part of a microsecond counts as a whole one.
inline std::int64_t inbox_until(const Now& now, Duration keep) noexcept {
  constexpr Duration longest = std::chrono::hours(24 * 365 * 50);
  const Duration kept = (std::clamp)(keep, Duration::zero(), longest);
  return inbox_time(now) + std::chrono::ceil<std::chrono::microseconds>(kept).count();
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
