// SPDX-License-Identifier: MIT
// How a scheme fills in an event from what its senders say in headers or in the body: only what can be an id, a type or
// a time gets in, because handlers are chosen by it and logs show it.
// It does not know where a sender says what.
#ifndef WEBHOOK_DETAIL_DESCRIBED_HPP
#define WEBHOOK_DETAIL_DESCRIBED_HPP

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "../event.hpp"
#include "message_id.hpp"
#include "rfc3339.hpp"
#include "unix_time.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// The event type that `text` names, with dots instead of `separator`; "" if it is none ([A-Za-z0-9_]+ joined by dots,
/// at most 128 bytes).
inline std::string described_type(std::string_view text, char separator = '.') {
  std::string type(text.substr(0, 129));
  bool part_ended = true;
  for (char& c : type) {
    if (c == separator || c == '.') {
      if (part_ended) return {};
      part_ended = true;
      c = '.';
      continue;
    }
    part_ended = false;
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_')) return {};
  }
  if (part_ended || type.size() > 128) return {};
  return type;
}

inline void describe_type(Event& event, const std::optional<std::string>& text) {
  if (!text) return;
  if (std::string type = described_type(*text); !type.empty()) event.type = std::move(type);
}

inline void describe_id(Event& event, const std::optional<std::string>& text) {
  if (text && text->size() <= EventId::max_size && is_message_id(*text)) event.id = EventId(*text);
}

/// From whole seconds since 1970.
inline void describe_unix_time(Event& event, const std::optional<std::string>& text) {
  if (!text) return;
  if (const auto seconds = parse_unix_seconds(*text)) event.time = WallTime(std::chrono::seconds(*seconds));
}

inline void describe_rfc3339(Event& event, const std::optional<std::string>& text) {
  if (!text) return;
  if (const auto time = parse_rfc3339(*text)) event.time = *time;
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
