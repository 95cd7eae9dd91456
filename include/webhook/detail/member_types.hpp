// SPDX-License-Identifier: MIT
// The types Value and Filter of a serializer, for one that is made of others: it has them only where the other does.
// It knows nothing of what they are.
#ifndef WEBHOOK_DETAIL_MEMBER_TYPES_HPP
#define WEBHOOK_DETAIL_MEMBER_TYPES_HPP

#include "values.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// To be derived from: `Value`, if the serializer has it.
template <class Serializer>
struct ValueFrom {};
template <HasValue Serializer>
struct ValueFrom<Serializer> {
  using Value = typename Serializer::Value;
};

template <class Serializer>
concept HasFilter = requires {
  typename Serializer::Filter;
};
/// To be derived from: `Filter`, if the serializer has it.
template <class Serializer>
struct FilterFrom {};
template <HasFilter Serializer>
struct FilterFrom<Serializer> {
  using Filter = typename Serializer::Filter;
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
