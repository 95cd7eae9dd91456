// SPDX-License-Identifier: MIT
// MemoryDelivery: what the memory store keeps of a delivery: a plain row, as small as it can be.
// It does not know in which order rows go (memory_keys.hpp, memory_lane.hpp) nor who may hold how many (memory_book.hpp);
// its event stands right before it in memory (memory_event.hpp).
#ifndef WEBHOOK_DETAIL_MEMORY_DELIVERY_HPP
#define WEBHOOK_DETAIL_MEMORY_DELIVERY_HPP

#include <cstdint>
#include <limits>

#include "../delivery.hpp"
#include "../id.hpp"
#include "../time.hpp"
#include "attempt_log.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

class MemoryEvent;
struct MemoryLane;

/// A moment on the steady clock, in nanoseconds; `never` is later than all of them.
inline constexpr std::int64_t never = (std::numeric_limits<std::int64_t>::max)();

/// `at + wait`, where a negative wait is none and an endless one ends at `never`.
constexpr std::int64_t moment_after(std::int64_t at, Duration wait) noexcept {
  if (wait.count() <= 0) return at;
  return at > never - wait.count() ? never : at + wait.count();
}

/// Where a delivery sits. Nowhere: not there yet, or forgotten. Fresh: waiting since it came. Behind: in the queue of
/// its key, while another one of it is under way.
enum class Seat : std::uint8_t { nowhere, none, fresh, waiting, resent, behind, leased, parked, over };

/// A delivery: 32 bytes, because there may be a million.
struct MemoryDelivery {
  static constexpr std::uint32_t most_made = (1U << 24U) - 1, most_lost = (1U << 8U) - 1, most_siblings = 1U << 19U;

  MemoryLane* lane = nullptr;
  Fence fence = 0;  // of its last claim; 0: never claimed
  AttemptChain attempts{};
  std::uint32_t seat = 0;  // in its heap
  std::uint32_t made : 24 = 0;
  std::uint32_t lost : 8 = 0;
  std::uint32_t nth : 19 = 0;  // of its event's rows
  bool resent : 1 = false;     // queues behind live traffic until it is over
  State state : 4 = State::due;
  State word : 4 = State::leased;  // the last one settled under this fence; leased: none yet
  Seat in : 4 = Seat::nowhere;

  inline std::uint64_t id() const noexcept;
  std::uint64_t order() const noexcept { return id(); }
  inline MemoryEvent& block() const noexcept;  // where it stands
  inline MemoryEvent& what() const noexcept;   // its event

  void count_attempt() noexcept {
    if (made < most_made) ++made;
  }
  void count_lost() noexcept {
    if (lost < most_lost) ++lost;
  }
};
static_assert(sizeof(MemoryDelivery) <= 32);

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
