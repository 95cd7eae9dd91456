// SPDX-License-Identifier: MIT
// MemoryKeys: what the keys of events mean to one lane of the memory store: who goes first, and who is superseded.
// It queues what must wait for another of its key, and nothing else; when a lane may be served is memory_lane.hpp's.
#ifndef WEBHOOK_DETAIL_MEMORY_KEYS_HPP
#define WEBHOOK_DETAIL_MEMORY_KEYS_HPP

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "../endpoint.hpp"
#include "indexed_heap.hpp"
#include "memory_event.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// The keys of one lane. Only prepare() allocates.
class MemoryKeys {
 public:
  /// Whose turn it is, if anybody's.
  struct Turn {
    MemoryDelivery* row = nullptr;
    std::int64_t due = 0;
  };

  MemoryKeys(Order order, bool supersede) noexcept : order_(order), supersede_(supersede) {}

  /// Makes room for a pending delivery, so that what follows for it cannot fail. Throws std::bad_alloc.
  void prepare(const MemoryDelivery& row) {
    Newest* const newest =
        has_newest(row) ? &newest_.try_emplace(std::string(row.what().key())).first->second : nullptr;
    if (is_ordered(row)) {
      Group& group = groups_.try_emplace(std::string(group_of(row))).first->second;
      group.behind.reserve(group.size + 1);
      ++group.size;
    }
    if (newest != nullptr) ++newest->size;
  }

  bool is_ordered(const MemoryDelivery& row) const noexcept {
    return order_ == Order::complete || (order_ == Order::by_key && !row.what().key().empty());
  }

  /// It is the turn of `row`, which sits nowhere; false: another one is under way, and it sits behind that now.
  bool enter(MemoryDelivery& row, std::int64_t due) noexcept {
    if (!is_ordered(row)) return true;
    Group& group = find(row);
    if (group.active == 0) {
      group.active = 1;
      return true;
    }
    sit_behind(group, row, due);
    return false;
  }

  /// For a delivery that is under way already when its lane gets an order: it has no turn to keep.
  void stay(const MemoryDelivery& row) noexcept {
    if (!is_ordered(row)) return;
    Group& group = find(row);
    ++group.active;
    group.early = true;
  }
  /// `row`, which has left its place, is due again: it has the turn, or another of its key, or nobody.
  Turn come_back(MemoryDelivery& row, std::int64_t due, bool was_behind) noexcept {
    if (!is_ordered(row)) return {&row, due};
    Group& group = find(row);
    if (!group.early && !was_behind) return {&row, due};
    if (!was_behind) --group.active;
    sit_behind(group, row, due);
    return promote(group);
  }
  /// For one that is not: start() says whose turn it is.
  void sit_behind(MemoryDelivery& row, std::int64_t due) noexcept { sit_behind(find(row), row, due); }

  /// Calls `queue` with whoever may go first of each key with nobody under way, and with when it is due.
  template <class Queue>
  void start(const Queue& queue) noexcept {
    for (auto& [key, group] : groups_) {
      if (const Turn next = promote(group); next.row != nullptr) queue(*next.row, next.due);
    }
  }

  /// Calls `finish` with everything that sits behind another; it must end each.
  template <class Finish>
  void finish_behind(const Finish& finish) noexcept {
    for (auto& [key, group] : groups_) {
      while (!group.behind.empty()) finish(group.behind.top());
    }
  }

  /// A delivery that sits behind another leaves its place.
  void leave(MemoryDelivery& row) noexcept { find(row).behind.remove(row); }

  /// When a delivery that sits behind another is due, once it is its turn.
  std::int64_t due_of(const MemoryDelivery& row) noexcept { return find(row).behind.key_of(row); }

  /// `row`, which has left its place, is over. `was_behind`: it was not its own turn.
  Turn end(const MemoryDelivery& row, bool was_behind) noexcept {
    Turn next;
    if (is_ordered(row)) {
      const auto there = groups_.find(group_of(row));
      Group& group = there->second;
      if (!was_behind) --group.active;
      next = promote(group);
      if (--group.size == 0) groups_.erase(there);
    }
    if (has_newest(row)) {
      const auto there = newest_.find(row.what().key());
      if (there->second.row == &row) there->second.row = nullptr;
      if (--there->second.size == 0) newest_.erase(there);
    }
    return next;
  }

  /// `row`, which is not overtaken, was accepted: returns the one of its key that it supersedes, or null.
  MemoryDelivery* renew(MemoryDelivery& row) noexcept {
    if (!has_newest(row)) return nullptr;
    Newest& newest = newest_.find(row.what().key())->second;
    newest.number = row.what().first;
    MemoryDelivery* const before = std::exchange(newest.row, &row);
    return before == &row ? nullptr : before;
  }

  /// What was overtaken before the lane's order changed stays so.
  void inherit(const MemoryKeys& before) noexcept {
    for (auto& [key, newest] : newest_) {
      const auto there = before.newest_.find(key);
      if (there == before.newest_.end()) continue;
      newest.number = there->second.number;
      newest.row = there->second.row;
    }
  }

  /// Whether a newer event of its key was accepted.
  bool is_overtaken(const MemoryDelivery& row) const noexcept {
    if (!has_newest(row)) return false;
    const auto there = newest_.find(row.what().key());
    return there != newest_.end() && there->second.number > row.what().first;
  }

 private:
  struct Group {
    IndexedHeap<MemoryDelivery, Sorted::by_order> behind{};  // as the store accepted them; keyed by when they are due
    std::size_t size = 0;                                    // all that are not over
    std::size_t active = 0;  // queued, leased or parked: one, but for those leased before there was an order
    bool early = false;      // they were: once they are due again, the oldest has the turn
  };
  struct Newest {
    std::uint64_t number = 0;       // of the event's first delivery: in the order of accepting
    MemoryDelivery* row = nullptr;  // null once it is over: what is older stays superseded
    std::size_t size = 0;           // all of the key that are not over
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const noexcept { return std::hash<std::string_view>()(key); }
  };
  template <class Value>
  using ByKey = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;

  bool has_newest(const MemoryDelivery& row) const noexcept { return supersede_ && !row.what().key().empty(); }
  std::string_view group_of(const MemoryDelivery& row) const noexcept {
    return order_ == Order::complete ? std::string_view() : row.what().key();
  }
  Group& find(const MemoryDelivery& row) noexcept { return groups_.find(group_of(row))->second; }

  static void sit_behind(Group& group, MemoryDelivery& row, std::int64_t due) noexcept {
    row.in = Seat::behind;
    group.behind.push(due, row);
  }
  static Turn promote(Group& group) noexcept {
    if (group.active > 0) return {};
    group.early = false;
    if (group.behind.empty()) return {};
    group.active = 1;
    const std::int64_t due = group.behind.top_key();
    MemoryDelivery& next = group.behind.pop();
    next.in = Seat::none;
    return {&next, due};
  }

  Order order_;
  bool supersede_;
  ByKey<Group> groups_{};
  ByKey<Newest> newest_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
