// SPDX-License-Identifier: MIT
// Access: what a receiver asks of whoever connects, beyond a signature: a client certificate, authorities of its own,
// an OAuth 2.0 token. A plain value, kept with the endpoint; secrets in it wipe themselves and never print. How a
// certificate is shown or a token fetched is a transport's affair (transport/*.hpp).
#ifndef WEBHOOK_ACCESS_HPP
#define WEBHOOK_ACCESS_HPP

#include <string>

#include "secret.hpp"

namespace webhook {
inline namespace v0 {

/// Credentials of the connection, of one endpoint; what is left empty is not used.
struct Access {
  std::string authorities{};  ///< PEM certificates: these alone vouch for the receiver, instead of the transport's
  std::string certificate{};  ///< PEM: the sender's certificate (mTLS), followed by those that lead to its authority
  Secret certificate_key{};   ///< PEM: the private key of that certificate, not encrypted

  std::string token_url{};  ///< where tokens are had by OAuth 2.0 client credentials (RFC 6749 section 4.4)
  std::string client_id{};
  Secret client_secret{};
  std::string scope{};  ///< words separated by blanks; "": as the authorization server sees fit

  /// Whether the connection itself is another one than to a receiver that asks for nothing.
  bool concerns_connection() const noexcept { return !authorities.empty() || !certificate.empty(); }

  friend bool operator==(const Access& left, const Access& right) noexcept {
    return left.authorities == right.authorities && left.certificate == right.certificate &&
           left.certificate_key == right.certificate_key && left.token_url == right.token_url &&
           left.client_id == right.client_id && left.client_secret == right.client_secret && left.scope == right.scope;
  }
};

}  // namespace v0
}  // namespace webhook

#endif
