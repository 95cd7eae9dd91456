// SPDX-License-Identifier: MIT
// What emit takes: a typed event, a value that the serializer encodes, or one written in braces.
// It knows no serializer.
#ifndef WEBHOOK_DETAIL_VALUES_HPP
#define WEBHOOK_DETAIL_VALUES_HPP

#include <concepts>
#include <string_view>

#include "../concepts.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// What is no event type by itself, so that emit(type, data) is never taken for emit(event, options).
template <class T>
concept NotText = !std::convertible_to<const T&, std::string_view>;

template <class T, class Serializer>
concept EncodedBy = Encodes<Serializer, T>;

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
concept HasValue = requires {
  typename Serializer::Value;
};
template <HasValue Serializer>
struct value_type<Serializer> {
  using type = typename Serializer::Value;
};
template <class Serializer>
using value_of = typename value_type<Serializer>::type;

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
