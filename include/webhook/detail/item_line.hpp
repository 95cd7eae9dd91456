// SPDX-License-Identifier: MIT
// ItemLine: a queue of items whose keys come in growing order, so that nothing needs sorting: O(1) to join, to be next,
// and to leave from anywhere, without touching the other items.
// It owns nothing: an item has a `seat` to write its place into. Only reserve() allocates.
#ifndef WEBHOOK_DETAIL_ITEM_LINE_HPP
#define WEBHOOK_DETAIL_ITEM_LINE_HPP

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace webhook {
inline namespace v0 {
namespace detail {

/// First in, first out, but for those who leave before.
template <class Item>
class ItemLine {
 public:
  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }
  std::int64_t top_key() const noexcept { return at(front_).key; }
  Item& top() const noexcept { return *at(front_).item; }
  std::int64_t key_of(const Item& item) const noexcept { return at(item.seat).key; }

  /// To be called for each that leaves at the front: asks for the memory of some that follow, which mostly has not been
  /// looked at since they came. Of several at once, because those are waited for together.
  [[gnu::always_inline]] void prefetch_ahead() const noexcept {
    constexpr std::uint32_t several = 8;
    if (front_ % several != 0) return;
    for (std::uint32_t nth = several; nth < 2 * several && nth < back_ - front_; ++nth) {
      if (const Item* const item = at(front_ + nth).item; item != nullptr) item->prefetch();
    }
  }

  /// Whether an item may join at the end: by its key, and by its order where the key is that of the last one.
  bool takes(std::int64_t key, const Item& item) const noexcept {
    if (empty()) return true;
    const Entry& last = at(back_ - 1);
    return last.item != nullptr && (last.key < key || (last.key == key && last.item->order() < item.order()));
  }

  /// Makes room for `size` items in all. Throws std::bad_alloc, and then nothing happened.
  void reserve(std::size_t size) {
    if (size <= entries_.size()) return;
    std::size_t room = entries_.empty() ? 8 : entries_.size();
    while (room < size) room *= 2;
    std::vector<Entry> wider(room);
    move_to(wider);
    entries_.swap(wider);
  }

  /// Gives memory back after a rush.
  void release() noexcept {
    if (empty() && entries_.size() > 16) std::vector<Entry>().swap(entries_);
  }

  /// There must be room, and takes() true.
  void push(std::int64_t key, Item& item) noexcept {
    if (back_ - front_ == entries_.size()) move_to(entries_);  // full of those who left
    item.seat = back_;
    at(back_++) = {key, &item};
    ++size_;
  }

  /// The item must be in this line.
  void remove(Item& item) noexcept {
    at(item.seat).item = nullptr;
    --size_;
    while (front_ != back_ && at(front_).item == nullptr) ++front_;
  }

 private:
  struct Entry {
    std::int64_t key = 0;
    Item* item = nullptr;  // null: it left
  };

  // Places count on for ever, and wrap; the room is a power of two.
  Entry& at(std::uint32_t place) noexcept { return entries_[place & (entries_.size() - 1)]; }
  const Entry& at(std::uint32_t place) const noexcept { return entries_[place & (entries_.size() - 1)]; }

  // Everybody moves up; `room` may be the line's own.
  void move_to(std::vector<Entry>& room) noexcept {
    const std::uint32_t places = back_ - front_;
    std::uint32_t to = front_;
    for (std::uint32_t from = front_; from != front_ + places; ++from) {
      const Entry entry = at(from);
      if (entry.item == nullptr) continue;
      if (to != from) entry.item->seat = to;  // before the first gap they keep their places
      room[to++ & (room.size() - 1)] = entry;
    }
    back_ = to;
  }

  std::vector<Entry> entries_{};
  std::uint32_t front_ = 0, back_ = 0;
  std::size_t size_ = 0;
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
