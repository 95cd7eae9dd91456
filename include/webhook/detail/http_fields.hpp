// SPDX-License-Identifier: MIT
// Whether a header field can go on the wire as it is (RFC 9110 §5.1, §5.5): the last look before bytes leave.
// It does not know which names an endpoint may set; that is judged when the endpoint is added.
#ifndef WEBHOOK_DETAIL_HTTP_FIELDS_HPP
#define WEBHOOK_DETAIL_HTTP_FIELDS_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string_view>
#include <type_traits>

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
  unsigned tokens = text.empty() ? 0U : 1U;  // to the end, without branches: names are short, and mostly tokens
  for (const char c : text) tokens &= static_cast<unsigned>(is_token_character(c));
  return tokens != 0;
}

/// Whether `judge` says yes of any character. It is asked of one unsigned char, and of sixteen side by side: it has to be
/// written with comparisons, & and | alone.
template <class Judge>
constexpr bool any_of_text(std::string_view text, const Judge& judge) noexcept {
  using Sixteen [[gnu::vector_size(16)]] = unsigned char;
  std::size_t at = 0;
  if (!std::is_constant_evaluated() && text.size() >= sizeof(Sixteen)) {
    Sixteen some{};
    decltype(judge(some)) found{};
    const auto look_at = [&](std::size_t place) {
      std::memcpy(&some, text.data() + place, sizeof some);
      found |= judge(some);
    };
    for (; at + sizeof some <= text.size(); at += sizeof some) look_at(at);
    look_at(text.size() - sizeof some);  // the rest, and some of them again
    std::array<std::uint64_t, 2> halves{};
    std::memcpy(halves.data(), &found, sizeof found);
    return (halves[0] | halves[1]) != 0;
  }
  for (; at < text.size(); ++at) {
    if (judge(static_cast<unsigned char>(text[at]))) return true;
  }
  return false;
}

/// No control characters but the tab: CR and LF would start a header of the attacker's own.
constexpr bool is_field_value(std::string_view value) noexcept {
  return !any_of_text(value, [](auto bytes) { return ((bytes < 0x20) & (bytes != '\t')) | (bytes == 0x7F); });
}

/// Whether it is one of these, without regard to case.
inline bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) noexcept {
  for (const std::string_view one : names) {
    if (Headers::same_name(name, one)) return true;
  }
  return false;
}

/// Fields that say where a message goes or where it ends; they are the transport's own, or two parties could disagree.
constexpr bool is_framing_field(std::string_view name) noexcept {
  const auto is = [name](std::string_view one) { return Headers::same_name(name, one); };
  switch (name.size()) {
    case 2:
      return is("te");
    case 4:
      return is("host");
    case 6:
      return is("expect");
    case 7:
      return is("trailer") || is("upgrade");
    case 10:
      return is("connection") || is("keep-alive");
    case 14:
      return is("content-length");
    case 17:
      return is("transfer-encoding");
    default:
      return false;
  }
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
