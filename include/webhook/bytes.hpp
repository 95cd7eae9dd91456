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

namespace detail {

/// What Bytes point to: how many share it, and how long the text is, which follows. Small, because there may be a million.
struct BytesBlock {
  static constexpr std::uint32_t elsewhere = std::uint32_t{1} << 31U;  // the text does not follow at once: a BytesHost

  std::atomic<std::uint32_t> owners{1};
  std::uint32_t length = 0;

  std::string_view text() const noexcept;
  void share() noexcept { owners.fetch_add(1, std::memory_order_relaxed); }  // who shares it has it already
  /// True: that was the last one, and the memory is to be ended. Who is alone stays so: nobody else could share it.
  bool let_go() noexcept {
    return (owners.load(std::memory_order_acquire) & ~elsewhere) == 1 ||
           (owners.fetch_sub(1, std::memory_order_acq_rel) & ~elsewhere) == 1;
  }
};

/// The beginning of an allocation that has a text further on, and more beside it; the last one of those who share it gives
/// it to ::operator delete. Its maker is one of them.
struct BytesHost : BytesBlock {
  std::uint32_t text_at = 0;  // from here
  BytesHost() noexcept : BytesBlock{{elsewhere | 1U}, 0} {}
};

inline std::string_view BytesBlock::text() const noexcept {
  const bool follows = (owners.load(std::memory_order_relaxed) & elsewhere) == 0;
  const std::size_t at = follows ? sizeof(BytesBlock) : static_cast<const BytesHost*>(this)->text_at;
  return {reinterpret_cast<const char*>(this) + at, length};
}

}  // namespace detail

/// An immutable run of bytes that copies share: copying costs one atomic increment, never an allocation.
/// Thread safety: any number of threads may read and copy the same value; a view lives as long as some copy does.
class Bytes {
 public:
  Bytes() noexcept = default;

  /// Copies `text` into one allocation of its own. Throws std::bad_alloc.
  explicit Bytes(std::string_view text) : Bytes(join({text})) {}
  /// Shares the text of a host, if it has one.
  explicit Bytes(detail::BytesHost& host) noexcept {
    if (host.length == 0) return;
    host.share();
    block_ = &host;
  }

  Bytes(const Bytes& other) noexcept : block_(other.block_) {
    if (block_ != nullptr) block_->share();
  }
  Bytes(Bytes&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Bytes& operator=(Bytes other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Bytes() {
    if (block_ != nullptr && block_->let_go()) ::operator delete(block_);
  }

  /// Makes one run out of several, in one allocation. Throws std::bad_alloc, and Error (errc::too_large) for 4 GiB or more.
  static Bytes join(std::initializer_list<std::string_view> parts) {
    std::size_t size = 0;
    for (const std::string_view part : parts) size += part.size();
    Bytes joined;
    if (size == 0) return joined;
    if (size > (std::numeric_limits<std::uint32_t>::max)())
      throw Error(errc::too_large, "a run of bytes has to be shorter than 4 GiB");
    void* const room = ::operator new(sizeof(detail::BytesBlock) + size);
    joined.block_ = new (room) detail::BytesBlock{{1}, static_cast<std::uint32_t>(size)};
    char* to = reinterpret_cast<char*>(joined.block_ + 1);
    for (const std::string_view part : parts) {
      if (part.empty()) continue;  // memcpy from a null view would be undefined
      std::memcpy(to, part.data(), part.size());
      to += part.size();
    }
    return joined;
  }

  /// The bytes; valid while this value or a copy of it lives.
  std::string_view view() const noexcept { return block_ == nullptr ? std::string_view() : block_->text(); }
  std::size_t size() const noexcept { return block_ == nullptr ? 0 : block_->length; }
  bool empty() const noexcept { return block_ == nullptr; }

  friend bool operator==(const Bytes& left, const Bytes& right) noexcept {
    return left.block_ == right.block_ || left.view() == right.view();
  }

 private:
  detail::BytesBlock* block_ = nullptr;
};

}  // namespace v0
}  // namespace webhook

#endif
