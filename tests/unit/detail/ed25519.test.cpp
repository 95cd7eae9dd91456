// SPDX-License-Identifier: MIT
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <webhook/detail/ed25519.hpp>
#include <webhook/detail/ed25519_text.hpp>

namespace unit_detail_ed25519 {

namespace {
using webhook::detail::Ed25519;
using Half = std::array<unsigned char, 32>;

template <std::size_t Size>
std::array<unsigned char, Size> from_hex(std::string_view hex) {
  std::array<unsigned char, Size> bytes{};
  for (std::size_t i = 0; i < Size; ++i)
    bytes[i] = static_cast<unsigned char>(std::stoul(std::string(hex.substr(2 * i, 2)), nullptr, 16));
  return bytes;
}

// RFC 8032 §7.1.
struct Published {
  std::string_view seed, key, message, signature;
};
const std::array<Published, 3> published{{{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                                           "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
                                           "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a"
                                           "33bacc61e39701cf9b46bd25bf5f0595bbe246551"
                                           "41438e7a100b"},
                                          {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                                           "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
                                           "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e1"
                                           "5996e458f3613d0f11d8c387b2eaeb4302aeeb00d"
                                           "291612bb0c00"},
                                          {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
                                           "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
                                           "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d1"
                                           "6f290ae67f760984dc6594a7c15e9716ed28dc027"
                                           "beceea1ec40a"}}};

std::string text_of(std::string_view hex) {
  std::string text;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    text += static_cast<char>(std::stoul(std::string(hex.substr(i, 2)), nullptr, 16));
  return text;
}

Half plus(Half number, unsigned small) {  // little-endian, modulo 2^256
  for (unsigned char& byte : number) {
    small += byte;
    byte = static_cast<unsigned char>(small);
    small >>= 8U;
  }
  return number;
}
Half with_top_bit(Half number) {
  number[31] = static_cast<unsigned char>(number[31] | 0x80U);
  return number;
}

bool refused(const Half& key) {
  try {
    (void)Ed25519::verifier(key);
    return false;
  } catch (const webhook::Error& error) {
    CHECK(error.code() == webhook::errc::invalid_secret);
    return true;
  }
}

// What OpenSSL says of its own.
bool openssl_verifies(const Half& key, std::string_view message, const Ed25519::Signature& signature) {
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> pkey(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()), &EVP_PKEY_free);
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  REQUIRE(pkey != nullptr);
  REQUIRE(EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, pkey.get()) == 1);
  return EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                          reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1;
}
}  // namespace

TEST_CASE("Ed25519 signs and verifies what RFC 8032 publishes", "[detail][ed25519]") {
  for (const Published& one : published) {
    const Half seed = from_hex<32>(one.seed);
    const Half key = from_hex<32>(one.key);
    const auto signature = from_hex<64>(one.signature);
    const std::string message = text_of(one.message);
    const Ed25519 signer = Ed25519::signer_of_seed(seed);
    CHECK(signer.public_key() == key);
    CHECK(signer.sign(message) == signature);
    const Ed25519 verifier = Ed25519::verifier(key);
    CHECK(verifier.verify(message, signature));
    CHECK_FALSE(verifier.verify(message + "x", signature));
    CHECK(signer.signs());
    CHECK_FALSE(verifier.signs());
  }
}

TEST_CASE("a public key of small order is refused, under which OpenSSL takes one signature for every message",
          "[G17][detail][ed25519]") {
  Ed25519::Signature neutral{};  // R is the neutral point, S is 0
  neutral[0] = 1;
  Half one{};
  one[0] = 1;
  CHECK(openssl_verifies(one, "anything", neutral));  // why this file checks keys itself
  CHECK(openssl_verifies(one, "anything else", neutral));
  for (const Half& y : webhook::detail::ed25519_small_order) {
    CHECK(refused(y));
    CHECK(refused(with_top_bit(y)));
  }
}

TEST_CASE("a public key has one encoding", "[G17][detail][ed25519]") {
  // Numbers from p to 2^255 - 1 stand for y from 0 to 18 a second time.
  for (unsigned more = 0; more < 19; ++more) {
    CHECK(refused(plus(webhook::detail::ed25519_prime, more)));
    CHECK(refused(with_top_bit(plus(webhook::detail::ed25519_prime, more))));
  }
}

TEST_CASE("a public key that is no point of the curve is refused", "[detail][ed25519]") {
  std::size_t points = 0;
  for (unsigned y = 2; y < 202; ++y) points += refused(plus(Half{}, y)) ? 0U : 1U;
  CHECK(points > 70);  // half of all y belong to a point
  CHECK(points < 130);
  CHECK(refused(plus(Half{}, 2)));        // no x has y = 2 ...
  CHECK_FALSE(refused(plus(Half{}, 3)));  // ... and one has y = 3
}

TEST_CASE("a malleable signature, a small-order half, and every changed bit are refused", "[G17][detail][ed25519]") {
  const Published& one = published[2];
  const Half key = from_hex<32>(one.key);
  const Ed25519 verifier = Ed25519::verifier(key);
  const std::string message = text_of(one.message);
  const auto good = from_hex<64>(one.signature);

  Ed25519::Signature malleable = good;  // S + L is the same scalar, written another way
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    carry += static_cast<unsigned>(good[32 + i]) + webhook::detail::ed25519_order[i];
    malleable[32 + i] = static_cast<unsigned char>(carry);
    carry >>= 8U;
  }
  CHECK_FALSE(verifier.verify(message, malleable));
  CHECK_FALSE(webhook::detail::is_canonical_scalar(std::span(malleable).last<32>()));
  CHECK(webhook::detail::is_canonical_scalar(std::span(good).last<32>()));
  CHECK_FALSE(webhook::detail::is_canonical_scalar(webhook::detail::ed25519_order));

  for (const Half& y : webhook::detail::ed25519_small_order) {
    Ed25519::Signature small = good;
    std::copy(y.begin(), y.end(), small.begin());
    CHECK_FALSE(verifier.verify(message, small));
  }
  for (std::size_t bit = 0; bit < 512; ++bit) {
    Ed25519::Signature changed = good;
    changed[bit / 8] = static_cast<unsigned char>(changed[bit / 8] ^ (1U << (bit % 8)));
    CHECK_FALSE(verifier.verify(message, changed));
  }
}

TEST_CASE("a private key whose public half is not its own is refused", "[detail][ed25519]") {
  Ed25519::PrivateKey key{};
  Ed25519::generate(key);
  CHECK(Ed25519::signer(key).signs());
  key[40] = static_cast<unsigned char>(key[40] ^ 1U);
  CHECK_THROWS_AS(Ed25519::signer(key), webhook::Error);
}

TEST_CASE("a generated key's texts are read again, and no two are alike", "[detail][ed25519]") {
  const webhook::Secret one = webhook::detail::generate_ed25519(), other = webhook::detail::generate_ed25519();
  CHECK_FALSE(one == other);
  const Ed25519 signer = webhook::detail::read_ed25519(one.reveal());
  const std::string shown = webhook::detail::public_key_text(signer);
  CHECK(shown.substr(0, 5) == "whpk_");
  CHECK(shown.size() == 5 + 44);
  CHECK(webhook::detail::read_ed25519(shown).verify("m", signer.sign("m")));
  CHECK_FALSE(webhook::detail::read_ed25519(shown).signs());
}

}  // namespace unit_detail_ed25519
