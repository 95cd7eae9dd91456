// SPDX-License-Identifier: MIT
// Roles: how constructor arguments are told apart by the part they play, so that they may come in any order.
// It knows no policy, and moves nothing.
#ifndef WEBHOOK_DETAIL_ROLES_HPP
#define WEBHOOK_DETAIL_ROLES_HPP

#include <concepts>
#include <cstddef>
#include <type_traits>

#include "../fwd.hpp"
#include "../http.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

struct no_role;

/// A plain function is a transport too; the engine wraps it.
template <class P>
concept PlainTransport = !requires {
  typename P::role;
}
&&requires(P& call, const Request& request) {
  { call(request) } -> std::convertible_to<Response>;
};

template <class P>
struct role_of {
  using type = no_role;
};
template <class P>
concept HasRole = requires {
  typename P::role;
};
template <HasRole P>
struct role_of<P> {
  using type = typename P::role;
};
template <PlainTransport P>
struct role_of<P> {
  using type = role::transport;
};
template <class P>
using role_of_t = typename role_of<P>::type;

template <class P>
inline constexpr bool is_complete = requires {
  sizeof(P);
};

template <class P, class Role>
inline constexpr bool plays = requires {
  requires std::same_as<typename P::role, Role>;
};

template <class Role, class... P>
inline constexpr std::size_t how_many = ((std::is_same_v<role_of_t<P>, Role> ? std::size_t{1} : std::size_t{0}) + ... +
                                         0);

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

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
