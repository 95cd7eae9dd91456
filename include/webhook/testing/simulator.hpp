// SPDX-License-Identifier: MIT
// Simulator: several hosts over one store, in virtual time, with every fault that a seed decides; then calm, in which
// everything must drain. The same seed does the same, so that a failure can be looked at again.
// What must hold is in invariants.hpp; the faults are in faulty_store.hpp, simulated_network.hpp and here (hosts).
#ifndef WEBHOOK_TESTING_SIMULATOR_HPP
#define WEBHOOK_TESTING_SIMULATOR_HPP

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../dispatcher.hpp"
#include "../store/memory.hpp"
#include "faulty_store.hpp"
#include "signature_invariants.hpp"
#include "simulated_network.hpp"
#include "simulated_operator.hpp"
#include "simulation_options.hpp"

namespace webhook {
inline namespace v0 {

/// Runs one seed. `Store` is under test, and so is the engine above it; `Scheme` signs and verifies. `Transport` is made
/// from a SimulatedTransport, and by default is one. For one thread.
template <SchemePolicy Scheme, StorePolicy Store = MemoryStore, TransportPolicy Transport = SimulatedTransport>
class Simulator {
 public:
  /// How a host's transport is made of the simulated one.
  using Wrap = std::function<Transport(SimulatedTransport)>;

  Simulator(
      std::uint64_t seed, Store store, Scheme scheme = {}, SimulationOptions options = {},
      Wrap wrap = [](SimulatedTransport plain) { return Transport(std::move(plain)); })
      : options_(std::move(options)),
        scheme_(std::move(scheme)),
        wrap_(std::move(wrap)),
        world_(seed),
        schedule_(options_.schedule ? *options_.schedule : simulated_schedule(seed)),
        invariants_(world_, schedule_, options_.most_pending),
        store_{world_, invariants_, std::move(store)},
        network_{world_, invariants_} {
    network_.judge_signature = SignatureInvariants<Scheme>(world_, invariants_.rows(), scheme_);
  }

  SimulationReport run() {
    const Duration start = world_.start;
    world_.store_faults = std::array{0.0, 0.01, 0.04, 0.15}[world_.dice.below(4)];
    network_.room = std::array<std::size_t, 3>{2, 8, 64}[world_.dice.below(3)];
    if (options_.hosts == 0) options_.hosts = 1 + world_.dice.below(4);
    for (std::size_t i = 0; i < options_.hosts; ++i) hosts_.push_back(Host{std::make_shared<SimulatedHost>(), {}});
    for (std::size_t i = 0; i < options_.hosts; ++i) hosts_[i].state->index = i;
    next_emit_ = next_act_ = start;
    while (world_.report.ok()) {
      const Duration now = world_.now();
      if (!world_.calm && now - start >= options_.faulty) calm_down();
      if (world_.calm && now - start >= options_.least && invariants_.drained()) break;
      if (now - start >= options_.most) {
        invariants_.finish();
        break;
      }
      for (Host& host : hosts_) revive(host);
      if (now >= next_emit_ && now - start < options_.emitting) emit_some();
      if (now >= next_act_) world_.calm ? tend() : act();
      step_hosts();
      move_on();
    }
    if constexpr (Remembers<Store>) {
      for (const Delivery& kept : store_.store.find({.most = (std::numeric_limits<std::size_t>::max)()})) {
        invariants_.kept(kept);
      }
    }
    world_.report.simulated = world_.now() - start;
    hosts_.clear();
    return world_.report;
  }

 private:
  using Hooks = Dispatcher<Transport, SimulatedSerializer, Scheme, FaultyStore<Store>, SimulatedClock>;
  struct Host {
    std::shared_ptr<SimulatedHost> state{};
    std::unique_ptr<Hooks> hooks{};
    Duration down_until{};
    Duration last_step{};
    bool up(Duration now) const noexcept { return hooks != nullptr && !state->crashed && state->frozen_until <= now; }
  };
  static constexpr Duration poll = std::chrono::milliseconds{250};  // how soon a host hears of another's change
  static constexpr std::size_t spinning = 10'000;                   // steps at one moment

  // ------------------------------------------------------------------------------------------------------- hosts
  void revive(Host& host) {
    const Duration now = world_.now();
    if (host.hooks != nullptr && host.state->crashed) {
      host.hooks.reset();  // all it says from now on is lost
      host.down_until = now;
      if (!world_.calm) host.down_until += world_.dice.between(std::chrono::milliseconds{10}, std::chrono::minutes{10});
    }
    if (host.hooks != nullptr || host.down_until > now) return;
    const SimulatedHost before = *host.state;
    host.state = std::make_shared<SimulatedHost>();
    host.state->index = before.index;
    host.state->partitioned_until = before.partitioned_until;
    host.state->wall_error = before.wall_error;
    host.state->changed = before.changed;
    host.state->sleeps_until = now;
    host.state->next_exchange = (Duration::max)();
    Options options;
    options.retry = schedule_;
    options.seed = world_.dice.next();
    options.disable_after = options_.disable_after.value_or(std::chrono::hours{world_.report.seed % 2 == 0 ? 120 : 12});
    options.warn_after = {options.disable_after / 5, options.disable_after * 4 / 5};
    if (world_.report.seed % 2 == 0) options.operational = operational_tenant;
    if (world_.report.seed % 4 >= 2 && Remembers<Store>) options.when_full = WhenFull::drop_oldest;
    invariants_.notices.rules = options;
    invariants_.notices.begins(*host.state);
    options.on_notice = [this, index = before.index](const Notice& notice) { observe(hosts_[index], notice); };
    if (options_.tamper) options_.tamper(options);
    try {
      host.hooks = std::make_unique<Hooks>(wrap_(SimulatedTransport(network_, host.state)), SimulatedSerializer(),
                                           scheme_, FaultyStore<Store>(store_, host.state),
                                           SimulatedClock(world_.clock, host.state), std::move(options));
      world_.count(Happening::host_restarted);
    } catch (const Error&) {  // it cannot read its endpoints: whoever starts it tries again
      host.down_until = now + std::chrono::seconds{5};
    }
  }

  /// When a host goes on by itself.
  Duration wakes_at(const Host& host) const {
    if (host.hooks == nullptr) return host.down_until;
    const SimulatedHost& state = *host.state;
    if (state.crashed || state.busy || state.woken) return state.frozen_until;
    Duration at = (std::min)(state.sleeps_until, state.next_exchange);
    for (const Host& other : hosts_) {  // polls that would find nothing are left out
      const Duration changed = other.state->changed;
      if (&other != &host && changed >= host.last_step) at = (std::min)(at, changed + poll);
    }
    return (std::max)(at, state.frozen_until);
  }

  void step(Host& host) {
    host.last_step = world_.now();
    host.hooks->run_once(std::chrono::hours{1});
    host.state->meanwhile = nullptr;
    ++world_.report.steps;
    invariants_.stepped(*host.state);
    invariants_.notices.quiet(*host.state);
  }

  void step_hosts() {
    const std::size_t first = world_.dice.below(hosts_.size());
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
      Host& host = hosts_[(first + i) % hosts_.size()];
      if (!host.up(world_.now()) || wakes_at(host) > world_.now()) continue;
      step(host);
      if (!world_.calm && host.state->exchanges > 0 && !host.state->crashed) strike(host);
    }
  }

  /// An observer that throws, or calls back into its dispatcher.
  void observe(Host& host, const Notice& notice) {
    if (host.hooks == nullptr || host.state->crashed) return;
    invariants_.notices.told(*host.state, notice, invariants_.registry());
    if (world_.calm) return;
    if (world_.dice.chance(0.01)) {
      world_.count(Happening::observer_emitted);
      operator_.emit(*host.hooks);
    } else if (world_.dice.chance(0.05)) {
      world_.count(Happening::observer_threw);
      throw 1;
    }
  }

  /// What befalls a host that has something in flight.
  void strike(Host& host) {
    SimulatedDice& dice = world_.dice;
    if (!dice.chance(0.02)) return;
    switch (dice.below(5)) {
      case 0:
        host.state->crashed = true;
        return world_.count(Happening::host_crashed);
      case 1:
        host.state->ended = true;
        host.hooks->stop(Duration::zero());
        host.hooks.reset();
        host.down_until = world_.now() + dice.between(Duration::zero(), std::chrono::minutes{1});
        return world_.count(Happening::host_stopped);
      case 2:
        host.state->partitioned_until = world_.now() + dice.between(Duration::zero(), std::chrono::minutes{3});
        return;
      case 3:
        host.state->busy = true;
        return operator_.interfere(*host.hooks, *host.state);
      default:
        host.state->frozen_until = world_.now() + dice.between(std::chrono::seconds{1}, std::chrono::minutes{3});
        return world_.count(Happening::host_frozen);
    }
  }

  void move_on() {
    const Duration now = world_.now();
    Duration next = world_.start + options_.most;
    for (const Host& host : hosts_) next = (std::min)(next, wakes_at(host));
    if (now - world_.start < options_.emitting) next = (std::min)(next, next_emit_);
    next = (std::min)(next, next_act_);
    if (!world_.calm) next = (std::min)(next, world_.start + options_.faulty);
    if (next > now) {
      at_one_moment_ = 0;
      return world_.clock.advance(next - now);
    }
    if (++at_one_moment_ > spinning) world_.violated("I12", "a worker spins: nothing happens, and it does not sleep");
  }

  Host* any_host() {
    Host& host = hosts_[world_.dice.below(hosts_.size())];
    return host.up(world_.now()) ? &host : nullptr;
  }

  // ------------------------------------------------------------------------------------------ emitters, operators
  void emit_some() {
    SimulatedDice& dice = world_.dice;
    next_emit_ = world_.now() + dice.between(std::chrono::seconds{1}, std::chrono::hours{3});
    for (std::size_t left = dice.chance(0.05) ? 60 : 1 + dice.below(3); left > 0; --left) {
      emit(any_host());
    }
  }

  void emit(Host* host) {
    if (host != nullptr) during_sleep(*host, [this, host] { operator_.emit(*host->hooks); });
  }

  /// Does something beside the worker, half of the time while it sleeps: then it has to be woken.
  template <class Call>
  void during_sleep(Host& host, const Call& call) {
    if (!host.up(world_.now())) return;
    if (world_.dice.chance(0.5)) {
      call();
      invariants_.notices.quiet(*host.state);
      host.state->busy = true;  // it has not gone to sleep yet
    } else {
      host.state->meanwhile = call;
      step(host);
    }
  }

  /// Something that an operator does, or the calendar.
  void act() {
    next_act_ = world_.now() + std::chrono::minutes{1};
    Host* const host = any_host();
    if (host == nullptr) return;
    if (world_.dice.chance(0.1)) {
      const Duration before = host->state->wall_error;
      host->state->wall_error = world_.dice.between(-std::chrono::hours{2}, std::chrono::hours{2});
      host->state->wall_went_back = host->state->wall_went_back || host->state->wall_error < before;
      world_.count(Happening::wall_jumped);
    }
    during_sleep(*host, [this, host] {
      const Duration wait = operator_.act(*host->hooks, *host->state);  // first: time may go on meanwhile
      next_act_ = world_.now() + wait;
    });
    if (world_.dice.chance(0.5)) emit(any_host());  // at once: what is known of the change may be old
  }

  /// From now on nothing fails, and every endpoint is served that is not gone.
  void calm_down() {
    world_.calm = true;
    for (Host& host : hosts_) {
      host.state->frozen_until = (std::min)(host.state->frozen_until, world_.now());
      host.state->partitioned_until = (std::min)(host.state->partitioned_until, world_.now());
      host.down_until = Duration::zero();
      revive(host);
      host.state->woken = true;
    }
    // By then leases of crashed hosts have run out, and what was in flight has failed, if it had to.
    next_act_ = invariants_.calm_since = world_.now() + std::chrono::minutes{1};
    serve_all();
  }

  void serve_all() {
    Hooks& hooks = *hosts_.front().hooks;
    hooks.run_once();
    for (const char* const tenant : {"", operational_tenant}) {
      for (const Endpoint& endpoint : hooks.endpoints(tenant)) {
        if (endpoint.state == EndpointState::paused || endpoint.state == EndpointState::disabled)
          hooks.enable(endpoint.id);
      }
    }
  }

  /// What waits for somebody, faults or none: an endpoint that the last failures disabled when the faults were over,
  /// and what is parked. Later nothing fails, so that nothing may be disabled.
  void tend() {
    if (next_act_ == invariants_.calm_since) serve_all();
    next_act_ = world_.now() + std::chrono::hours{1};
    if constexpr (Remembers<Store>) {
      during_sleep(hosts_.front(), [this] {
        Hooks& hooks = *hosts_.front().hooks;
        for (const Delivery& parked : hooks.deliveries({.state = State::parked, .most = 1000})) hooks.resend(parked.id);
      });
    }
  }

  SimulationOptions options_;
  Scheme scheme_;
  Wrap wrap_;
  SimulatedWorld world_;
  RetrySchedule schedule_;
  Invariants invariants_;
  SharedStore<Store> store_;
  SimulatedNetwork network_;
  SimulatedOperator<Hooks> operator_{world_, invariants_};
  std::vector<Host> hosts_{};
  Duration next_emit_{}, next_act_{};
  std::size_t at_one_moment_ = 0;
};

}  // namespace v0
}  // namespace webhook

#endif
