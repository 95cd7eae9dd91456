// SPDX-License-Identifier: MIT
// Notice: what the engine tells the host of each thing that happened, as it happens.
// It carries no payload and no secret; the whole story of a delivery is in the store's log.
#ifndef WEBHOOK_NOTICE_HPP
#define WEBHOOK_NOTICE_HPP

#include <concepts>
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

#include "delivery.hpp"
#include "id.hpp"
#include "time.hpp"

namespace webhook {
inline namespace v0 {

/// One thing that happened. Views and pointers live for the call only.
///
/// Observers are called by the worker's thread, or by the one that changes an endpoint or emits, outside of all locks;
/// what they throw is contained. A slow one delays its worker, so hand long work on.
struct Notice {
  enum class Kind : std::uint8_t {
    delivered,           ///< an attempt was answered with 2xx
    recovered,           ///< told after `delivered`, if attempts had failed before
    failed,              ///< an attempt failed, and there will be another
    exhausted,           ///< the last attempt of the schedule failed: a dead letter
    parked,              ///< it failed for good, and what comes after it at its ordered endpoint waits for the host
    cancelled,           ///< the endpoint is gone, removed or asked to stop
    expired,             ///< the event was no longer worth sending
    quarantined,         ///< three workers vanished while they were at it
    dropped,             ///< cancelled to make room for a newer event (WhenFull::drop_oldest)
    endpoint_added,      ///< by the host, as are the next five
    endpoint_changed,    //
    endpoint_enabled,    //
    endpoint_paused,     //
    endpoint_removed,    //
    secret_rotated,      //
    endpoint_resting,    ///< its breaker opened: it is left alone for a while, then probed
    endpoint_failing,    ///< a warning: it has only failed for `failing_for` (Options::warn_after)
    endpoint_recovered,  ///< it was resting or failing, and an attempt was answered with 2xx
    endpoint_disabled,   ///< by the host, after failing for too long, or because it asked for it
    endpoint_gone,       ///< it answered 410
    trouble              ///< the store, a key or the clock fails; the worker tries again. `text` says what
  } kind = Kind::trouble;
  EndpointId endpoint{};
  DeliveryId delivery{};
  EventId event{};
  const Attempt* attempt = nullptr;  ///< the one that was just made, if one was
  std::string_view text{};           ///< for the operator
  Duration failing_for{};            ///< of the endpoint, where that is what the notice is about
};

namespace detail {
template <class Call, class Other>
concept Observes =
    !std::same_as<std::remove_cvref_t<Call>, Other> && std::invocable<std::decay_t<Call>&, const Notice&>;
}  // namespace detail

/// A callable that is told of notices; empty by default. Copies share the callable. (std::function would do, but
/// <functional> would be a seventh of what this header's includers compile.)
class Observer {
 public:
  Observer() = default;
  template <detail::Observes<Observer> Call>
  Observer(Call&& call)  // implicit, so that Options{.on_notice = [](const webhook::Notice&) {…}} reads as it should
      : call_(std::make_shared<std::decay_t<Call>>(std::forward<Call>(call))),
        invoke_([](void* target, const Notice& notice) { (*static_cast<std::decay_t<Call>*>(target))(notice); }) {}

  explicit operator bool() const noexcept { return call_ != nullptr; }
  void operator()(const Notice& notice) const { invoke_(call_.get(), notice); }

 private:
  std::shared_ptr<void> call_{};
  void (*invoke_)(void*, const Notice&) = nullptr;
};

/// The name of a kind, as logs and metrics show it.
constexpr std::string_view to_string(Notice::Kind kind) noexcept {
  switch (kind) {
    case Notice::Kind::delivered:
      return "delivery.delivered";
    case Notice::Kind::failed:
      return "delivery.failed";
    case Notice::Kind::exhausted:
      return "delivery.exhausted";
    case Notice::Kind::cancelled:
      return "delivery.cancelled";
    case Notice::Kind::expired:
      return "delivery.expired";
    case Notice::Kind::quarantined:
      return "delivery.quarantined";
    case Notice::Kind::endpoint_disabled:
      return "endpoint.disabled";
    case Notice::Kind::endpoint_gone:
      return "endpoint.gone";
    case Notice::Kind::recovered:
      return "delivery.recovered";
    case Notice::Kind::parked:
      return "delivery.parked";
    case Notice::Kind::dropped:
      return "delivery.dropped";
    case Notice::Kind::endpoint_added:
      return "endpoint.added";
    case Notice::Kind::endpoint_changed:
      return "endpoint.changed";
    case Notice::Kind::endpoint_enabled:
      return "endpoint.enabled";
    case Notice::Kind::endpoint_paused:
      return "endpoint.paused";
    case Notice::Kind::endpoint_removed:
      return "endpoint.removed";
    case Notice::Kind::secret_rotated:
      return "endpoint.secret_rotated";
    case Notice::Kind::endpoint_resting:
      return "endpoint.resting";
    case Notice::Kind::endpoint_failing:
      return "endpoint.failing";
    case Notice::Kind::endpoint_recovered:
      return "endpoint.recovered";
    case Notice::Kind::trouble:
      return "trouble";
  }
  return "unknown";
}

}  // namespace v0
}  // namespace webhook

#endif
