// SPDX-License-Identifier: MIT
// What may be said of an HMAC scheme: the hash, the spelling, the headers and what is signed; and which of it is wrong.
// It knows neither keys nor requests.
#ifndef WEBHOOK_SCHEME_HMAC_OPTIONS_HPP
#define WEBHOOK_SCHEME_HMAC_OPTIONS_HPP

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "../detail/http_fields.hpp"
#include "../error.hpp"
#include "../http.hpp"

namespace webhook {
inline namespace v0 {

/// How a system signs. The value of its header is: the timestamp after its prefix (if it stands there), then the
/// signature after its prefix, parted by the separator: "t=1726285679,v1=e2af26...".
struct HmacOptions {
  enum class Hash : std::uint8_t { sha1, sha256, sha512 };
  enum class Encoding : std::uint8_t { hex, hex_upper, base64 };
  enum class KeyText : std::uint8_t { text, base64 };  ///< the secret's text is the key, or the base64 of the key

  std::string name = "hmac";  ///< of the scheme, as endpoints name it: letters, digits, '-' and '_'
  Hash hash = Hash::sha256;
  Encoding encoding = Encoding::hex;
  KeyText key = KeyText::text;
  std::string header = "X-Signature";  ///< carries the signature
  std::string prefix{};                ///< before each signature: "sha256=", "v1="
  std::string separator{};             ///< between several signatures, and after the timestamp; "": one signature
  std::string timestamp_header{};      ///< carries the time in seconds, in a header of its own ...
  std::string timestamp_prefix{};      ///< ... or within `header`, first, after this: "t="; it wants a separator
  std::string id_header{};             ///< carries the event's id
  std::string content = "{body}";      ///< what is signed: text with {body}, {timestamp}, {id}, {url}, {method} and
                                       ///< {header:name} in it; "{{" is a brace
  bool any_age = false;                ///< true: a timestamp is signed, but however old it is, it is accepted
};

/// Throws Error (errc::invalid) with the first of the options that is wrong by itself.
inline void check_options(const HmacOptions& options) {
  const auto invalid = [](std::string_view option, const char* what) {
    throw Error(errc::invalid, std::string("HmacOptions::").append(option) + what);
  };
  if (options.name.empty() || options.name.size() > 64) invalid("name", " has 1 to 64 characters");
  for (const char c : options.name) {
    const bool allowed =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!allowed) invalid("name", " consists of letters, digits, '-' and '_'");
  }
  for (const auto& [option, name] : {std::pair<std::string_view, const std::string&>{"header", options.header},
                                     {"timestamp_header", options.timestamp_header},
                                     {"id_header", options.id_header}}) {
    if (name.empty() && option != "header") continue;
    if (!detail::is_token(name) || name.size() > 256 || detail::is_framing_field(name))
      invalid(option, " is no name that a header can have here: use letters, digits and '-'");
  }
  const auto same = [](const std::string& left, const std::string& right) {
    return !left.empty() && Headers::same_name(left, right);
  };
  if (same(options.header, options.timestamp_header) || same(options.header, options.id_header) ||
      same(options.timestamp_header, options.id_header)) {
    invalid("header", ", timestamp_header and id_header must be different headers");
  }
  for (const auto& [option, text] : {std::pair<std::string_view, const std::string&>{"prefix", options.prefix},
                                     {"separator", options.separator},
                                     {"timestamp_prefix", options.timestamp_prefix}}) {
    if (!detail::is_field_value(text) || text.size() > 64) invalid(option, " has control characters or over 64 bytes");
  }
  if (!options.timestamp_prefix.empty()) {
    if (!options.timestamp_header.empty())
      invalid("timestamp_prefix", " and timestamp_header are both set; the timestamp is sent once, choose one");
    if (options.separator.empty())
      invalid("separator", " is empty, so nothing would part the timestamp from the signature; set it, to \",\" say");
    if (options.timestamp_prefix == options.prefix)
      invalid("timestamp_prefix", " is the same as prefix, so the timestamp could not be told from a signature");
  }
  for (const char c : options.separator) {
    const bool digit = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (digit || (options.encoding == HmacOptions::Encoding::base64 && (c == '+' || c == '/' || c == '=')))
      invalid("separator", " has a character that may be part of a signature");
  }
  if (!options.separator.empty() && (options.prefix.find(options.separator) != std::string::npos ||
                                     options.timestamp_prefix.find(options.separator) != std::string::npos)) {
    invalid("separator", " must not occur in a prefix");
  }
}

}  // namespace v0
}  // namespace webhook

#endif
