// SPDX-License-Identifier: MIT
// SignatureKey: a key of RFC 9421 §3.3 with its algorithm, read from the text that a host holds: PEM, or the forms of
// Standard Webhooks. hmac-sha256 and ed25519 sign and verify; rsa-pss-sha512 and ecdsa-p256-sha256 verify.
// It does not know what is signed.
#ifndef WEBHOOK_DETAIL_SIGNATURE_KEY_HPP
#define WEBHOOK_DETAIL_SIGNATURE_KEY_HPP

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "../error.hpp"
#include "../secret.hpp"
#include "base64.hpp"
#include "ed25519.hpp"
#include "ed25519_text.hpp"
#include "hmac.hpp"
#include "key_match.hpp"
#include "openssl_errors.hpp"
#include "signature_input.hpp"
#include "structured_fields.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// Movable; used by one thread at a time.
class SignatureKey {
 public:
  static constexpr std::size_t min_hmac_key = 24, max_hmac_key = 128;  ///< bytes
  static constexpr int min_rsa_bits = 2048, max_rsa_bits = 8192;       ///< more would let a verifier be kept busy

  /// Reads a secret. Throws Error (errc::invalid_secret) with what is wrong.
  explicit SignatureKey(const Secret& secret) {
    std::string_view text = secret.reveal();
    read_keyid(text);
    if (text.find("-----BEGIN ") != std::string_view::npos) {
      read_pem(text);
    } else if (is_ed25519_text(text)) {
      how_.emplace<Ed25519>(read_ed25519(text));
    } else {
      read_hmac(text);
    }
  }

  /// As the parameter `alg` has it.
  std::string_view algorithm() const noexcept {
    if (std::holds_alternative<HmacSha256>(how_)) return "hmac-sha256";
    if (std::holds_alternative<Ed25519>(how_)) return "ed25519";
    return rsa_ ? "rsa-pss-sha512" : "ecdsa-p256-sha256";
  }
  const std::string& keyid() const noexcept { return keyid_; }

  bool signs() const noexcept {
    const auto* const pair = std::get_if<Ed25519>(&how_);
    return std::holds_alternative<HmacSha256>(how_) || (pair != nullptr && pair->signs());
  }

  /// The bytes of a signature; only for a key that signs.
  std::string sign(std::string_view base) {
    const auto text = [](const auto& bytes) {
      return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    };
    if (auto* const mac = std::get_if<HmacSha256>(&how_)) return text((*mac)({base}));
    if (const auto* const pair = std::get_if<Ed25519>(&how_)) return text(pair->sign(base));
    throw Error(errc::invalid_secret, "this key only verifies");
  }

  /// 1 if the signature is by this key, else 0; of a MAC that is found out in constant time.
  unsigned verify(std::string_view base, std::string_view signature) {
    const std::span<const unsigned char> bytes(reinterpret_cast<const unsigned char*>(signature.data()),
                                               signature.size());
    if (auto* const mac = std::get_if<HmacSha256>(&how_)) {
      HmacSha256::Mac received{};
      if (bytes.size() != received.size()) return 0;
      std::copy(bytes.begin(), bytes.end(), received.begin());
      return equal_bytes((*mac)({base}), received);
    }
    if (const auto* const pair = std::get_if<Ed25519>(&how_)) {
      const bool sized = bytes.size() == Ed25519::signature_size;
      return sized && pair->verify(base, bytes.first<Ed25519::signature_size>()) ? 1 : 0;
    }
    return verify_public(base, bytes) ? 1 : 0;
  }

  /// What whoever verifies is given: "whpk_…". Throws Error (errc::invalid_secret) if there is none.
  std::string public_key() const {
    if (const auto* const pair = std::get_if<Ed25519>(&how_)) return public_key_text(*pair);
    throw Error(errc::invalid_secret, "only an Ed25519 key has a public half here; a shared secret is shared as it is");
  }

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
    void operator()(BIO* bio) const noexcept { BIO_free(bio); }
    void operator()(ECDSA_SIG* signature) const noexcept { ECDSA_SIG_free(signature); }
  };
  using Pkey = std::unique_ptr<EVP_PKEY, Free>;

  static Error refused(const char* sentence) { return {errc::invalid_secret, sentence}; }
  static void require(bool done) {
    if (!done)
      throw Error(errc::transient, "OpenSSL could not compute with a key: out of memory, or no provider has it");
  }

  void read_keyid(std::string_view& text) {
    constexpr std::string_view word = "keyid: ";
    if (text.substr(0, word.size()) != word) return;
    const std::size_t end = text.find('\n');
    const std::string_view id = text.substr(word.size(), (std::min)(end, text.size()) - word.size());
    if (end == std::string_view::npos || id.empty() || id.size() > max_signature_parameter || !is_plain_string(id)) {
      throw refused(
          "a key may begin with the line \"keyid: NAME\", of at most 256 visible characters without quotes and "
          "backslashes; the key follows on the next line");
    }
    keyid_ = id;
    text.remove_prefix(end + 1);
  }

  void read_hmac(std::string_view text) {
    constexpr std::string_view word = "whsec_";
    if (text.substr(0, word.size()) == word) text.remove_prefix(word.size());
    struct Scratch {
      std::array<unsigned char, base64_size(max_hmac_key) / 4 * 3> bytes{};
      ~Scratch() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
    } room;
    const std::optional<std::size_t> size = decode_base64(text, room.bytes);
    if (!size || *size < min_hmac_key || *size > max_hmac_key) {
      throw refused(
          "a key for message signatures is the padded base64 of a shared secret of 24 to 128 bytes (with or without "
          "\"whsec_\" before it), an Ed25519 key (\"whsk_\", \"whpk_\", or PEM), or an RSA or P-256 public key in PEM; "
          "this is none of them (is it cut off?)");
    }
    how_.emplace<HmacSha256>(std::span<const unsigned char>(room.bytes).first(*size));
  }

  void read_pem(std::string_view text) {
    const ForgetErrors forget;
    const std::unique_ptr<BIO, Free> bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    require(bio != nullptr);
    // Without this an encrypted key would have OpenSSL ask for its passphrase on the terminal.
    const auto no_passphrase = [](char*, int, int, void*) { return -1; };
    const bool whole = text.find("PRIVATE KEY-----") != std::string_view::npos;
    Pkey key(whole ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr)
                   : PEM_read_bio_PUBKEY(bio.get(), nullptr, no_passphrase, nullptr));
    if (key == nullptr) {
      throw refused(
          "this PEM cannot be read as a key: give a \"BEGIN PUBLIC KEY\" or an unencrypted \"BEGIN PRIVATE KEY\", "
          "whole");
    }
    if (EVP_PKEY_is_a(key.get(), "ED25519") == 1) return read_ed25519_pkey(*key, whole);
    rsa_ = EVP_PKEY_is_a(key.get(), "RSA") == 1 || EVP_PKEY_is_a(key.get(), "RSA-PSS") == 1;
    if (!rsa_ && !is_p256(*key)) throw refused("of PEM keys, Ed25519, RSA and P-256 are known; this is another kind");
    if (whole) {
      throw refused(
          "RSA and P-256 keys are for verifying here, and this is a private key: give the public key; to sign, "
          "generate "
          "an Ed25519 key");
    }
    const int bits = EVP_PKEY_get_bits(key.get());
    if (rsa_ && (bits < min_rsa_bits || bits > max_rsa_bits)) throw refused("an RSA key has 2048 to 8192 bits");
    how_.emplace<Pkey>(std::move(key));
  }

  void read_ed25519_pkey(const EVP_PKEY& key, bool whole) {
    struct Scratch {
      Ed25519::PublicKey bytes{};  // a seed has the same size
      ~Scratch() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
    } room;
    std::size_t size = room.bytes.size();
    require((whole ? EVP_PKEY_get_raw_private_key(&key, room.bytes.data(), &size)
                   : EVP_PKEY_get_raw_public_key(&key, room.bytes.data(), &size)) == 1 &&
            size == room.bytes.size());
    how_.emplace<Ed25519>(whole ? Ed25519::signer_of_seed(room.bytes) : Ed25519::verifier(room.bytes));
  }

  static bool is_p256(const EVP_PKEY& key) {
    std::array<char, 32> name{};
    std::size_t size = 0;
    return EVP_PKEY_is_a(&key, "EC") == 1 && EVP_PKEY_get_group_name(&key, name.data(), name.size(), &size) == 1 &&
           std::string_view(name.data(), size) == "prime256v1";
  }

  bool verify_public(std::string_view base, std::span<const unsigned char> bytes) {
    const ForgetErrors forget;
    EVP_PKEY* const key = std::get<Pkey>(how_).get();
    std::string encoded;
    if (rsa_) {
      if (bytes.size() != static_cast<std::size_t>(EVP_PKEY_get_size(key))) return false;
    } else if (!encode_ecdsa(bytes, encoded)) {
      return false;
    } else {
      bytes = {reinterpret_cast<const unsigned char*>(encoded.data()), encoded.size()};
    }
    const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
    require(context != nullptr);
    EVP_PKEY_CTX* parameters = nullptr;
    require(EVP_DigestVerifyInit(context.get(), &parameters, rsa_ ? EVP_sha512() : EVP_sha256(), nullptr, key) == 1);
    if (rsa_) {  // RFC 9421 §3.3.1: MGF1 with SHA-512, a salt of 64 bytes
      require(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
              EVP_PKEY_CTX_set_rsa_mgf1_md(parameters, EVP_sha512()) == 1 &&
              EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, 64) == 1);
    }
    return EVP_DigestVerify(context.get(), bytes.data(), bytes.size(),
                            reinterpret_cast<const unsigned char*>(base.data()), base.size()) == 1;
  }

  /// From the 64 bytes r and s (RFC 9421 §3.3.4) to the DER that OpenSSL reads.
  static bool encode_ecdsa(std::span<const unsigned char> bytes, std::string& encoded) {
    if (bytes.size() != 64) return false;
    const std::unique_ptr<ECDSA_SIG, Free> signature(ECDSA_SIG_new());
    BIGNUM* const r = BN_bin2bn(bytes.data(), 32, nullptr);
    BIGNUM* const s = BN_bin2bn(bytes.data() + 32, 32, nullptr);
    if (signature == nullptr || r == nullptr || s == nullptr || ECDSA_SIG_set0(signature.get(), r, s) != 1) {
      BN_free(r);
      BN_free(s);
      require(false);
    }
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(signature.get(), &der);
    require(size > 0);
    encoded.assign(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    return true;
  }

  std::variant<std::monostate, HmacSha256, Ed25519, Pkey> how_{};
  std::string keyid_{};
  bool rsa_ = false;
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
