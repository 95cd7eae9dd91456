// SPDX-License-Identifier: MIT
// OktaChallenge: answers the one-time verification of an Okta event hook, which asks by GET and wants its text back.
// How its events are authenticated (a header of the host's choice) is the business of the scheme inside.
#ifndef WEBHOOK_SCHEME_OKTA_CHALLENGE_HPP
#define WEBHOOK_SCHEME_OKTA_CHALLENGE_HPP

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "../concepts.hpp"
#include "../detail/json_text.hpp"
#include "../detail/scheme_layer.hpp"

namespace webhook {
inline namespace v0 {

/// A scheme that also answers a GET with X-Okta-Verification-Challenge: c with {"verification": c}, whether it is
/// signed or not: it proves that somebody is there, and nothing else. As thread-safe as the inner scheme.
template <class Scheme>
class OktaChallenge : public detail::SchemeLayer<Scheme> {
  using Layer = detail::SchemeLayer<Scheme>;

 public:
  using Key = typename Layer::Key;
  static constexpr std::size_t max_challenge = 512;  ///< bytes; a longer one is refused with 400

  explicit OktaChallenge(Scheme inner) : Layer(std::move(inner)) {}

  std::optional<Response> handshake(const Request& request, const Verification& verdict, std::span<Key> keys,
                                    const Fields& fields) const {
    const auto challenge = request.headers.find("x-okta-verification-challenge");
    if (request.method != "GET" || !challenge) return this->inner_handshake(request, verdict, keys, fields);
    for (const char c : *challenge) {  // it is echoed, so it must be plain
      if (c < ' ' || c > '~') return refused();
    }
    if (challenge->empty() || challenge->size() > max_challenge) return refused();
    return Layer::json("{\"verification\":" + detail::json_text(*challenge) + "}");
  }

 private:
  static Response refused() {
    Response refusal;
    refusal.status = 400;
    return refusal;
  }
};

}  // namespace v0
}  // namespace webhook

#endif
