// SPDX-License-Identifier: MIT
// JsonSerializer: payloads as JSON, in the envelope that Standard Webhooks recommends.
// The one header that includes nlohmann/json; the engine carries bytes and never learns what is in them.
#ifndef WEBHOOK_SERIALIZER_JSON_HPP
#define WEBHOOK_SERIALIZER_JSON_HPP

#include <cmath>
#include <cstddef>
#include <exception>
#include <new>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "../concepts.hpp"
#include "../detail/envelope.hpp"
#include "../detail/http_fields.hpp"
#include "../detail/json_check.hpp"
#include "../detail/json_filter.hpp"
#include "../detail/json_tree.hpp"
#include "../detail/media_type.hpp"
#include "../detail/rfc3339.hpp"
#include "../error.hpp"
#include "json_notice.hpp"
#include "json_parse.hpp"

namespace webhook {
inline namespace v0 {

namespace detail {
template <class T, class Json>
concept BecomesJson = std::is_constructible_v<Json, const T&>;
template <class T, class Json>
concept ComesFromJson = requires(const Json& data) {
  data.template get<T>();
};
}  // namespace detail

/// Writes events as {"id", "type", "timestamp", "data"} in JSON, and takes such bodies apart. Stateless: thread-safe.
/// A type of the host is encoded and decoded by its nlohmann/json conversions (NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE).
class JsonSerializer {
 public:
  using role = webhook::role::serializer;
  using Value = nlohmann::json;
  using Filter = detail::JsonFilter<nlohmann::json>;

  /// True for "json" (and ""), and for "json-bare", which is the payload alone.
  bool renders(std::string_view format) const noexcept {
    return format.empty() || format == "json" || format == "json-bare";
  }

  /// Encodes any value that converts to JSON. Throws Error (errc::invalid_payload) for text that is not UTF-8, a number
  /// that is not finite (JSON has no word for it, and null would be a lie), or more than 512 levels of nesting.
  template <detail::BecomesJson<nlohmann::json> T>
  Bytes encode(const T& value) const {
    if constexpr (std::is_same_v<T, nlohmann::ordered_json>) {
      return write(value);  // its members stay in their order
    } else {
      const Tree tree(converted(value));
      return write(*tree);
    }
  }
  Bytes encode(const nlohmann::json& value) const { return write(value); }

  /// The envelope around the payload, whose bytes go in as they are; an event without payload has null as its data.
  /// Bare, the payload is the body, and its type and id are for the scheme's headers to say.
  /// Throws Error (errc::unsupported) for a format that renders() denies.
  Rendering render(const Event& event, std::string_view format) const {
    if (!renders(format)) {
      throw Error(errc::unsupported, "this serializer knows the formats \"json\" and \"json-bare\" only");
    }
    Rendering rendering;
    rendering.headers.add("content-type", "application/json");
    if (format == "json-bare") {
      rendering.body = event.payload.empty() ? Bytes("null") : event.payload;
      return rendering;
    }
    std::string id, type;  // stay empty where nothing needs escaping
    detail::Rfc3339Room time{};
    rendering.body =
        Bytes::join({"{\"id\":\"", inside_quotes(event.id.view(), id), "\",\"type\":\"",
                     inside_quotes(event.type, type), "\",\"timestamp\":\"", detail::write_rfc3339(event.time, time),
                     "\",\"data\":", detail::json_payload(event), "}"});
    return rendering;
  }

  /// Readable, if the Content-Type says application/json, text/json or anything that ends with +json.
  Recognition recognises(const Request& request) const {
    return detail::is_json_type(detail::media_type(request.headers)) ? Recognition::readable : Recognition::no;
  }

  /// Parses a body. If it is an envelope (an object with a string "type" and "data"), the event gets its type, its time
  /// if that is an RFC 3339 timestamp, and its id if it has none yet; the data is returned. Any other body is returned
  /// whole. Throws Error, naming a position at most, never what the body says: errc::invalid_payload, or
  /// errc::unsupported if the body is compressed, or is no JSON and does not claim to be.
  Value read(const Request& request, Event& event) const {
    detail::refuse_encoded(request.headers);
    Value document;
    try {
      document = detail::parse_json(request.body.view());
    } catch (const Error&) {
      if (request.headers.find("content-type") && recognises(request) == Recognition::no) {
        detail::refuse_type(request.headers);
      }
      throw;
    }
    return detail::open_envelope(std::move(document), event);
  }

  /// The value at a JSON Pointer (RFC 6901), if it is a string, a number or a boolean: a string as it is, the others as
  /// JSON writes them. Nothing for a path that leads nowhere, or is no JSON Pointer.
  std::optional<std::string> find(const Value& data, std::string_view path) const {
    try {
      const Value::json_pointer pointer{std::string(path)};
      if (!data.contains(pointer)) return std::nullopt;
      const Value& found = data.at(pointer);
      if (found.is_string()) return found.get<std::string>();
      if (found.is_number() || found.is_boolean()) return found.dump();
    } catch (const Value::exception&) {  // no pointer, or an index that is no number
    }
    return std::nullopt;
  }

  /// Reads data as a type of the host. Throws Error (errc::invalid_payload) that names the missing field, or the kind
  /// of value that was expected.
  template <detail::ComesFromJson<nlohmann::json> T>
  T decode(const Value& data) const {
    try {
      return data.template get<T>();
    } catch (const nlohmann::json::exception& problem) {
      throw Error(errc::invalid_payload, "the data does not fit the type: " + sentence(problem));
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const Error&) {
      throw;
    } catch (const std::exception&) {  // of the host's own from_json, which may quote the data
      throw Error(errc::invalid_payload, "the data does not fit the type: its conversion threw an exception");
    }
  }

  /// Makes a filter ready: a JSON object of fields and operators, as README's "Endpoints" shows. If `sample` (a payload)
  /// is not empty, the filter's fields must be in it. Throws Error (errc::invalid_filter) that says what is wrong.
  Filter compile(std::string_view filter, std::string_view sample) const {
    const Tree document(parse_filter(filter));
    if (sample.empty()) return Filter(*document, nullptr);
    const Tree example(detail::parse_json(sample));
    return Filter(*document, &*example);
  }

  /// A payload in which each of these fields (JSON Pointers) is null. Throws Error (errc::invalid_filter) for a list that
  /// no payload can have.
  Bytes sample(std::span<const std::string_view> fields) const {
    Value flat = Value::object();
    for (const std::string_view field : fields) flat[std::string(field)] = nullptr;
    try {
      return Bytes(flat.unflatten().dump());
    } catch (const Value::exception&) {
      throw Error(errc::invalid_filter,
                  "these are no fields of one payload; a field is a JSON Pointer (RFC 6901), such as "
                  "\"/customer/country\"");
    }
  }

  /// Judges an event by several filters, with one parse; verdicts[i] is filters[i]'s. Throws Error (errc::invalid_payload)
  /// if the payload is not JSON.
  void matches(std::span<const Filter* const> filters, const Event& event, std::span<bool> verdicts) const {
    const Tree data(event.payload.empty() ? Value() : detail::parse_json(event.payload.view()));
    for (std::size_t i = 0; i < filters.size(); ++i) verdicts[i] = filters[i]->matches(*data);
  }

 private:
  using Tree = detail::JsonTree<nlohmann::json>;

  static Value parse_filter(std::string_view text) {
    try {
      return detail::parse_json(text);
    } catch (const Error& error) {
      throw Error(errc::invalid_filter, std::string("the filter is no JSON: ") + error.what());
    }
  }

  struct Step {  // the way down to a value, for the error's sentence
    const Step* above = nullptr;
    std::string_view key{};
    std::size_t index = 0;
    bool in_object = false;
    std::size_t depth = 0;
  };

  template <class T>
  static nlohmann::json converted(const T& value) {
    try {
      return nlohmann::json(value);
    } catch (const nlohmann::json::exception& problem) {
      throw Error(errc::invalid_payload, "the value does not convert to JSON: " + sentence(problem));
    }
  }

  template <class Json>
  static Bytes write(const Json& value) {
    check(value, Step());
    try {
      return Bytes(value.dump());
    } catch (const nlohmann::json::exception&) {  // 316: all else was checked
      throw Error(errc::invalid_payload, "a string in the payload is not valid UTF-8; send binary data as base64");
    }
  }

  // Before dump(), which recurses without a bound and writes null for a number that is not finite.
  template <class Json>
  static void check(const Json& value, const Step& here) {
    if (value.is_structured()) {
      if (here.depth == detail::max_json_depth) {
        throw Error(errc::invalid_payload,
                    "the payload nests more than " + std::to_string(detail::max_json_depth) + " levels deep");
      }
      std::size_t index = 0;
      for (auto at = value.begin(); at != value.end(); ++at, ++index) {
        const std::string_view key = value.is_object() ? std::string_view(at.key()) : std::string_view();
        check(*at, Step{&here, key, index, value.is_object(), here.depth + 1});
      }
    } else if (value.is_number_float()) {
      if (!std::isfinite(value.template get<double>())) {
        throw Error(errc::invalid_payload, "the number at " + path(here) + " is not finite, which JSON cannot say");
      }
    } else if (value.is_binary() || value.is_discarded()) {
      throw Error(errc::invalid_payload,
                  "the value at " + path(here) + " is binary, which JSON cannot say; use base64");
    }
  }

  static std::string path(const Step& here) {
    if (here.above == nullptr) return "the top";
    std::string text;
    for (const Step* step = &here; step->above != nullptr && text.size() < 256; step = step->above) {
      text.insert(0, step->in_object ? "/" + std::string(step->key.substr(0, 64)) : "/" + std::to_string(step->index));
    }
    return text;
  }

  // nlohmann/json puts "[json.exception.<kind>.<number>] " before its sentence.
  static std::string sentence(const nlohmann::json::exception& problem) {
    const std::string_view text = problem.what();
    const std::size_t end = text.find("] ");
    return std::string(end == std::string_view::npos ? text : text.substr(end + 2));
  }

  // Ids and types are plain as a rule; others are escaped, so that no name can break out of its quotes.
  static std::string_view inside_quotes(std::string_view text, std::string& escaped) {
    if (detail::is_token(text)) return text;  // nothing in a token needs escaping
    for (const char c : text) {
      if (c < ' ' || c > '~' || c == '"' || c == '\\') {
        escaped = Value(text).dump(-1, ' ', true, Value::error_handler_t::replace);
        return std::string_view(escaped).substr(1, escaped.size() - 2);
      }
    }
    return text;
  }
};

static_assert(SerializerPolicy<JsonSerializer> && Recognises<JsonSerializer> && Samples<JsonSerializer> &&
              Encodes<JsonSerializer, nlohmann::json> && Decodes<JsonSerializer, nlohmann::json>);

}  // namespace v0
}  // namespace webhook

#endif
