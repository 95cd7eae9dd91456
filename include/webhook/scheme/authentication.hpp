// SPDX-License-Identifier: MIT
// Authentication keys: a receiver that asks for credentials instead of a signature gets them in a header, as HTTP Basic,
// as a Bearer token, or as an API key. They vouch for the sender alone, for no byte of the request, and TLS is all that
// keeps them secret. What they do not know: users, scopes, and how a token is obtained.
#ifndef WEBHOOK_SCHEME_AUTHENTICATION_HPP
#define WEBHOOK_SCHEME_AUTHENTICATION_HPP

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "../concepts.hpp"
#include "../detail/credential.hpp"
#include "../detail/field.hpp"
#include "../detail/http_fields.hpp"
#include "../detail/scheme_checks.hpp"
#include "../detail/text_key.hpp"

namespace webhook {
inline namespace v0 {

/// HTTP Basic authentication (RFC 7617): the secret is "user:password". Stateless, so thread-safe. Only one credential
/// fits on a request: the first key is sent. It signs nothing: see the head of this file.
class BasicAuthentication {
 public:
  using role = webhook::role::signer;
  using Key = detail::Credential;

  /// True for "" and "basic".
  bool signs(std::string_view scheme) const noexcept { return scheme.empty() || scheme == "basic"; }

  /// True for the header that sign() adds.
  bool writes(std::string_view header, std::string_view) const noexcept {
    return Headers::same_name(header, detail::authorization);
  }

  /// Throws Error (errc::invalid_secret) for anything but a user, a colon and a password, without control characters and
  /// of at most 1024 bytes together.
  Key prepare(const Secret& secret, std::string_view scheme) const {
    detail::require_scheme(signs(scheme), "basic");
    const std::string_view text = secret.reveal();
    const std::size_t colon = text.find(':');
    if (colon == 0 || colon == std::string_view::npos || text.size() > 1024 || text.find('\t') != text.npos ||
        !detail::is_field_value(text)) {
      throw Error(
          errc::invalid_secret,
          "a secret for Basic authentication is \"user:password\", at most 1024 bytes without control characters");
    }
    return Key::encoded("Basic ", text);
  }
  /// A fresh secret: the user "webhook" and a password of 64 hexadecimal digits.
  Secret generate(std::string_view scheme) const {
    detail::require_scheme(signs(scheme), "basic");
    return detail::generate_text_key("webhook:");
  }

  /// Adds Authorization by the first key.
  bool sign(const Signing&, std::span<Key> keys, Headers& headers) const {
    detail::require_keys(keys.size());
    headers.add(detail::authorization, keys.front().sent());
    return true;
  }

  /// Compares Authorization with every key, in constant time. Another kind of credential is unsupported.
  Verification verify(const Request& request, std::span<Key> keys, const Now&, Duration) const {
    return detail::judge_authorization(request, keys, "Basic");
  }
};

/// A Bearer token (RFC 6750): the secret is the token. Stateless, so thread-safe. Only one credential fits on a request:
/// the first key is sent. It signs nothing: see the head of this file.
class BearerToken {
 public:
  using role = webhook::role::signer;
  using Key = detail::Credential;

  /// True for "" and "bearer".
  bool signs(std::string_view scheme) const noexcept { return scheme.empty() || scheme == "bearer"; }

  /// True for the header that sign() adds.
  bool writes(std::string_view header, std::string_view) const noexcept {
    return Headers::same_name(header, detail::authorization);
  }

  /// Throws Error (errc::invalid_secret) for anything but visible ASCII, at most 4096 bytes.
  Key prepare(const Secret& secret, std::string_view scheme) const {
    detail::require_scheme(signs(scheme), "bearer");
    detail::require_credential(secret.reveal(), "a Bearer token");
    return Key("Bearer ", secret.reveal());
  }
  /// A fresh secret: 64 hexadecimal digits.
  Secret generate(std::string_view scheme) const {
    detail::require_scheme(signs(scheme), "bearer");
    return detail::generate_text_key();
  }

  /// Adds Authorization by the first key.
  bool sign(const Signing&, std::span<Key> keys, Headers& headers) const {
    detail::require_keys(keys.size());
    headers.add(detail::authorization, keys.front().sent());
    return true;
  }

  /// Compares Authorization with every key, in constant time. Another kind of credential is unsupported.
  Verification verify(const Request& request, std::span<Key> keys, const Now&, Duration) const {
    return detail::judge_authorization(request, keys, "Bearer");
  }
};

/// An API key in a header of its own: the secret is the header's value. Stateless once made, so thread-safe. Only one
/// credential fits on a request: the first key is sent. It signs nothing: see the head of this file.
class ApiKey {
 public:
  using role = webhook::role::signer;
  using Key = detail::Credential;

  /// Throws Error (errc::invalid_header) for a name that no header can have here.
  explicit ApiKey(std::string header = "X-API-Key") : header_(std::move(header)) {
    if (!detail::is_token(header_) || header_.size() > 256 || detail::is_framing_field(header_))
      throw Error(errc::invalid_header,
                  "an API key's header has a name of letters, digits and '-'; choose another one");
  }

  /// True for "" and "apikey".
  bool signs(std::string_view scheme) const noexcept { return scheme.empty() || scheme == "apikey"; }

  /// True for the header that sign() adds.
  bool writes(std::string_view header, std::string_view) const noexcept { return Headers::same_name(header, header_); }

  /// Throws Error (errc::invalid_secret) for anything but visible ASCII, at most 4096 bytes.
  Key prepare(const Secret& secret, std::string_view scheme) const {
    detail::require_scheme(signs(scheme), "apikey");
    detail::require_credential(secret.reveal(), "an API key");
    return Key({}, secret.reveal());
  }
  /// A fresh secret: 64 hexadecimal digits.
  Secret generate(std::string_view scheme) const {
    detail::require_scheme(signs(scheme), "apikey");
    return detail::generate_text_key();
  }

  /// Adds the header by the first key.
  bool sign(const Signing&, std::span<Key> keys, Headers& headers) const {
    detail::require_keys(keys.size());
    headers.add(header_, keys.front().sent());
    return true;
  }

  /// Compares the header with every key, in constant time.
  Verification verify(const Request& request, std::span<Key> keys, const Now&, Duration) const {
    std::string_view value;
    if (const Verification found = detail::only_field(request.headers, header_, value); !found) return found;
    return detail::judge_credential(value, keys);
  }

 private:
  std::string header_;
};

static_assert(SchemePolicy<BasicAuthentication> && Generates<BasicAuthentication>);
static_assert(SchemePolicy<BearerToken> && Generates<BearerToken>);
static_assert(SchemePolicy<ApiKey> && Generates<ApiKey>);

}  // namespace v0
}  // namespace webhook

#endif
