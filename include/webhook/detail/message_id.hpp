// SPDX-License-Identifier: MIT
// Message ids as a stranger's headers have them: what may be taken for one.
// It does not know which header they come from, nor who has seen one before.
#ifndef WEBHOOK_DETAIL_MESSAGE_ID_HPP
#define WEBHOOK_DETAIL_MESSAGE_ID_HPP

#include <cstddef>
#include <string_view>

namespace webhook {
inline namespace v0 {
namespace detail {

inline constexpr std::size_t max_message_id = 256;  ///< bytes of a received id

/// Visible ASCII, and not `end`: where an id is signed together with what follows it, the character that ends it must
/// not occur in it, or bytes could move between id, timestamp and body under one signature.
inline bool is_message_id(std::string_view id, char end = '\0') noexcept {
  if (id.empty() || id.size() > max_message_id) return false;
  for (const char c : id) {
    if (c < '!' || c > '~' || c == end) return false;
  }
  return true;
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
