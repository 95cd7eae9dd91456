// SPDX-License-Identifier: MIT
// Intake: the way in: checks an event, finds out who wants it, has it encoded once and stores it with its deliveries.
// It makes room where the store is full and the host said how. It knows no threads of its own, and sends nothing.
#ifndef WEBHOOK_INTAKE_HPP
#define WEBHOOK_INTAKE_HPP

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "announcer.hpp"
#include "concepts.hpp"
#include "detail/event_id.hpp"
#include "detail/random.hpp"
#include "detail/room.hpp"
#include "detail/stripes.hpp"
#include "detail/tally.hpp"
#include "emit_rules.hpp"
#include "registry.hpp"
#include "sieve.hpp"

namespace webhook {
inline namespace v0 {

/// What the intake asks of the engine it is part of.
struct Premises {
  virtual void check_open() const = 0;               // throws errc::stopped
  virtual bool is_within_step() const noexcept = 0;  // of a worker, on this thread: it must not wait for workers
  virtual void notify() noexcept = 0;                // something was stored
 protected:
  ~Premises() = default;
};

/// Accepts the events of one dispatcher. Thread-safe.
template <class Policies>
class Intake {
 public:
  Intake(Policies& policies, Registry<Policies>& registry, detail::Random& random, detail::Tally& tally,
         const Announcer& announcer, Premises& premises)
      : policies_(policies),
        registry_(registry),
        random_(random),
        tally_(tally),
        announcer_(announcer),
        premises_(premises) {}

  /// Stores an event for everyone who subscribed. `encode` gives the payload, and is asked only if somebody did.
  template <class Encode>
  Emitted emit(std::string_view type, const EmitOptions& options, const Encode& encode) {
    try {
      premises_.check_open();
      check_emit_options(options);
      return accept(type, options, encode);
    } catch (...) {
      tally_.refused();
      throw;
    }
  }

  /// Stores an event for one endpoint, whatever it subscribed to.
  Emitted emit_to(const Endpoint& endpoint, std::string_view type, const EmitOptions& options, Bytes payload) {
    premises_.check_open();
    check_event_type(type);
    check_emit_options(options);
    const Now now = policies_.clock.now();
    return append(now, make(now, type, options, std::move(payload)), options, {&endpoint.id, 1},
                  registry_.router().version());
  }

  /// Stores an event in the host's transaction; who gets it is found out after the commit. The answer's `endpoints` is
  /// how many might, as this process sees it.
  template <class Handle, class Encode>
  Emitted emit_within(Handle handle, std::string_view type, const EmitOptions& options, const Encode& encode) {
    try {
      premises_.check_open();
      check_event_type(type);
      check_emit_options(options);
      const Now now = policies_.clock.now();
      const std::shared_ptr<const Event> event = make(now, type, options, encode());
      Emitted emitted;
      emitted.id = event->id;
      const NewEvent fresh{event,
                           {},
                           registry_.router().version(),
                           !options.id.empty(),
                           (std::max)(options.delay, policies_.options.retry.first())};
      policies_.store.append(handle, {&fresh, 1}, {&emitted.outcome, 1});
      if (emitted.outcome == Appended::conflict) throw_conflict();
      if (emitted.outcome == Appended::duplicate) return emitted;
      const std::shared_ptr<const Routes> routes = registry_.router().routes(options.tenant, type, options.channel);
      if (routes != nullptr) emitted.endpoints = routes->endpoints.size() + routes->candidates.size();
      tally_.emitted();
      return emitted;
    } catch (...) {
      tally_.refused();
      throw;
    }
  }

  /// Gives an endpoint what it would have got since a time, had it been there: a delivery for each event that it wants,
  /// that is still kept, and that has none for it. Returns how many.
  std::size_t replay(const Endpoint& endpoint, WallTime since) requires Remembers<typename Policies::Store> {
    const WallTime now = policies_.clock.now().wall;
    EventQuery query;
    query.tenant = endpoint.tenant;
    query.since = since;
    std::size_t replayed = 0;
    for (;;) {
      const std::vector<KeptEvent> kept = policies_.store.events(query);
      std::vector<Route> routes;
      for (const KeptEvent& one : kept) {
        const bool expired = one.event->expires && *one.event->expires <= now;
        if (!expired && wants(endpoint, *one.event)) routes.push_back({one.number, {&endpoint.id, 1}});
      }
      if (!routes.empty()) replayed += policies_.store.replay(policies_.clock.now(), routes);
      if (kept.size() < query.most) break;
      query.after = kept.back().number;
    }
    if (replayed > 0) premises_.notify();
    return replayed;
  }

  /// Whether an emit is between its last look at the phase and the store's answer.
  bool busy() const noexcept { return accepting_.read() != 0; }

  /// Deliveries ended, or everything does: whoever waits for room looks again.
  void made_room() noexcept { room_.make(); }

 private:
  template <class Encode>
  Emitted accept(std::string_view type, const EmitOptions& options, const Encode& encode) {
    std::shared_ptr<Event> event;
    Now now{};
    for (;;) {
      const Version known = known_registry();
      const std::shared_ptr<const Routes> routes = registry_.router().routes(options.tenant, type, options.channel);
      if (routes != nullptr) {
        if (event == nullptr) {
          now = policies_.clock.now();
          event = make(now, type, options, encode());
        }
        if (routes->candidates.empty())
          return append(now, std::move(event), options, routes->endpoints, routes->registry);
        std::vector<EndpointId> chosen = routes->endpoints;
        sieve_.sift(policies_.serializer, *event, routes->candidates, chosen);
        if (!chosen.empty()) return append(now, std::move(event), options, chosen, routes->registry);
      }
      if (!moved_on(known)) return unwanted(options);
    }
  }

  /// Before nobody is said to want an event: whether another process changed the registry meanwhile.
  bool moved_on([[maybe_unused]] Version known) {
    if constexpr (RoutesLater<typename Policies::Store>) {
      registry_.refresh();
      return registry_.router().version() != known;
    } else {
      return false;
    }
  }
  Version known_registry() const {
    if constexpr (RoutesLater<typename Policies::Store>) {
      return registry_.router().version();
    } else {
      return 0;  // nobody else changes it
    }
  }

  Emitted unwanted(const EmitOptions& options) {
    Emitted nobody;
    if (!options.id.empty()) nobody.id = EventId(options.id);
    tally_.unwanted();
    return nobody;
  }

  std::shared_ptr<Event> make(const Now& now, std::string_view type, const EmitOptions& options, Bytes payload) {
    if (payload.size() > policies_.options.max_payload) {
      throw Error(errc::too_large, "the payload has " + std::to_string(payload.size()) +
                                       " bytes, Options::max_payload allows " +
                                       std::to_string(policies_.options.max_payload));
    }
    auto event = std::make_shared<Event>();
    event->time = now.wall;
    event->id = options.id.empty() ? detail::make_event_id(event->time, random_.next()) : EventId(options.id);
    event->type = type;
    if (!options.tenant.empty()) event->tenant = options.tenant;
    if (!options.key.empty()) event->key = options.key;
    if (!options.channel.empty()) event->channel = options.channel;
    if (!options.traceparent.empty()) event->traceparent = options.traceparent;
    event->expires = options.expires;
    event->payload = std::move(payload);
    return event;
  }

  bool wants(const Endpoint& endpoint, const Event& event) {
    if (!subscribes(endpoint, event.tenant, event.type, event.channel)) return false;
    if (endpoint.filter.empty()) return true;
    const std::shared_ptr<const Endpoint> candidate(std::shared_ptr<const Endpoint>(), &endpoint);
    std::vector<EndpointId> chosen;
    try {
      sieve_.sift(policies_.serializer, event, {&candidate, 1}, chosen);
    } catch (const Error& error) {  // too much can be ignored by who receives it, too little is lost
      if (error.code() != errc::invalid_payload) throw;
      return true;
    }
    return !chosen.empty();
  }

  [[noreturn]] static void throw_conflict() {
    throw Error(errc::conflict, "an event of this id was emitted before, with another type or payload");
  }

  Emitted append(const Now& now, std::shared_ptr<const Event> event, const EmitOptions& options,
                 std::span<const EndpointId> routes, Version registry) {
    Emitted emitted;
    emitted.id = event->id;
    NewEvent fresh{std::move(event), routes, registry, !options.id.empty(),
                   (std::max)(options.delay, policies_.options.retry.first())};
    bool repeated = false;
    {
      const detail::StripedCount::Hold accepting(accepting_);  // stop() waits for it, as long as it has time
      premises_.check_open();
      try {
        repeated = store(now, fresh, emitted.outcome);
      } catch (const Error& error) {
        if (error.code() != errc::full || policies_.options.when_full == WhenFull::reject) throw;
        repeated = store_in_time(now, fresh, emitted.outcome);
      }
    }
    if (emitted.outcome == Appended::conflict) throw_conflict();
    if (emitted.outcome == Appended::duplicate && repeated && options.id.empty())
      emitted.outcome = Appended::inserted;  // by us
    if (emitted.outcome == Appended::inserted) {
      emitted.endpoints = routes.size();
      tally_.emitted();
    }
    premises_.notify();
    return emitted;
  }

  /// True: the store was asked more than once, because its answer went unheard.
  bool store(const Now& now, NewEvent& fresh, Appended& outcome) {
    for (int tries = 0;; ++tries) {
      try {
        policies_.store.append(now, {&fresh, 1}, {&outcome, 1});
        return tries > 0;
      } catch (const Error& error) {
        if (error.code() != errc::unknown_commit || tries == 2) throw;
        fresh.named = true;  // so that the store recognises what it may have committed
      }
    }
  }

  /// The same where the store is full: waits for room or makes some. Throws errc::full if that does not help.
  bool store_in_time(const Now& now, NewEvent& fresh, Appended& outcome) {
    const bool drops = policies_.options.when_full == WhenFull::drop_oldest;
    // Real time, whatever clock the policies have: the host's thread waits here.
    const auto deadline = std::chrono::steady_clock::now() +
                          (std::min)(policies_.options.wait_for_room, Duration(std::chrono::hours{24 * 365}));
    for (std::size_t drop = 1;; drop = (std::min)(2 * drop, most_dropped)) {
      const std::uint64_t made = room_.made_so_far();
      try {
        return store(now, fresh, outcome);
      } catch (const Error& error) {
        if (error.code() != errc::full) throw;
        const bool helped =
            drops ? drop_oldest(drop) > 0 : !premises_.is_within_step() && room_.wait_for_more(made, deadline);
        if (!helped) throw;
      }
      premises_.check_open();
    }
  }

  /// Returns how many it found: what another emitter was quicker to drop has made room, too.
  std::size_t drop_oldest(std::size_t most) {
    std::size_t found = 0;
    if constexpr (Remembers<typename Policies::Store>) {
      Query oldest;
      oldest.state = State::due;
      oldest.most = most;
      for (const Delivery& delivery : policies_.store.find(oldest)) {
        ++found;
        if (!cancel_due(delivery.id)) continue;
        Notice notice;
        notice.kind = Notice::Kind::dropped;
        notice.endpoint = delivery.endpoint;
        notice.delivery = delivery.id;
        notice.event = delivery.event;
        notice.text = "the store was full, and it was the oldest";
        announcer_.tell(notice);
      }
    }
    return found;
  }

  static Query one(DeliveryId delivery, State state) {
    Query query;
    query.delivery = delivery;
    query.state = state;
    query.most = 1;
    return query;
  }

  /// False: it ended otherwise meanwhile. A store that does not know whether it did it is asked again.
  bool cancel_due(DeliveryId delivery) {
    for (int tries = 0;; ++tries) {
      try {
        const Query due = one(delivery, State::due);  // not if a worker is at it by now
        if (policies_.store.amend(policies_.clock.now(), due, State::cancelled) > 0) return true;
        return tries > 0 && !policies_.store.find(one(delivery, State::cancelled)).empty();  // by us
      } catch (const Error& error) {
        if (error.code() != errc::unknown_commit || tries == 2) throw;
      }
    }
  }

  static constexpr std::size_t most_dropped = 1024;

  Policies& policies_;
  Registry<Policies>& registry_;
  detail::Random& random_;
  detail::Tally& tally_;
  const Announcer& announcer_;
  Premises& premises_;
  Sieve<typename Policies::Serializer> sieve_{};
  detail::Room room_{};
  detail::StripedCount accepting_{};
};

}  // namespace v0
}  // namespace webhook

#endif
