// SPDX-License-Identifier: MIT
// Base64 with the standard alphabet and padding (RFC 4648 §4), in its one canonical form only.
// It does not know what the bytes are; who decodes a secret wipes the result.
#ifndef WEBHOOK_DETAIL_BASE64_HPP
#define WEBHOOK_DETAIL_BASE64_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>

namespace webhook {
inline namespace v0 {
namespace detail {

/// How many characters `bytes` bytes become.
constexpr std::size_t base64_size(std::size_t bytes) noexcept { return (bytes + 2) / 3 * 4; }

/// Writes base64_size(bytes.size()) characters to `to` and returns the end; no terminator.
inline char* encode_base64(std::span<const unsigned char> bytes, char* to) noexcept {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t left = bytes.size() - at;
    const std::uint32_t group = (static_cast<std::uint32_t>(bytes[at]) << 16U) |
                                (left > 1 ? static_cast<std::uint32_t>(bytes[at + 1]) << 8U : 0U) |
                                (left > 2 ? static_cast<std::uint32_t>(bytes[at + 2]) : 0U);
    *to++ = alphabet[group >> 18U];
    *to++ = alphabet[(group >> 12U) & 63U];
    *to++ = left > 1 ? alphabet[(group >> 6U) & 63U] : '=';
    *to++ = left > 2 ? alphabet[group & 63U] : '=';
  }
  return to;
}

/// The value of one character of the alphabet; 255 for every other byte.
inline constexpr std::array<unsigned char, 256> base64_values = [] {
  std::array<unsigned char, 256> values{};
  for (unsigned char& value : values) value = 255;
  unsigned char next = 0;
  for (unsigned char c = 'A'; c <= 'Z'; ++c) values[c] = next++;
  for (unsigned char c = 'a'; c <= 'z'; ++c) values[c] = next++;
  for (unsigned char c = '0'; c <= '9'; ++c) values[c] = next++;
  values['+'] = next++;
  values['/'] = next;
  return values;
}();

/// Decodes into `to` and returns how many bytes that were; nothing if `text` is not canonical or `to` is too small.
/// Canonical means that encoding the result gives `text` again: padded, without other characters, and with zero bits
/// where the last character has bits to spare. So no two texts stand for the same bytes.
inline std::optional<std::size_t> decode_base64(std::string_view text, std::span<unsigned char> to) noexcept {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  const std::size_t size = text.size() / 4 * 3 - padding;
  if (size > to.size()) return std::nullopt;

  std::size_t written = 0;
  for (std::size_t at = 0; at < text.size(); at += 4) {
    const std::size_t digits = at + 4 == text.size() ? 4 - padding : 4;
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const unsigned char value = i < digits ? base64_values[static_cast<unsigned char>(text[at + i])] : 0;
      if (value == 255) return std::nullopt;
      group = (group << 6U) | value;
    }
    if ((digits == 3 && (group & 0xFFU) != 0) || (digits == 2 && (group & 0xFFFFU) != 0)) return std::nullopt;
    for (const unsigned shift : {16U, 8U, 0U}) {
      if (written < size) to[written++] = static_cast<unsigned char>(group >> shift);
    }
  }
  return size;
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
