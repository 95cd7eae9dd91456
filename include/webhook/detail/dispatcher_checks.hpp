// SPDX-License-Identifier: MIT
// Says in one sentence what a policy lacks, before the compiler says it in a hundred lines.
// The contracts themselves are in concepts.hpp; this repeats each of their lines with words.
#ifndef WEBHOOK_DETAIL_DISPATCHER_CHECKS_HPP
#define WEBHOOK_DETAIL_DISPATCHER_CHECKS_HPP

#include <concepts>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "../concepts.hpp"
#include "roles.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

template <class T>
struct TransportChecks {
  static_assert(
      is_complete<T>,
      "webhook: this transport is only declared here; include <webhook/webhook.hpp>, or the header of its name");
  static_assert(!is_complete<T> || plays<T, role::transport>,
                "webhook: Dispatcher's transport (1st argument) does not satisfy webhook::TransportPolicy: it lacks "
                "`using role = "
                "webhook::role::transport;` (and is no function `Response(const Request&)`)");
  static constexpr bool named = plays<T, role::transport>;
  static constexpr bool opens = requires(T & transport) { transport.open(); };
  static_assert(
      !named || opens,
      "webhook: Dispatcher's transport (1st argument) does not satisfy webhook::TransportPolicy: it lacks `open()`, "
      "which returns a session");
  static constexpr bool sessions = [] {
    if constexpr (opens)
      return TransportSession<decltype(std::declval<T&>().open())>;
    else
      return false;
  }();
  static_assert(
      !named || !opens || sessions,
      "webhook: Dispatcher's transport (1st argument) does not satisfy webhook::TransportPolicy: what `open()` returns "
      "is no webhook::TransportSession; it needs `room()`, `start(ticket, request)`, `poll(wait, exchanges)`, and "
      "`cancel(ticket)` and `wake()`, both noexcept");
};

template <class S>
struct SerializerChecks {
  static_assert(
      is_complete<S>,
      "webhook: this serializer is only declared here; include <webhook/webhook.hpp>, or the header of its name");
  static_assert(!is_complete<S> || plays<S, role::serializer>,
                "webhook: Dispatcher's serializer (2nd argument) does not satisfy webhook::SerializerPolicy: it lacks "
                "`using role = "
                "webhook::role::serializer;`");
  static constexpr bool named = plays<S, role::serializer>;
  static_assert(
      !named ||
          requires(const S& serializer, std::string_view format) {
            { serializer.renders(format) } -> std::same_as<bool>;
          },
      "webhook: Dispatcher's serializer (2nd argument) does not satisfy webhook::SerializerPolicy: it lacks "
      "`renders(format) const`, which returns bool");
  static_assert(
      !named ||
          requires(const S& serializer, const Event& event, std::string_view format) {
            { serializer.render(event, format) } -> std::same_as<Rendering>;
          },
      "webhook: Dispatcher's serializer (2nd argument) does not satisfy webhook::SerializerPolicy: it lacks "
      "`render(event, format) const`, which returns a Rendering");
};

template <class S>
struct SignerChecks {
  static_assert(is_complete<S>,
                "webhook: this signer is only declared here; include <webhook/webhook.hpp>, or the header of its name");
  static_assert(
      !is_complete<S> || plays<S, role::signer>,
      "webhook: Dispatcher's signer (3rd argument) does not satisfy webhook::SignerPolicy: it lacks `using role = "
      "webhook::role::signer;`");
  static constexpr bool named = plays<S, role::signer>;
  static constexpr bool keyed = requires { typename S::Key; };
  static_assert(
      !named || keyed,
      "webhook: Dispatcher's signer (3rd argument) does not satisfy webhook::SignerPolicy: it lacks the type `Key`");
  static_assert(
      !named ||
          requires(const S& signer, std::string_view scheme) {
            { signer.signs(scheme) } -> std::same_as<bool>;
          },
      "webhook: Dispatcher's signer (3rd argument) does not satisfy webhook::SignerPolicy: it lacks `signs(scheme) "
      "const`, which returns bool");
  static_assert(
      !named || !keyed ||
          requires(const S& signer, const Secret& secret, std::string_view scheme) {
            { signer.prepare(secret, scheme) } -> std::same_as<typename S::Key>;
          },
      "webhook: Dispatcher's signer (3rd argument) does not satisfy webhook::SignerPolicy: it lacks `prepare(secret, "
      "scheme) const`, which returns a Key");
  static_assert(
      !named || !keyed ||
          requires(const S& signer, const Signing& signing, std::span<typename S::Key> keys, Headers& headers) {
            { signer.sign(signing, keys, headers) } -> std::same_as<bool>;
          },
      "webhook: Dispatcher's signer (3rd argument) does not satisfy webhook::SignerPolicy: it lacks `sign(signing, "
      "keys, headers) const`, which returns bool");
};

template <class S>
struct StoreChecks {
  static_assert(is_complete<S>,
                "webhook: this store is only declared here; include <webhook/webhook.hpp>, or the header of its name");
  static_assert(
      !is_complete<S> || plays<S, role::store>,
      "webhook: Dispatcher's store (4th argument) does not satisfy webhook::StorePolicy: it lacks `using role = "
      "webhook::role::store;`");
  static constexpr bool named = plays<S, role::store>;
  static_assert(
      !named || requires(S & store, const Now& now, std::span<const NewEvent> events,
                         std::span<Appended> appended) { store.append(now, events, appended); },
      "webhook: Dispatcher's store (4th argument) does not satisfy webhook::StorePolicy: it lacks `append(now, events, "
      "appended)`");
  static_assert(
      !named ||
          requires(S & store, const Claim& ask, std::vector<Claimed>& claimed) {
            { store.claim(ask, claimed) } -> std::same_as<Found>;
          },
      "webhook: Dispatcher's store (4th argument) does not satisfy webhook::StorePolicy: it lacks `claim(ask, "
      "claimed)`, which returns Found");
  static_assert(
      !named || requires(S & store, const Now& now, std::span<const Settlement> words,
                         std::span<Settled> settled) { store.settle(now, words, settled); },
      "webhook: Dispatcher's store (4th argument) does not satisfy webhook::StorePolicy: it lacks `settle(now, words, "
      "settled)`");
  static_assert(
      !named || requires(S & store, const Now& now, EndpointId endpoint,
                         const Lane& lane) { store.tune(now, endpoint, lane); },
      "webhook: Dispatcher's store (4th argument) does not satisfy webhook::StorePolicy: it lacks `tune(now, endpoint, "
      "lane)`");
  static_assert(
      !named ||
          requires(S & store, const Endpoint& description) {
            { store.put(description) } -> std::same_as<Version>;
          },
      "webhook: Dispatcher's store (4th argument) does not satisfy webhook::StorePolicy: it lacks `put(description)`, "
      "which returns a Version");
  static_assert(
      !named ||
          requires(S & store, Version after) {
            { store.endpoints(after) } -> std::same_as<std::vector<Endpoint>>;
          },
      "webhook: Dispatcher's store (4th argument) does not satisfy webhook::StorePolicy: it lacks `endpoints(after)`, "
      "which returns a vector of Endpoint");
};

template <class C>
struct ClockChecks {
  static_assert(is_complete<C>,
                "webhook: this clock is only declared here; include <webhook/webhook.hpp>, or the header of its name");
  static_assert(
      !is_complete<C> || plays<C, role::clock>,
      "webhook: Dispatcher's clock (5th argument) does not satisfy webhook::ClockPolicy: it lacks `using role = "
      "webhook::role::clock;`");
  static_assert(
      !plays<C, role::clock> ||
          requires(const C& clock) {
            { clock.now() } -> std::same_as<Now>;
          },
      "webhook: Dispatcher's clock (5th argument) does not satisfy webhook::ClockPolicy: it lacks `now() const`, which "
      "returns a Now");
};

/// All of them; a Dispatcher derives from it so that these sentences come first.
template <class Transport, class Serializer, class Signer, class Store, class Clock>
struct DispatcherChecks : TransportChecks<Transport>,
                          SerializerChecks<Serializer>,
                          SignerChecks<Signer>,
                          StoreChecks<Store>,
                          ClockChecks<Clock> {};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
