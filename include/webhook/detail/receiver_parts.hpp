// SPDX-License-Identifier: MIT
// What a Receiver is made of and how a handler is called: its policies and options, and the three forms of a handler.
// It knows neither the order of the checks nor the wording of an answer (receiver.hpp).
#ifndef WEBHOOK_DETAIL_RECEIVER_PARTS_HPP
#define WEBHOOK_DETAIL_RECEIVER_PARTS_HPP

#include <concepts>
#include <tuple>
#include <vector>

#include "../concepts.hpp"
#include "../error.hpp"
#include "../receiver_options.hpp"
#include "receiver_arguments.hpp"

namespace webhook {
inline namespace v0 {

namespace detail::receiving {

/// The data of an event does not fit the type that its handler takes: the sender's fault, and not worth a retry.
struct Undecodable : Error {
  explicit Undecodable(const Error& error) : Error(error) {}
};

template <class Function, class Data>
inline constexpr bool callable =
    std::invocable<Function&, const Data&, const Event&, const Request&> ||
    std::invocable<Function&, const Data&, const Event&> || std::invocable<Function&, const Data&>;

/// Calls a handler with as much as it takes.
template <class Function, class Data>
void call(Function& handler, const Data& data, const Event& event, const Request& request) {
  if constexpr (std::invocable<Function&, const Data&, const Event&, const Request&>) {
    handler(data, event, request);
  } else if constexpr (std::invocable<Function&, const Data&, const Event&>) {
    handler(data, event);
  } else if constexpr (std::invocable<Function&, const Data&>) {
    handler(data);
  }
}

/// The policies, options and secrets of one receiver, sorted out of its constructor's arguments.
template <class Scheme, class Serializer, class Clock>
struct Parts {
  Scheme scheme;
  Serializer serializer;
  Clock clock;
  ReceiverOptions options;
  std::vector<Secret> secrets;

  template <class... Args>
  explicit Parts(std::tuple<Args...> given)
      : scheme(take<Scheme>(given)),
        serializer(take<Serializer>(given)),
        clock(take<Clock>(given)),
        options(take<ReceiverOptions>(given)),
        secrets(take_secrets(given)) {
    if (secrets.empty()) throw Error(errc::invalid_secret, "a receiver needs at least one secret to verify with");
    if (options.tolerance < Duration::zero()) throw Error(errc::invalid, "a receiver's tolerance cannot be negative");
  }
};

}  // namespace detail::receiving
}  // namespace v0
}  // namespace webhook

#endif
