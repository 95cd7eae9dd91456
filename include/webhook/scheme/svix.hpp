// SPDX-License-Identifier: MIT
// Svix: Standard Webhooks under Svix's own header names (svix-id, svix-timestamp, svix-signature).
// Keys, signatures and tolerance are those of scheme/standard.hpp; it adds nothing but the names.
#ifndef WEBHOOK_SCHEME_SVIX_HPP
#define WEBHOOK_SCHEME_SVIX_HPP

#include <span>
#include <string_view>

#include "../concepts.hpp"
#include "../detail/http_fields.hpp"
#include "../detail/scheme_checks.hpp"
#include "standard.hpp"

namespace webhook {
inline namespace v0 {

/// The scheme of Svix: it sends svix-* headers, and verifies svix-* headers or, if there is none, webhook-* ones.
/// Stateless, so thread-safe; a Key belongs to one thread at a time.
class Svix : private StandardWebhooks {
 public:
  using role = webhook::role::signer;
  using Key = StandardWebhooks::Key;

  /// True for "" and "svix".
  bool signs(std::string_view scheme) const noexcept { return scheme.empty() || scheme == "svix"; }

  /// True for the headers that sign() adds.
  bool writes(std::string_view header, std::string_view) const noexcept {
    return detail::is_one_of(header, {names.id, names.time, names.signature});
  }

  /// As StandardWebhooks does.
  Key prepare(const Secret& secret, std::string_view scheme) const {
    detail::require_scheme(signs(scheme), "svix");
    return StandardWebhooks::prepare(secret, {});
  }
  Secret generate(std::string_view scheme) const {
    detail::require_scheme(signs(scheme), "svix");
    return StandardWebhooks::generate({});
  }

  /// Throws Error (errc::invalid_secret) for a public key ("whpk_…"), which cannot sign.
  void check(const Secret& secret, std::string_view scheme) const {
    detail::require_scheme(signs(scheme), "svix");
    StandardWebhooks::check(secret, {});
  }

  bool sign(const Signing& signing, std::span<Key> keys, Headers& headers) const {
    return sign_as(names, signing, keys, headers);
  }

  /// As StandardWebhooks does; one family of headers is judged, never a mixture of both.
  Verification verify(const Request& request, std::span<Key> keys, const Now& now, Duration tolerance) const {
    for (const std::string_view name : {names.id, names.time, names.signature}) {
      if (request.headers.count(name) != 0) return verify_as(names, request, keys, now, tolerance);
    }
    const Verification verdict = verify_as(own_names, request, keys, now, tolerance);
    for (const std::string_view name : {own_names.id, own_names.time, own_names.signature}) {
      if (request.headers.count(name) != 0) return verdict;
    }
    return detail::refused(Verification::missing_header, names.id);
  }

 private:
  static constexpr Names names{"svix-id", "svix-timestamp", "svix-signature"};
};

static_assert(SchemePolicy<Svix> && Generates<Svix> && ChecksSecrets<Svix>);

}  // namespace v0
}  // namespace webhook

#endif
