// SPDX-License-Identifier: MIT
// FaultyStore: one host's way to a store that several hosts share: it fails before or after the effect, takes its time,
// loses answers, is cut off, or is where the host dies. What had an effect is shown to the invariants.
#ifndef WEBHOOK_TESTING_FAULTY_STORE_HPP
#define WEBHOOK_TESTING_FAULTY_STORE_HPP

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
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
  DeliveryId newest{};  // of those that the log has shown

  /// What the log has that it had not when it was last asked.
  std::vector<Delivery> fresh() requires Remembers<Store> {
    std::vector<Delivery> found = store.find({.after = newest, .most = (std::numeric_limits<std::size_t>::max)()});
    if (!found.empty()) newest = found.back().id;
    return found;
  }
  std::optional<State> state_of(DeliveryId id) requires Remembers<Store> {
    const std::vector<Delivery> found = store.find({.delivery = id, .most = 1});
    return found.empty() ? std::nullopt : std::optional(found.front().state);
  }
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
    for (const NewEvent& event : events) {
      if (!event.event->tenant.empty()) shared_->invariants.notices.reported(*host_, event.event->type);
    }
    write([&] {
      shared_->store.append(now, known, appended);
      for (std::size_t i = 0; i < events.size(); ++i) {
        shared_->invariants.appended(now, events[i], appended[i], RoutesLater<Store>);
      }
      if constexpr (Remembers<Store>) shared_->invariants.learned(shared_->fresh());
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
    shared_->invariants.notices.heard(*host_, words, settled);
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
    Invariants& invariants = shared_->invariants;
    const SimulatedLane* const lane = invariants.rows().lane(description.id);
    const std::optional<Endpoint> before = lane == nullptr ? std::nullopt : std::optional(lane->endpoint);
    Version version = 0;
    try {
      write([&] {
        version = shared_->store.put(description);
        invariants.put(description, version);
      });
    } catch (const Error& error) {
      const bool moved = version != 0 && before && before->state != description.state;
      if (moved || error.code() == errc::unknown_commit)
        invariants.notices.put_in_doubt(*host_, description.id, description.state, moved ? version : 0);
      throw;
    }
    if (version == host_->knows + 1) host_->knows = version;
    invariants.notices.put(*host_, before ? &*before : nullptr, description);
    return version;
  }

  std::vector<Endpoint> endpoints(Version after) {
    enter(false);
    SimulatedWorld& world = shared_->world;
    if (!world.calm && world.dice.chance(4 * world.store_faults)) {  // often: what is then done by an old copy is wrong
      world.count(Happening::store_refused);
      throw Error(errc::transient, "the endpoints cannot be read");
    }
    host_->knows = shared_->invariants.registry();
    return shared_->store.endpoints(after);
  }

  // ---------------------------------------------------------------------------- the chapter of stores that route later
  std::vector<KeptEvent> unrouted(std::size_t most) requires RoutesLater<Store> {
    enter(false);
    return shared_->store.unrouted(most);
  }
  bool route(const Now& now, std::span<const Route> routes, Version registry) requires RoutesLater<Store> {
    bool done = false;
    write([&] {
      const std::vector<KeptEvent> kept = shared_->store.unrouted((std::numeric_limits<std::size_t>::max)());
      done = shared_->store.route(now, routes, registry);
      shared_->invariants.routed(now, routes, registry, done, kept);
      if constexpr (Remembers<Store>) {
        for (const KeptEvent& one : kept) shared_->invariants.learned(of_event(one.event->id));
        shared_->fresh();  // what comes later is newer than these
      }
    });
    return done;
  }

  // ------------------------------------------------------------------------------ the chapter of stores that remember
  std::vector<Delivery> find(const Query& query) requires Remembers<Store> {
    enter(false);
    std::vector<Delivery> found = shared_->store.find(query);
    if (query.delivery && query.state == State::cancelled && !found.empty())
      shared_->invariants.notices.seen_cancelled(*host_, *query.delivery);
    return found;
  }
  std::vector<Attempt> attempts(DeliveryId delivery) requires Remembers<Store> {
    enter(false);
    return shared_->store.attempts(delivery);
  }
  std::vector<KeptEvent> events(const EventQuery& query) requires Remembers<Store> {
    enter(false);
    return shared_->store.events(query);
  }
  Backlog backlog(const Now& now) requires Remembers<Store> {
    enter(false);
    return shared_->store.backlog(now);
  }

  std::size_t amend(const Now& now, const Query& query, State to) requires Remembers<Store> {
    NoticeInvariants& notices = shared_->invariants.notices;
    const bool drops = to == State::cancelled && !host_->has_second_thoughts;
    std::size_t amended = 0;
    try {
      write([&] {
        const std::vector<Delivery> asked = shared_->store.find(query);
        amended = shared_->store.amend(now, query, to);
        shared_->invariants.amended(now, asked, to, amended, [&](DeliveryId id) { return shared_->state_of(id); });
        if (to != State::cancelled || amended == 0) return;
        shared_->world.count(drops ? Happening::dropped : Happening::cancelled_by_host);
      });
    } catch (const Error& error) {
      const bool unknown = error.code() == errc::unknown_commit;
      if (drops) notices.drop_in_doubt(*host_, *query.delivery, amended > 0, unknown);
      throw;
    }
    if (drops && amended > 0) notices.dropped(*host_, *query.delivery);
    if (drops && amended == 0) notices.asked_again(*host_, *query.delivery);
    return amended;
  }

  std::size_t replay(const Now& now, std::span<const Route> routes) requires Remembers<Store> {
    std::size_t replayed = 0;
    write([&] {
      const auto state_of = [this](DeliveryId id) { return shared_->state_of(id); };
      std::vector<AskedReplay> asked;
      for (const Route& route : routes) ask(route, asked);
      const std::vector<Delivery> before = of_events(asked);
      try {
        replayed = shared_->store.replay(now, routes);
      } catch (const Error&) {  // what was replayed until then stays
        shared_->invariants.replayed(now, asked, added(before, asked), true, state_of);
        throw;
      }
      for (AskedReplay& one : asked) one.forgotten = kept(one.number) == nullptr;
      shared_->invariants.replayed(now, asked, added(before, asked), false, state_of);
    });
    return replayed;
  }

  std::size_t prune(const Now& now, Duration age, std::size_t most) requires Remembers<Store> {
    std::size_t pruned = 0;
    write([&] {
      pruned = shared_->store.prune(now, age, most);
      if (pruned > 0) shared_->world.count(Happening::pruned);
    });
    return pruned;
  }

 private:
  template <class Call>
  void write(const Call& call) {
    enter();
    call();
    leave(true);
  }

  std::shared_ptr<const Event> kept(EventNumber number) {
    EventQuery query;
    query.after = EventNumber{static_cast<std::uint64_t>(number) - 1};
    query.most = 1;
    const std::vector<KeptEvent> found = shared_->store.events(query);
    return found.empty() || found.front().number != number ? nullptr : found.front().event;
  }

  /// What a route of replay() asks for, if the store still keeps the event.
  void ask(const Route& route, std::vector<AskedReplay>& asked) {
    const std::shared_ptr<const Event> event = kept(route.event);
    if (event == nullptr) return;
    for (const EndpointId endpoint : route.endpoints) {
      const SimulatedRow* const row = shared_->invariants.rows().find(event->id.view(), endpoint);
      asked.push_back({route.event, event, endpoint, row != nullptr && shared_->state_of(row->delivery).has_value()});
    }
  }

  /// The deliveries of these events. A store may number what it replays behind everything, or among the event's others.
  std::vector<Delivery> of_events(std::span<const AskedReplay> asked) {
    std::vector<Delivery> all;
    std::vector<EventNumber> seen;
    for (const AskedReplay& one : asked) {
      if (std::find(seen.begin(), seen.end(), one.number) != seen.end()) continue;
      seen.push_back(one.number);
      for (Delivery& found : of_event(one.event->id)) all.push_back(std::move(found));
    }
    return all;
  }
  std::vector<Delivery> of_event(const EventId& id) {
    Query query;
    query.event = id;
    query.most = (std::numeric_limits<std::size_t>::max)();
    return shared_->store.find(query);
  }
  std::vector<Delivery> added(const std::vector<Delivery>& before, std::span<const AskedReplay> asked) {
    std::vector<Delivery> now = of_events(asked);
    now.erase(std::remove_if(now.begin(), now.end(),
                             [&](const Delivery& one) {
                               return std::any_of(before.begin(), before.end(), [&](const Delivery& known) {
                                 return known.id == one.id && known.endpoint == one.endpoint;
                               });
                             }),
              now.end());
    if constexpr (Remembers<Store>) shared_->fresh();  // what comes later is newer than these
    return now;
  }

  void fulfil(Duty duty, EndpointId endpoint) noexcept {
    if (host_->duty == duty && host_->owed_to == endpoint) host_->duty = Duty::none;
  }

  [[noreturn]] void crash() {
    host_->crashed = true;
    shared_->world.count(Happening::host_crashed_store);
    throw Error(errc::transient, "this host has crashed");
  }

  /// What may go wrong before there is an effect; only what writes can be in doubt.
  void enter(bool writes = true) {
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
        if (!writes) throw Error(errc::transient, "the connection was lost");
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
