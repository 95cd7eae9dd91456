// SPDX-License-Identifier: MIT
// How deep a JSON text nests, found without recursion and without a parser.
// It judges depth only; whether the text is JSON at all is for the parser to say.
#ifndef WEBHOOK_DETAIL_JSON_CHECK_HPP
#define WEBHOOK_DETAIL_JSON_CHECK_HPP

#include <cstddef>
#include <string_view>

namespace webhook {
inline namespace v0 {
namespace detail {

inline constexpr std::size_t max_json_depth = 512;  ///< arrays and objects inside each other

/// The position of the bracket that opens one level too many, or npos. One pass, whatever the text is.
inline std::size_t find_too_deep(std::string_view text, std::size_t limit = max_json_depth) noexcept {
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted) {
      if (c == '\\') ++at;  // whatever follows, it does not end the string
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      if (++depth > limit) return at;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return std::string_view::npos;
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
