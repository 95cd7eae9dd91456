// SPDX-License-Identifier: MIT
// Keyed: a secret together with the scheme that it belongs to, for a receiver that verifies several schemes on one URL.
// Which names there are is the scheme's business (SignerPolicy::signs); the receiver asks it.
#ifndef WEBHOOK_KEYED_HPP
#define WEBHOOK_KEYED_HPP

#include <string>

#include "secret.hpp"

namespace webhook {
inline namespace v0 {

/// A secret that verifies one scheme only: Keyed{"github", Secret{…}}. A bare Secret belongs to the receiver's first
/// scheme.
struct Keyed {
  std::string scheme{};  ///< a name among those of the receiver's scheme; "": its own, or the first of several
  Secret secret{};
};

}  // namespace v0
}  // namespace webhook

#endif
