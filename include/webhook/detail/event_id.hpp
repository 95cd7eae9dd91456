// SPDX-License-Identifier: MIT
// How the engine makes an event's id, and what it accepts as one from the host.
// It knows nothing of who has used which id before; that is the store's.
#ifndef WEBHOOK_DETAIL_EVENT_ID_HPP
#define WEBHOOK_DETAIL_EVENT_ID_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "../id.hpp"
#include "../time.hpp"
#include "random.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// "msg_", then 48 bits of milliseconds and 80 random bits in base 32: ids sort by time, and are never guessed.
inline EventId make_event_id(WallTime time, Random::Bits random) {
  constexpr std::string_view digits = "0123456789abcdefghjkmnpqrstvwxyz";
  std::array<char, 30> text{'m', 's', 'g', '_'};
  auto milliseconds = static_cast<std::uint64_t>(time.time_since_epoch().count() / 1000);
  for (std::size_t i = 13; i >= 4; --i) {  // 10 digits hold 50 bits
    text[i] = digits[milliseconds & 31U];
    milliseconds >>= 5U;
  }
  for (std::size_t i = 14; i < 22; ++i) {  // 8 digits from either word
    text[i] = digits[random.high & 31U];
    text[i + 8] = digits[random.low & 31U];
    random.high >>= 5U;
    random.low >>= 5U;
  }
  return EventId(std::string_view(text.data(), text.size()));
}

/// Throws Error (errc::invalid_id) for anything but letters, digits, '_' and '-'. A '.' in particular would let one
/// signed message be read as another, since Standard Webhooks signs "id.timestamp.body".
inline void check_event_id(std::string_view id) {
  for (const char c : id) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-') continue;
    throw Error(errc::invalid_id, "an event id consists of letters, digits, '_' and '-' (at most 64 bytes)");
  }
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
