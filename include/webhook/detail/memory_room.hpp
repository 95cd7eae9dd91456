// SPDX-License-Identifier: MIT
// MemoryRoom: how much is pending in the memory store, how many bytes that and the rest are, and whether more may come.
// It counts what it is told; what is kept and what is forgotten is memory_book.hpp's.
#ifndef WEBHOOK_DETAIL_MEMORY_ROOM_HPP
#define WEBHOOK_DETAIL_MEMORY_ROOM_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "../error.hpp"
#include "memory_event.hpp"
#include "memory_options.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// A share of the bounds.
struct MemoryGrant {
  static constexpr std::int64_t most_deliveries = (1 << 24) - 1, most_bytes = (std::int64_t{1} << 40) - 1;

  std::int64_t deliveries = 0, bytes = 0;
};

class MemoryRoom {
 public:
  explicit MemoryRoom(const MemoryOptions& options) noexcept : options_(options) {}

  std::size_t pending() const noexcept { return pending_; }
  std::size_t pending_bytes() const noexcept { return pending_bytes_; }
  std::size_t over_bytes() const noexcept { return over_bytes_; }  // payloads of which nothing is pending

  bool has(std::size_t deliveries, std::size_t bytes) const noexcept {
    return deliveries <= options_.max_deliveries - taken() && bytes <= options_.max_bytes - taken_bytes();
  }

  /// Grants what is left to those who do not ask for each delivery.
  MemoryGrant grant_rest() noexcept {
    const MemoryGrant rest{
        rest_of(options_.max_deliveries - taken(), MemoryGrant::most_deliveries - granted_.deliveries),
        rest_of(options_.max_bytes - taken_bytes(), MemoryGrant::most_bytes - granted_.bytes)};
    take_again(rest);
    return rest;
  }
  /// Of what was granted, so much was not used, or is counted from here on as everything is.
  void give_back(const MemoryGrant& share) noexcept {
    granted_.deliveries -= share.deliveries;
    granted_.bytes -= share.bytes;
  }
  void take_again(const MemoryGrant& share) noexcept { give_back({-share.deliveries, -share.bytes}); }

  /// Throws errc::full at a bound, errc::too_large for what would never fit.
  void require(std::size_t deliveries, std::size_t bytes) const {
    if (deliveries == 0 || has(deliveries, bytes)) return;
    if (deliveries > options_.max_deliveries || bytes > options_.max_bytes) {
      throw Error(errc::too_large,
                  "the event goes to more endpoints, or has more bytes, than the memory store takes at all");
    }
    if (deliveries > options_.max_deliveries - taken()) {
      throw Error(errc::full, "the memory store holds " + std::to_string(pending_) +
                                  " pending deliveries and takes at most " + std::to_string(options_.max_deliveries) +
                                  " (MemoryOptions::max_deliveries)");
    }
    throw Error(errc::full, "the memory store holds " + std::to_string(pending_bytes_) +
                                " bytes of pending payload and takes at most " + std::to_string(options_.max_bytes) +
                                " (MemoryOptions::max_bytes)");
  }

  void keep(const MemoryEvent& event) noexcept { over_bytes_ += event.payload_size(); }
  void forget(const MemoryEvent& event) noexcept { over_bytes_ -= event.payload_size(); }

  /// One more delivery of a kept event is pending.
  void begin(MemoryEvent& event) noexcept {
    ++pending_;
    if (event.pending++ != 0) return;
    over_bytes_ -= event.payload_size();
    pending_bytes_ += event.payload_size();
  }
  void end(MemoryEvent& event) noexcept {
    --pending_;
    if (--event.pending != 0) return;
    pending_bytes_ -= event.payload_size();
    over_bytes_ += event.payload_size();
  }

 private:
  static std::int64_t rest_of(std::size_t left, std::int64_t grantable) noexcept {
    return static_cast<std::int64_t>((std::min)(left, static_cast<std::size_t>(grantable)));
  }

  std::size_t taken() const noexcept { return pending_ + static_cast<std::size_t>(granted_.deliveries); }
  std::size_t taken_bytes() const noexcept { return pending_bytes_ + static_cast<std::size_t>(granted_.bytes); }

  const MemoryOptions& options_;
  std::size_t pending_ = 0, pending_bytes_ = 0, over_bytes_ = 0;
  MemoryGrant granted_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
