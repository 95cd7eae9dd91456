// SPDX-License-Identifier: MIT
// Shopify: signs and verifies as Shopify's webhooks do, under both of their header families, and knows how they name
// events. The signature covers the body alone, so nothing here bounds the age of a request.
// It does not know Shopify's API versions or shops; a host that imitates Shopify adds such headers to its endpoints.
#ifndef WEBHOOK_SCHEME_SHOPIFY_HPP
#define WEBHOOK_SCHEME_SHOPIFY_HPP

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

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

/// The scheme of Shopify: X-Shopify-Hmac-Sha256, base64 of HMAC-SHA256 of the body under the client secret's text.
/// Where a request has Shopify-* headers they are judged, and X-Shopify-* ones are not. Stateless, so thread-safe; a Key
/// belongs to one thread at a time. Only one signature fits on a request: the first key signs.
/// Replays: the request carries no signed time, and the ids by which receivers find duplicates are not signed.
class Shopify {
 public:
  using role = webhook::role::signer;
  using Key = detail::HmacSha256;

  /// True for "" and "shopify".
  bool signs(std::string_view scheme) const noexcept { return scheme.empty() || scheme == "shopify"; }

  /// True for the headers that sign() adds.
  bool writes(std::string_view header, std::string_view) const noexcept {
    return detail::is_one_of(header, {older.signature, older.topic, older.webhook_id, older.event_id});
  }

  /// Throws Error (errc::invalid_secret) for an empty text, or white space around it.
  Key prepare(const Secret& secret, std::string_view scheme) const {
    detail::require_scheme(signs(scheme), "shopify");
    return Key(detail::text_key(secret, "a Shopify client secret"));
  }
  /// A fresh secret: 64 hexadecimal digits.
  Secret generate(std::string_view scheme) const {
    detail::require_scheme(signs(scheme), "shopify");
    return detail::generate_text_key();
  }

  /// Adds X-Shopify-Hmac-Sha256 by the first key, X-Shopify-Webhook-Id and -Event-Id (both the event's id), and
  /// X-Shopify-Topic (its type, with '/' for '.').
  bool sign(const Signing& signing, std::span<Key> keys, Headers& headers) const {
    detail::require_keys(keys.size());
    std::array<char, detail::base64_size(Key::size)> signature{};
    detail::encode_base64(keys.front()({signing.request.body.view()}), signature.data());
    if (!signing.type.empty()) {
      std::string topic(signing.type);
      std::replace(topic.begin(), topic.end(), '.', '/');
      headers.add(older.topic, topic);
    }
    headers.add(older.webhook_id, signing.id);
    headers.add(older.event_id, signing.id);
    headers.add(older.signature, {signature.data(), signature.size()});
    return true;
  }

  /// Judges the headers of one family, then the signature, by every key. The verdict's id is the event id, or else the
  /// webhook id; neither is signed.
  Verification verify(const Request& request, std::span<Key> keys, const Now&, Duration) const {
    const Family& family = family_of(request);
    std::string_view signature, id;
    if (const Verification found = detail::only_field(request.headers, family.signature, signature); !found)
      return found;
    for (const std::string_view name : {family.webhook_id, family.event_id}) {
      if (const Verification found = detail::at_most_one_field(request.headers, name, id); !found) return found;
      if (!id.empty() && !detail::is_message_id(id)) return detail::refused(Verification::malformed, name);
    }
    Key::Mac received{};
    if (detail::decode_base64(signature, received) != Key::size)
      return detail::refused(Verification::malformed, family.signature);
    return detail::match_keys({Verification::ok, id}, keys, received, {request.body.view()});
  }

  /// The type is the topic with '.' for '/' ("orders.create"), the time is Triggered-At.
  void describe(const Request& request, const Fields&, Event& event) const {
    const Family& family = family_of(request);
    if (const std::optional<std::string_view> topic = request.headers.find(family.topic)) {
      if (std::string type = detail::described_type(*topic, '/'); !type.empty()) event.type = std::move(type);
    }
    if (const std::optional<std::string_view> time = request.headers.find(family.time))
      detail::describe_rfc3339(event, std::string(*time));
  }

 private:
  struct Family {
    std::string_view signature{}, topic{}, webhook_id{}, event_id{}, time{};
  };
  static constexpr Family older{"X-Shopify-Hmac-Sha256", "X-Shopify-Topic", "X-Shopify-Webhook-Id",
                                "X-Shopify-Event-Id", "X-Shopify-Triggered-At"};
  static constexpr Family newer{"Shopify-Hmac-Sha256", "Shopify-Topic", "Shopify-Webhook-Id", "Shopify-Event-Id",
                                "Shopify-Triggered-At"};

  static const Family& family_of(const Request& request) noexcept {
    return request.headers.count(newer.signature) != 0 ? newer : older;
  }
};

static_assert(Describes<Shopify> && Generates<Shopify>);

}  // namespace v0
}  // namespace webhook

#endif
