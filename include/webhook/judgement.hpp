// SPDX-License-Identifier: MIT
// What an answer means: delivered, try again, stop, and how long its endpoint wants to be left alone.
// A pure function of the answer and the time; what follows from it is done by the worker.
#ifndef WEBHOOK_JUDGEMENT_HPP
#define WEBHOOK_JUDGEMENT_HPP

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "detail/http_date.hpp"
#include "http.hpp"
#include "time.hpp"

namespace webhook {
inline namespace v0 {

/// The meaning of an answer.
struct Judgement {
  enum class Verdict : std::uint8_t {
    delivered,  ///< 2xx
    retry,      ///< everything else: try again as the schedule says
    abort,      ///< `webhook-delivery: abort-message`: not this delivery again
    gone        ///< 410: nothing for this endpoint again
  } verdict = Verdict::retry;
  bool disable = false;                   ///< `webhook-delivery: disable`: the endpoint asks to be disabled
  std::optional<Duration> retry_after{};  ///< not earlier than this, at most 24 h
  bool rest = false;                      ///< 429 and 503: the whole lane rests, not only this delivery
};

inline constexpr Duration longest_retry_after = std::chrono::hours{24};

/// Reads a Retry-After value (RFC 9110 §10.2.3): seconds or a date. Nothing if it is malformed, zero for a date in the
/// past, and never more than 24 h.
inline std::optional<Duration> parse_retry_after(std::string_view value, WallTime now) {
  if (value.empty()) return std::nullopt;
  bool digits = true;
  for (const char c : value) digits = digits && c >= '0' && c <= '9';
  if (digits) {
    std::int64_t seconds = 0;
    constexpr auto most = std::chrono::duration_cast<std::chrono::seconds>(longest_retry_after).count();
    for (const char c : value) {
      seconds = seconds * 10 + (c - '0');
      if (seconds > most) return longest_retry_after;
    }
    return std::chrono::seconds(seconds);
  }
  const std::optional<WallTime> date = detail::parse_http_date(value, now);
  if (!date) return std::nullopt;
  if (*date <= now) return Duration::zero();
  const WallTime::duration wait = *date - now;  // compared as microseconds, because a far date overflows nanoseconds
  if (wait >= std::chrono::duration_cast<WallTime::duration>(longest_retry_after)) return longest_retry_after;
  return std::chrono::duration_cast<Duration>(wait);
}

/// Judges an answer that arrived at `now`. A success is a final 2xx with a complete header block, nothing else: the
/// transport leaves `status` at 0 where there was none. Redirects are failures.
inline Judgement judge(const Response& response, WallTime now) {
  Judgement judgement;
  if (response.failure != Failure::none || response.status == 0) return judgement;
  if (const auto asked = response.headers.find("webhook-delivery")) {
    judgement.disable = Headers::same_name(*asked, "disable");
    if (Headers::same_name(*asked, "abort-message")) judgement.verdict = Judgement::Verdict::abort;
  }
  if (response.status >= 200 && response.status < 300) {
    judgement.verdict = Judgement::Verdict::delivered;
    return judgement;
  }
  if (response.status == 410) {
    judgement.verdict = Judgement::Verdict::gone;
    return judgement;
  }
  judgement.rest = response.status == 429 || response.status == 503;
  // Two values contradict each other, so neither counts.
  if (response.headers.count("retry-after") == 1) {
    judgement.retry_after = parse_retry_after(*response.headers.find("retry-after"), now);
  }
  return judgement;
}

}  // namespace v0
}  // namespace webhook

#endif
