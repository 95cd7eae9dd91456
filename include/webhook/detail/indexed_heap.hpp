// SPDX-License-Identifier: MIT
// IndexedHeap: a priority queue of items that know their own place, so that any of them can leave in O(log n).
// It owns nothing: an item has a `seat` to write its place into and an `order()` that breaks ties, and sits in one heap
// at a time. Only push() and reserve() allocate.
#ifndef WEBHOOK_DETAIL_INDEXED_HEAP_HPP
#define WEBHOOK_DETAIL_INDEXED_HEAP_HPP

#include <cstddef>
#include <cstdint>
#include <vector>

namespace webhook {
inline namespace v0 {
namespace detail {

/// By what a heap sorts: the keys, and the order of the items where they are equal; or the order alone, and then a key
/// is only kept for its item.
enum class Sorted : unsigned char { by_key, by_order };

/// A heap with the least item on top.
template <class Item, Sorted Sorting = Sorted::by_key>
class IndexedHeap {
 public:
  bool empty() const noexcept { return entries_.empty(); }
  std::size_t size() const noexcept { return entries_.size(); }
  std::int64_t top_key() const noexcept { return entries_.front().key; }
  Item& top() const noexcept { return *entries_.front().item; }
  std::int64_t key_of(const Item& item) const noexcept { return entries_[item.seat].key; }

  /// Makes room for `size` items in all, so that pushing up to there cannot throw.
  void reserve(std::size_t size) {
    // reserve() as such takes exactly what it is asked for, which would be quadratic here; twice as much would be waste.
    if (size > entries_.capacity()) entries_.reserve(size < 8 ? 8 : size < 64 ? 2 * size : size + size / 8);
  }

  /// Gives memory back after a rush; a handful of places is kept, so that a quiet queue does not allocate.
  void release() noexcept {
    if (entries_.empty() && entries_.capacity() > 16) std::vector<Entry>().swap(entries_);
  }

  void push(std::int64_t key, Item& item) {
    entries_.push_back({key, &item});
    rise(entries_.size() - 1);
  }

  /// The item must be in this heap.
  void remove(Item& item) noexcept {
    const std::size_t hole = item.seat;
    const Entry last = entries_.back();
    entries_.pop_back();
    if (last.item == &item) return;
    entries_[hole] = last;
    if (hole > 0 && before(last, entries_[(hole - 1) / arity])) {
      rise(hole);
    } else {
      sink(hole);
    }
  }

  Item& pop() noexcept {
    Item& item = top();
    remove(item);
    return item;
  }

 private:
  static constexpr std::size_t arity = 4;  // half the levels of a binary heap, and four children share a cache line

  struct Entry {  // the key lies beside the pointer: comparing touches no item unless keys are equal
    std::int64_t key;
    Item* item;
  };

  static bool before(const Entry& left, const Entry& right) noexcept {
    if constexpr (Sorting == Sorted::by_order) return left.item->order() < right.item->order();
    return left.key != right.key ? left.key < right.key : left.item->order() < right.item->order();
  }

  void sit(std::size_t at, const Entry& entry) noexcept {
    entries_[at] = entry;
    entry.item->seat = static_cast<std::uint32_t>(at);
  }

  void rise(std::size_t at) noexcept {
    const Entry entry = entries_[at];
    while (at > 0) {
      const std::size_t parent = (at - 1) / arity;
      if (!before(entry, entries_[parent])) break;
      sit(at, entries_[parent]);
      at = parent;
    }
    sit(at, entry);
  }

  void sink(std::size_t at) noexcept {
    const Entry entry = entries_[at];
    while (true) {
      const std::size_t first = at * arity + 1;
      if (first >= entries_.size()) break;
      const std::size_t end = first + arity < entries_.size() ? first + arity : entries_.size();
      std::size_t least = first;
      for (std::size_t child = first + 1; child < end; ++child) {
        if (before(entries_[child], entries_[least])) least = child;
      }
      if (!before(entries_[least], entry)) break;
      sit(at, entries_[least]);
      at = least;
    }
    sit(at, entry);
  }

  std::vector<Entry> entries_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
