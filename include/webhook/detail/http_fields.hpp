// SPDX-License-Identifier: MIT
// Whether a header field can go on the wire as it is (RFC 9110 §5.1, §5.5): the last look before bytes leave.
// It does not know which names an endpoint may set; that is judged when the endpoint is added.
#ifndef WEBHOOK_DETAIL_HTTP_FIELDS_HPP
#define WEBHOOK_DETAIL_HTTP_FIELDS_HPP

#include <array>
#include <cstddef>
#include <initializer_list>
#include <string_view>

#include "../http.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

inline constexpr std::array<bool, 256> token_characters = [] {
  std::array<bool, 256> table{};
  for (char c = 'a'; c <= 'z'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c = '0'; c <= '9'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

constexpr bool is_token_character(char c) noexcept { return token_characters[static_cast<unsigned char>(c)]; }

constexpr bool is_token(std::string_view text) noexcept {
  for (const char c : text) {
    if (!is_token_character(c)) return false;
  }
  return !text.empty();
}

/// No control characters but the tab: CR and LF would start a header of the attacker's own.
constexpr bool is_field_value(std::string_view value) noexcept {
  constexpr std::size_t block = 16;  // so many at a time and without branches: compilers look at them together
  unsigned controls = 0;
  const auto look_at = [&controls](char c) {
    const auto byte = static_cast<unsigned char>(c);
    const bool one = ((byte < 0x20) & (byte != '\t')) | (byte == 0x7F);
    controls |= one ? 1U : 0U;
  };
  std::size_t at = 0;
  for (; at + block <= value.size(); at += block) {
    for (std::size_t i = 0; i < block; ++i) look_at(value[at + i]);
  }
  for (; at < value.size(); ++at) look_at(value[at]);
  return controls == 0;
}

/// Whether it is one of these, without regard to case.
inline bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) noexcept {
  for (const std::string_view one : names) {
    if (Headers::same_name(name, one)) return true;
  }
  return false;
}

/// Fields that say where a message goes or where it ends; they are the transport's own, or two parties could disagree.
inline bool is_framing_field(std::string_view name) noexcept {
  static constexpr std::array<std::string_view, 9> framing{
      "host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect"};
  for (const std::string_view one : framing) {
    if (Headers::same_name(name, one)) return true;
  }
  return false;
}

constexpr std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
