// SPDX-License-Identifier: MIT
// The names that events, endpoints, deliveries, workers and exchanges go by.
// An EventId travels on the wire and is chosen by the host or by the engine; the numbers are the store's.
#ifndef WEBHOOK_ID_HPP
#define WEBHOOK_ID_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "error.hpp"

namespace webhook {
inline namespace v0 {

/// The id of an event: the same over all attempts and endpoints, kept inline so that copying it allocates nothing.
class EventId {
 public:
  static constexpr std::size_t max_size = 64;  ///< bytes

  EventId() noexcept = default;

  /// Takes up to `max_size` bytes. Throws Error (errc::invalid_id) for more; what an id may contain is judged at emit.
  explicit EventId(std::string_view text) {
    if (text.size() > max_size) {
      throw Error(errc::invalid_id, "an event id has at most 64 bytes, this one has " + std::to_string(text.size()));
    }
    size_ = static_cast<std::uint8_t>(text.size());
    if (!text.empty()) std::memcpy(text_, text.data(), text.size());
  }

  std::string_view view() const noexcept { return {text_, size_}; }
  bool empty() const noexcept { return size_ == 0; }
  friend bool operator==(const EventId& left, const EventId& right) noexcept { return left.view() == right.view(); }

 private:
  char text_[max_size]{};
  std::uint8_t size_ = 0;
};

enum class EndpointId : std::uint64_t {};   ///< given by the engine when an endpoint is added; never 0, below 2^48
enum class DeliveryId : std::uint64_t {};   ///< given by the store; grows in the order of appending
enum class EventNumber : std::uint64_t {};  ///< given by the store; grows in the order of appending
enum class WorkerId : std::uint64_t {};     ///< one worker of one dispatcher
enum class Ticket : std::uint64_t {};       ///< one exchange of one transport session
using Fence = std::uint64_t;                ///< grows with every claim of a delivery: an older one has no say
using Version = std::uint64_t;  ///< of the registry: grows with every change of any endpoint; 0: never stored

}  // namespace v0
}  // namespace webhook

#endif
