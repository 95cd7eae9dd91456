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
  const auto put = [&](std::uint32_t first, std::uint32_t second, std::uint32_t third) {
    const std::uint32_t group = first << 16U | second << 8U | third;
    to[0] = alphabet[group >> 18U];
    to[1] = alphabet[(group >> 12U) & 63U];
    to[2] = alphabet[(group >> 6U) & 63U];
    to[3] = alphabet[group & 63U];
    to += 4;
  };
  std::size_t at = 0;
  for (; bytes.size() - at >= 3; at += 3) put(bytes[at], bytes[at + 1], bytes[at + 2]);
  if (const std::size_t left = bytes.size() - at; left > 0) {
    put(bytes[at], left > 1 ? bytes[at + 1] : 0U, 0U);
    to[-1] = '=';
    if (left == 1) to[-2] = '=';
  }
  return to;
}

/// The 24 bits of a group as the sum of four: what a character of the alphabet is worth at each of its places, and this
/// for every other byte.
inline constexpr std::uint32_t no_base64 = 1U << 24U;
inline constexpr std::array<std::array<std::uint32_t, 256>, 4> base64_places = [] {
  std::array<std::array<std::uint32_t, 256>, 4> places{};
  for (unsigned place = 0; place < 4; ++place) {
    for (std::uint32_t& worth : places[place]) worth = no_base64;
    std::uint32_t next = 0;
    for (const auto& [first, last] : {std::array{'A', 'Z'}, {'a', 'z'}, {'0', '9'}, {'+', '+'}, {'/', '/'}}) {
      for (char c = first; c <= last; ++c) places[place][static_cast<unsigned char>(c)] = next++ << (6U * (3 - place));
    }
  }
  return places;
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

  std::uint32_t all = 0;  // of all groups together: a byte that is none of the alphabet shows in it
  const auto group_at = [&](std::size_t at, std::size_t digits) {
    const auto worth = [&](std::size_t place) {
      return place < digits ? base64_places[place][static_cast<unsigned char>(text[at + place])] : 0U;
    };
    const std::uint32_t group = worth(0) | worth(1) | worth(2) | worth(3);
    all |= group;
    return group;
  };
  std::size_t at = 0, written = 0;
  for (const std::size_t whole = text.size() - (padding > 0 ? 4 : 0); at < whole; at += 4) {
    const std::uint32_t group = group_at(at, 4);
    to[written++] = static_cast<unsigned char>(group >> 16U);
    to[written++] = static_cast<unsigned char>(group >> 8U);
    to[written++] = static_cast<unsigned char>(group);
  }
  if (padding > 0) {
    const std::uint32_t group = group_at(at, 4 - padding);
    if ((group & (padding == 1 ? 0xFFU : 0xFFFFU)) != 0) return std::nullopt;
    to[written++] = static_cast<unsigned char>(group >> 16U);
    if (padding == 1) to[written] = static_cast<unsigned char>(group >> 8U);
  }
  return all < no_base64 ? std::optional(size) : std::nullopt;
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
