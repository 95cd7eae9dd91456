// SPDX-License-Identifier: MIT
// Timestamps as RFC 3339 writes them ("2026-11-23T14:00:00.25Z"), both ways.
// No locale, no time zone database: offsets are taken as they stand.
#ifndef WEBHOOK_DETAIL_RFC3339_HPP
#define WEBHOOK_DETAIL_RFC3339_HPP

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "../time.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// Room for the longest timestamp.
using Rfc3339Room = std::array<char, 27>;

/// Writes `time` in UTC with as many of 0, 3 or 6 fractional digits as it needs; the text lies in `room`. What lies
/// outside the years 0000 to 9999, which RFC 3339 cannot write, becomes the nearest time that it can.
inline std::string_view write_rfc3339(WallTime time, Rfc3339Room& room) noexcept {
  using namespace std::chrono;
  constexpr WallTime first = sys_days(year(0) / January / 1);
  constexpr WallTime last = WallTime(sys_days(year(10000) / January / 1)) - microseconds(1);
  time = (std::clamp)(time, first, last);
  const sys_days day = floor<days>(time);
  const year_month_day date(day);
  const auto second = static_cast<unsigned>((time - day).count() / 1'000'000);
  const auto micro = static_cast<unsigned>((time - day).count() % 1'000'000);

  char* to = room.data();
  const auto put = [&to](unsigned value, std::size_t digits, char after) {
    for (std::size_t at = digits; at-- > 0; value /= 10) to[at] = static_cast<char>('0' + value % 10);
    to += digits;
    *to++ = after;
  };
  put(static_cast<unsigned>(static_cast<int>(date.year())), 4, '-');
  put(static_cast<unsigned>(date.month()), 2, '-');
  put(static_cast<unsigned>(date.day()), 2, 'T');
  put(second / 3600, 2, ':');
  put(second / 60 % 60, 2, ':');
  put(second % 60, 2, micro == 0 ? 'Z' : '.');
  if (micro != 0) micro % 1000 == 0 ? put(micro / 1000, 3, 'Z') : put(micro, 6, 'Z');
  return {room.data(), static_cast<std::size_t>(to - room.data())};
}
inline std::string format_rfc3339(WallTime time) {
  Rfc3339Room room{};
  return std::string(write_rfc3339(time, room));
}

/// Reads an RFC 3339 §5.6 date-time with any offset; nothing if `text` is not one. Digits beyond microseconds are cut
/// off, and a leap second is read as the first second of the next minute.
inline std::optional<WallTime> parse_rfc3339(std::string_view text) noexcept {
  using namespace std::chrono;
  std::size_t at = 0;
  bool good = true;
  const auto number = [&](std::size_t digits) {
    int value = 0;
    for (; digits > 0; --digits, ++at) {
      if (at >= text.size() || text[at] < '0' || text[at] > '9') {
        good = false;
        return 0;
      }
      value = value * 10 + (text[at] - '0');
    }
    return value;
  };
  const auto one_of = [&](std::string_view choices) {
    if (at >= text.size() || choices.find(text[at]) == std::string_view::npos) {
      good = false;
      return '\0';
    }
    return text[at++];
  };

  const int y = number(4);
  one_of("-");
  const int m = number(2);
  one_of("-");
  const int d = number(2);
  one_of("Tt ");
  const int hour = number(2);
  one_of(":");
  const int minute = number(2);
  one_of(":");
  const int second = number(2);
  std::int64_t micro = 0;
  if (good && at < text.size() && text[at] == '.') {
    ++at;
    std::int64_t unit = 100'000;
    const std::size_t begin = at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10) micro += (text[at] - '0') * unit;
    good = at > begin;
  }
  minutes offset{};
  if (const char zone = one_of("Zz+-"); zone == '+' || zone == '-') {
    const int hours_off = number(2);
    one_of(":");
    const int minutes_off = number(2);
    good = good && hours_off <= 23 && minutes_off <= 59;
    offset = minutes((hours_off * 60 + minutes_off) * (zone == '+' ? 1 : -1));
  }
  const year_month_day date = year(y) / month(static_cast<unsigned>(m)) / day(static_cast<unsigned>(d));
  if (!good || at != text.size() || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return sys_days(date) + hours(hour) + minutes(minute) + seconds(second) + microseconds(micro) - offset;
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
