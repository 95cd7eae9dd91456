// SPDX-License-Identifier: MIT
// The envelope that every format of ours shares: id, type, timestamp and data; put around a payload, and taken off again.
// It knows neither how a format writes it nor which JSON library holds it.
#ifndef WEBHOOK_DETAIL_ENVELOPE_HPP
#define WEBHOOK_DETAIL_ENVELOPE_HPP

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "../event.hpp"
#include "json_walk.hpp"
#include "rfc3339.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// An event's payload as JSON; "null" where it has none.
inline std::string_view json_payload(const Event& event) noexcept {
  return event.payload.empty() ? std::string_view("null") : event.payload.view();
}

/// Walks an event as if it were written in JSON. Throws Error (errc::invalid_payload) if its payload is no JSON, or its
/// id or type no UTF-8.
template <class Visitor>
void walk_envelope(const Event& event, Visitor& visitor) {
  if (find_not_utf8(event.id.view()) != std::string_view::npos || find_not_utf8(event.type) != std::string_view::npos) {
    throw Error(errc::invalid_payload, "the event's id or type is not valid UTF-8");
  }
  visitor.begin_object();
  visitor.key("id");
  visitor.string(event.id.view());
  visitor.key("type");
  visitor.string(event.type);
  visitor.key("timestamp");
  visitor.string(format_rfc3339(event.time));
  visitor.key("data");
  walk_json(json_payload(event), visitor);
  visitor.end_object();
}

/// Walks an event, or its payload alone.
template <class Visitor>
void walk_event(const Event& event, bool bare, Visitor& visitor) {
  if (bare) {
    walk_json(json_payload(event), visitor);
  } else {
    walk_envelope(event, visitor);
  }
}

/// Takes a document apart. An envelope (an object with a string "type" and "data") gives the event its type, its time if
/// that is an RFC 3339 timestamp, and its id if it has none yet, and becomes its data; any other is returned whole.
template <class Json>
Json open_envelope(Json document, Event& event) {
  if (!document.is_object()) return document;
  const auto type = document.find("type");
  const auto data = document.find("data");
  if (type == document.end() || data == document.end() || !type->is_string()) return document;
  event.type = type->template get_ref<const std::string&>();
  const auto text_of = [&document](const char* key) -> const std::string* {
    const auto found = document.find(key);
    return found != document.end() && found->is_string() ? found->template get_ptr<const std::string*>() : nullptr;
  };
  if (const std::string* time = text_of("timestamp")) {
    if (const std::optional<WallTime> parsed = parse_rfc3339(*time)) event.time = *parsed;
  }
  if (const std::string* id = text_of("id"); id != nullptr && event.id.empty() && id->size() <= EventId::max_size) {
    event.id = EventId(*id);
  }
  return std::move(*data);
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
