// SPDX-License-Identifier: MIT
// Hexadecimal text of bytes, in exactly one spelling: two digits a byte, all of one case.
// It does not know what the bytes are.
#ifndef WEBHOOK_DETAIL_HEX_HPP
#define WEBHOOK_DETAIL_HEX_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace webhook {
inline namespace v0 {
namespace detail {

enum class HexCase : std::uint8_t { lower, upper };

/// Writes two characters for each byte to `to` and returns the end; no terminator.
inline char* encode_hex(std::span<const unsigned char> bytes, char* to, HexCase spelling = HexCase::lower) noexcept {
  // Arithmetic instead of a table: what is written may be a MAC that nobody else knows yet.
  const unsigned letter = spelling == HexCase::lower ? 'a' - '0' - 10 : 'A' - '0' - 10;
  const auto digit = [letter](unsigned value) {
    const unsigned above_nine = (9U - value) >> 31U;  // 1 if the difference went below zero
    return static_cast<char>('0' + value + above_nine * letter);
  };
  for (const unsigned char byte : bytes) {
    *to++ = digit(byte >> 4U);
    *to++ = digit(byte & 15U);
  }
  return to;
}

/// Decodes exactly `to.size()` bytes; false for any other length, and for any character that is no digit of that case.
inline bool decode_hex(std::string_view text, std::span<unsigned char> to, HexCase spelling = HexCase::lower) noexcept {
  if (text.size() != 2 * to.size()) return false;
  const char a = spelling == HexCase::lower ? 'a' : 'A';
  const auto value = [a](char c) -> std::optional<unsigned> {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= a && c <= a + 5) return static_cast<unsigned>(c - a + 10);
    return std::nullopt;
  };
  for (std::size_t at = 0; at < to.size(); ++at) {
    const std::optional<unsigned> high = value(text[2 * at]), low = value(text[2 * at + 1]);
    if (!high || !low) return false;
    to[at] = static_cast<unsigned char>(*high << 4U | *low);
  }
  return true;
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
