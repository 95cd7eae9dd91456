// SPDX-License-Identifier: MIT
// HookSecret: confirms a REST hook subscription by sending its X-Hook-Secret back, as resthooks.org describes it.
// Whether a secret is one that was awaited, and where it is kept, is the host's to say.
#ifndef WEBHOOK_SCHEME_HOOK_SECRET_HPP
#define WEBHOOK_SCHEME_HOOK_SECRET_HPP

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "../concepts.hpp"
#include "../detail/http_fields.hpp"
#include "../detail/scheme_layer.hpp"

namespace webhook {
inline namespace v0 {

/// A scheme that also confirms subscriptions: a POST with X-Hook-Secret that carries no valid signature is shown to
/// `accept`; if it says yes, the answer is 200 with the same header, else 403. As thread-safe as the inner scheme and
/// `accept` are. Some services sign later deliveries with that secret: then give it to a receiver.
template <class Scheme>
class HookSecret : public detail::SchemeLayer<Scheme> {
  using Layer = detail::SchemeLayer<Scheme>;

 public:
  using Key = typename Layer::Key;
  using Accept = std::function<bool(std::string_view secret, const Request& request)>;
  static constexpr std::size_t max_secret = 512;  ///< bytes; a longer one is refused

  HookSecret(Scheme inner, Accept accept) : Layer(std::move(inner)), accept_(std::move(accept)) {}

  std::optional<Response> handshake(const Request& request, const Verification& verdict, std::span<Key> keys,
                                    const Fields& fields) const {
    const auto secret = request.headers.find("x-hook-secret");
    if (request.method != "POST" || verdict || !secret) return this->inner_handshake(request, verdict, keys, fields);
    Response answer;
    answer.status = 403;
    const bool plain = !secret->empty() && secret->size() <= max_secret && detail::is_field_value(*secret) &&
                       request.headers.count("x-hook-secret") == 1;
    if (!plain || !accept_(*secret, request)) return answer;
    answer.status = 200;
    answer.headers.add("x-hook-secret", *secret);
    return answer;
  }

 private:
  Accept accept_;
};

}  // namespace v0
}  // namespace webhook

#endif
