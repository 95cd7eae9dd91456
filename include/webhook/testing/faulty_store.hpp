// SPDX-License-Identifier: MIT
// FaultyStore: one host's way to a store that several hosts share: it fails before or after the effect, takes its time,
// loses answers, is cut off, or is where the host dies. What had an effect is shown to the invariants.
#ifndef WEBHOOK_TESTING_FAULTY_STORE_HPP
#define WEBHOOK_TESTING_FAULTY_STORE_HPP

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "../concepts.hpp"
#include "invariants.hpp"

namespace webhook {
inline namespace v0 {

/// What all hosts share.
template <class Store>
struct SharedStore {
  SimulatedWorld& world;
  Invariants& invariants;
  Store store;
};

/// A handle for one host. For one thread.
template <StorePolicy Store>
class FaultyStore {
 public:
  using role = webhook::role::store;

  FaultyStore(SharedStore<Store>& shared, std::shared_ptr<SimulatedHost> host)
      : shared_(&shared), host_(std::move(host)) {}

  void append(const Now& now, std::span<const NewEvent> events, std::span<Appended> appended) {
    // A store whose commit may be in doubt recognises every event by its id, not only those that the host named.
    std::vector<NewEvent> known(events.begin(), events.end());
    for (NewEvent& event : known) event.named = true;
    write([&] {
      shared_->store.append(now, known, appended);
      for (std::size_t i = 0; i < events.size(); ++i) shared_->invariants.appended(now, events[i], appended[i]);
    });
  }

  Found claim(const Claim& ask, std::vector<Claimed>& claimed) {
    const std::size_t before = claimed.size();
    Found found;
    enter();
    try {
      found = shared_->store.claim(ask, claimed);
      shared_->invariants.claimed(host_, ask, std::span(claimed).subspan(before));
      leave(claimed.size() > before);
      for (std::size_t i = before; i < claimed.size(); ++i) shared_->invariants.taken(claimed[i]);
    } catch (...) {  // a lost answer names no deliveries: their leases have to run out
      claimed.resize(before);
      throw;
    }
    return found;
  }

  void settle(const Now& now, std::span<const Settlement> words, std::span<Settled> settled) {
    write([&] {
      shared_->store.settle(now, words, settled);
      for (std::size_t i = 0; i < words.size(); ++i) {
        shared_->invariants.settled(now, words[i], settled[i].word);
      }
    });
    for (std::size_t i = 0; i < words.size(); ++i) shared_->invariants.told(*host_, words[i], settled[i].word);
  }

  void tune(const Now& now, EndpointId endpoint, const Lane& lane) {
    fulfil(Duty::rest, endpoint);
    write([&] {
      shared_->store.tune(now, endpoint, lane);
      shared_->invariants.tuned(now, endpoint, lane);
    });
  }

  Version put(const Endpoint& description) {
    if (description.state != EndpointState::active) fulfil(Duty::retire, description.id);
    Version version = 0;
    write([&] {
      version = shared_->store.put(description);
      shared_->invariants.put(description, version);
    });
    return version;
  }

  std::vector<Endpoint> endpoints(Version after) {
    enter();
    SimulatedWorld& world = shared_->world;
    if (!world.calm && world.dice.chance(4 * world.store_faults)) {  // often: what is then done by an old copy is wrong
      world.count(Happening::store_refused);
      throw Error(errc::transient, "the endpoints cannot be read");
    }
    return shared_->store.endpoints(after);
  }

 private:
  template <class Call>
  void write(const Call& call) {
    enter();
    call();
    leave(true);
  }

  void fulfil(Duty duty, EndpointId endpoint) noexcept {
    if (host_->duty == duty && host_->owed_to == endpoint) host_->duty = Duty::none;
  }

  [[noreturn]] void crash() {
    host_->crashed = true;
    shared_->world.count(Happening::host_crashed_store);
    throw Error(errc::transient, "this host has crashed");
  }

  /// What may go wrong before there is an effect.
  void enter() {
    SimulatedWorld& world = shared_->world;
    if (host_->crashed) throw Error(errc::transient, "this host has crashed");
    if (world.calm) return;
    if (world.now() < host_->partitioned_until) {
      world.count(Happening::store_unreachable);
      throw Error(errc::transient, "the store cannot be reached");
    }
    if (!world.dice.chance(world.store_faults)) return;
    switch (world.dice.below(8)) {
      case 0:
      case 1:
      case 2:
        world.count(Happening::store_refused);
        throw Error(errc::transient, "the database is locked");
      case 3:
        world.count(Happening::store_unknown);
        throw Error(errc::unknown_commit, "the connection was lost");
      case 4:
        return crash();
      default:
        world.count(Happening::store_slow);
        world.clock.advance(world.dice.between(std::chrono::milliseconds{1}, std::chrono::seconds{8}));
    }
  }

  /// What may go wrong after it.
  void leave(bool changed) {
    SimulatedWorld& world = shared_->world;
    if (changed) host_->changed = world.now();
    if (world.calm || !world.dice.chance(world.store_faults / 2)) return;
    if (world.dice.chance(0.2)) crash();
    world.count(Happening::store_answer_lost);
    throw Error(errc::unknown_commit, "the connection was lost within COMMIT");
  }

  SharedStore<Store>* shared_;
  std::shared_ptr<SimulatedHost> host_;
};

}  // namespace v0
}  // namespace webhook

#endif
