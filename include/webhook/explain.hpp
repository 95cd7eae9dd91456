// SPDX-License-Identifier: MIT
// Words a verdict for whoever runs the receiver: what failed, by how much, and what to look at.
// For the host's log: the sender is told the coarse reason only. It quotes nothing of the request and nothing of a key.
#ifndef WEBHOOK_EXPLAIN_HPP
#define WEBHOOK_EXPLAIN_HPP

#include <chrono>
#include <string>
#include <string_view>

#include "verification.hpp"

namespace webhook {
inline namespace v0 {

/// A clue in words, with what to do about it; "" for Clue::none.
constexpr std::string_view to_string(Clue clue) noexcept {
  switch (clue) {
    case Clue::none:
      return "";
    case Clue::json_rewritten:
      return "the body looks re-serialised, it matches when its JSON is spaced or escaped otherwise: verify the raw "
             "bytes, "
             "before anything parses them";
    case Clue::line_ends_changed:
      return "the body's line ends were changed between LF and CRLF: hand over the raw bytes";
    case Clue::end_changed:
      return "white space at the body's end was removed or added: hand over the raw bytes";
    case Clue::byte_order_mark:
      return "a byte-order mark was put before the body or removed: hand over the raw bytes";
    case Clue::url_scheme_changed:
      return "the sender signed another URL, with http for https or the other way round: a proxy ends TLS; name the "
             "public "
             "origin where the receiver is mounted";
    case Clue::url_host_changed:
      return "the sender signed a URL with another host, the one that a proxy forwards for: name the public origin "
             "where "
             "the receiver is mounted";
    case Clue::url_path_changed:
      return "the sender signed a URL with another path, the one that a proxy forwards for: hand over the URL as the "
             "public sees it";
  }
  return "";
}

namespace detail {

inline std::string seconds_of(Duration age) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(age < Duration::zero() ? -age : age).count();
  return std::to_string(seconds) + " s";
}

}  // namespace detail

/// What a verdict means, in one sentence for a log: "the timestamp is 412 s old: a replay, or the clocks differ".
inline std::string explain(const Verification& verdict) {
  std::string text;
  switch (verdict.reason) {
    case Verification::missing_header:
      if (verdict.header.empty()) break;
      return text.append("the header \"").append(verdict.header).append("\" is missing");
    case Verification::malformed:
      if (verdict.header.empty()) break;
      return text.append("the header \"").append(verdict.header).append("\" is malformed or repeated");
    case Verification::too_old:
      if (verdict.age <= Duration::zero()) break;
      return "the timestamp is " + detail::seconds_of(verdict.age) + " old: a replay, or the clocks differ";
    case Verification::too_new:
      if (verdict.age >= Duration::zero()) break;
      return "the timestamp is " + detail::seconds_of(verdict.age) + " in the future: the clocks differ";
    case Verification::bad_signature:
      if (verdict.clue == Clue::none) break;
      return text.append("no signature matches: ").append(to_string(verdict.clue));
    case Verification::expired_key:
      return "signed with a key that has expired, number " + std::to_string(verdict.key + 1) +
             " of those given: the sender still uses the old one";
    default:
      break;
  }
  return std::string(to_string(verdict.reason));
}

}  // namespace v0
}  // namespace webhook

#endif
