// SPDX-License-Identifier: MIT
// Message ids as a stranger's headers have them: what may be taken for one.
// It does not know which header they come from, nor who has seen one before.
#ifndef WEBHOOK_DETAIL_MESSAGE_ID_HPP
#define WEBHOOK_DETAIL_MESSAGE_ID_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace webhook {
inline namespace v0 {
namespace detail {

inline constexpr std::size_t max_message_id = 256;  ///< bytes of a received id

/// Visible ASCII, and not `end`: where an id is signed together with what follows it, the character that ends it must
/// not occur in it, or bytes could move between id, timestamp and body under one signature.
inline bool is_message_id(std::string_view id, char end = '\0') noexcept {
  if (id.empty() || id.size() > max_message_id) return false;
  const auto fits = [end](char c) { return c >= '!' && c <= '~' && c != end; };
  if (id.size() < 8) {
    for (const char c : id) {
      if (!fits(c)) return false;
    }
    return true;
  }
  // Eight at a time, as every signature that is verified comes by here; the last eight may have been seen before.
  constexpr std::uint64_t ones = ~std::uint64_t{0} / 255, tops = ones << 7U;
  const auto below = [](std::uint64_t eight, unsigned bound) { return (eight - ones * bound) & ~eight & tops; };
  std::uint64_t bad = 0;
  const auto look = [&](std::size_t at) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, id.data() + at, sizeof eight);
    const std::uint64_t ends = eight ^ (ones * static_cast<unsigned char>(end));
    bad |= below(eight, '!') | below(ends, 1) | ((eight + ones) & tops) | (eight & tops);  // 0x7F grows a top bit
  };
  std::size_t at = 0;
  for (; at + 8 <= id.size(); at += 8) look(at);
  look(id.size() - 8);
  return bad == 0;
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
