// SPDX-License-Identifier: MIT
// Event types and the patterns that choose among them: "order.created", "order.*", "*".
// It knows the grammar only; who subscribed with which pattern is the router's business.
#ifndef WEBHOOK_PATTERN_HPP
#define WEBHOOK_PATTERN_HPP

#include <cstddef>
#include <string>
#include <string_view>

#include "error.hpp"

namespace webhook {
inline namespace v0 {

inline constexpr std::size_t max_event_type = 128;  ///< bytes

/// True for [A-Za-z0-9_]+ joined by single dots, at most 128 bytes (the Standard Webhooks recommendation).
constexpr bool is_event_type(std::string_view type) noexcept {
  if (type.empty() || type.size() > max_event_type || type.back() == '.') return false;
  bool at_start = true;  // of a segment
  for (const char c : type) {
    if (c == '.') {
      if (at_start) return false;
      at_start = true;
      continue;
    }
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_')) return false;
    at_start = false;
  }
  return true;
}

/// True for an event type, for "*" (everything), and for an event type followed by ".*" (everything below it).
constexpr bool is_pattern(std::string_view pattern) noexcept {
  if (pattern == "*") return true;
  if (pattern.size() > 2 && pattern.substr(pattern.size() - 2) == ".*") pattern.remove_suffix(2);
  return is_event_type(pattern);
}

/// Whether a pattern chooses a type: "order.*" chooses "order.created" and "order.line.added", but not "order".
constexpr bool matches_pattern(std::string_view pattern, std::string_view type) noexcept {
  if (pattern == "*") return true;
  if (pattern.size() > 2 && pattern.substr(pattern.size() - 2) == ".*") {
    const std::string_view prefix = pattern.substr(0, pattern.size() - 1);  // with its dot
    return type.size() > prefix.size() && type.substr(0, prefix.size()) == prefix;
  }
  return pattern == type;
}

namespace detail {

/// What a stranger wrote, fit for a log: bounded, and without control characters.
inline std::string shown(std::string_view text) {
  std::string clean(text.substr(0, max_event_type));
  for (char& c : clean) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return clean;
}

}  // namespace detail

/// Throws Error (errc::invalid_pattern) unless is_pattern(pattern).
inline void check_pattern(std::string_view pattern) {
  if (is_pattern(pattern)) return;
  throw Error(errc::invalid_pattern, "\"" + detail::shown(pattern) +
                                         "\" is no event pattern: write \"*\", a type such as \"order.created\", or a "
                                         "prefix such as \"order.*\" ([A-Za-z0-9_] joined by dots, at most 128 bytes)");
}

/// Throws Error (errc::invalid_type) unless is_event_type(type).
inline void check_event_type(std::string_view type) {
  if (is_event_type(type)) return;
  throw Error(errc::invalid_type,
              "\"" + detail::shown(type) +
                  "\" is no event type: use [A-Za-z0-9_] joined by dots, at most 128 bytes, such as "
                  "\"order.created\"");
}

}  // namespace v0
}  // namespace webhook

#endif
