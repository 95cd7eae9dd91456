// SPDX-License-Identifier: MIT
// SimulatedOperator: everybody who uses a host: its emitters, who add and change endpoints, pause and rotate, as the
// dice say. A refused call is looked at again another time, as people do.
#ifndef WEBHOOK_TESTING_SIMULATED_OPERATOR_HPP
#define WEBHOOK_TESTING_SIMULATED_OPERATOR_HPP

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../dispatcher.hpp"
#include "invariants.hpp"
#include "simulation_options.hpp"

namespace webhook {
inline namespace v0 {

/// The tenant of operational events, in simulations that have any.
inline constexpr const char* operational_tenant = "operations";

/// Uses one host at a time; `Hooks` is a Dispatcher.
template <class Hooks>
class SimulatedOperator {
 public:
  SimulatedOperator(SimulatedWorld& world, Invariants& invariants) : world_(world), invariants_(invariants) {}

  /// Emits one event: named by the host or not, new or again, with a key, a channel, a trace, an expiry or a delay.
  void emit(Hooks& hooks) {
    SimulatedDice& dice = world_.dice;
    const std::string number = std::to_string(++emitted_);
    std::string id, payload = number + (dice.chance(0.02) ? " poison" : "");
    EmitOptions options;
    if (dice.chance(0.3)) id = "named_" + number;
    if (!named_.empty() && dice.chance(0.05)) {  // again, or again with something else
      id = named_;
      payload = named_payload_ + (dice.chance(0.3) ? " other" : "");
    }
    options.id = id;
    if (dice.chance(0.1)) {
      options.expires = world_.clock.now().wall + std::chrono::duration_cast<WallTime::duration>(
                                                      dice.between(std::chrono::seconds{1}, std::chrono::hours{10}));
    }
    if (dice.chance(0.1)) options.delay = dice.between(Duration::zero(), std::chrono::hours{5});
    if (dice.chance(0.5)) options.key = keys[dice.below(keys.size())];
    if (dice.chance(0.2)) options.channel = "express";
    if (dice.chance(0.1)) options.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    try {
      const char* const type = dice.chance(0.7) ? "order.created" : "customer.created";
      const Emitted emitted = hooks.emit_bytes(type, payload, options);
      invariants_.promised(emitted);
      world_.count(emitted.outcome == Appended::duplicate ? Happening::emit_duplicate : Happening::emitted);
      if (!options.key.empty()) world_.count(Happening::emit_keyed);
      if (!options.traceparent.empty()) world_.count(Happening::emit_traced);
      if (id.empty() || emitted.outcome != Appended::inserted) return;
      named_ = id;
      named_payload_ = payload;
    } catch (const Error& error) {
      world_.count(error.code() == errc::conflict ? Happening::emit_conflict
                   : error.code() == errc::full   ? Happening::emit_full
                                                  : Happening::emit_failed);
    }
  }

  /// Cancels something that is in flight, and may send it again at once.
  void interfere(Hooks& hooks, SimulatedHost& host) {
    if constexpr (requires { hooks.gauges(); }) {
      host.has_second_thoughts = true;
      try {
        for (const Delivery& leased : hooks.deliveries({.state = State::leased, .most = 1})) {
          hooks.cancel(leased.id);
          if (world_.dice.chance(0.5)) hooks.resend(leased.id);
        }
      } catch (const Error&) {  // the store failed, or the endpoint is gone
      }
      host.has_second_thoughts = false;
    }
  }

  /// Adds or changes an endpoint, or thinks again of what was sent; returns when to look again.
  Duration act(Hooks& hooks, SimulatedHost& host) {
    try {
      const std::vector<Endpoint> known = hooks.endpoints();
      if (known.size() < 2 || (known.size() < 8 && world_.dice.chance(0.1))) {
        hooks.add(fresh());
        return std::chrono::seconds{1};
      }
      if (world_.dice.chance(0.1)) {
        operate(hooks);
      } else if (!world_.dice.chance(0.4)) {
        change(hooks, any(known));
      } else if constexpr (requires { hooks.gauges(); }) {
        host.has_second_thoughts = true;
        think_again(hooks, any(known).id);
      }
    } catch (const Error&) {  // the store failed, or another host was quicker
    }
    host.has_second_thoughts = false;
    return world_.dice.between(std::chrono::seconds{1}, std::chrono::hours{4});
  }

 private:
  static constexpr std::array<const char*, 4> keys{"product_1", "product_2", "product_3", "product_4"};

  /// One of them, whatever order they came in.
  Endpoint any(const std::vector<Endpoint>& known) {
    const auto key = [salt = world_.dice.next()](const Endpoint& endpoint) {
      return (static_cast<std::uint64_t>(endpoint.id) ^ salt) * 0x9E3779B97F4A7C15U;
    };
    return *std::min_element(known.begin(), known.end(),
                             [&](const auto& left, const auto& right) { return key(left) < key(right); });
  }

  /// Somebody wants to know of the dispatcher itself, or not any more.
  void operate(Hooks& hooks) {
    const std::vector<Endpoint> known = hooks.endpoints(operational_tenant);
    if (!known.empty()) return change(hooks, any(known));
    Endpoint endpoint = fresh();
    endpoint.tenant = operational_tenant;
    endpoint.events = {"webhook.*"};
    endpoint.filter.clear();
    endpoint.channels.clear();
    hooks.add(std::move(endpoint));
  }

  void change(Hooks& hooks, Endpoint endpoint) {
    SimulatedDice& dice = world_.dice;
    switch (dice.below(10)) {
      case 0:
        return hooks.pause(endpoint.id);
      case 1:
      case 2:
      case 3:
        return hooks.enable(endpoint.id);
      case 4:
        if (dice.chance(0.3)) hooks.remove(endpoint.id);
        return;
      case 5:
        hooks.rotate_secret(endpoint.id, dice.between(Duration::zero(), std::chrono::hours{24}));
        return;
      case 6:
      case 7:
        rank(endpoint);
        hooks.change(std::move(endpoint));
        return;
      default:
        endpoint.cap = static_cast<std::uint32_t>(1 + dice.below(5));
        endpoint.spacing = Duration::zero();
        if (dice.chance(0.3)) endpoint.spacing = dice.between(Duration::zero(), std::chrono::seconds{30});
        endpoint.retry.reset();
        if (dice.chance(0.5)) endpoint.retry = simulated_schedule(dice.next());
        endpoint.url = fresh().url;
        hooks.change(std::move(endpoint));
    }
  }

  void think_again(Hooks& hooks, EndpointId endpoint) {
    SimulatedDice& dice = world_.dice;
    const auto ago = [&](Duration most) {
      const Duration back = dice.between(Duration::zero(), most);
      return world_.clock.now().wall - std::chrono::duration_cast<WallTime::duration>(back);
    };
    switch (dice.below(8)) {
      case 0:
      case 1:
      case 2:
        if (const auto delivery = any_delivery(hooks)) hooks.resend(*delivery);
        return;
      case 3:
        if (hooks.recover(endpoint, ago(std::chrono::hours{48})) > 0) world_.count(Happening::recovered);
        return;
      case 4:
        hooks.replay_missing(endpoint, ago(std::chrono::hours{24}));
        return;
      case 5:
        if (const auto delivery = any_delivery(hooks)) hooks.cancel(*delivery);
        return;
      case 6:
        if (dice.chance(0.3)) hooks.cancel_pending(endpoint);
        return;
      default:
        const Duration age = dice.between(Duration::zero(), std::chrono::hours{72});
        hooks.prune(age, dice.below(50));
    }
  }

  /// One in some state, from somewhere in the log.
  std::optional<DeliveryId> any_delivery(Hooks& hooks) {
    Query query;
    query.state = static_cast<State>(world_.dice.below(static_cast<std::size_t>(State::quarantined) + 1));
    query.most = 1;
    if (world_.dice.chance(0.8)) query.after = DeliveryId{world_.dice.below(world_.report.deliveries + 1)};
    const std::vector<Delivery> found = hooks.deliveries(query);
    return found.empty() ? std::nullopt : std::optional(found.front().id);
  }

  Endpoint fresh() {
    SimulatedDice& dice = world_.dice;
    Endpoint endpoint;
    endpoint.url = "https://receiver" + std::to_string(++receivers_) + ".example/";
    if (dice.chance(0.3)) endpoint.events = {"order.*"};
    if (dice.chance(0.2)) endpoint.filter = dice.chance(0.5) ? "even" : "odd";
    if (dice.chance(0.1)) endpoint.channels = {"express"};
    endpoint.cap = static_cast<std::uint32_t>(1 + dice.below(5));
    if (dice.chance(0.2)) endpoint.timeout = std::chrono::seconds{1 + dice.below(30)};
    if (dice.chance(0.4)) endpoint.retry = simulated_schedule(dice.next());
    rank(endpoint);
    return endpoint;
  }

  /// Its order, and what a newer event does to an older one.
  void rank(Endpoint& endpoint) {
    SimulatedDice& dice = world_.dice;
    endpoint.order = std::array{Order::none, Order::by_key, Order::by_key, Order::complete}[dice.below(4)];
    endpoint.when_exhausted = dice.chance(0.5) ? Exhausted::park : Exhausted::skip;
    endpoint.supersede = dice.chance(0.3);
  }

  SimulatedWorld& world_;
  Invariants& invariants_;
  std::size_t emitted_ = 0, receivers_ = 0;
  std::string named_{}, named_payload_{};
};

}  // namespace v0
}  // namespace webhook

#endif
