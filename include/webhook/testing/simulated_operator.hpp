// SPDX-License-Identifier: MIT
// SimulatedOperator: everybody who uses a host: its emitters, who add and change endpoints, pause and rotate, as the
// dice say. A refused call is looked at again another time, as people do.
#ifndef WEBHOOK_TESTING_SIMULATED_OPERATOR_HPP
#define WEBHOOK_TESTING_SIMULATED_OPERATOR_HPP

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "../dispatcher.hpp"
#include "invariants.hpp"

namespace webhook {
inline namespace v0 {

/// Uses one host at a time; `Hooks` is a Dispatcher.
template <class Hooks>
class SimulatedOperator {
 public:
  SimulatedOperator(SimulatedWorld& world, Invariants& invariants) : world_(world), invariants_(invariants) {}

  /// Emits one event: named by the host or not, new or again, with an expiry or a delay.
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
    try {
      const char* const type = dice.chance(0.7) ? "order.created" : "customer.created";
      const Emitted emitted = hooks.emit_bytes(type, payload, options);
      invariants_.promised(emitted);
      world_.count(emitted.outcome == Appended::duplicate ? Happening::emit_duplicate : Happening::emitted);
      if (id.empty() || emitted.outcome != Appended::inserted) return;
      named_ = id;
      named_payload_ = payload;
    } catch (const Error& error) {
      world_.count(error.code() == errc::conflict ? Happening::emit_conflict
                   : error.code() == errc::full   ? Happening::emit_full
                                                  : Happening::emit_failed);
    }
  }

  /// Adds an endpoint, or does something to one. Returns when to come again.
  Duration act(Hooks& hooks) {
    try {
      const std::vector<Endpoint> known = hooks.endpoints();
      if (known.size() < 2 || (known.size() < 8 && world_.dice.chance(0.1))) {
        hooks.add(fresh());
        return std::chrono::seconds{1};
      }
      change(hooks, any(known));
    } catch (const Error&) {  // the store failed, or another host was quicker
    }
    return world_.dice.between(std::chrono::seconds{1}, std::chrono::hours{5});
  }

 private:
  /// One of them, whatever order they came in.
  Endpoint any(const std::vector<Endpoint>& known) {
    const auto key = [salt = world_.dice.next()](const Endpoint& endpoint) {
      return (static_cast<std::uint64_t>(endpoint.id) ^ salt) * 0x9E3779B97F4A7C15U;
    };
    return *std::min_element(known.begin(), known.end(),
                             [&](const auto& left, const auto& right) { return key(left) < key(right); });
  }

  void change(Hooks& hooks, Endpoint endpoint) {
    SimulatedDice& dice = world_.dice;
    switch (dice.below(8)) {
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
      default:
        endpoint.cap = static_cast<std::uint32_t>(1 + dice.below(5));
        endpoint.spacing = Duration::zero();
        if (dice.chance(0.3)) endpoint.spacing = dice.between(Duration::zero(), std::chrono::seconds{30});
        endpoint.url = fresh().url;
        hooks.change(std::move(endpoint));
    }
  }

  Endpoint fresh() {
    Endpoint endpoint;
    endpoint.url = "https://receiver" + std::to_string(++receivers_) + ".example/";
    if (world_.dice.chance(0.3)) endpoint.events = {"order.*"};
    endpoint.cap = static_cast<std::uint32_t>(1 + world_.dice.below(5));
    if (world_.dice.chance(0.2)) endpoint.timeout = std::chrono::seconds{1 + world_.dice.below(30)};
    return endpoint;
  }

  SimulatedWorld& world_;
  Invariants& invariants_;
  std::size_t emitted_ = 0, receivers_ = 0;
  std::string named_{}, named_payload_{};
};

}  // namespace v0
}  // namespace webhook

#endif
