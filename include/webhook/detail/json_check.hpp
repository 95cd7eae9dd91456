// SPDX-License-Identifier: MIT
// How deep a JSON text nests, found without recursion and without a parser.
// It judges depth only; whether the text is JSON at all is for the parser to say.
#ifndef WEBHOOK_DETAIL_JSON_CHECK_HPP
#define WEBHOOK_DETAIL_JSON_CHECK_HPP

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace webhook {
inline namespace v0 {
namespace detail {

inline constexpr std::size_t max_json_depth = 512;  ///< arrays and objects inside each other

/// How many brackets open in a text, those within strings too.
inline std::size_t count_opening(std::string_view text) noexcept {
  constexpr std::uint64_t each = 0x0101010101010101U;
  std::size_t count = 0, at = 0;
  for (; at + sizeof each <= text.size(); at += sizeof each) {  // eight at once: this looks at every payload
    std::uint64_t eight = 0;
    std::memcpy(&eight, text.data() + at, sizeof eight);
    eight = (eight | 0x20U * each) ^ static_cast<unsigned char>('{') * each;  // '[' and '{' differ by 0x20; now 0
    count += static_cast<std::size_t>(std::popcount(~(((eight & 0x7FU * each) + 0x7FU * each) | eight) & 0x80U * each));
  }
  for (; at < text.size(); ++at) count += text[at] == '[' || text[at] == '{' ? 1U : 0U;
  return count;
}

/// The position of the bracket that opens one level too many, or npos. One pass, or two, whatever the text is.
inline std::size_t find_too_deep(std::string_view text, std::size_t limit = max_json_depth) noexcept {
  if (count_opening(text) <= limit) return std::string_view::npos;
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
