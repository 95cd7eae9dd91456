// SPDX-License-Identifier: MIT
// A scheme around another: everything is the inner one's, until the outer one says otherwise.
// Handshakes that are no part of a signature are put around a scheme in this way (scheme/*_challenge.hpp and others).
#ifndef WEBHOOK_DETAIL_SCHEME_LAYER_HPP
#define WEBHOOK_DETAIL_SCHEME_LAYER_HPP

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "../concepts.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

template <class Scheme>
class SchemeLayer {
 public:
  using role = webhook::role::signer;
  using Key = typename Scheme::Key;

  explicit SchemeLayer(Scheme inner) : inner_(std::move(inner)) {}

  bool signs(std::string_view scheme) const { return inner_.signs(scheme); }
  Key prepare(const Secret& secret, std::string_view scheme) const { return inner_.prepare(secret, scheme); }
  bool sign(const Signing& signing, std::span<Key> keys, Headers& headers) const {
    return inner_.sign(signing, keys, headers);
  }
  bool writes(std::string_view header, std::string_view scheme) const requires WritesHeaders<Scheme> {
    return inner_.writes(header, scheme);
  }
  Verification verify(const Request& request, std::span<Key> keys, const Now& now, Duration tolerance) const {
    return inner_.verify(request, keys, now, tolerance);
  }
  Secret generate(std::string_view scheme) const requires Generates<Scheme> { return inner_.generate(scheme); }
  /// Where the inner scheme tells apart secrets that sign from those that only verify.
  void check(const Secret& secret, std::string_view scheme) const requires requires(const Scheme& inner) {
    inner.check(secret, scheme);
  }
  { inner_.check(secret, scheme); }
  void describe(const Request& request, const Fields& fields, Event& event) const requires Describes<Scheme> {
    inner_.describe(request, fields, event);
  }

 protected:
  /// What the inner scheme says, if it shakes hands at all.
  std::optional<Response> inner_handshake(const Request& request, const Verification& verdict, std::span<Key> keys,
                                          const Fields& fields) const {
    if constexpr (ShakesHands<Scheme>) return inner_.handshake(request, verdict, keys, fields);
    return std::nullopt;
  }

  const Scheme& inner() const noexcept { return inner_; }

  static Response json(std::string body) {
    Response response;
    response.status = 200;
    response.headers.add("content-type", "application/json");
    response.body = std::move(body);
    return response;
  }

 private:
  Scheme inner_;
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
