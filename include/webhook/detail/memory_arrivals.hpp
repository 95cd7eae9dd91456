// SPDX-License-Identifier: MIT
// MemoryArrivals: where emitters leave events for the memory store without waiting for its mutex, within the bounds.
// Whoever holds that mutex next takes them in, before doing anything else, so that nobody can see that they lay here.
// It does not know lanes, ids or rows; what it promises of the bounds is granted by detail/memory_room.hpp.
#ifndef WEBHOOK_DETAIL_MEMORY_ARRIVALS_HPP
#define WEBHOOK_DETAIL_MEMORY_ARRIVALS_HPP

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "../concepts.hpp"
#include "memory_event.hpp"
#include "memory_room.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// Lock-free: emitters push, and take from what was granted; only the holder of the store's mutex grants, revokes and
/// takes. All of it in one cache line: whoever changes a part of it changes the others, too.
class alignas(64) MemoryArrivals {
 public:
  MemoryArrivals() = default;
  MemoryArrivals(const MemoryArrivals&) = delete;
  MemoryArrivals& operator=(const MemoryArrivals&) = delete;
  ~MemoryArrivals() { end(take()); }

  /// Ends what take() gave.
  static void end(MemoryEvent* first) noexcept {
    while (first != nullptr) {
      const MemoryEvent::Owner ended(first);
      first = first->arrival().next;
    }
  }

  /// Takes a share of what was granted; false, and nothing happened, if there is not so much.
  bool reserve(const MemoryGrant& share) noexcept {
    std::uint64_t left = granted_.load(std::memory_order_relaxed);
    do {
      const MemoryGrant granted = unpacked(left);
      if (granted.deliveries < share.deliveries || granted.bytes < share.bytes) return false;
    } while (!granted_.compare_exchange_weak(left, left - packed(share), std::memory_order_relaxed));
    return true;
  }

  /// In all, never more than MemoryGrant's limits.
  void grant(const MemoryGrant& more) noexcept {
    if (more.deliveries != 0 || more.bytes != 0) granted_.fetch_add(packed(more), std::memory_order_relaxed);
  }

  /// What was granted and not taken.
  MemoryGrant revoke() noexcept { return unpacked(granted_.exchange(0, std::memory_order_relaxed)); }

  /// Leaves an event, for which a share was reserved, with the endpoints it goes to: at most as many as it has rows.
  void push(MemoryEvent::Owner event, const Now& now, Duration delay, std::span<const EndpointId> to) noexcept {
    MemoryEvent* const pushed = event.release();
    pushed->await(now.steady.count(), delay, to);
    MemoryEvent* newest = newest_.load(std::memory_order_relaxed);
    do {
      pushed->arrival().next = newest;
    } while (!newest_.compare_exchange_weak(newest, pushed, std::memory_order_acq_rel, std::memory_order_relaxed));
  }

  /// Everything that was pushed, linked from the first to the last. Whatever is pushed later finds everything done that
  /// its caller did before, as if there were a mutex: a worker may say that it sleeps, and then look once more.
  MemoryEvent* take() noexcept {
    MemoryEvent* first = nullptr;
    for (MemoryEvent* next = newest_.exchange(nullptr, std::memory_order_acq_rel); next != nullptr;) {
      MemoryEvent* const current = next;
      next = std::exchange(current->arrival().next, first);
      first = current;
    }
    return first;
  }

 private:
  // Both numbers in one, so that taking from both is one step.
  static std::uint64_t packed(const MemoryGrant& share) noexcept {
    return static_cast<std::uint64_t>(share.deliveries) << 40U | static_cast<std::uint64_t>(share.bytes);
  }
  static MemoryGrant unpacked(std::uint64_t both) noexcept {
    return {static_cast<std::int64_t>(both >> 40U), static_cast<std::int64_t>(both & ((std::uint64_t{1} << 40U) - 1))};
  }
  static_assert(MemoryGrant::most_deliveries < std::int64_t{1} << 24U && MemoryGrant::most_bytes < std::int64_t{1}
                                                                                                       << 40U);

  std::atomic<MemoryEvent*> newest_{nullptr};
  std::atomic<std::uint64_t> granted_{0};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
