// SPDX-License-Identifier: MIT
// GitHub: signs and verifies as GitHub's webhooks do (X-Hub-Signature-256), and knows their ping and how they name events.
// The signature covers the body alone, so nothing here bounds the age of a request; the legacy SHA-1 header is ignored.
#ifndef WEBHOOK_SCHEME_GITHUB_HPP
#define WEBHOOK_SCHEME_GITHUB_HPP

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "../concepts.hpp"
#include "../detail/described.hpp"
#include "../detail/field.hpp"
#include "../detail/hex.hpp"
#include "../detail/hmac.hpp"
#include "../detail/http_fields.hpp"
#include "../detail/key_match.hpp"
#include "../detail/scheme_checks.hpp"
#include "../detail/text_key.hpp"

namespace webhook {
inline namespace v0 {

/// The scheme of GitHub: X-Hub-Signature-256, HMAC-SHA256 of the body under the secret's text. A secret is any text
/// without white space around it. Stateless, so thread-safe; a Key belongs to one thread at a time.
/// Only one signature fits on a request: the first key signs, so during a rotation the receiver must know both.
/// Replays: the request carries no signed time, and X-GitHub-Delivery, by which receivers find duplicates, is not signed.
class GitHub {
 public:
  using role = webhook::role::signer;
  using Key = detail::HmacSha256;

  /// True for "" and "github".
  bool signs(std::string_view scheme) const noexcept { return scheme.empty() || scheme == "github"; }

  /// True for the headers that sign() adds.
  bool writes(std::string_view header, std::string_view) const noexcept {
    return detail::is_one_of(header, {event_header, id_header, signature_header});
  }

  /// Throws Error (errc::invalid_secret) for an empty text, or white space around it.
  Key prepare(const Secret& secret, std::string_view scheme) const {
    detail::require_scheme(signs(scheme), "github");
    return Key(detail::text_key(secret, "a GitHub webhook secret"));
  }
  /// A fresh secret: 64 hexadecimal digits.
  Secret generate(std::string_view scheme) const {
    detail::require_scheme(signs(scheme), "github");
    return detail::generate_text_key();
  }

  /// Adds X-Hub-Signature-256 by the first key, X-GitHub-Delivery (the event's id), and X-GitHub-Event (its type, whole).
  bool sign(const Signing& signing, std::span<Key> keys, Headers& headers) const {
    detail::require_keys(keys.size());
    std::array<char, prefix.size() + 2 * Key::size> signature{};
    prefix.copy(signature.data(), prefix.size());
    detail::encode_hex(keys.front()({signing.request.body.view()}), signature.data() + prefix.size());
    if (!signing.type.empty()) headers.add(event_header, signing.type);
    headers.add(id_header, signing.id);
    headers.add(signature_header, {signature.data(), signature.size()});
    return true;
  }

  /// Judges the header, then the signature, by every key. A request that carries the SHA-1 header alone is unsupported.
  /// The verdict's id is X-GitHub-Delivery, if it is there; it is not signed.
  Verification verify(const Request& request, std::span<Key> keys, const Now&, Duration) const {
    std::string_view signature, id;
    if (const Verification found = detail::only_field(request.headers, signature_header, signature); !found) {
      if (found.reason == Verification::missing_header && request.headers.count("X-Hub-Signature") != 0)
        return detail::refused(Verification::unsupported, signature_header);
      return found;
    }
    if (const Verification found = detail::at_most_one_field(request.headers, id_header, id); !found) return found;
    if (!id.empty() && !detail::is_message_id(id)) return detail::refused(Verification::malformed, id_header);
    Key::Mac received{};
    if (signature.substr(0, prefix.size()) != prefix ||
        !detail::decode_hex(signature.substr(prefix.size()), received)) {
      return detail::refused(Verification::malformed, signature_header);
    }
    return detail::match_keys({Verification::ok, id}, keys, received, {request.body.view()});
  }

  /// Answers a verified ping, which GitHub sends when a webhook is created.
  std::optional<Response> handshake(const Request& request, const Verification& verdict, std::span<Key>,
                                    const Fields&) const {
    if (!verdict || request.method != "POST" || request.headers.find(event_header) != "ping") return std::nullopt;
    Response pong;
    pong.status = 200;
    pong.headers.add("content-type", "text/plain; charset=utf-8");
    pong.body = "pong";
    return pong;
  }

  /// The type is X-GitHub-Event and, where the body has one, its action: "push", "issues.opened".
  void describe(const Request& request, const Fields& fields, Event& event) const {
    const std::optional<std::string_view> name = request.headers.find(event_header);
    if (!name) return;
    std::string type = detail::described_type(*name);
    if (type.empty()) return;
    if (type.find('.') == std::string::npos) {  // whole types come from our own signer
      if (const std::optional<std::string> action = fields.find("/action")) {
        if (std::string both = detail::described_type(type + "." + *action); !both.empty()) type = std::move(both);
      }
    }
    event.type = std::move(type);
  }

 private:
  static constexpr std::string_view signature_header = "X-Hub-Signature-256";
  static constexpr std::string_view id_header = "X-GitHub-Delivery";
  static constexpr std::string_view event_header = "X-GitHub-Event";
  static constexpr std::string_view prefix = "sha256=";
};

static_assert(ShakesHands<GitHub> && Describes<GitHub> && Generates<GitHub>);

}  // namespace v0
}  // namespace webhook

#endif
