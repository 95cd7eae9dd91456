// SPDX-License-Identifier: MIT
// Sealed: a store around another one, which never sees a secret of an endpoint in the clear.
// It seals what is put and opens what is read; everything else it hands on as it is.
#ifndef WEBHOOK_STORE_SEALED_HPP
#define WEBHOOK_STORE_SEALED_HPP

#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../concepts.hpp"
#include "../detail/seal_ring.hpp"

namespace webhook {
inline namespace v0 {

/// A key that keeps secrets.
struct SealingKey {
  std::string id{};  ///< stands beside what it sealed, readable: 1 to 64 of [A-Za-z0-9._-]
  Secret key{};      ///< the base64 of 32 random bytes: `openssl rand -base64 32`
};

/// The keys of a Sealed store.
struct SealingKeys {
  SealingKey current{};             ///< seals, and opens
  std::vector<SealingKey> older{};  ///< only open, until reseal() has been through
  bool accept_clear = false;        ///< also reads what is not sealed, as before the first key; see Sealed::reseal()
};

/// Encrypts, before the store sees them, each endpoint's secrets (authentication keys are among them), the values of its
/// headers, the secrets of its Access, and its URL (which is all the secret that some receivers have): AES-256-GCM under a
/// key that the host gives, with a fresh nonce each time, bound to the endpoint and the field: nothing opens elsewhere. All else of an
/// endpoint, events and attempts are kept as they are. Without this wrapper a store keeps secrets as given.
///
/// To change the key: first give every process the new one as an older one, then as current, with the former among the
/// older ones, then call reseal() once; after that the former may go. Reading throws Error, which names the endpoint and
/// the key's id: errc::invalid_secret where the key was not given, errc::corrupt where it does not open what is stored, or
/// where it is not sealed. Thread-safe.
template <class Store>
class Sealed {
  static_assert(StorePolicy<Store>, "webhook: what Sealed wraps does not satisfy webhook::StorePolicy");

 public:
  using role = webhook::role::store;

  /// Throws Error (errc::invalid, errc::invalid_secret) for keys that cannot be used.
  Sealed(Store store, const SealingKeys& keys) : store_(std::move(store)), accept_clear_(keys.accept_clear) {
    ring_.add(keys.current.id, keys.current.key);
    for (const SealingKey& key : keys.older) ring_.add(key.id, key.key);
  }

  /// The store within: it shows endpoints as they are kept.
  Store& store() noexcept { return store_; }

  /// Seals anew whatever is kept under an older key, or in the clear; returns how many endpoints changed. May run while
  /// dispatchers are at work, and be repeated. Throws Error as reading does, and what the store throws.
  std::size_t reseal() {
    std::size_t changed = 0;
    for (bool raced = true; raced;) {
      raced = false;
      for (const Endpoint& kept : store_.endpoints(0)) {
        if (is_current(kept)) continue;
        try {
          put(opened(kept));
          ++changed;
        } catch (const Error& error) {
          if (error.code() != errc::conflict) throw;
          raced = true;  // somebody changed it meanwhile: look again
        }
      }
    }
    return changed;
  }

  Version put(const Endpoint& description) { return store_.put(sealed(description)); }
  std::vector<Endpoint> endpoints(Version after) {
    std::vector<Endpoint> changed = store_.endpoints(after);
    for (Endpoint& endpoint : changed) endpoint = opened(std::move(endpoint));
    return changed;
  }

  void append(const Now& now, std::span<const NewEvent> events, std::span<Appended> appended) {
    store_.append(now, events, appended);
  }
  template <class Handle>
  requires JoinsTransaction<Store, Handle>
  void append(Handle handle, std::span<const NewEvent> events, std::span<Appended> appended) {
    store_.append(handle, events, appended);
  }
  Found claim(const Claim& ask, std::vector<Claimed>& claimed) { return store_.claim(ask, claimed); }
  void settle(const Now& now, std::span<const Settlement> words, std::span<Settled> settled) {
    store_.settle(now, words, settled);
  }
  void tune(const Now& now, EndpointId endpoint, const Lane& how) { store_.tune(now, endpoint, how); }

  std::vector<KeptEvent> unrouted(std::size_t most) requires RoutesLater<Store> { return store_.unrouted(most); }
  bool route(const Now& now, std::span<const Route> routes, Version registry) requires RoutesLater<Store> {
    return store_.route(now, routes, registry);
  }

  std::vector<Delivery> find(const Query& query) requires Remembers<Store> { return store_.find(query); }
  std::vector<Attempt> attempts(DeliveryId delivery) requires Remembers<Store> { return store_.attempts(delivery); }
  std::vector<KeptEvent> events(const EventQuery& query) requires Remembers<Store> { return store_.events(query); }
  Backlog backlog(const Now& now) requires Remembers<Store> { return store_.backlog(now); }
  std::size_t amend(const Now& now, const Query& query, State to) requires Remembers<Store> {
    return store_.amend(now, query, to);
  }
  std::size_t replay(const Now& now, std::span<const Route> routes) requires Remembers<Store> {
    return store_.replay(now, routes);
  }
  std::size_t prune(const Now& now, Duration age, std::size_t most) requires Remembers<Store> {
    return store_.prune(now, age, most);
  }

 private:
  /// Calls `change(text, field)` for each text that is secret, and puts what it returns in the place of it. A secret that
  /// has expired stays so: its time is part of the field.
  template <class Change>
  static void each_secret(Endpoint& endpoint, const Change& change) {
    endpoint.url = std::string(change(endpoint.url, std::string("url")).reveal());
    for (Secret& secret : endpoint.secrets) {
      std::string field("secret");
      if (secret.expires())
        field.append(" until ").append(std::to_string(secret.expires()->time_since_epoch().count()));
      secret = Secret(change(secret.reveal(), field).reveal(), secret.expires());
    }
    Headers headers;
    for (const Header header : endpoint.headers)
      headers.add(header.name, change(header.value, "header " + std::string(header.name)).reveal());
    endpoint.headers = std::move(headers);
    if (!endpoint.access) return;
    const auto keep = [&](Secret& secret, const char* field) {
      if (!secret.empty()) secret = Secret(change(secret.reveal(), std::string(field)).reveal());
    };
    keep(endpoint.access->certificate_key, "certificate_key");
    keep(endpoint.access->client_secret, "client_secret");
  }

  static std::string number(const Endpoint& endpoint) {
    return std::to_string(static_cast<std::uint64_t>(endpoint.id));
  }
  static std::string context(const Endpoint& endpoint, const std::string& field) {
    return "endpoint " + number(endpoint) + '\n' + field;
  }

  Endpoint sealed(Endpoint endpoint) const {
    each_secret(endpoint, [&](std::string_view text, const std::string& field) {
      return Secret(ring_.seal(text, context(endpoint, field)));
    });
    return endpoint;
  }

  Endpoint opened(Endpoint endpoint) const {
    each_secret(endpoint, [&](std::string_view text, const std::string& field) {
      const std::string name = "the " + field.substr(0, field.find(' ')) + " of endpoint " + number(endpoint);
      if (detail::SealRing::is_sealed(text)) return ring_.open(text, context(endpoint, field), name);
      if (accept_clear_) return Secret(text);
      throw Error(errc::corrupt, name +
                                     " is not sealed: if it was stored before there was a key, set "
                                     "SealingKeys::accept_clear and call reseal()");
    });
    return endpoint;
  }

  bool is_current(Endpoint endpoint) const {
    bool current = true;
    each_secret(endpoint, [&](std::string_view text, const std::string&) {
      current = current && ring_.is_current(text);
      return Secret(text);
    });
    return current;
  }

  Store store_;
  detail::SealRing ring_{};
  bool accept_clear_;
};

}  // namespace v0
}  // namespace webhook

#endif
