// SPDX-License-Identifier: MIT
// Timestamps as headers of signatures have them: whole seconds since 1970 in plain digits, and whether one is fresh.
// It reads no clock, and no other spelling of a time (that is rfc3339.hpp).
#ifndef WEBHOOK_DETAIL_UNIX_TIME_HPP
#define WEBHOOK_DETAIL_UNIX_TIME_HPP

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "../time.hpp"
#include "../verification.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

inline std::int64_t unix_seconds(WallTime time) noexcept {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

/// [1-9][0-9]{0,11}, so that one time has one spelling and fits everything that is computed with it.
inline std::optional<std::int64_t> parse_unix_seconds(std::string_view text) noexcept {
  if (text.empty() || text.size() > 12 || text.front() == '0') return std::nullopt;
  std::int64_t seconds = 0;
  for (const char c : text) {
    const unsigned digit = static_cast<unsigned char>(c) - unsigned{'0'};
    if (digit > 9) return std::nullopt;
    seconds = seconds * 10 + digit;
  }
  return seconds;
}

/// Judges the age of what was sent at `sent` seconds; the verdict is ok within the tolerance, which counts both ways,
/// inclusive, in whole seconds. Its age is set either way.
inline Verification freshness(std::int64_t sent, const Now& now, Duration tolerance) noexcept {
  // Whole seconds, as the header has them; no product that could overflow is ever formed.
  const std::int64_t here = unix_seconds(now.wall);
  const std::int64_t allowed = std::chrono::duration_cast<std::chrono::seconds>(tolerance).count();
  constexpr std::int64_t longest = 9'000'000'000;  // seconds that a Duration can hold
  Verification verdict{Verification::ok};
  verdict.age = std::chrono::seconds((std::clamp)(here - sent, -longest, longest));
  if (here < 0 || sent - here > allowed) {  // a clock before 1970 is wrong
    verdict.reason = Verification::too_new;
  } else if (here - sent > allowed) {
    verdict.reason = Verification::too_old;
  }
  return verdict;
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
