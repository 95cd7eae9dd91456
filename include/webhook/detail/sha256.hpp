// SPDX-License-Identifier: MIT
// The SHA-256 of some bytes, without a key.
// It does not know what for: a body named in a URL, or credentials to compare without telling their length.
#ifndef WEBHOOK_DETAIL_SHA256_HPP
#define WEBHOOK_DETAIL_SHA256_HPP

#include <openssl/evp.h>

#include <array>
#include <string_view>

#include "../error.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

using Sha256Digest = std::array<unsigned char, 32>;

/// Throws Error (errc::transient) if the system's cryptography fails.
inline Sha256Digest sha256(std::string_view bytes) {
  Sha256Digest digest{};
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1)
    throw Error(errc::transient, "OpenSSL could not compute a digest: out of memory, or no provider has it");
  return digest;
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
