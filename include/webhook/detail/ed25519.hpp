// SPDX-License-Identifier: MIT
// Ed25519 (pure, RFC 8032) by OpenSSL, with the checks that OpenSSL leaves out: a private key's two halves belong
// together, and keys and signatures are what ed25519_point.hpp calls sound.
// It knows nothing of how keys are written or of what is signed.
#ifndef WEBHOOK_DETAIL_ED25519_HPP
#define WEBHOOK_DETAIL_ED25519_HPP

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "../error.hpp"
#include "ed25519_point.hpp"
#include "openssl_errors.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// A key that verifies, and signs if its private half is there. Movable; used by one thread at a time.
class Ed25519 {
 public:
  static constexpr std::size_t seed_size = 32, public_size = 32, private_size = 64, signature_size = 64;  ///< bytes
  using Signature = std::array<unsigned char, signature_size>;
  using PublicKey = std::array<unsigned char, public_size>;
  using PrivateKey = std::array<unsigned char, private_size>;  ///< seed and public key; whoever holds one wipes it

  /// A key that only verifies. Throws Error: errc::invalid_secret for bytes that are nobody's public key.
  static Ed25519 verifier(std::span<const unsigned char, public_size> key) {
    if (!is_sound_encoding(key) || !is_on_curve(key)) {
      throw Error(errc::invalid_secret,
                  "these bytes are no Ed25519 public key that could be trusted: no such point exists, or it would let "
                  "one signature fit every message; copy the key again from who gave it to you");
    }
    Pkey handle(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()));
    require(handle != nullptr);
    return Ed25519(std::move(handle), false);
  }

  /// A key that signs. Throws Error: errc::invalid_secret if the public key is not that of the seed (signing with such a
  /// pair would give the private key away).
  static Ed25519 signer(std::span<const unsigned char, private_size> key) {
    Ed25519 made = signer_of_seed(key.first<seed_size>());
    const PublicKey own = made.public_key();
    if (!std::equal(own.begin(), own.end(), key.data() + seed_size)) {
      throw Error(errc::invalid_secret,
                  "the two halves of this Ed25519 private key do not belong together: the last 32 bytes are not the "
                  "public key of the first 32; copy it again");
    }
    return made;
  }

  /// A key that signs, from its seed alone.
  static Ed25519 signer_of_seed(std::span<const unsigned char, seed_size> seed) {
    Pkey handle(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
    require(handle != nullptr);
    return Ed25519(std::move(handle), true);
  }

  /// Fills in a fresh private key. Throws Error (errc::transient) if there is no randomness.
  static void generate(PrivateKey& key) {
    if (RAND_priv_bytes(key.data(), static_cast<int>(seed_size)) != 1)
      throw Error(errc::transient, "the system gave no random bytes for a key");
    const PublicKey own = signer_of_seed(std::span(key).first<seed_size>()).public_key();
    std::copy(own.begin(), own.end(), key.data() + seed_size);
  }

  bool signs() const noexcept { return signs_; }

  PublicKey public_key() const {
    PublicKey key{};
    std::size_t size = key.size();
    require(EVP_PKEY_get_raw_public_key(pkey_.get(), key.data(), &size) == 1 && size == key.size());
    return key;
  }

  /// Deterministic. Only for a key that signs; throws Error (errc::transient) if the system's cryptography fails.
  Signature sign(std::string_view message) const {
    const Context context = fresh();
    Signature signature{};
    std::size_t size = signature.size();
    require(signs_ && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, pkey_.get()) == 1 &&
            EVP_DigestSign(context.get(), signature.data(), &size, bytes(message), message.size()) == 1 &&
            size == signature.size());
    return signature;
  }

  bool verify(std::string_view message, std::span<const unsigned char, signature_size> signature) const {
    if (!is_sound_encoding(signature.first<32>()) || !is_canonical_scalar(signature.last<32>())) return false;
    const ForgetErrors forget;
    const Context context = fresh();
    require(EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, pkey_.get()) == 1);
    return EVP_DigestVerify(context.get(), signature.data(), signature.size(), bytes(message), message.size()) == 1;
  }

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }  // wipes what it held
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
  };
  using Pkey = std::unique_ptr<EVP_PKEY, Free>;
  using Context = std::unique_ptr<EVP_MD_CTX, Free>;

  Ed25519(Pkey pkey, bool signs) noexcept : pkey_(std::move(pkey)), signs_(signs) {}

  static void require(bool done) {
    if (!done)
      throw Error(errc::transient, "OpenSSL could not compute with Ed25519: out of memory, or no provider has it");
  }
  static Context fresh() {
    Context context(EVP_MD_CTX_new());
    require(context != nullptr);
    return context;
  }
  static const unsigned char* bytes(std::string_view text) noexcept {
    return reinterpret_cast<const unsigned char*>(text.data());
  }

  Pkey pkey_;
  bool signs_ = false;
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
