// SPDX-License-Identifier: MIT
// CloudEvents: events as CloudEvents 1.0, in structured mode (one JSON document) and in binary mode (attributes in ce-*
// headers, the data as body), and back. One event per request: batches are refused. The handshake that the CloudEvents
// web hook specification wants before delivery is not a format's business.
#ifndef WEBHOOK_SERIALIZER_CLOUDEVENTS_HPP
#define WEBHOOK_SERIALIZER_CLOUDEVENTS_HPP

#include <array>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "../concepts.hpp"
#include "../detail/base64.hpp"
#include "../detail/cloudevents_attributes.hpp"
#include "../detail/envelope.hpp"
#include "../detail/media_type.hpp"
#include "../detail/rfc3339.hpp"
#include "../error.hpp"
#include "json.hpp"

namespace webhook {
inline namespace v0 {

/// What CloudEvents want to know beyond an Event.
struct CloudEventsOptions {
  std::string source = "/";                            ///< where events come from, a URI-reference; with an id it is
                                                       ///< unique, so let it say who you are
  std::function<std::string(const Event&)> subject{};  ///< of an event; "": none. From any thread, deterministic
};

/// Writes events as CloudEvents 1.0: "cloudevents" (structured, and "") or "cloudevents-binary". Payloads are JSON, as
/// JsonSerializer encodes them, and go in byte for byte. Thread-safe.
class CloudEventsSerializer : private JsonSerializer {
 public:
  using role = webhook::role::serializer;
  using Value = JsonSerializer::Value;
  using Filter = JsonSerializer::Filter;
  using JsonSerializer::compile;
  using JsonSerializer::decode;
  using JsonSerializer::encode;
  using JsonSerializer::find;
  using JsonSerializer::matches;

  CloudEventsSerializer() = default;
  /// Throws Error (errc::invalid) for a source that is empty, or has what no URI has.
  explicit CloudEventsSerializer(CloudEventsOptions options) : options_(std::move(options)) {
    bool good = !options_.source.empty();
    for (const char c : options_.source) {
      good = good && c > ' ' && c <= '~' && std::string_view("\"<>\\^`{|}").find(c) == std::string_view::npos;
    }
    if (!good) {
      throw Error(errc::invalid, "a CloudEvents source is a URI-reference, such as \"https://shop.example\"");
    }
  }
  explicit CloudEventsSerializer(std::string source)
      : CloudEventsSerializer(CloudEventsOptions{std::move(source), {}}) {}

  bool renders(std::string_view format) const noexcept {
    return format.empty() || format == "cloudevents" || format == "cloudevents-binary";
  }

  /// An event without payload has null as its data. Throws Error: errc::unsupported for a format that renders() denies;
  /// errc::invalid_payload for an id, type or subject that is no UTF-8.
  Rendering render(const Event& event, std::string_view format) const {
    if (!renders(format)) {
      throw Error(errc::unsupported,
                  "this serializer knows the formats \"cloudevents\" and \"cloudevents-binary\" only");
    }
    const std::string subject = options_.subject ? options_.subject(event) : std::string();
    const std::string time = detail::format_rfc3339(event.time);
    const std::array<Header, 7> attributes{{{"specversion", "1.0"},
                                            {"id", event.id.view()},
                                            {"source", options_.source},
                                            {"type", event.type},
                                            {"subject", subject},
                                            {"time", time},
                                            {"traceparent", event.traceparent}}};
    for (const Header& attribute : attributes) {
      if (detail::find_not_utf8(attribute.value) != std::string_view::npos) {
        throw Error(errc::invalid_payload, "the event's " + std::string(attribute.name) + " is not valid UTF-8");
      }
    }
    return format == "cloudevents-binary" ? binary(attributes, event) : structured(attributes, event);
  }

  /// Its own, if the Content-Type begins with application/cloudevents, or there is a ce-specversion header.
  Recognition recognises(const Request& request) const {
    const bool own = is_cloudevents(detail::media_type(request.headers)) || request.headers.find("ce-specversion");
    return own ? Recognition::own : Recognition::no;
  }

  /// Reads an event of either mode: its type, its time, its traceparent, and its id if the event has none yet; the data
  /// is returned. data_base64 is decoded if it holds JSON, and returned as it stands if not. Throws Error:
  /// errc::invalid_payload for a missing attribute or another version; errc::unsupported for a batch, for an encoding
  /// other than JSON, and for what is no CloudEvent.
  Value read(const Request& request, Event& event) const {
    detail::refuse_encoded(request.headers);
    const std::string type = detail::media_type(request.headers);
    if (type.rfind("application/cloudevents-batch", 0) == 0) {
      throw Error(errc::unsupported, "batches of CloudEvents are not accepted; send one event per request");
    }
    if (is_cloudevents(type) && type != "application/cloudevents+json") detail::refuse_type(request.headers);
    if (type != "application/cloudevents+json" && request.headers.find("ce-specversion")) {
      return read_binary(request, type, event);
    }
    // Without a content type, only the document itself can tell; with another one, it is somebody else's.
    if (!type.empty() && !detail::is_json_type(type)) detail::refuse_type(request.headers);
    return read_structured(request.body.view(), event);
  }

 private:
  static bool is_cloudevents(std::string_view type) noexcept {
    return type.substr(0, 23) == "application/cloudevents" && (type.size() == 23 || type[23] == '+' || type[23] == '-');
  }

  static Rendering structured(std::span<const Header> attributes, const Event& event) {
    std::string body = "{";
    for (const Header& attribute : attributes) {
      if (attribute.value.empty() && attribute.name != "id" && attribute.name != "type") continue;
      body.append("\"").append(attribute.name).append("\":").append(Value(attribute.value).dump()).append(",");
    }
    body.append("\"datacontenttype\":\"application/json\",\"data\":").append(detail::json_payload(event)).append("}");
    return {{{"content-type", "application/cloudevents+json; charset=utf-8"}}, Bytes(body)};
  }

  static Rendering binary(std::span<const Header> attributes, const Event& event) {
    Rendering rendering;
    rendering.headers.add("content-type", "application/json");
    for (const Header& attribute : attributes) {
      if (attribute.value.empty() && attribute.name != "id" && attribute.name != "type") continue;
      rendering.headers.add("ce-" + std::string(attribute.name), detail::ce_header_value(attribute.value));
    }
    rendering.body = event.payload.empty() ? Bytes("null") : event.payload;
    return rendering;
  }

  // Attributes in the order in which they are asked for; nothing for one that is not there.
  struct Attributes {
    std::optional<std::string> version{}, id{}, source{}, type{}, time{}, traceparent{};
  };

  template <class Find>
  static void take(const Find& find, Event& event) {
    const Attributes found{find("specversion"), find("id"),   find("source"),
                           find("type"),        find("time"), find("traceparent")};
    if (found.version != "1.0") throw Error(errc::invalid_payload, "a CloudEvent of version 1.0 was expected");
    for (const auto& [value, name] : {std::pair{&found.id, "id"}, {&found.source, "source"}, {&found.type, "type"}}) {
      if (!*value || (*value)->empty()) {
        throw Error(errc::invalid_payload, std::string("the CloudEvent has no attribute \"") + name + "\"");
      }
    }
    const std::optional<WallTime> time = found.time ? detail::parse_rfc3339(*found.time) : std::nullopt;
    if (found.time && !time) throw Error(errc::invalid_payload, "the CloudEvent's time is no RFC 3339 timestamp");
    event.type = *found.type;
    if (time) event.time = *time;
    if (event.id.empty() && found.id->size() <= EventId::max_size) event.id = EventId(*found.id);
    if (found.traceparent) event.traceparent = *found.traceparent;
  }

  static Value read_binary(const Request& request, const std::string& type, Event& event) {
    if (!type.empty() && !detail::is_json_type(type)) detail::refuse_type(request.headers);
    Value data = request.body.empty() ? Value() : detail::parse_json(request.body.view());
    take(
        [&](const char* name) -> std::optional<std::string> {
          const std::string header = "ce-" + std::string(name);
          const std::optional<std::string_view> value = request.headers.find(header);
          if (!value) return std::nullopt;
          std::optional<std::string> text = detail::ce_attribute(detail::trimmed(*value));
          if (!text || request.headers.count(header) != 1) {
            throw Error(errc::invalid_payload, "the header " + header + " is malformed, or there are several");
          }
          return text;
        },
        event);
    return data;
  }

  static Value read_structured(std::string_view body, Event& event) {
    Value document = detail::parse_json(body);
    if (!document.is_object()) throw Error(errc::invalid_payload, "a CloudEvent is a JSON object");
    const auto text = [&](const char* name) -> std::optional<std::string> {
      const auto found = document.find(name);
      if (found == document.end() || found->is_null()) return std::nullopt;
      if (!found->is_string()) {
        throw Error(errc::invalid_payload, std::string("the CloudEvent's attribute \"") + name + "\" is no string");
      }
      return found->template get<std::string>();
    };
    const auto data = document.find("data");
    const std::optional<std::string> packed = text("data_base64");
    if (packed && data != document.end()) {
      throw Error(errc::invalid_payload, "the CloudEvent has both data and data_base64");
    }
    Value read;
    if (packed) {
      read = unpacked(*packed, text("datacontenttype"));
    } else if (data != document.end()) {
      read = *data;
    }
    take(text, event);
    return read;
  }

  static Value unpacked(const std::string& packed, const std::optional<std::string>& type) {
    std::string bytes(packed.size() / 4 * 3, '\0');
    const std::optional<std::size_t> size =
        detail::decode_base64(packed, {reinterpret_cast<unsigned char*>(bytes.data()), bytes.size()});
    if (!size) throw Error(errc::invalid_payload, "the CloudEvent's data_base64 is not base64");
    bytes.resize(*size);
    const bool json = !type || detail::is_json_type(detail::media_type({{"content-type", *type}}));
    return json ? detail::parse_json(bytes) : Value(packed);
  }

  CloudEventsOptions options_{};
};

static_assert(SerializerPolicy<CloudEventsSerializer> && Recognises<CloudEventsSerializer> &&
              Filters<CloudEventsSerializer> && Encodes<CloudEventsSerializer, nlohmann::json> &&
              Decodes<CloudEventsSerializer, nlohmann::json>);

}  // namespace v0
}  // namespace webhook

#endif
