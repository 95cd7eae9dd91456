// SPDX-License-Identifier: MIT
// How Standard Webhooks writes Ed25519 keys: "whsk_" and the base64 of seed and public key, "whpk_" and that of the
// public key. It turns such texts into keys and back, and does not know what the keys sign.
#ifndef WEBHOOK_DETAIL_ED25519_TEXT_HPP
#define WEBHOOK_DETAIL_ED25519_TEXT_HPP

#include <openssl/crypto.h>

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "../error.hpp"
#include "../secret.hpp"
#include "base64.hpp"
#include "ed25519.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

inline constexpr std::string_view private_key_prefix = "whsk_", public_key_prefix = "whpk_";

constexpr bool is_ed25519_text(std::string_view text) noexcept {
  return text.substr(0, 5) == private_key_prefix || text.substr(0, 5) == public_key_prefix;
}

/// The key of a text for which is_ed25519_text() holds. Throws Error (errc::invalid_secret).
inline Ed25519 read_ed25519(std::string_view text) {
  const bool whole = text.substr(0, 5) == private_key_prefix;
  text.remove_prefix(5);
  struct Scratch {
    std::array<unsigned char, base64_size(Ed25519::private_size) / 4 * 3> bytes{};
    ~Scratch() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
  } room;
  const std::optional<std::size_t> size = decode_base64(text, room.bytes);
  if (size != (whole ? Ed25519::private_size : Ed25519::public_size)) {
    throw Error(errc::invalid_secret,
                whole
                    ? "a private key is \"whsk_\" and the padded base64 of 64 bytes, the seed and the public key; this "
                      "one is not (is it cut off?)"
                    : "a public key is \"whpk_\" and the padded base64 of 32 bytes; this one is not (is it cut off?)");
  }
  const std::span<const unsigned char> bytes(room.bytes);
  return whole ? Ed25519::signer(bytes.first<Ed25519::private_size>())
               : Ed25519::verifier(bytes.first<Ed25519::public_size>());
}

/// "whpk_…": what whoever verifies is given.
inline std::string public_key_text(const Ed25519& key) {
  const Ed25519::PublicKey bytes = key.public_key();
  std::string text(public_key_prefix.size() + base64_size(bytes.size()), '\0');
  public_key_prefix.copy(text.data(), public_key_prefix.size());
  encode_base64(bytes, text.data() + public_key_prefix.size());
  return text;
}

/// A fresh "whsk_…". Throws Error (errc::transient) if there is no randomness.
inline Secret generate_ed25519() {
  struct Scratch {
    Ed25519::PrivateKey key{};
    std::array<char, private_key_prefix.size() + base64_size(Ed25519::private_size)> text{};
    ~Scratch() {
      OPENSSL_cleanse(key.data(), key.size());
      Secret::wipe(text.data(), text.size());
    }
  } room;
  Ed25519::generate(room.key);
  private_key_prefix.copy(room.text.data(), private_key_prefix.size());
  encode_base64(room.key, room.text.data() + private_key_prefix.size());
  return Secret({room.text.data(), room.text.size()});
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
