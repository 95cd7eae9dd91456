// SPDX-License-Identifier: MIT
// Endpoint: who wants to know, where, in which form and under which keys.
// A plain value; it is checked when it is added (dispatcher.hpp), and kept by the store.
#ifndef WEBHOOK_ENDPOINT_HPP
#define WEBHOOK_ENDPOINT_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access.hpp"
#include "http.hpp"
#include "id.hpp"
#include "retry.hpp"
#include "secret.hpp"
#include "time.hpp"

namespace webhook {
inline namespace v0 {

/// Whether an endpoint is served.
enum class EndpointState : std::uint8_t {
  active,
  paused,    ///< by the host: events are kept, nothing is sent
  disabled,  ///< it failed for too long, or asked for it: events are kept, nothing is sent until it is enabled
  gone,      ///< it answered 410: what was pending is cancelled, new events pass it by until it is enabled
  removed    ///< deleted by the host: what was pending is cancelled
};

/// The name of a state, as a settings page shows it.
constexpr std::string_view to_string(EndpointState state) noexcept {
  switch (state) {
    case EndpointState::active:
      return "active";
    case EndpointState::paused:
      return "paused";
    case EndpointState::disabled:
      return "disabled";
    case EndpointState::gone:
      return "gone";
    case EndpointState::removed:
      return "removed";
  }
  return "unknown";
}

/// In which order an endpoint gets its events. In order means one at a time, as the store accepted them; a delivery that
/// fails holds up those behind it.
enum class Order : std::uint8_t {
  none,     ///< as they become due, several at once; a failing one delays no other
  by_key,   ///< in order among events of the same Event::key; events without a key as with `none`
  complete  ///< all events of the endpoint in order
};

/// What becomes of a delivery of an ordered endpoint when its schedule is exhausted.
enum class Exhausted : std::uint8_t {
  skip,  ///< it is a dead letter, and the next one has its turn
  park   ///< it is parked, and those behind it wait until the host resends or cancels it
};

/// Where events are sent to, which ones, and how.
struct Endpoint {
  std::string url{};                     ///< absolute; https unless the transport was told to allow http
  std::vector<std::string> events{"*"};  ///< "*", "order.*" (and deeper), "order.created"; at most 100 patterns
  std::string tenant{};                  ///< only events of the same tenant are delivered
  std::vector<std::string> channels{};   ///< only events of one of these channels; none: all. At most 10
  std::string filter{};                  ///< on the event's data, in the serializer's own language; "": everything
  std::string format{};                  ///< a name among those compiled in; "": the dispatcher's own
  std::string scheme{};                  ///< a name among those compiled in; "": the dispatcher's own
  std::vector<Secret> secrets{};   ///< all that have not expired sign; one is generated if none is given. At most 10
  Headers headers{};               ///< sent along with every delivery; at most 32
  std::string description{};       ///< for people
  std::uint32_t cap = 4;           ///< deliveries in flight at once, over all workers
  Duration spacing{};              ///< rate limit: at least this long between two deliveries
  Duration timeout{};              ///< of one attempt; 0: the dispatcher's own
  bool http2 = false;              ///< offer HTTP/2 by ALPN; only over TLS
  std::optional<Access> access{};  ///< client certificate, own authorities, OAuth 2.0: where the receiver asks for them
  std::optional<RetrySchedule> retry{};  ///< instead of Options::retry; its first wait is 0
  Order order = Order::none;
  Exhausted when_exhausted = Exhausted::skip;  ///< where there is an order
  bool supersede = false;  ///< of pending events with the same Event::key only the newest is sent; one in flight is not
                           ///< called back, but not tried again

  EndpointId id{};      ///< given when it is added
  Version version = 0;  ///< of its last change; 0: not yet stored
  EndpointState state = EndpointState::active;
};

}  // namespace v0
}  // namespace webhook

#endif
