// SPDX-License-Identifier: MIT
// What a request says its body is: Content-Type and Content-Encoding (RFC 9110 §8.3, §8.4).
// It compares names; it neither reads a body nor trusts that the body is what it says.
#ifndef WEBHOOK_DETAIL_MEDIA_TYPE_HPP
#define WEBHOOK_DETAIL_MEDIA_TYPE_HPP

#include <optional>
#include <string>
#include <string_view>

#include "../error.hpp"
#include "../http.hpp"
#include "http_fields.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// The Content-Type in lower case, without parameters; "" if there is none.
inline std::string media_type(const Headers& headers) {
  const std::string_view value = headers.find("content-type").value_or(std::string_view());
  std::string type(trimmed(value.substr(0, value.find(';'))));
  for (char& c : type) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return type;
}

/// application/json, and everything whose structured suffix says that it is JSON (RFC 6839).
inline bool is_json_type(std::string_view type) noexcept {
  return type == "application/json" || type == "text/json" || type.ends_with("+json");
}
inline bool is_xml_type(std::string_view type) noexcept {
  return type == "application/xml" || type == "text/xml" || type.ends_with("+xml");
}
inline bool is_form_type(std::string_view type) noexcept { return type == "application/x-www-form-urlencoded"; }

/// A header's value for an error's sentence: short, and without what a terminal would obey.
inline std::string quoted_field(std::string_view value) {
  std::string text = "\"";
  for (const char c : value.substr(0, 64)) text += c >= ' ' && c <= '~' ? c : '?';
  if (value.size() > 64) text += "...";
  return text += '"';
}

/// Whether the body is compressed or otherwise encoded, as far as its headers say.
inline bool is_encoded(const Headers& headers) {
  const std::optional<std::string_view> encoding = headers.find("content-encoding");
  return encoding && !trimmed(*encoding).empty() && !Headers::same_name(trimmed(*encoding), "identity");
}
/// Throws Error (errc::unsupported) if the body has a Content-Encoding that the caller cannot undo.
inline void refuse_encoded(const Headers& headers) {
  if (!is_encoded(headers)) return;
  throw Error(errc::unsupported, "the content encoding " + quoted_field(*headers.find("content-encoding")) +
                                     " is not supported here; for gzip, wrap the serializer in webhook::Gzip");
}
[[noreturn]] inline void refuse_type(const Headers& headers) {
  const std::optional<std::string_view> type = headers.find("content-type");
  throw Error(errc::unsupported, type ? "the content type " + quoted_field(*type) + " is not one that can be read here"
                                      : std::string("a body without a content type cannot be read here"));
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
