// SPDX-License-Identifier: MIT
// later(): marks a handler as one that answers first and works then.
// Where it works is said by the host (ReceiverOptions::executor); no thread is started here.
#ifndef WEBHOOK_LATER_HPP
#define WEBHOOK_LATER_HPP

#include <utility>

namespace webhook {
inline namespace v0 {

/// A handler that is called after the sender got its answer; made by later().
template <class Function>
struct Later {
  Function function;
};

/// Wraps a handler that takes longer than a sender waits (Slack 3 s, GitHub 10 s, most 15 s): the request is verified,
/// read and decoded, its sender answered with 202, and the handler called by ReceiverOptions::executor with a copy of
/// the request. What it throws is told to on_error; nobody tries again by itself, but a repetition of the message is
/// let in. Example: inbox.on("push", webhook::later([](const nlohmann::json& push) { build(push); }));
template <class Function>
Later<Function> later(Function function) {
  return {std::move(function)};
}

}  // namespace v0
}  // namespace webhook

#endif
