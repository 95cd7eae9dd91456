// SPDX-License-Identifier: MIT
// KeyRing: the prepared keys of the endpoints that one worker serves, renewed when an endpoint changes or a key expires.
// It does not know what a key is; the signer does.
#ifndef WEBHOOK_DETAIL_KEY_RING_HPP
#define WEBHOOK_DETAIL_KEY_RING_HPP

#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "../endpoint.hpp"
#include "../error.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// One worker's keys; not thread-safe, because a Key may hold scratch space.
template <class Signer>
class KeyRing {
 public:
  using Key = typename Signer::Key;

  /// The keys that may sign for an endpoint now. Throws Error (errc::invalid_secret) if all have expired.
  std::span<Key> of(const Signer& signer, const Endpoint& endpoint, WallTime now) {
    Prepared& prepared = prepared_[endpoint.id];
    if (prepared.version != endpoint.version || (prepared.until && now >= *prepared.until)) {
      prepared = Prepared{};
      for (const Secret& secret : endpoint.secrets) {
        if (!secret.valid_at(now)) continue;
        prepared.keys.push_back(signer.prepare(secret, endpoint.scheme));
        if (secret.expires() && (!prepared.until || *secret.expires() < *prepared.until))
          prepared.until = secret.expires();
      }
      prepared.version = endpoint.version;
    }
    if (prepared.keys.empty()) throw Error(errc::invalid_secret, "every secret of the endpoint has expired: rotate it");
    return prepared.keys;
  }

  /// Forgets the keys of endpoints that `keep` does not want.
  template <class Keep>
  void sweep(const Keep& keep) {
    std::erase_if(prepared_, [&](const auto& one) { return !keep(one.first); });
  }

 private:
  struct Prepared {
    Version version = 0;
    std::optional<WallTime> until{};  // the first expiry among the keys
    std::vector<Key> keys{};
  };
  std::unordered_map<EndpointId, Prepared> prepared_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
