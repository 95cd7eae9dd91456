// SPDX-License-Identifier: MIT
// Sends one request through a transport, or through a plain function, and waits for its answer.
// For handshakes, which a host makes on a thread of its own; deliveries go through the workers.
#ifndef WEBHOOK_DETAIL_ONE_EXCHANGE_HPP
#define WEBHOOK_DETAIL_ONE_EXCHANGE_HPP

#include <chrono>
#include <optional>
#include <utility>

#include "../concepts.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// Returns within request.timeout, as every transport does; what a function throws passes through.
template <class Send>
Response one_exchange(Send& send, const Request& request) {
  if constexpr (TransportPolicy<Send>) {
    struct Once final : Exchanges {
      bool may_send(Ticket) override { return true; }
      void done(Ticket, Response response) override { answer = std::move(response); }
      std::optional<Response> answer{};
    } once;
    auto session = send.open();
    session.start(Ticket{1}, request);
    while (!once.answer) session.poll(std::chrono::seconds{1}, once);
    return *std::move(once.answer);
  } else {
    return send(request);
  }
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
