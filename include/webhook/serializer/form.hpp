// SPDX-License-Identifier: MIT
// FormSerializer: events as application/x-www-form-urlencoded, as PHP, Rails and every form handler read it, and back.
// Numbers are copied digit by digit from the payload; the names and their brackets are detail/form_*.hpp's.
#ifndef WEBHOOK_SERIALIZER_FORM_HPP
#define WEBHOOK_SERIALIZER_FORM_HPP

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../concepts.hpp"
#include "../detail/envelope.hpp"
#include "../detail/form_reader.hpp"
#include "../detail/form_writer.hpp"
#include "../detail/media_type.hpp"
#include "../error.hpp"
#include "json_text.hpp"

namespace webhook {
inline namespace v0 {

/// How forms are read.
struct FormOptions {
  std::size_t max_fields = 1000;                   ///< more are refused
  std::size_t max_depth = detail::max_form_depth;  ///< of brackets
  std::string json_field{};  ///< a field that holds the whole event as JSON: "payload" for GitHub and Slack; "": none
};

/// Writes events as a form: "form" is id, type, timestamp and data[…]; "form-bare" the payload's own names. Payloads are
/// JSON, as JsonSerializer encodes them. a[b]=1 is a member, a[]=1 an element, a[0][b]=1 a member of an element.
/// A form carries text only: null, "", [] and {} all arrive as "", an object with the names 0, 1, 2 … as a list, and an
/// empty name inside brackets as an element; decode() undoes what the type of the host tells. Thread-safe.
class FormSerializer : public detail::TextSerializer {
 public:
  FormSerializer() = default;
  explicit FormSerializer(FormOptions options) : options_(std::move(options)) {}

  /// True for "form" (and ""), and for "form-bare".
  bool renders(std::string_view format) const noexcept {
    return format.empty() || format == "form" || format == "form-bare";
  }

  /// Throws Error: errc::invalid_payload for a payload that is no JSON or nests more than 64 levels deep,
  /// errc::too_large for a form of more than 16 MiB, errc::unsupported for a format that renders() denies.
  Rendering render(const Event& event, std::string_view format) const {
    if (!renders(format)) {
      throw Error(errc::unsupported, "this serializer knows the formats \"form\" and \"form-bare\" only");
    }
    detail::FormWriter writer;
    detail::walk_event(event, format == "form-bare", writer);
    return {{{"content-type", "application/x-www-form-urlencoded"}}, Bytes(writer.take())};
  }

  /// Readable, if the Content-Type says application/x-www-form-urlencoded.
  Recognition recognises(const Request& request) const {
    return detail::is_form_type(detail::media_type(request.headers)) ? Recognition::readable : Recognition::no;
  }

  /// Reads a form into an object of its fields, all of them text; an envelope is opened as JsonSerializer does, and so is
  /// the JSON in FormOptions::json_field. Throws Error: errc::invalid_payload, or errc::unsupported if it is compressed.
  Value read(const Request& request, Event& event) const {
    detail::refuse_encoded(request.headers);
    const std::vector<detail::FormField> fields = detail::form_fields(request.body.view(), options_.max_fields);
    detail::FormTree tree(options_.max_depth);
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (!options_.json_field.empty() && fields[i].name == options_.json_field) {
        return detail::open_envelope(detail::parse_json(fields[i].value), event);
      }
      tree.add(fields[i], i + 1);
    }
    return detail::open_envelope(tree.tree<Value>(), event);
  }

 private:
  FormOptions options_{};
};

static_assert(SerializerPolicy<FormSerializer> && Recognises<FormSerializer> && Filters<FormSerializer> &&
              Encodes<FormSerializer, nlohmann::json> && Decodes<FormSerializer, nlohmann::json>);

}  // namespace v0
}  // namespace webhook

#endif
