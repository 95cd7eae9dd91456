// SPDX-License-Identifier: MIT
// BlockPool: memory that one thread gives back and another takes again, so that neither waits for the allocator, and
// pages that are warm stay in use. It keeps a bounded number of bytes; what is more goes back to the system.
// It does not know what the blocks are for.
#ifndef WEBHOOK_DETAIL_BLOCK_POOL_HPP
#define WEBHOOK_DETAIL_BLOCK_POOL_HPP

#include <array>
#include <cstddef>
#include <mutex>
#include <new>
#include <utility>

#include "prefetch.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// Blocks by size. Thread-safe.
class BlockPool {
 public:
  /// Blocks that nobody uses any more, on their way back; the memory itself is the list.
  class Pile {
   public:
    Pile() = default;
    Pile(Pile&& other) noexcept : top_(std::exchange(other.top_, nullptr)) {}
    Pile& operator=(Pile&&) = delete;
    ~Pile() {
      while (void* const block = pop().block) ::operator delete(block);
    }
    bool empty() const noexcept { return top_ == nullptr; }
    /// One that was taken for `size` bytes, or that has room_for(size).
    void push(void* block, std::size_t size) noexcept { top_ = new (block) Dead{top_, size}; }
    /// One of them for a new use; null if there is none.
    void* take() noexcept {
      const Popped one = pop();
      if (top_ != nullptr) prefetch(top_, one.size);  // it is next, and nobody has looked at it for long
      return one.block;
    }

   private:
    friend class BlockPool;
    struct Dead {
      Dead* below = nullptr;
      std::size_t size = 0;
    };
    struct Popped {
      void* block = nullptr;
      std::size_t size = 0;
    };
    Popped pop() noexcept {
      Dead* const dead = top_;
      if (dead == nullptr) return {};
      top_ = dead->below;
      return {dead, dead->size};
    }
    Dead* top_ = nullptr;
  };

  BlockPool() = default;
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  /// How large a block is that is taken for `size` bytes.
  static std::size_t room_for(std::size_t size) noexcept {
    const std::size_t which = class_of(size);
    return which < classes ? room_of(which) : size;
  }

  /// At least `size` bytes, which ::operator delete may end. Throws std::bad_alloc.
  void* take(std::size_t size) {
    const std::size_t which = class_of(size);
    if (which < classes) {
      // Waiting for another thread would take longer than asking the allocator.
      if (const std::unique_lock lock(mutex_, std::try_to_lock); lock.owns_lock()) {
        if (void* const block = piles_[which].take()) {
          kept_ -= room_of(which);
          return block;
        }
      }
    }
    return ::operator new(room_for(size));
  }

  /// As many of them as are there, up to `count`: the rest is for the allocator to make.
  Pile take(std::size_t size, std::size_t count) noexcept {
    Pile taken;
    const std::size_t which = class_of(size);
    if (which >= classes) return taken;
    if (const std::unique_lock lock(mutex_, std::try_to_lock); lock.owns_lock()) {
      for (; count > 0; --count) {
        void* const block = piles_[which].pop().block;
        if (block == nullptr) break;
        kept_ -= room_of(which);
        taken.push(block, size);
      }
    }
    return taken;
  }

  void give(Pile&& pile) noexcept {
    if (pile.empty()) return;
    Pile rest;  // ends after the lock
    const std::lock_guard lock(mutex_);
    while (!pile.empty()) {
      const Pile::Popped one = pile.pop();
      const std::size_t which = class_of(one.size);
      if (which < classes && kept_ + room_of(which) <= most_kept) {
        kept_ += room_of(which);
        piles_[which].push(one.block, one.size);
      } else {
        rest.push(one.block, one.size);
      }
    }
  }

 private:
  static constexpr std::size_t step = 16, overhead = 8;  // as most allocators round: nothing is lost to it
  static constexpr std::size_t classes = 512;
  static constexpr std::size_t most_kept = std::size_t{4} << 20U;

  static std::size_t class_of(std::size_t size) noexcept { return (size + overhead + step - 1) / step; }
  static std::size_t room_of(std::size_t which) noexcept { return which * step - overhead; }

  std::mutex mutex_{};
  std::size_t kept_ = 0;
  std::array<Pile, classes> piles_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
