// SPDX-License-Identifier: MIT
// Reads the date of an HTTP header field, in the three forms of RFC 9110 §5.6.7.
// It knows nothing of the field it came from; Retry-After is judged in judgement.hpp.
#ifndef WEBHOOK_DETAIL_HTTP_DATE_HPP
#define WEBHOOK_DETAIL_HTTP_DATE_HPP

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

#include "../time.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// Takes one text apart from its front; each step says whether it found what it wanted.
class DateCursor {
 public:
  explicit DateCursor(std::string_view text) : rest_(text) {}

  bool literal(std::string_view wanted) {
    if (rest_.substr(0, wanted.size()) != wanted) return false;
    rest_.remove_prefix(wanted.size());
    return true;
  }
  bool number(std::size_t digits, int& value) {
    if (rest_.size() < digits) return false;
    value = 0;
    for (const char c : rest_.substr(0, digits)) {
      if (c < '0' || c > '9') return false;
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(digits);
    return true;
  }
  bool month(unsigned& value) {
    constexpr std::string_view names = "JanFebMarAprMayJunJulAugSepOctNovDec";
    if (rest_.size() < 3) return false;
    const std::size_t at = names.find(rest_.substr(0, 3));
    if (at == std::string_view::npos || at % 3 != 0) return false;
    value = static_cast<unsigned>(at / 3) + 1;
    rest_.remove_prefix(3);
    return true;
  }
  bool clock(std::chrono::seconds& value) {
    int hour = 0, minute = 0, second = 0;
    if (!number(2, hour) || !literal(":") || !number(2, minute) || !literal(":") || !number(2, second)) return false;
    if (hour > 23 || minute > 59 || second > 60) return false;
    value = std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
    return true;
  }
  bool weekday() {  // of any length; it says nothing that the date does not
    const std::size_t end = rest_.find_first_of(", ");
    if (end == std::string_view::npos || end < 3) return false;
    rest_.remove_prefix(end);
    return true;
  }
  bool done() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

/// The date, or nothing if the text is in none of the three forms. `now` places the two-digit years of RFC 850.
inline std::optional<WallTime> parse_http_date(std::string_view text, WallTime now) {
  DateCursor at(text);
  int day = 0, year = 0;
  unsigned month = 0;
  std::chrono::seconds clock{};
  if (!at.weekday()) return std::nullopt;
  if (at.literal(", ")) {
    if (!at.number(2, day)) return std::nullopt;
    if (at.literal(" ")) {  // Sun, 06 Nov 1994 08:49:37 GMT
      if (!at.month(month) || !at.literal(" ") || !at.number(4, year)) return std::nullopt;
    } else {  // Sunday, 06-Nov-94 08:49:37 GMT
      if (!at.literal("-") || !at.month(month) || !at.literal("-") || !at.number(2, year)) return std::nullopt;
      const std::chrono::year_month_day today(std::chrono::floor<std::chrono::days>(now));
      const int this_year = static_cast<int>(today.year());
      year += this_year - this_year % 100;
      if (year > this_year + 50) year -= 100;
      if (year < this_year - 49) year += 100;
    }
    if (!at.literal(" ") || !at.clock(clock) || !at.literal(" GMT") || !at.done()) return std::nullopt;
  } else {  // Sun Nov  6 08:49:37 1994
    if (!at.literal(" ") || !at.month(month) || !at.literal(" ")) return std::nullopt;
    if (at.literal(" ") ? !at.number(1, day) : !at.number(2, day)) return std::nullopt;
    if (!at.literal(" ") || !at.clock(clock) || !at.literal(" ") || !at.number(4, year) || !at.done())
      return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return WallTime(std::chrono::sys_days(date)) + clock;
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
