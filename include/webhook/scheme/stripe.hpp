// SPDX-License-Identifier: MIT
// Stripe: signs and verifies as Stripe's webhooks do (Stripe-Signature, v1), and knows where their bodies name the event.
// It does not know v0, Stripe's signature for tests, which is passed over as every other kind is.
#ifndef WEBHOOK_SCHEME_STRIPE_HPP
#define WEBHOOK_SCHEME_STRIPE_HPP

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "../concepts.hpp"
#include "../detail/described.hpp"
#include "../detail/field.hpp"
#include "../detail/hex.hpp"
#include "../detail/hmac.hpp"
#include "../detail/http_fields.hpp"
#include "../detail/key_match.hpp"
#include "../detail/scheme_checks.hpp"
#include "../detail/text_key.hpp"
#include "../detail/unix_time.hpp"

namespace webhook {
inline namespace v0 {

/// The scheme of Stripe: "Stripe-Signature: t=<time>,v1=<hex>", HMAC-SHA256 of "<time>.<body>". The key is the whole text
/// of the secret, "whsec_" included; it is not decoded. Stateless, so thread-safe; a Key belongs to one thread at a time.
class Stripe {
 public:
  using role = webhook::role::signer;
  using Key = detail::HmacSha256;

  static constexpr std::size_t max_entries = 16;  ///< of a received header, the timestamp included

  /// True for "" and "stripe".
  bool signs(std::string_view scheme) const noexcept { return scheme.empty() || scheme == "stripe"; }

  /// True for the header that sign() adds.
  bool writes(std::string_view header, std::string_view) const noexcept {
    return detail::is_one_of(header, {signature_header});
  }

  /// Throws Error (errc::invalid_secret) for an empty text, or white space around it.
  Key prepare(const Secret& secret, std::string_view scheme) const {
    detail::require_scheme(signs(scheme), "stripe");
    return Key(detail::text_key(secret, "a Stripe endpoint secret (\"whsec_\" included)"));
  }
  /// A fresh secret: "whsec_" and 64 hexadecimal digits.
  Secret generate(std::string_view scheme) const {
    detail::require_scheme(signs(scheme), "stripe");
    return detail::generate_text_key("whsec_");
  }

  /// Adds the header, with one v1 signature for each key. Stripe has no header for an id: it is in the body.
  bool sign(const Signing& signing, std::span<Key> keys, Headers& headers) const {
    detail::require_keys(keys.size());
    const std::string time = std::to_string(detail::unix_seconds(signing.time));
    std::string value = "t=" + time;
    for (Key& key : keys) {
      std::array<char, 4 + 2 * Key::size> entry{',', 'v', '1', '='};
      detail::encode_hex(key({time, ".", signing.request.body.view()}), entry.data() + 4);
      value.append(entry.data(), entry.size());
    }
    headers.add(signature_header, value);
    return true;
  }

  /// Judges the header, then the timestamp (`tolerance` counts both ways, inclusive, in whole seconds), then the
  /// signatures: every key is compared with every v1. One malformed pair, or a second t, makes the header malformed; a v1
  /// that is no SHA-256 is passed over.
  Verification verify(const Request& request, std::span<Key> keys, const Now& now, Duration tolerance) const {
    std::string_view value;
    if (const Verification found = detail::only_field(request.headers, signature_header, value); !found) return found;
    Entries entries;
    if (const Verification::Reason reason = entries.collect(value); reason != Verification::ok)
      return detail::refused(reason, signature_header);
    Verification verdict = detail::freshness(entries.sent, now, tolerance);
    if (verdict && keys.empty()) verdict.reason = Verification::unknown_key;
    if (!verdict) return verdict;
    detail::KeyMatch match;
    for (std::size_t k = 0; k < keys.size(); ++k) {
      const Key::Mac mac = keys[k]({entries.time, ".", request.body.view()});
      unsigned same = 0;
      for (const Key::Mac& candidate : std::span(entries.macs).first(entries.count))
        same |= detail::equal_bytes(candidate, mac);
      match.consider(k, same);
    }
    return match.verdict(verdict);
  }

  /// From the body: type ("invoice.paid"), id and created.
  void describe(const Request&, const Fields& fields, Event& event) const {
    detail::describe_type(event, fields.find("/type"));
    detail::describe_id(event, fields.find("/id"));
    detail::describe_unix_time(event, fields.find("/created"));
  }

 private:
  static constexpr std::string_view signature_header = "Stripe-Signature";

  struct Entries {
    std::string_view time{};
    std::int64_t sent = 0;
    std::array<Key::Mac, max_entries> macs{};
    std::size_t count = 0;

    Verification::Reason collect(std::string_view list) noexcept {
      bool known = false;
      for (std::size_t entries = 1;; ++entries) {
        const std::size_t end = (std::min)(list.find(','), list.size());
        const std::string_view entry = list.substr(0, end);
        const std::size_t equals = entry.find('=');
        if (equals == std::string_view::npos || equals == 0 || entries > max_entries) return Verification::malformed;
        const std::string_view name = entry.substr(0, equals), value = entry.substr(equals + 1);
        if (name == "t") {
          const std::optional<std::int64_t> seconds = detail::parse_unix_seconds(value);
          if (!seconds || !time.empty()) return Verification::malformed;
          time = value;
          sent = *seconds;
        } else if (name == "v1") {
          known = true;
          if (detail::decode_hex(value, macs[count])) ++count;
        }
        if (end == list.size()) break;
        list.remove_prefix(end + 1);
      }
      if (time.empty()) return Verification::malformed;
      return known ? Verification::ok : Verification::unsupported;
    }
  };
};

static_assert(Describes<Stripe> && Generates<Stripe>);

}  // namespace v0
}  // namespace webhook

#endif
