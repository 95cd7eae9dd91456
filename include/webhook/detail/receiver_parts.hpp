// SPDX-License-Identifier: MIT
// What a Receiver is made of: its policies, options and keys, sorted out of its constructor's arguments and checked.
// It knows neither the order of the checks nor the wording of an answer (receiver.hpp).
#ifndef WEBHOOK_DETAIL_RECEIVER_PARTS_HPP
#define WEBHOOK_DETAIL_RECEIVER_PARTS_HPP

#include <string>
#include <tuple>
#include <vector>

#include "../concepts.hpp"
#include "../error.hpp"
#include "../keyed.hpp"
#include "../pattern.hpp"
#include "../receiver_options.hpp"
#include "receiver_arguments.hpp"

namespace webhook {
inline namespace v0 {
namespace detail::receiving {

/// The policies, options and secrets of one receiver.
template <class Scheme, class Serializer, class Clock, class Inbox>
struct Parts {
  Scheme scheme;
  Serializer serializer;
  Clock clock;
  Inbox inbox;
  ReceiverOptions options;
  std::vector<Keyed> secrets;

  template <class... Args>
  explicit Parts(std::tuple<Args...> given)
      : scheme(take<Scheme>(given)),
        serializer(take<Serializer>(given)),
        clock(take<Clock>(given)),
        inbox(take<Inbox>(given)),
        options(take<ReceiverOptions>(given)),
        secrets(take_secrets(given)) {
    if (secrets.empty()) throw Error(errc::invalid_secret, "a receiver needs at least one secret to verify with");
    for (const Keyed& keyed : secrets) {
      if (!scheme.signs(keyed.scheme)) {
        throw Error(errc::unsupported,
                    "the scheme \"" + shown(keyed.scheme) + "\" of a secret is not among those of this receiver");
      }
    }
    if (options.tolerance < Duration::zero()) throw Error(errc::invalid, "a receiver's tolerance cannot be negative");
    if (options.remember < Duration::zero()) {
      throw Error(errc::invalid, "a receiver cannot remember messages for a negative time; NoInbox remembers none");
    }
  }
};

}  // namespace detail::receiving
}  // namespace v0
}  // namespace webhook

#endif
