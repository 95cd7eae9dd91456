// SPDX-License-Identifier: MIT
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <webhook/detail/signature_key.hpp>

namespace unit_detail_signature_key {

namespace {
using namespace std::string_literals;
using webhook::Secret;
using webhook::detail::SignatureKey;

struct Pair {
  std::string whole{}, half{}, encrypted{};
};

std::string contents(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

Pair pem(EVP_PKEY* made) {
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(made, &EVP_PKEY_free);
  REQUIRE(key != nullptr);
  const auto written = [](const auto& write) {
    const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new(BIO_s_mem()), &BIO_free);
    REQUIRE(write(bio.get()) == 1);
    return contents(bio.get());
  };
  unsigned char passphrase[] = "open";
  return {written([&](BIO* bio) {
            return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          }),
          written([&](BIO* bio) { return PEM_write_bio_PUBKEY(bio, key.get()); }), written([&](BIO* bio) {
            return PEM_write_bio_PrivateKey(bio, key.get(), EVP_aes_128_cbc(), passphrase, 4, nullptr, nullptr);
          })};
}
Pair ed25519() { return pem(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); }
Pair rsa(std::size_t bits) { return pem(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits)); }
Pair ec(const char* curve) { return pem(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve)); }

std::string refusal(const std::string& text) {
  try {
    (void)SignatureKey(Secret(text));
    return {};
  } catch (const webhook::Error& error) {
    CHECK(error.code() == webhook::errc::invalid_secret);
    return error.what();
  }
}
bool says(const std::string& sentence, std::string_view what) { return sentence.find(what) != std::string::npos; }
}  // namespace

TEST_CASE("PEM keys are read as what they are", "[detail][signature_key]") {
  const Pair pair = ed25519();
  SignatureKey whole{Secret(pair.whole)}, half{Secret(pair.half)};
  CHECK(whole.algorithm() == "ed25519");
  CHECK(whole.signs());
  CHECK_FALSE(half.signs());
  CHECK(half.verify("base", whole.sign("base")) == 1U);
  CHECK(half.verify("bass", whole.sign("base")) == 0U);
  CHECK(half.public_key() == whole.public_key());
  CHECK(SignatureKey(Secret(half.public_key())).verify("base", whole.sign("base")) == 1U);
  CHECK_THROWS_AS(half.sign("base"), webhook::Error);

  SignatureKey large{Secret(rsa(2048).half)}, curve{Secret(ec("P-256").half)};
  CHECK(large.algorithm() == "rsa-pss-sha512");
  CHECK(curve.algorithm() == "ecdsa-p256-sha256");
  for (SignatureKey* const key : {&large, &curve}) {
    CHECK_FALSE(key->signs());
    CHECK_THROWS_AS(key->sign("base"), webhook::Error);
    CHECK_THROWS_AS(key->public_key(), webhook::Error);
    for (const std::size_t size : {0U, 1U, 63U, 64U, 65U, 255U, 256U, 257U})
      CHECK(key->verify("base", std::string(size, '\1')) == 0U);
  }
}

TEST_CASE("a refused signature leaves nothing in OpenSSL's queue of errors", "[detail][signature_key]") {
  const Pair pair = ed25519();
  ERR_clear_error();
  for (const std::string& text : {pair.half, rsa(2048).half, ec("P-256").half}) {
    SignatureKey key{Secret(text)};
    ERR_clear_error();
    CHECK(key.verify("base", std::string(64, '\1')) == 0U);
    CHECK(key.verify("base", std::string(256, '\1')) == 0U);
    CHECK(ERR_peek_error() == 0U);
  }
  CHECK_FALSE(refusal("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n").empty());
  CHECK(ERR_peek_error() == 0U);
}

TEST_CASE("keys that cannot serve are refused with a sentence that does not show them", "[detail][signature_key]") {
  const Pair pair = ed25519();
  CHECK(says(refusal(pair.encrypted), "unencrypted"));  // and nobody is asked for a passphrase
  CHECK(says(refusal(pair.half.substr(0, 60)), "cannot be read"));
  CHECK(says(refusal("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "BEGIN PUBLIC KEY"));
  CHECK(says(refusal(rsa(1024).half), "2048"));
  CHECK(says(refusal(rsa(2048).whole), "private key"));
  CHECK(says(refusal(ec("P-256").whole), "private key"));
  CHECK(says(refusal(ec("P-384").half), "another kind"));
  CHECK(says(refusal(pem(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519")).half), "another kind"));
  const std::string base64(44, 'Q');
  for (const std::string& text :
       {""s, "whsec_"s, "abc"s, std::string(28, 'Q'), std::string(176, 'Q'), base64 + "=", " " + base64}) {
    INFO(text);
    const std::string sentence = refusal(text);
    CHECK(says(sentence, "24 to 128 bytes"));
    CHECK_FALSE(says(sentence, "QQQQ"));
  }
  CHECK(refusal(std::string(32, 'Q')).empty());
  CHECK(refusal("whsec_" + base64).empty());
  CHECK(SignatureKey(Secret(std::string(32, 'Q'))).algorithm() == "hmac-sha256");
}

TEST_CASE("a first line may name a key, whatever its kind", "[detail][signature_key]") {
  const std::string base64(44, 'Q');
  CHECK(SignatureKey(Secret("keyid: shop 1\n" + base64)).keyid() == "shop 1");
  CHECK(SignatureKey(Secret("keyid: shop-1\n" + ed25519().half)).keyid() == "shop-1");
  CHECK(SignatureKey(Secret(base64)).keyid().empty());
  for (const std::string& bad : {"keyid: \n"s, "keyid: a"s, "keyid: a\"b\n"s, "keyid: a\\\n"s, "keyid: a\r\n"s,
                                 "keyid: " + std::string(257, 'k') + "\n"}) {
    INFO(bad);
    CHECK(says(refusal(bad + base64), "keyid: NAME"));
  }
}

}  // namespace unit_detail_signature_key
