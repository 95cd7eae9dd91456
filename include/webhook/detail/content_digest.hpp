// SPDX-License-Identifier: MIT
// Content-Digest (RFC 9530): made with SHA-256, and checked against a body with every digest in it that is known.
// It vouches for nothing by itself: whoever changes a body can change its digest, unless a signature covers it.
#ifndef WEBHOOK_DETAIL_CONTENT_DIGEST_HPP
#define WEBHOOK_DETAIL_CONTENT_DIGEST_HPP

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../error.hpp"
#include "base64.hpp"
#include "structured_fields.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

inline constexpr std::size_t max_digest_field = 1024;  ///< bytes of a received Content-Digest
inline constexpr std::size_t max_digests = 8;          ///< members of it

/// The digest of a text. Throws Error (errc::transient) if the system's cryptography fails.
inline std::string digest(std::string_view text, const EVP_MD* kind) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), bytes.data(), &size, kind, nullptr) != 1)
    throw Error(errc::transient, "OpenSSL could not compute a digest: out of memory, or no provider has it");
  return {reinterpret_cast<const char*>(bytes.data()), size};
}

/// "sha-256=:…:", the value of the field for this body.
inline std::string content_digest(std::string_view body) {
  const std::string bytes = digest(body, EVP_sha256());
  std::string value(base64_size(bytes.size()), '\0');
  encode_base64({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()}, value.data());
  return "sha-256=:" + value + ":";
}

enum class DigestVerdict : std::uint8_t { ok, malformed, unknown, different };

/// Judges a field's value: every SHA-256 and SHA-512 in it must be the body's, and one of them must be there. Others (the
/// RFC calls them insecure, or does not know them) say nothing.
inline DigestVerdict check_content_digest(std::string_view value, std::string_view body) {
  if (value.size() > max_digest_field) return DigestVerdict::malformed;
  FieldReader reader(value);
  std::vector<std::string_view> names;
  bool known = false, same = true;
  while (!reader.at_end()) {
    std::string_view name;
    BareItem item;
    std::vector<Parameter> parameters;
    if (names.size() == max_digests || !reader.key(name) || !reader.accept('=') || !reader.bare_item(item) ||
        item.kind != BareItem::Kind::bytes || !reader.parameters(parameters) || !reader.between_members()) {
      return DigestVerdict::malformed;
    }
    for (const std::string_view other : names) {
      if (other == name) return DigestVerdict::malformed;
    }
    names.push_back(name);
    const EVP_MD* const kind = name == "sha-256" ? EVP_sha256() : name == "sha-512" ? EVP_sha512() : nullptr;
    if (kind == nullptr) continue;
    known = true;
    same = same && item.text == digest(body, kind);
  }
  if (names.empty()) return DigestVerdict::malformed;
  if (!known) return DigestVerdict::unknown;
  return same ? DigestVerdict::ok : DigestVerdict::different;
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
