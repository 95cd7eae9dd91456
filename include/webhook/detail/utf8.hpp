// SPDX-License-Identifier: MIT
// UTF-8 (RFC 3629): whether bytes are it, and how one code point is written or read.
// It normalises nothing and replaces nothing: what is wrong is for the caller to refuse.
#ifndef WEBHOOK_DETAIL_UTF8_HPP
#define WEBHOOK_DETAIL_UTF8_HPP

#include <cstddef>
#include <string>
#include <string_view>

namespace webhook {
inline namespace v0 {
namespace detail {

/// How many bytes the code point at `at` takes; 0 if it is not UTF-8 (overlong, a surrogate, beyond U+10FFFF, cut off).
inline std::size_t utf8_length(std::string_view text, std::size_t at) noexcept {
  const auto byte = [&](std::size_t offset) -> unsigned {
    return at + offset < text.size() ? static_cast<unsigned char>(text[at + offset]) : 0U;
  };
  const auto follows = [&](std::size_t offset) { return (byte(offset) & 0xC0U) == 0x80U; };
  const unsigned first = byte(0), second = byte(1);
  if (first < 0x80) return 1;
  if (first < 0xC2) return 0;
  if (first < 0xE0) return follows(1) ? 2 : 0;
  if (first < 0xF0) {
    if (!follows(1) || !follows(2)) return 0;
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second >= 0xA0)) return 0;
    return 3;
  }
  if (first > 0xF4 || !follows(1) || !follows(2) || !follows(3)) return 0;
  if ((first == 0xF0 && second < 0x90) || (first == 0xF4 && second >= 0x90)) return 0;
  return 4;
}

/// The first byte that is no UTF-8, or npos.
inline std::size_t find_not_utf8(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text, at);
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

/// The code point at `at`, which utf8_length says takes `length` bytes.
inline char32_t utf8_at(std::string_view text, std::size_t at, std::size_t length) noexcept {
  const auto first = static_cast<unsigned char>(text[at]);
  if (length == 1) return first;
  char32_t code = first & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) code = (code << 6U) | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
  return code;
}

/// Appends a code point that is no surrogate and at most U+10FFFF.
inline void append_utf8(std::string& text, char32_t code) {
  const auto put = [&text](char32_t byte) { text += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | (code >> 6));
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3F));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
