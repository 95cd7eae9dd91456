// SPDX-License-Identifier: MIT
// Registry: adds, changes, disables and removes endpoints, in the store first and in the router then.
// It asks every policy whether it can serve an endpoint before anything is stored; it sends nothing.
#ifndef WEBHOOK_REGISTRY_HPP
#define WEBHOOK_REGISTRY_HPP

#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "concepts.hpp"
#include "detail/policies.hpp"
#include "detail/random.hpp"
#include "endpoint_rules.hpp"
#include "error.hpp"
#include "router.hpp"
#include "sieve.hpp"

namespace webhook {
inline namespace v0 {

/// The endpoints of one dispatcher. Thread-safe.
template <class Policies>
class Registry {
 public:
  Registry(Policies& policies, detail::Random& random) : policies_(policies), random_(random) { refresh(); }

  Router& router() noexcept { return router_; }

  /// Takes over what other processes changed in the store.
  void refresh() { router_.update(policies_.store.endpoints(router_.version())); }

  /// Checks and stores a new endpoint; generates a secret if it has none. Returns it as it was stored.
  Endpoint add(Endpoint endpoint) {
    if (static_cast<std::uint64_t>(endpoint.id) >> 48U != 0) {
      throw Error(errc::invalid, "an endpoint's id lies below 2^48; leave it 0 to have one generated");
    }
    if (endpoint.version != 0) throw Error(errc::misuse, "this endpoint was added before; use change() to change it");
    if (endpoint.secrets.empty()) endpoint.secrets.push_back(generate(endpoint.scheme));
    check(endpoint);
    const std::lock_guard lock(mutex_);
    if (router_.count(endpoint.tenant) >= policies_.options.max_endpoints) {
      throw Error(errc::full, "this tenant has as many endpoints as Options::max_endpoints allows");
    }
    endpoint.state = EndpointState::active;
    const bool chosen = endpoint.id != EndpointId{};
    for (int tries = 0;; ++tries) {
      if (!chosen) endpoint.id = EndpointId{(random_.next().high >> 16U) | 1U};
      try {
        return put(endpoint);
      } catch (const Error& error) {  // an id that another process drew; the third time it is something else
        if (error.code() == errc::conflict && chosen) {
          throw Error(errc::conflict, "there is an endpoint of this id already; leave the id 0 to have one generated");
        }
        if (error.code() != errc::conflict || tries == 2) throw;
      }
    }
  }

  /// Stores a changed endpoint, if nobody else changed it since this copy was read.
  Endpoint change(Endpoint endpoint) {
    if (endpoint.state == EndpointState::removed) throw Error(errc::misuse, "use remove() to remove an endpoint");
    check(endpoint);
    const std::lock_guard lock(mutex_);
    existing(endpoint.id);
    return put(std::move(endpoint));
  }

  /// Changes an endpoint's copy by `edit`, and again on a newer copy if another process was quicker. Returns false if
  /// `edit` did: nothing is stored then.
  template <class Edit>
  bool edit(EndpointId id, const Edit& edit) {
    const std::lock_guard lock(mutex_);
    for (int tries = 0;; ++tries) {
      Endpoint endpoint = *existing(id);
      if (!edit(endpoint)) return false;
      try {
        put(std::move(endpoint));
        return true;
      } catch (const Error& error) {
        if (error.code() != errc::conflict || tries == 9) throw;
        refresh();
      }
    }
  }

  /// From now on, filters for events of this type are checked against the fields of `sample`, an encoded payload.
  void declare(std::string_view type, Bytes sample) {
    check_event_type(type);
    const std::lock_guard lock(samples_mutex_);
    samples_.insert_or_assign(std::string(type), std::move(sample));
  }

  /// Says how a lane is to be served: never at more than its endpoint's cap, and never rested for less time than
  /// somebody asked for before.
  void tune(const Now& now, EndpointId id, const Lane& lane) {
    const std::lock_guard lock(mutex_);
    std::erase_if(rests_, [&](const auto& rest) { return rest.second <= now.steady; });
    const std::shared_ptr<const Endpoint> endpoint = existing(id);
    Duration& until = rests_[id];
    until = (std::max)(until, now.steady + lane.rest);
    policies_.store.tune(now, id, Lane{(std::min)(lane.cap, endpoint->cap), until - now.steady});
  }

  /// Moves an endpoint to a state; false if it is there already. One that is gone can only be enabled or removed.
  bool move_to(EndpointId id, EndpointState state) {
    return edit(id, [state](Endpoint& endpoint) {
      if (endpoint.state == state) return false;
      const bool kept = state == EndpointState::paused || state == EndpointState::disabled;
      if (endpoint.state == EndpointState::gone && kept) return false;
      endpoint.state = state;
      if (state == EndpointState::removed) {
        endpoint.secrets.clear();
        endpoint.access.reset();
      }
      return true;
    });
  }

  /// A new secret signs from now on, beside the old ones, which expire after `overlap`.
  Endpoint rotate(EndpointId id, Duration overlap) {
    const WallTime until = policies_.clock.now().wall + std::chrono::duration_cast<WallTime::duration>(overlap);
    edit(id, [&](Endpoint& endpoint) {
      std::vector<Secret> secrets{generate(endpoint.scheme)};
      for (const Secret& secret : endpoint.secrets) {
        if (!secret.valid_at(policies_.clock.now().wall) || secrets.size() == max_secrets) continue;
        const bool sooner = secret.expires() && *secret.expires() < until;
        secrets.push_back(sooner ? secret : Secret(secret.reveal(), until));
      }
      endpoint.secrets = std::move(secrets);
      return true;
    });
    return *router_.find(id);
  }

  /// The endpoint. Throws Error (errc::not_found) for an unknown or removed one.
  std::shared_ptr<const Endpoint> existing(EndpointId id) const {
    std::shared_ptr<const Endpoint> endpoint = router_.find(id);
    if (endpoint == nullptr || endpoint->state == EndpointState::removed) {
      throw Error(errc::not_found, "there is no endpoint of that id");
    }
    return endpoint;
  }

 private:
  Endpoint put(Endpoint endpoint) {
    const Version before = router_.version();
    endpoint.version = policies_.store.put(endpoint);
    if (endpoint.state == EndpointState::active) rests_.erase(endpoint.id);
    // Another process may have changed something in between: to jump over that would be never to hear of it.
    const bool complete = endpoint.version == before + 1;
    router_.update({endpoint}, complete);
    if (!complete) {
      try {
        refresh();
      } catch (const std::exception&) {  // it is stored; the next claim sees that the versions differ, and reads again
      }
    }
    return endpoint;
  }

  void check(const Endpoint& endpoint) const {
    check_endpoint(endpoint);
    if (endpoint.timeout > policies_.options.longest_timeout) {
      throw Error(errc::invalid, "an endpoint's timeout is at most Options::longest_timeout");
    }
    if (!policies_.serializer.renders(endpoint.format)) {
      throw Error(errc::unsupported, "the format \"" + detail::shown(endpoint.format) +
                                         "\" is not among those of this dispatcher's serializer");
    }
    if (!policies_.signer.signs(endpoint.scheme)) {
      throw Error(errc::unsupported, "the scheme \"" + detail::shown(endpoint.scheme) +
                                         "\" is not among those of this dispatcher's signer");
    }
    if constexpr (WritesHeaders<typename Policies::Signer>) {
      for (const Header header : endpoint.headers) {
        if (!policies_.signer.writes(header.name, endpoint.scheme)) continue;
        throw Error(errc::invalid_header, "the header \"" + std::string(header.name) +
                                              "\" is written by the endpoint's scheme, from its secret; take it out of "
                                              "the endpoint's headers, or choose another scheme");
      }
    }
    if (endpoint.secrets.empty()) {
      throw Error(errc::invalid_secret, "an endpoint needs a secret to sign with; rotate_secret() gives it a new one");
    }
    if (!endpoint.filter.empty()) check_filter(endpoint);
    bool signable = false;
    for (const Secret& secret : endpoint.secrets) signable = signable || secret.valid_at(policies_.clock.now().wall);
    if (!signable) {
      throw Error(errc::invalid_secret,
                  "every secret of the endpoint has expired; give it one that has not, or none to have one generated");
    }
    for (const Secret& secret : endpoint.secrets) {
      static_cast<void>(policies_.signer.prepare(secret, endpoint.scheme));
      if constexpr (ChecksSecrets<typename Policies::Signer>) policies_.signer.check(secret, endpoint.scheme);
    }
    if constexpr (ChecksUrls<typename Policies::Transport>) policies_.transport.check(endpoint.url);
    if (!endpoint.access) return;
    if constexpr (ChecksAccess<typename Policies::Transport>) {
      policies_.transport.check(*endpoint.access);
    } else {
      throw Error(errc::unsupported,
                  "this dispatcher's transport knows neither client certificates nor tokens: leave "
                  "the endpoint's access empty");
    }
  }

  /// A field that none of the declared types among its events has is a mistake in the filter.
  void check_filter(const Endpoint& endpoint) const {
    using Sifter = Sieve<typename Policies::Serializer>;
    Sifter::check(policies_.serializer, endpoint.filter, {});
    std::exception_ptr mistake;
    const std::lock_guard lock(samples_mutex_);
    for (const auto& [type, sample] : samples_) {
      const auto chooses = [&type = type](const std::string& pattern) { return matches_pattern(pattern, type); };
      bool chosen = false;
      for (const std::string& pattern : endpoint.events) chosen = chosen || chooses(pattern);
      if (!chosen) continue;
      try {
        return Sifter::check(policies_.serializer, endpoint.filter, sample.view());
      } catch (const Error&) {
        if (mistake == nullptr) mistake = std::current_exception();
      }
    }
    if (mistake != nullptr) std::rethrow_exception(mistake);
  }

  Secret generate(std::string_view scheme) const {
    if constexpr (Generates<typename Policies::Signer>) {
      if (policies_.signer.signs(scheme)) return policies_.signer.generate(scheme);
      return Secret();  // check() says what is wrong
    } else {
      throw Error(errc::invalid_secret, "this dispatcher's signer does not generate secrets: give the endpoint one");
    }
  }

  Policies& policies_;
  detail::Random& random_;
  std::mutex mutex_{};  // one change at a time, so that counting and storing belong together
  Router router_{};
  mutable std::mutex samples_mutex_{};
  std::unordered_map<std::string, Bytes> samples_{};
  std::unordered_map<EndpointId, Duration> rests_{};  // until when, steady; as far as this process asked for them
};

}  // namespace v0
}  // namespace webhook

#endif
