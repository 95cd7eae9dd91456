// SPDX-License-Identifier: MIT
// ReceiverOptions: what a host may set for a whole receiver, as data.
// What belongs to one key is in secret.hpp; which handler takes what is said to the receiver itself.
#ifndef WEBHOOK_RECEIVER_OPTIONS_HPP
#define WEBHOOK_RECEIVER_OPTIONS_HPP

#include <chrono>
#include <cstddef>
#include <functional>
#include <string_view>

#include "time.hpp"

namespace webhook {
inline namespace v0 {

/// Settings of a Receiver.
struct ReceiverOptions {
  Duration tolerance = std::chrono::seconds{300};    ///< how far a signed timestamp may be off, both ways; not negative
  std::size_t body_limit = 1024 * 1024;              ///< bytes; more is refused before anything is computed
  std::function<void(std::string_view)> on_error{};  ///< told why a verified request failed, for a log; from any thread
};

}  // namespace v0
}  // namespace webhook

#endif
