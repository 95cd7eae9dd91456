// SPDX-License-Identifier: MIT
// NoSignature: sends nothing along that would prove who sent it, and believes everybody.
// For receivers that cannot verify, on networks where nobody else can reach them. It knows no keys.
#ifndef WEBHOOK_SCHEME_NONE_HPP
#define WEBHOOK_SCHEME_NONE_HPP

#include <span>
#include <string_view>

#include "../concepts.hpp"
#include "../detail/scheme_checks.hpp"

namespace webhook {
inline namespace v0 {

/// The scheme of those who have none. Endpoints and receivers still hold a secret, because everything else does: its
/// text is never used, and generate() gives a placeholder. Stateless, so thread-safe.
class NoSignature {
 public:
  using role = webhook::role::signer;
  struct Key {};

  /// True for "" and "none".
  bool signs(std::string_view scheme) const noexcept { return scheme.empty() || scheme == "none"; }
  /// Takes any secret.
  Key prepare(const Secret&, std::string_view scheme) const {
    detail::require_scheme(signs(scheme), "none");
    return {};
  }
  /// The placeholder "none"; it is no secret.
  Secret generate(std::string_view scheme) const {
    detail::require_scheme(signs(scheme), "none");
    return Secret("none");
  }
  /// Adds nothing.
  bool sign(const Signing&, std::span<Key>, Headers&) const noexcept { return true; }
  /// Ok for every request, if there is a placeholder at all: a set of schemes must not be opened by one that was not chosen.
  Verification verify(const Request&, std::span<Key> keys, const Now&, Duration) const noexcept {
    return {keys.empty() ? Verification::unknown_key : Verification::ok};
  }
};

static_assert(SchemePolicy<NoSignature> && Generates<NoSignature>);

}  // namespace v0
}  // namespace webhook

#endif
