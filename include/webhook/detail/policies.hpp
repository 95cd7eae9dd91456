// SPDX-License-Identifier: MIT
// Policies: the five policies of a dispatcher in one place, and how they are told apart by their role.
// It moves values around and never calls one of them.
#ifndef WEBHOOK_DETAIL_POLICIES_HPP
#define WEBHOOK_DETAIL_POLICIES_HPP

#include <concepts>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include "../fwd.hpp"
#include "../http.hpp"
#include "../options.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

struct no_role;
struct options_role;

/// A plain function is a transport too; the engine wraps it.
template <class P>
concept PlainTransport = !requires { typename P::role; } && requires(P& call, const Request& request) {
  { call(request) } -> std::convertible_to<Response>;
};

template <class P>
struct role_of {
  using type = no_role;
};
template <class P>
  requires requires { typename P::role; }
struct role_of<P> {
  using type = typename P::role;
};
template <PlainTransport P>
struct role_of<P> {
  using type = role::transport;
};
template <>
struct role_of<Options> {
  using type = options_role;
};
template <class P>
using role_of_t = typename role_of<P>::type;

template <class Role, class... P>
inline constexpr std::size_t how_many = ((std::is_same_v<role_of_t<P>, Role> ? std::size_t{1} : std::size_t{0}) + ... + 0);

/// How a policy is kept: as it is, but for plain functions.
template <class P>
struct kept_as {
  using type = P;
};
template <PlainTransport P>
struct kept_as<P> {
  using type = FunctionTransport<P>;
};

/// The first of `P...` that plays `Role`, or `Default`.
template <class Role, class Default, class... P>
struct chosen {
  using type = Default;
};
template <class Role, class Default, class P, class... Rest>
struct chosen<Role, Default, P, Rest...>
    : std::conditional_t<std::is_same_v<role_of_t<P>, Role>, kept_as<P>, chosen<Role, Default, Rest...>> {};
template <class Role, class Default, class... P>
using chosen_t = typename chosen<Role, Default, P...>::type;

/// Moves the argument that plays `Role` out of a tuple, or makes a default one.
template <class Role, class Wanted, std::size_t At = 0, class... P>
Wanted take(std::tuple<P...>& given) {
  if constexpr (At == sizeof...(P)) {
    static_assert(std::is_default_constructible_v<Wanted>,
                  "webhook: this Dispatcher has a policy without a default constructor; hand one to the constructor");
    return Wanted();
  } else if constexpr (std::is_same_v<role_of_t<std::tuple_element_t<At, std::tuple<P...>>>, Role>) {
    return Wanted(std::move(std::get<At>(given)));
  } else {
    return take<Role, Wanted, At + 1>(given);
  }
}

/// The policies of one dispatcher, each under the name of its role.
template <class TransportType, class SerializerType, class SignerType, class StoreType, class ClockType>
struct Policies {
  using Transport = TransportType;
  using Serializer = SerializerType;
  using Signer = SignerType;
  using Store = StoreType;
  using Clock = ClockType;

  Transport transport;
  Serializer serializer;
  Signer signer;
  Store store;
  Clock clock;
  Options options;

  template <class... P>
  explicit Policies(std::tuple<P...> given)
      : transport(take<role::transport, Transport>(given)),
        serializer(take<role::serializer, Serializer>(given)),
        signer(take<role::signer, Signer>(given)),
        store(take<role::store, Store>(given)),
        clock(take<role::clock, Clock>(given)),
        options(take<options_role, Options>(given)) {}
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
