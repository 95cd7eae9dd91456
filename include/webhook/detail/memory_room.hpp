// SPDX-License-Identifier: MIT
// MemoryRoom: how much is pending in the memory store, how many bytes that and the rest are, and whether more may come.
// It counts what it is told; what is kept and what is forgotten is memory_book.hpp's.
#ifndef WEBHOOK_DETAIL_MEMORY_ROOM_HPP
#define WEBHOOK_DETAIL_MEMORY_ROOM_HPP

#include <cstddef>
#include <string>

#include "../error.hpp"
#include "memory_event.hpp"
#include "memory_options.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

class MemoryRoom {
 public:
  explicit MemoryRoom(const MemoryOptions& options) noexcept : options_(options) {}

  std::size_t pending() const noexcept { return pending_; }
  std::size_t pending_bytes() const noexcept { return pending_bytes_; }
  std::size_t over_bytes() const noexcept { return over_bytes_; }  // payloads of which nothing is pending

  bool has(std::size_t deliveries, std::size_t bytes) const noexcept {
    return deliveries <= options_.max_deliveries - pending_ && bytes <= options_.max_bytes - pending_bytes_;
  }

  /// Throws errc::full at a bound, errc::too_large for what would never fit.
  void require(std::size_t deliveries, std::size_t bytes) const {
    if (deliveries == 0 || has(deliveries, bytes)) return;
    if (deliveries > options_.max_deliveries || bytes > options_.max_bytes) {
      throw Error(errc::too_large,
                  "the event goes to more endpoints, or has more bytes, than the memory store takes at all");
    }
    if (deliveries > options_.max_deliveries - pending_) {
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
  const MemoryOptions& options_;
  std::size_t pending_ = 0, pending_bytes_ = 0, over_bytes_ = 0;
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
