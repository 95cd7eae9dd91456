// SPDX-License-Identifier: MIT
// How CloudEvents 1.0 attributes travel in HTTP headers (HTTP protocol binding 1.0.2 §3.1.3), both ways.
// It knows no event and no mode.
#ifndef WEBHOOK_DETAIL_CLOUDEVENTS_ATTRIBUTES_HPP
#define WEBHOOK_DETAIL_CLOUDEVENTS_ATTRIBUTES_HPP

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "utf8.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// Percent-encodes what is no visible ASCII character, the quotation mark and the percent sign; `text` is UTF-8.
inline std::string ce_header_value(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string value;
  for (const char c : text) {
    if (c > ' ' && c <= '~' && c != '"' && c != '%') {
      value += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      value += '%';
      value += digits[byte >> 4U];
      value += digits[byte & 15U];
    }
  }
  return value;
}

/// Undoes it, and the quotes that senders of older versions put around values. Nothing if it is not valid UTF-8 then, or
/// its quotes do not end; a '%' that no two hexadecimal digits follow stays.
inline std::optional<std::string> ce_attribute(std::string_view value) {
  std::string unquoted;
  if (!value.empty() && value.front() == '"') {
    if (value.size() < 2 || value.back() != '"') return std::nullopt;
    value = value.substr(1, value.size() - 2);
    for (std::size_t at = 0; at < value.size(); ++at) {
      if (value[at] == '\\' && ++at == value.size()) return std::nullopt;
      unquoted += value[at];
    }
    value = unquoted;
  }
  const auto digit = [value](std::size_t at) -> unsigned {
    const char c = at < value.size() ? value[at] : '\0';
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? static_cast<unsigned>(lower - 'a' + 10) : 255U;
  };
  std::string text;
  for (std::size_t at = 0; at < value.size(); ++at) {
    if (value[at] == '%' && digit(at + 1) != 255 && digit(at + 2) != 255) {
      text += static_cast<char>(static_cast<unsigned char>(digit(at + 1) * 16 + digit(at + 2)));
      at += 2;
    } else {
      text += value[at];
    }
  }
  if (find_not_utf8(text) != std::string_view::npos) return std::nullopt;
  return text;
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
