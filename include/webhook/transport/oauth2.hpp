// SPDX-License-Identifier: MIT
// OAuth2: a transport around another one that gets tokens for endpoints that ask for them (endpoint.access.token_url),
// by client credentials, through that other transport and its guards; keeps them while they are good, and renews one
// that is refused, once. What has no token to show passes through.
// It knows nothing of sockets, and never waits: fetching a token is one more exchange of the session.
#ifndef WEBHOOK_TRANSPORT_OAUTH2_HPP
#define WEBHOOK_TRANSPORT_OAUTH2_HPP

#include <memory>
#include <string_view>
#include <utility>

#include "../concepts.hpp"
#include "../detail/oauth2_session.hpp"

namespace webhook {
inline namespace v0 {

/// Sends through another transport: `OAuth2{CurlTransport{}}`. Each request of an endpoint with an access.token_url
/// carries `Authorization: Bearer` and a token. Thread-safe if the other one is.
template <TransportPolicy Transport>
class OAuth2 {
 public:
  using role = webhook::role::transport;

  OAuth2() : OAuth2(Transport()) {}
  explicit OAuth2(Transport transport)
      : transport_(std::move(transport)), book_(std::make_shared<detail::TokenBook>()) {}

  /// A session for one worker, around one of the other transport's; all of them share the tokens.
  auto open() { return detail::OAuth2Session<decltype(transport_.open())>(transport_.open(), book_); }

  /// Throws as the other transport does.
  void check(std::string_view url) const requires ChecksUrls<Transport> { transport_.check(url); }

  /// Throws Error: errc::invalid_url or errc::address_refused for a token_url that is never sent to, and what the other
  /// transport says of certificates; errc::unsupported if it knows none.
  void check(const Access& access) const {
    if constexpr (ChecksUrls<Transport>) {
      if (!access.token_url.empty()) transport_.check(access.token_url);
    }
    Access without_token;
    without_token.authorities = access.authorities;
    without_token.certificate = access.certificate;
    without_token.certificate_key = access.certificate_key;
    if (without_token == Access{}) return;
    if constexpr (ChecksAccess<Transport>) {
      transport_.check(without_token);
    } else {
      throw Error(errc::unsupported, "the transport under OAuth2 knows no client certificates: leave them out");
    }
  }

 private:
  Transport transport_;
  std::shared_ptr<detail::TokenBook> book_;
};

}  // namespace v0
}  // namespace webhook

#endif
