// SPDX-License-Identifier: MIT
// Bytes: an immutable, shared run of bytes. What is signed is what is sent because nobody can write here.
// It knows nothing of encodings or of what the bytes mean.
#ifndef WEBHOOK_BYTES_HPP
#define WEBHOOK_BYTES_HPP

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <new>
#include <string_view>
#include <utility>

#include "error.hpp"

namespace webhook {
inline namespace v0 {

/// An immutable run of bytes that copies share: copying costs one atomic increment, never an allocation.
/// Thread safety: any number of threads may read and copy the same value; a view lives as long as some copy does.
class Bytes {
 public:
  Bytes() noexcept = default;

  /// Copies `text` into one allocation of its own. Throws std::bad_alloc.
  explicit Bytes(std::string_view text) : Bytes(join({text})) {}

  Bytes(const Bytes& other) noexcept : block_(other.block_) {
    // Relaxed is enough: whoever copies holds a reference already.
    if (block_ != nullptr) block_->owners.fetch_add(1, std::memory_order_relaxed);
  }
  Bytes(Bytes&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Bytes& operator=(Bytes other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Bytes() {
    if (block_ != nullptr && block_->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      block_->~Block();
      ::operator delete(block_);
    }
  }

  /// Makes one run out of several, in one allocation. Throws std::bad_alloc, and Error (errc::too_large) for 4 GiB or more.
  static Bytes join(std::initializer_list<std::string_view> parts) {
    std::size_t size = 0;
    for (const std::string_view part : parts) size += part.size();
    Bytes joined;
    if (size == 0) return joined;
    if (size > (std::numeric_limits<std::uint32_t>::max)())
      throw Error(errc::too_large, "a run of bytes has to be shorter than 4 GiB");
    joined.block_ = new (::operator new(sizeof(Block) + size)) Block{{1}, static_cast<std::uint32_t>(size)};
    char* to = joined.block_->text();
    for (const std::string_view part : parts) {
      if (part.empty()) continue;  // memcpy from a null view would be undefined
      std::memcpy(to, part.data(), part.size());
      to += part.size();
    }
    return joined;
  }

  /// The bytes; valid while this value or a copy of it lives.
  std::string_view view() const noexcept {
    return block_ == nullptr ? std::string_view() : std::string_view(block_->text(), block_->size);
  }
  std::size_t size() const noexcept { return block_ == nullptr ? 0 : block_->size; }
  bool empty() const noexcept { return block_ == nullptr; }

  friend bool operator==(const Bytes& left, const Bytes& right) noexcept {
    return left.block_ == right.block_ || left.view() == right.view();
  }

 private:
  struct Block {  // the bytes follow it in the same allocation; small, because there may be a million
    std::atomic<std::uint32_t> owners;
    std::uint32_t size;
    char* text() noexcept { return reinterpret_cast<char*>(this + 1); }
  };
  Block* block_ = nullptr;
};

}  // namespace v0
}  // namespace webhook

#endif
