// SPDX-License-Identifier: MIT
// How a Receiver tells its constructor's arguments apart, so that they may come in any order.
// It moves values around and never calls one of them.
#ifndef WEBHOOK_DETAIL_RECEIVER_ARGUMENTS_HPP
#define WEBHOOK_DETAIL_RECEIVER_ARGUMENTS_HPP

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "../keyed.hpp"
#include "../secret.hpp"

namespace webhook {
inline namespace v0 {
namespace detail::receiving {

template <class T>
inline constexpr bool is_secret = std::is_same_v<T, Secret> || std::is_same_v<T, std::vector<Secret>> ||
                                  std::is_same_v<T, Keyed> || std::is_same_v<T, std::vector<Keyed>>;

/// Moves the one `Wanted` out of the arguments, or makes a default one.
template <class Wanted, std::size_t At = 0, class... Args>
Wanted take(std::tuple<Args...>& given) {
  if constexpr (At == sizeof...(Args)) {
    static_assert(
        std::is_default_constructible_v<Wanted>,
        "webhook: a policy of this Receiver has no default constructor; hand one to the Receiver's constructor");
    return Wanted();
  } else if constexpr (std::is_same_v<std::tuple_element_t<At, std::tuple<Args...>>, Wanted>) {
    return Wanted(std::move(std::get<At>(given)));
  } else {
    return take<Wanted, At + 1>(given);
  }
}

inline void collect(std::vector<Keyed>& secrets, Keyed& one) { secrets.push_back(std::move(one)); }
inline void collect(std::vector<Keyed>& secrets, Secret& one) { secrets.push_back({{}, std::move(one)}); }
template <class Each>
void collect(std::vector<Keyed>& secrets, std::vector<Each>& several) {
  for (Each& one : several) collect(secrets, one);
}
template <class Other>
void collect(std::vector<Keyed>&, Other&) noexcept {}

/// Moves all secrets out of the arguments, in their order.
template <class... Args>
std::vector<Keyed> take_secrets(std::tuple<Args...>& given) {
  std::vector<Keyed> secrets;
  std::apply([&secrets](Args&... args) { (collect(secrets, args), ...); }, given);
  return secrets;
}

}  // namespace detail::receiving
}  // namespace v0
}  // namespace webhook

#endif
