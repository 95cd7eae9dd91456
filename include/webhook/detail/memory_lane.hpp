// SPDX-License-Identifier: MIT
// What the memory store keeps of an endpoint's lane, and which lane may be served when.
// It decides readiness only: keys are memory_keys.hpp's, fences, bounds and the log memory_book.hpp's and the store's.
#ifndef WEBHOOK_DETAIL_MEMORY_LANE_HPP
#define WEBHOOK_DETAIL_MEMORY_LANE_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "../endpoint.hpp"
#include "indexed_heap.hpp"
#include "item_line.hpp"
#include "memory_event.hpp"
#include "memory_keys.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// What is due now or later, by that moment. Most deliveries are due when they come, and are never sorted.
class DueQueue {
 public:
  bool empty() const noexcept { return fresh_.empty() && later_.empty(); }
  std::size_t size() const noexcept { return fresh_.size() + later_.size(); }
  std::int64_t top_key() const noexcept { return is_fresh_next() ? fresh_.top_key() : later_.top_key(); }
  MemoryDelivery& top() const noexcept { return is_fresh_next() ? fresh_.top() : later_.top(); }
  std::int64_t key_of(const MemoryDelivery& row) const noexcept {
    return row.in == Seat::fresh ? fresh_.key_of(row) : later_.key_of(row);
  }

  /// To be called for each that is about to be taken from the top.
  [[gnu::always_inline]] void prefetch_ahead() const noexcept { fresh_.prefetch_ahead(); }

  /// Makes room for so many more that are due later, so that pushing them cannot fail. Throws std::bad_alloc.
  void reserve(std::size_t more) { later_.reserve(later_.size() + more); }
  /// The same for one more that is due now.
  void reserve_fresh() { fresh_.reserve(fresh_.size() + 1); }
  void release() noexcept {
    fresh_.release();
    later_.release();
  }

  /// Puts a delivery into its place, and says where that is.
  Seat push(std::int64_t due, MemoryDelivery& row) noexcept {
    later_.push(due, row);
    return Seat::waiting;
  }
  /// The same for one that is due now, for which both kinds of room were made.
  Seat push_fresh(std::int64_t due, MemoryDelivery& row) noexcept {
    if (!fresh_.takes(due, row)) return push(due, row);
    fresh_.push(due, row);
    return Seat::fresh;
  }
  void remove(MemoryDelivery& row) noexcept {
    if (row.in == Seat::fresh) {
      fresh_.remove(row);
    } else {
      later_.remove(row);
    }
  }

 private:
  bool is_fresh_next() const noexcept {
    if (fresh_.empty() || later_.empty()) return !fresh_.empty();
    if (fresh_.top_key() != later_.top_key()) return fresh_.top_key() < later_.top_key();
    return fresh_.top().order() < later_.top().order();
  }

  ItemLine<MemoryDelivery> fresh_{};
  IndexedHeap<MemoryDelivery> later_{};
};

/// An endpoint and its queue. The heaps are keyed by the moment at which a delivery is due, due again, or was parked.
struct MemoryLane {
  Endpoint endpoint{};
  std::uint32_t cap = 4;                           // in force
  std::int64_t rests_until = 0, spaced_until = 0;  // tuned; by the endpoint's own spacing
  DueQueue waiting{};
  IndexedHeap<MemoryDelivery> resent{}, leased{}, parked{};
  std::unique_ptr<MemoryKeys> keys{};  // where the endpoint has an order or supersedes
  std::size_t pending = 0;             // all that are not over
  std::int64_t failing_since = 0;
  std::uint32_t failures = 0;         // without a success between
  std::uint64_t served = 0;           // the number of its last serving, of all lanes; 0: never
  MemoryLane* next_served = nullptr;  // during a claim
  std::uint32_t seat = 0;
  enum class Order : std::uint8_t { none, ready, later } in = Order::none;

  std::uint64_t order() const noexcept { return static_cast<std::uint64_t>(endpoint.id); }
  bool is_active() const noexcept { return endpoint.state == EndpointState::active; }
  bool is_closed() const noexcept {
    return endpoint.state == EndpointState::gone || endpoint.state == EndpointState::removed;
  }
  /// How many may come to wait here without an emit, and must find room.
  std::size_t returning() const noexcept { return keys != nullptr ? pending : leased.size(); }
  bool is_overtaken(const MemoryDelivery& row) const noexcept { return keys != nullptr && keys->is_overtaken(row); }

  /// From when on a claim has something to do here, if nothing but time passes.
  std::int64_t ready_at() const noexcept {
    const std::int64_t lapse = leased.empty() ? never : leased.top_key();
    if (is_closed()) return lapse;  // what nobody settles in time becomes cancelled
    if (!is_active() || cap == 0) return never;
    std::int64_t due = lapse;
    if (leased.size() < cap) {
      if (!waiting.empty()) due = (std::min)(due, waiting.top_key());
      if (!resent.empty()) due = (std::min)(due, resent.top_key());
    }
    return due == never ? never : (std::max)({due, rests_until, spaced_until});
  }
};

/// The lanes that may be served, least recently served first, and those that time will make ready. A claim looks at
/// the former only, so a hundred thousand resting lanes cost nothing.
class LaneOrder {
 public:
  /// To be called before a lane is added: afterwards place() cannot fail.
  void reserve(std::size_t lanes) {
    ready_.reserve(lanes);
    later_.reserve(lanes);
  }

  /// Puts a lane where it belongs after something about it changed.
  void place(MemoryLane& lane, std::int64_t now) noexcept {
    using Order = MemoryLane::Order;
    const std::int64_t at = lane.ready_at();
    const Order in = at == never ? Order::none : at <= now && !lane.is_closed() ? Order::ready : Order::later;
    const std::int64_t key = in == Order::ready ? static_cast<std::int64_t>(lane.served) : at;
    if (lane.in == in && (in == Order::none || heap(in).key_of(lane) == key)) return;
    take(lane);
    if (in != Order::none) heap(in).push(key, lane);
    lane.in = in;
  }

  /// Moves on to `now`: lanes that time made ready join the others. `lapse` ends the leases of the closed ones, which
  /// are never ready.
  template <class Lapse>
  void wake(std::int64_t now, const Lapse& lapse) noexcept {
    while (!later_.empty() && later_.top_key() <= now) {
      MemoryLane& lane = later_.pop();
      lane.in = MemoryLane::Order::none;
      if (lane.is_closed()) lapse(lane);
      place(lane, now);
    }
  }

  bool empty() const noexcept { return ready_.empty(); }
  MemoryLane& first() const noexcept { return ready_.top(); }
  std::int64_t next() const noexcept { return later_.empty() ? never : later_.top_key(); }

  void take(MemoryLane& lane) noexcept {
    if (lane.in != MemoryLane::Order::none) heap(lane.in).remove(lane);
    lane.in = MemoryLane::Order::none;
  }

 private:
  IndexedHeap<MemoryLane>& heap(MemoryLane::Order in) noexcept {
    return in == MemoryLane::Order::ready ? ready_ : later_;
  }

  IndexedHeap<MemoryLane> ready_{}, later_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
