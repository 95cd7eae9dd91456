// SPDX-License-Identifier: MIT
// The type that a serializer writes values in braces with, if it has one.
// It knows no serializer.
#ifndef WEBHOOK_DETAIL_VALUES_HPP
#define WEBHOOK_DETAIL_VALUES_HPP

namespace webhook {
inline namespace v0 {
namespace detail {

/// Stands where a serializer has no `Value`: nothing converts to it, so that overload is never chosen.
struct NoValue {
  NoValue() = delete;
  explicit NoValue(int) = delete;
};

template <class Serializer>
struct value_type {
  using type = NoValue;
};
template <class Serializer>
  requires requires { typename Serializer::Value; }
struct value_type<Serializer> {
  using type = typename Serializer::Value;
};
template <class Serializer>
using value_of = typename value_type<Serializer>::type;

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
