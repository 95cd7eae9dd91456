// SPDX-License-Identifier: MIT
// Twilio: signs and verifies as Twilio's webhooks do (X-Twilio-Signature over the URL and a form's parameters, or over a
// URL that carries the body's digest). Nothing here bounds the age of a request.
// It does not know what a proxy made of the scheme or host: Request::url has to have the public ones.
#ifndef WEBHOOK_SCHEME_TWILIO_HPP
#define WEBHOOK_SCHEME_TWILIO_HPP

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "../concepts.hpp"
#include "../detail/base64.hpp"
#include "../detail/field.hpp"
#include "../detail/hex.hpp"
#include "../detail/hmac.hpp"
#include "../detail/http_fields.hpp"
#include "../detail/key_match.hpp"
#include "../detail/message_id.hpp"
#include "../detail/scheme_checks.hpp"
#include "../detail/sha256.hpp"
#include "../detail/text_key.hpp"
#include "../detail/twilio_message.hpp"

namespace webhook {
inline namespace v0 {

/// The scheme of Twilio: X-Twilio-Signature, base64 of HMAC-SHA1 under the auth token's text. Signed are the URL and the
/// sorted parameters of a form; for any other body, the URL alone, whose parameter bodySHA256 names the body's digest.
/// Stateless, so thread-safe; a Key belongs to one thread at a time. Only one signature fits on a request: the first key
/// signs. Replays: the request carries no signed time, and I-Twilio-Idempotency-Token is not signed.
/// Its weakness is Twilio's own: names and values are signed run together, so "a=bc" and "ab=c" are the same to it.
class Twilio {
 public:
  using role = webhook::role::signer;
  using Key = detail::HmacSha1;

  static constexpr std::size_t max_url = 8192;  ///< bytes of the URL of a request that is verified

  /// True for "" and "twilio".
  bool signs(std::string_view scheme) const noexcept { return scheme.empty() || scheme == "twilio"; }

  /// True for the headers that sign() adds.
  bool writes(std::string_view header, std::string_view) const noexcept {
    return detail::is_one_of(header, {id_header, signature_header});
  }

  /// Throws Error (errc::invalid_secret) for an empty text, or white space around it.
  Key prepare(const Secret& secret, std::string_view scheme) const {
    detail::require_scheme(signs(scheme), "twilio");
    return Key(detail::text_key(secret, "a Twilio auth token"));
  }
  /// A fresh secret: 64 hexadecimal digits.
  Secret generate(std::string_view scheme) const {
    detail::require_scheme(signs(scheme), "twilio");
    return detail::generate_text_key();
  }

  /// The URL to send a body to that is no form: `url` with the parameter bodySHA256 appended.
  static std::string url_for(std::string_view url, std::string_view body) {
    std::array<char, 64> digest{};
    detail::encode_hex(detail::sha256(body), digest.data());
    const std::size_t end = url.find('#');
    std::string whole(url.substr(0, end));
    whole += whole.find('?') == std::string::npos ? '?' : '&';
    whole.append("bodySHA256=").append(digest.data(), digest.size());
    if (end != std::string_view::npos) whole.append(url.substr(end));
    return whole;
  }

  /// Adds the signature by the first key, and I-Twilio-Idempotency-Token (the event's id). Throws Error
  /// (errc::unsupported) for a body that is neither a form nor named by the URL: it would travel unsigned, because a
  /// signer cannot change a URL (url_for() makes one). Endpoints of this scheme want the format of a form.
  bool sign(const Signing& signing, std::span<Key> keys, Headers& headers) const {
    detail::require_keys(keys.size());
    const Message message(signing.request);
    if (!message.verdict) {
      throw Error(
          errc::unsupported,
          "Twilio signs forms, or a body whose SHA-256 is in the URL's bodySHA256; this body is neither: choose a "
          "form as the endpoint's format, or sign a request to Twilio::url_for(url, body)");
    }
    std::array<char, detail::base64_size(Key::size)> signature{};
    detail::encode_base64(keys.front()({signing.request.url, message.parameters}), signature.data());
    headers.add(id_header, signing.id);
    headers.add(signature_header, {signature.data(), signature.size()});
    return true;
  }

  /// Judges the headers, then whether the body is covered, then the signature: every key, and every spelling of
  /// Request::url that Twilio or a proxy may have had (with and without a port, apostrophes and blanks encoded or not).
  /// A body that is neither a form nor named by the URL is unsupported: nothing would vouch for it.
  Verification verify(const Request& request, std::span<Key> keys, const Now&, Duration) const {
    std::string_view signature, id;
    if (const Verification found = detail::only_field(request.headers, signature_header, signature); !found)
      return found;
    if (const Verification found = detail::at_most_one_field(request.headers, id_header, id); !found) return found;
    if (!id.empty() && !detail::is_message_id(id)) return detail::refused(Verification::malformed, id_header);
    Key::Mac received{};
    if (detail::decode_base64(signature, received) != Key::size)
      return detail::refused(Verification::malformed, signature_header);
    if (request.url.size() > max_url) return {Verification::malformed, id};

    const Message message(request);
    Verification verdict = message.verdict;
    verdict.id = id;
    if (verdict && keys.empty()) verdict.reason = Verification::unknown_key;
    if (!verdict) return verdict;
    const std::array<std::string, 8> spellings = detail::twilio_spellings(request.url);
    detail::KeyMatch match;
    for (std::size_t k = 0; k < keys.size(); ++k) {
      unsigned same = 0;
      for (const std::string& url : spellings)
        same |= detail::equal_bytes(keys[k]({url, message.parameters}), received);
      match.consider(k, same);
    }
    return match.verdict(verdict);
  }

 private:
  static constexpr std::string_view signature_header = "X-Twilio-Signature";
  static constexpr std::string_view id_header = "I-Twilio-Idempotency-Token";

  // Whether the signature would vouch for the body, and what of the body is signed.
  struct Message {
    Verification verdict{Verification::ok};
    std::string parameters{};

    explicit Message(const Request& request) {
      if (const std::optional<std::string_view> named = detail::body_digest_of(request.url)) {
        detail::Sha256Digest digest{};
        if (!detail::decode_hex(*named, digest)) {
          verdict.reason = Verification::malformed;
        } else if (digest != detail::sha256(request.body.view())) {  // both are known to whoever sent the request
          verdict.reason = Verification::bad_signature;
        }
      } else if (is_form(request)) {
        parameters = detail::twilio_parameters(request.body.view());
      } else if (!request.body.empty()) {
        verdict.reason = Verification::unsupported;
      }
    }
  };

  static bool is_form(const Request& request) noexcept {
    constexpr std::string_view form = "application/x-www-form-urlencoded";
    const std::string_view type = request.headers.find("content-type").value_or("");
    if (!Headers::same_name(type.substr(0, form.size()), form)) return false;
    return type.size() == form.size() || type[form.size()] == ';' || type[form.size()] == ' ';
  }
};

static_assert(SchemePolicy<Twilio> && Generates<Twilio>);

}  // namespace v0
}  // namespace webhook

#endif
