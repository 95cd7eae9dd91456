// SPDX-License-Identifier: MIT
// Pool: objects of one type out of a few large blocks, for records that come and go by the million.
// It does not know who is alive: whoever takes an object gives it back before the pool ends.
#ifndef WEBHOOK_DETAIL_POOL_HPP
#define WEBHOOK_DETAIL_POOL_HPP

#include <cstddef>
#include <memory>
#include <new>
#include <vector>

namespace webhook {
inline namespace v0 {
namespace detail {

/// Objects at fixed addresses without an allocation for each. Blocks are kept for reuse, so memory stays at its peak.
template <class Item>
class Pool {
 public:
  Pool() = default;
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// A fresh object. Throws std::bad_alloc, and then nothing happened.
  Item& take() {
    if (free_ == nullptr) grow();
    Slot* const slot = free_;
    free_ = slot->next;
    return *new (slot->room) Item();
  }

  /// Ends an object's life; its memory serves the next one.
  void give(Item& item) noexcept {
    item.~Item();
    Slot* const slot = new (static_cast<void*>(&item)) Slot;
    slot->next = free_;
    free_ = slot;
  }

 private:
  static constexpr std::size_t block = 256;

  union Slot {
    Slot* next = nullptr;
    alignas(Item) unsigned char room[sizeof(Item)];
  };

  void grow() {
    blocks_.push_back(std::make_unique<Slot[]>(block));
    Slot* const slots = blocks_.back().get();
    for (std::size_t i = block; i-- > 0;) {
      slots[i].next = free_;
      free_ = &slots[i];
    }
  }

  std::vector<std::unique_ptr<Slot[]>> blocks_{};
  Slot* free_ = nullptr;
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
