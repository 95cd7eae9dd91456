// SPDX-License-Identifier: MIT
// Rerouting: gives events their deliveries that a store kept without: written in a host's transaction, or routed by a
// process that had not heard of the newest endpoint. For stores that model RoutesLater.
// It knows nothing of threads or of who stored them; doing it twice, or in two processes at once, does no harm.
#ifndef WEBHOOK_REROUTING_HPP
#define WEBHOOK_REROUTING_HPP

#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "announcer.hpp"
#include "concepts.hpp"
#include "registry.hpp"
#include "router.hpp"
#include "sieve.hpp"

namespace webhook {
inline namespace v0 {

/// Used by one thread at a time.
template <class Policies>
class Rerouting {
 public:
  Rerouting(Policies& policies, Registry<Policies>& registry, const Announcer& announcer)
      : policies_(policies), registry_(registry), announcer_(announcer) {}

  /// Routes what there is to route now, a batch at a time. Throws what the store throws; the rest comes next time.
  void run() requires RoutesLater<typename Policies::Store> {
    for (int refused = 0; refused < most_refused;) {
      const std::vector<KeptEvent> kept = policies_.store.unrouted(at_once);
      if (kept.empty()) return;
      if (route(kept)) {
        if (kept.size() < at_once) return;
      } else {
        registry_.refresh();
        ++refused;
      }
    }
  }

 private:
  static constexpr std::size_t at_once = 64;
  static constexpr int most_refused = 8;  // endpoints change faster than they are read: next time

  /// False: the registry moved on while this looked at it, and nothing was written.
  bool route(const std::vector<KeptEvent>& kept) {
    const Version version = registry_.router().version();
    std::vector<std::vector<EndpointId>> chosen(kept.size());
    std::vector<Route> routes;
    for (std::size_t i = 0; i < kept.size(); ++i) {
      if (!choose(*kept[i].event, version, chosen[i])) return false;
      routes.push_back({kept[i].number, chosen[i]});
    }
    return policies_.store.route(policies_.clock.now(), routes, version);
  }

  bool choose(const Event& event, Version version, std::vector<EndpointId>& chosen) {
    std::shared_ptr<const Routes> routes;
    try {
      routes = registry_.router().routes(event.tenant, event.type, event.channel);
    } catch (const Error& error) {  // nobody can have subscribed to such a type; the others must not wait for it
      announcer_.trouble("an event of the store goes to nobody: " + std::string(error.what()));
      return true;
    }
    if (routes == nullptr) return registry_.router().version() == version;  // nobody wants it
    if (routes->registry != version) return false;
    chosen = routes->endpoints;
    if (routes->candidates.empty()) return true;
    try {
      sieve_.sift(policies_.serializer, event, routes->candidates, chosen);
    } catch (const std::exception& error) {  // too much can be ignored by who receives it, too little is lost
      chosen = routes->endpoints;
      for (const std::shared_ptr<const Endpoint>& candidate : routes->candidates) chosen.push_back(candidate->id);
      announcer_.trouble("an event passes all filters, since its payload cannot be read: " + std::string(error.what()));
    }
    return true;
  }

  Policies& policies_;
  Registry<Policies>& registry_;
  const Announcer& announcer_;
  Sieve<typename Policies::Serializer> sieve_{};
};

}  // namespace v0
}  // namespace webhook

#endif
