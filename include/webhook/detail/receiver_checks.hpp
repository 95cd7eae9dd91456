// SPDX-License-Identifier: MIT
// Says in one sentence what a Receiver's policy lacks, before the compiler says it in a hundred lines.
// The contracts themselves are in concepts.hpp; a receiver asks for less than a dispatcher does.
#ifndef WEBHOOK_DETAIL_RECEIVER_CHECKS_HPP
#define WEBHOOK_DETAIL_RECEIVER_CHECKS_HPP

#include <concepts>
#include <span>
#include <string_view>

#include "../concepts.hpp"
#include "roles.hpp"

namespace webhook {
inline namespace v0 {
namespace detail::receiving {

// Each check is skipped where an earlier one has spoken, so that the first sentence is the one to act on.

template <class S>
struct SchemeChecks {
  static_assert(
      is_complete<S>,
      "webhook: Receiver's scheme is only declared here; include <webhook/webhook.hpp>, or the header of its name");
  static constexpr bool named = plays<S, role::signer>;
  static_assert(!is_complete<S> || named,
                "webhook: Receiver's scheme does not satisfy webhook::SchemePolicy: it lacks `using role = "
                "webhook::role::signer;`");
  static_assert(!named || std::move_constructible<S>,
                "webhook: Receiver's scheme does not satisfy webhook::SchemePolicy: it cannot be moved");
  static constexpr bool keyed = requires { typename S::Key; };
  static_assert(!named || keyed,
                "webhook: Receiver's scheme does not satisfy webhook::SchemePolicy: it lacks the type `Key`, a secret "
                "made ready");
  static_assert(
      !named ||
          requires(const S& scheme, std::string_view name) {
            { scheme.signs(name) } -> std::same_as<bool>;
          },
      "webhook: Receiver's scheme does not satisfy webhook::SchemePolicy: it lacks `signs(scheme) const`, which "
      "returns bool");
  static_assert(
      !named || !keyed ||
          requires(const S& scheme, const Secret& secret, std::string_view name) {
            { scheme.prepare(secret, name) } -> std::same_as<typename S::Key>;
          },
      "webhook: Receiver's scheme does not satisfy webhook::SchemePolicy: it lacks `prepare(secret, scheme) const`, "
      "which "
      "returns a Key");
  static_assert(
      !named || !keyed ||
          requires(const S& scheme, const Signing& signing, std::span<typename S::Key> keys, Headers& headers) {
            { scheme.sign(signing, keys, headers) } -> std::same_as<bool>;
          },
      "webhook: Receiver's scheme does not satisfy webhook::SchemePolicy: it lacks `sign(signing, keys, headers) "
      "const`, "
      "which returns bool");
  static_assert(
      !named || !keyed ||
          requires(const S& scheme, const Request& request, std::span<typename S::Key> keys, const Now& now,
                   Duration tolerance) {
            { scheme.verify(request, keys, now, tolerance) } -> std::same_as<Verification>;
          },
      "webhook: Receiver's scheme does not satisfy webhook::SchemePolicy: it lacks `verify(request, keys, now, "
      "tolerance) "
      "const`, which returns a Verification");
};

template <class S>
struct SerializerChecks {
  static_assert(
      is_complete<S>,
      "webhook: Receiver's serializer is only declared here; include <webhook/webhook.hpp>, or the header of its name");
  static constexpr bool named = plays<S, role::serializer>;
  static_assert(!is_complete<S> || named,
                "webhook: Receiver's serializer does not satisfy webhook::Reads: it lacks `using role = "
                "webhook::role::serializer;`");
  static_assert(!named || std::move_constructible<S>,
                "webhook: Receiver's serializer does not satisfy webhook::Reads: it cannot be moved");
  static constexpr bool valued = requires { typename S::Value; };
  static_assert(!named || valued,
                "webhook: Receiver's serializer does not satisfy webhook::Reads: it lacks the type `Value`, what a "
                "body is read into");
  static_assert(
      !named || !valued ||
          requires(const S& serializer, const Request& request, Event& event) {
            { serializer.read(request, event) } -> std::same_as<typename S::Value>;
          },
      "webhook: Receiver's serializer does not satisfy webhook::Reads: it lacks `read(request, event) const`, which "
      "returns a "
      "Value");
};

template <class C>
struct ClockChecks {
  static_assert(
      is_complete<C>,
      "webhook: Receiver's clock is only declared here; include <webhook/webhook.hpp>, or the header of its name");
  static constexpr bool named = plays<C, role::clock>;
  static_assert(
      !is_complete<C> || named,
      "webhook: Receiver's clock does not satisfy webhook::ClockPolicy: it lacks `using role = webhook::role::clock;`");
  static_assert(!named || std::move_constructible<C>,
                "webhook: Receiver's clock does not satisfy webhook::ClockPolicy: it cannot be moved");
  static_assert(
      !named ||
          requires(const C& clock) {
            { clock.now() } -> std::same_as<Now>;
          },
      "webhook: Receiver's clock does not satisfy webhook::ClockPolicy: it lacks `now() const`, which returns a Now");
};

template <class I>
struct InboxChecks {
  static_assert(
      is_complete<I>,
      "webhook: Receiver's inbox is only declared here; include <webhook/webhook.hpp>, or the header of its name");
  static constexpr bool named = plays<I, role::inbox>;
  static_assert(
      !is_complete<I> || named,
      "webhook: Receiver's inbox does not satisfy webhook::InboxPolicy: it lacks `using role = webhook::role::inbox;`");
  static_assert(!named || std::move_constructible<I>,
                "webhook: Receiver's inbox does not satisfy webhook::InboxPolicy: it cannot be moved");
};

/// All of them; a Receiver derives from it, so that these sentences come first.
template <class Scheme, class Serializer, class Clock, class Inbox>
struct ReceiverChecks : SchemeChecks<Scheme>, SerializerChecks<Serializer>, ClockChecks<Clock>, InboxChecks<Inbox> {};

}  // namespace detail::receiving
}  // namespace v0
}  // namespace webhook

#endif
