// SPDX-License-Identifier: MIT
// A text as a JSON string, for answers that are too small for a JSON library.
// Whoever writes more than a member or two uses a serializer.
#ifndef WEBHOOK_DETAIL_JSON_TEXT_HPP
#define WEBHOOK_DETAIL_JSON_TEXT_HPP

#include <string>
#include <string_view>

namespace webhook {
inline namespace v0 {
namespace detail {

/// In quotes; quotes, backslashes and control characters are escaped, all else is taken for UTF-8 and stays as it is.
inline std::string json_text(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.append(1, '\\').append(1, c);
    } else if (byte < 0x20 || byte == 0x7F) {
      out.append("\\u00").append(1, digits[byte >> 4U]).append(1, digits[byte & 0xFU]);
    } else {
      out += c;
    }
  }
  return out += '"';
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
