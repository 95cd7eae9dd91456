// SPDX-License-Identifier: MIT
// ReceiverOptions: what a host may set for a whole receiver, as data.
// What belongs to one key is in secret.hpp; which handler takes what is said to the receiver itself.
#ifndef WEBHOOK_RECEIVER_OPTIONS_HPP
#define WEBHOOK_RECEIVER_OPTIONS_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "http.hpp"
#include "time.hpp"
#include "verification.hpp"

namespace webhook {
inline namespace v0 {

/// Settings of a Receiver. What is called here may be called from any thread that is in handle(), and what it throws is
/// contained, but for `executor`.
struct ReceiverOptions {
  Duration tolerance = std::chrono::seconds{300};  ///< how far a signed timestamp may be off, both ways; not negative
  std::size_t body_limit = 1024 * 1024;            ///< bytes; more is refused before anything is computed

  /// How long a handled message is remembered, so that its repetitions are answered without a handler. Senders repeat
  /// themselves for days, as a rule with at most one day between two attempts.
  Duration remember = std::chrono::hours{72};

  /// Bytes of answers that handlers worded (a Response that they return) which are kept for repetitions, the oldest
  /// forgotten first; a repetition whose answer is not here any more gets 200 with an empty body.
  std::size_t replies = 1024 * 1024;

  /// How many refused requests a second are looked at again, to tell why their signature does not match: whether an
  /// expired key matches, or another form of the body or of the URL (at most 24 verifications each). 0: none.
  std::uint32_t diagnoses_per_second = 0;

  /// Told why a verified request failed, for a log; may quote the host's own exceptions.
  std::function<void(std::string_view)> on_error{};

  /// Told of each request that was refused, for a log: explain(verdict) words it. Bound what you write: anybody can be
  /// refused as often as they like.
  std::function<void(const Verification&, const Request&)> on_refused{};

  /// Runs a task later, on another thread: where handlers go that are registered with webhook::later(). It may throw,
  /// if it has no room: then the sender is told to try again. Tasks throw nothing, and may outlive the receiver.
  std::function<void(std::function<void()>)> executor{};
};

}  // namespace v0
}  // namespace webhook

#endif
