// SPDX-License-Identifier: MIT
// What the memory store keeps of an event and of a delivery: plain rows, as small as they can be.
// They do not know in which order they go (memory_keys.hpp, memory_lane.hpp) nor who may hold how many (memory_book.hpp).
#ifndef WEBHOOK_DETAIL_MEMORY_DELIVERY_HPP
#define WEBHOOK_DETAIL_MEMORY_DELIVERY_HPP

#include <cstdint>
#include <limits>
#include <memory>

#include "../delivery.hpp"
#include "../event.hpp"
#include "../id.hpp"
#include "../time.hpp"
#include "attempt_log.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

struct MemoryDelivery;
struct MemoryLane;

/// A moment on the steady clock, in nanoseconds; `never` is later than all of them.
inline constexpr std::int64_t never = (std::numeric_limits<std::int64_t>::max)();

/// `at + wait`, where a negative wait is none and an endless one ends at `never`.
constexpr std::int64_t moment_after(std::int64_t at, Duration wait) noexcept {
  if (wait.count() <= 0) return at;
  return at > never - wait.count() ? never : at + wait.count();
}

/// An event, shared by its deliveries.
struct MemoryEvent {
  std::shared_ptr<const Event> event{};
  WallTime created{};
  MemoryDelivery* first = nullptr;            // of its deliveries, by their ids
  std::uint32_t pending = 0, deliveries = 0;  // of them: not over; in all
};

/// Where a delivery sits. Behind: in the queue of its key, while another one of it is under way.
enum class Seat : std::uint8_t { none, waiting, resent, behind, leased, parked, over };

/// A delivery: 72 bytes, because there may be a million.
struct MemoryDelivery {
  MemoryEvent* event = nullptr;
  MemoryLane* lane = nullptr;
  MemoryDelivery* sibling = nullptr;  // the next one of the same event
  AttemptChain attempts{};
  std::uint64_t id = 0;
  Fence fence = 0;       // of its last claim; 0: never claimed
  std::int64_t due = 0;  // while it sits behind another; a heap's key otherwise
  std::uint32_t made = 0;
  std::uint32_t seat = 0;
  std::uint16_t lost = 0;
  State state = State::due;
  State word = State::leased;  // the last one settled under this fence; leased: none yet
  Seat in = Seat::none;
  bool named = false;
  bool resent = false;  // queues behind live traffic until it is over

  std::uint64_t order() const noexcept { return id; }
  const Event& what() const noexcept { return *event->event; }
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
