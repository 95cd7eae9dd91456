// SPDX-License-Identifier: MIT
// Square: signs and verifies as Square's webhooks do (x-square-hmacsha256-signature over the URL and the body), and knows
// where their bodies name the event. Nothing here bounds the age of a request.
// It does not know what a proxy made of a URL: Request::url has to be the one that Square was given.
#ifndef WEBHOOK_SCHEME_SQUARE_HPP
#define WEBHOOK_SCHEME_SQUARE_HPP

#include <array>
#include <span>
#include <string_view>

#include "../concepts.hpp"
#include "../detail/base64.hpp"
#include "../detail/described.hpp"
#include "../detail/field.hpp"
#include "../detail/hmac.hpp"
#include "../detail/http_fields.hpp"
#include "../detail/key_match.hpp"
#include "../detail/scheme_checks.hpp"
#include "../detail/text_key.hpp"

namespace webhook {
inline namespace v0 {

/// The scheme of Square: x-square-hmacsha256-signature, base64 of HMAC-SHA256 of the notification URL and the body under
/// the signature key's text. Stateless, so thread-safe; a Key belongs to one thread at a time. Only one signature fits on
/// a request: the first key signs. Replays: the request carries no signed time; the body has an event_id.
class Square {
 public:
  using role = webhook::role::signer;
  using Key = detail::HmacSha256;

  /// True for "" and "square".
  bool signs(std::string_view scheme) const noexcept { return scheme.empty() || scheme == "square"; }

  /// True for the header that sign() adds.
  bool writes(std::string_view header, std::string_view) const noexcept {
    return detail::is_one_of(header, {signature_header});
  }

  /// Throws Error (errc::invalid_secret) for an empty text, or white space around it.
  Key prepare(const Secret& secret, std::string_view scheme) const {
    detail::require_scheme(signs(scheme), "square");
    return Key(detail::text_key(secret, "a Square signature key"));
  }
  /// A fresh secret: 64 hexadecimal digits.
  Secret generate(std::string_view scheme) const {
    detail::require_scheme(signs(scheme), "square");
    return detail::generate_text_key();
  }

  /// Adds the one header, by the first key.
  bool sign(const Signing& signing, std::span<Key> keys, Headers& headers) const {
    detail::require_keys(keys.size());
    std::array<char, detail::base64_size(Key::size)> signature{};
    detail::encode_base64(keys.front()({signing.request.url, signing.request.body.view()}), signature.data());
    headers.add(signature_header, {signature.data(), signature.size()});
    return true;
  }

  /// Judges the header, then the signature of Request::url and the body, by every key.
  Verification verify(const Request& request, std::span<Key> keys, const Now&, Duration) const {
    std::string_view signature;
    if (const Verification found = detail::only_field(request.headers, signature_header, signature); !found)
      return found;
    Key::Mac received{};
    if (detail::decode_base64(signature, received) != Key::size)
      return detail::refused(Verification::malformed, signature_header);
    return detail::match_keys({Verification::ok}, keys, received, {request.url, request.body.view()});
  }

  /// From the body: type ("payment.created"), event_id and created_at.
  void describe(const Request&, const Fields& fields, Event& event) const {
    detail::describe_type(event, fields.find("/type"));
    detail::describe_id(event, fields.find("/event_id"));
    detail::describe_rfc3339(event, fields.find("/created_at"));
  }

 private:
  static constexpr std::string_view signature_header = "x-square-hmacsha256-signature";
};

static_assert(Describes<Square> && Generates<Square>);

}  // namespace v0
}  // namespace webhook

#endif
