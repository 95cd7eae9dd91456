// SPDX-License-Identifier: MIT
// Policies: the five policies of a dispatcher in one place, taken from the constructor's arguments.
// It moves values around and never calls one of them.
#ifndef WEBHOOK_DETAIL_POLICIES_HPP
#define WEBHOOK_DETAIL_POLICIES_HPP

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include "../fwd.hpp"
#include "../options.hpp"
#include "roles.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

struct options_role;
template <>
struct role_of<Options> {
  using type = options_role;
};

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
