// SPDX-License-Identifier: MIT
// Random bytes fit for secrets, from OpenSSL's generator.
// The randomness of ids and jitter, which need no secrecy, is random.hpp's.
#ifndef WEBHOOK_DETAIL_SECURE_RANDOM_HPP
#define WEBHOOK_DETAIL_SECURE_RANDOM_HPP

#include <openssl/rand.h>

#include <span>

#include "../error.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// Throws Error (errc::transient) if there is no randomness.
inline void fill_random(std::span<unsigned char> bytes) {
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    throw Error(errc::transient, "the system has no randomness to give");
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
