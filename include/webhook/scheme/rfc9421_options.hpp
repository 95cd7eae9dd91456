// SPDX-License-Identifier: MIT
// MessageSignatureOptions: what MessageSignatures covers when it signs, and what it insists on when it verifies.
// Keys are not here: they belong to endpoints and receivers.
#ifndef WEBHOOK_SCHEME_RFC9421_OPTIONS_HPP
#define WEBHOOK_SCHEME_RFC9421_OPTIONS_HPP

#include <string>
#include <vector>

#include "../time.hpp"

namespace webhook {
inline namespace v0 {

/// The profile of RFC 9421 that a host speaks; the default covers all that a webhook is.
struct MessageSignatureOptions {
  /// What signing covers: fields in lower case, and "@method", "@authority", "@path", "@query", "@target-uri", "@scheme"
  /// or "@request-target"; "content-digest" among them. A request that lacks one is not sent.
  std::vector<std::string> components{"@method",      "@authority",     "@path",     "@query",
                                      "content-type", "content-digest", "webhook-id"};
  std::string label = "sig1";  ///< of the first key's signature; the second's is this and "-2"
  std::string tag{};           ///< which application a signature is for; if set, verifying takes no other
  Duration expires{};          ///< how long a signature is good for, in whole seconds; 0: it does not say
  bool nonce = false;          ///< adds 16 random bytes to each signature
  bool alg = false;            ///< names the algorithm beside the key's name

  /// What else a signature must cover to be accepted, beside "content-digest" and where the request goes to.
  std::vector<std::string> required{};
  /// A signature must cover "@method", and "@target-uri", or "@authority" and "@path" (and "@query" if there is one, or
  /// "@request-target" instead of both); otherwise what was sent elsewhere could be sent here.
  bool require_target = true;
};

}  // namespace v0
}  // namespace webhook

#endif
