// SPDX-License-Identifier: MIT
// Delivery and Attempt: what became of one event at one endpoint, as data.
// Written by the engine, kept by the store, read by the host; nothing here acts.
#ifndef WEBHOOK_DELIVERY_HPP
#define WEBHOOK_DELIVERY_HPP

#include <cstdint>
#include <string>
#include <string_view>

#include "http.hpp"
#include "id.hpp"
#include "time.hpp"

namespace webhook {
inline namespace v0 {

/// Where a delivery stands. Everything after `parked` is over, until the host resends it.
enum class State : std::uint8_t {
  due,         ///< waits for its turn or for its next attempt
  leased,      ///< a worker is at it
  parked,      ///< it failed for good, and what comes after it waits until the host resends or cancels it
  delivered,   ///< answered with 2xx
  dead,        ///< every attempt of the schedule failed
  cancelled,   ///< by the host, by a removed or gone endpoint, or because the endpoint asked to stop
  expired,     ///< the event was no longer worth sending
  superseded,  ///< a newer event of the same key took its place
  quarantined  ///< three workers died or vanished while they were at it
};

/// Whether nothing more happens to a delivery by itself.
constexpr bool is_over(State state) noexcept { return state > State::parked; }

/// The name of a state, as a delivery log shows it.
constexpr std::string_view to_string(State state) noexcept {
  switch (state) {
    case State::due:
      return "due";
    case State::leased:
      return "leased";
    case State::parked:
      return "parked";
    case State::delivered:
      return "delivered";
    case State::dead:
      return "dead";
    case State::cancelled:
      return "cancelled";
    case State::expired:
      return "expired";
    case State::superseded:
      return "superseded";
    case State::quarantined:
      return "quarantined";
  }
  return "unknown";
}

/// One try: a row of the delivery log. A fence without a row is a try whose outcome nobody knows.
struct Attempt {
  Fence fence = 0;
  WallTime at{};    ///< when it began
  Duration took{};  ///< until the answer or the failure
  int status = 0;   ///< HTTP status; 0: no complete answer
  Failure failure = Failure::none;
  std::string response{};  ///< the beginning of the answer's body; raw bytes from a stranger: escape before showing
  std::string reason{};    ///< of a failure, for the operator; may name addresses, so never show it to a tenant
};

/// One event on its way to one endpoint.
struct Delivery {
  DeliveryId id{};
  EndpointId endpoint{};
  EventId event{};
  std::string type{};
  std::string tenant{};
  State state = State::due;
  std::uint32_t attempts = 0;  ///< made so far
  WallTime created{};          ///< when the event was accepted
};

}  // namespace v0
}  // namespace webhook

#endif
