// SPDX-License-Identifier: MIT
// What every scheme refuses in the same words: a name that is not its own, and signing without a key.
// It knows no scheme.
#ifndef WEBHOOK_DETAIL_SCHEME_CHECKS_HPP
#define WEBHOOK_DETAIL_SCHEME_CHECKS_HPP

#include <cstddef>
#include <string>
#include <string_view>

#include "../error.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// Throws Error (errc::unsupported) unless the scheme was asked for by its own name.
inline void require_scheme(bool known, std::string_view own) {
  if (!known) throw Error(errc::unsupported, "this signer knows the scheme \"" + std::string(own) + "\" only");
}

/// Throws Error (errc::invalid_secret) if there is no key: nothing is ever sent unsigned by accident.
inline void require_keys(std::size_t count) {
  if (count == 0) throw Error(errc::invalid_secret, "every secret has expired: nothing can sign; add a new one");
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
