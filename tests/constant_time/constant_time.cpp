// SPDX-License-Identifier: MIT
// Does the time of a verification depend on a key, or on the signature that it expects? Run under valgrind's memcheck,
// which follows undefined bytes: the key is marked undefined as it enters the hash, so all that is computed from it is
// too, the expected MAC included; a branch or an address that depends on it is an error. Of the outcome only the verdict
// is declared known. Usage: webhook.constant_time <case>; without valgrind it prints a line "SKIPPED: <why>".
// case: G19
#include <dlfcn.h>
#include <openssl/evp.h>
#include <valgrind/memcheck.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <webhook/scheme/authentication.hpp>
#include <webhook/scheme/github.hpp>
#include <webhook/scheme/hmac.hpp>
#include <webhook/scheme/rfc9421.hpp>
#include <webhook/scheme/schemes.hpp>
#include <webhook/scheme/shopify.hpp>
#include <webhook/scheme/slack.hpp>
#include <webhook/scheme/square.hpp>
#include <webhook/scheme/standard.hpp>
#include <webhook/scheme/stripe.hpp>
#include <webhook/scheme/svix.hpp>
#include <webhook/scheme/twilio.hpp>

namespace {
bool tainting = false;
std::size_t tainted = 0;  // bytes

// What goes into a hash while a key is made ready is the key: as it is, or as the pads of its HMAC.
std::string copy_of_key(const void* data, std::size_t size) {
  std::string copy(static_cast<const char*>(data), size);
  VALGRIND_MAKE_MEM_UNDEFINED(copy.data(), copy.size());
  tainted += size;
  return copy;
}

template <class Function>
Function* original(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}
}  // namespace

// They stand before OpenSSL's own functions of these names, which they call.
extern "C" int EVP_DigestUpdate(EVP_MD_CTX* context, const void* data, std::size_t size) {
  static auto* const real = original<int(EVP_MD_CTX*, const void*, std::size_t)>("EVP_DigestUpdate");
  if (!tainting) return real(context, data, size);
  const std::string key = copy_of_key(data, size);
  return real(context, key.data(), size);
}
extern "C" int EVP_Digest(const void* data, std::size_t size, unsigned char* digest, unsigned int* digest_size,
                          const EVP_MD* type, ENGINE* engine) {
  static auto* const real =
      original<int(const void*, std::size_t, unsigned char*, unsigned int*, const EVP_MD*, ENGINE*)>("EVP_Digest");
  if (!tainting) return real(data, size, digest, digest_size, type, engine);
  const std::string key = copy_of_key(data, size);
  return real(key.data(), size, digest, digest_size, type, engine);
}

namespace {
constexpr std::int64_t now = 1700000000;
constexpr std::string_view whsec = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr std::string_view other_whsec = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

template <class Scheme>
std::vector<typename Scheme::Key> keys(const Scheme& scheme, std::string_view first, std::string_view second) {
  std::vector<typename Scheme::Key> made;
  made.reserve(2);
  made.push_back(scheme.prepare(webhook::Secret(first), ""));
  made.push_back(scheme.prepare(webhook::Secret(second), ""));
  return made;
}

int complain(const char* what) {
  std::printf("%s\n", what);
  return 1;
}

/// Verifies a good request and two wrong ones by two keys that memcheck does not know.
template <class Scheme>
int check(const Scheme& scheme, std::string_view secret, std::string_view other, webhook::Request request) {
  auto known = keys(scheme, secret, other);
  webhook::Headers headers;
  const webhook::WallTime time{std::chrono::seconds(now)};
  if (!scheme.sign({"msg_1", time, request, "order.created"}, std::span(known).first(1), headers))
    return complain("it did not sign");
  for (const webhook::Header header : headers) request.headers.add(header.name, header.value);
  const unsigned errors = VALGRIND_COUNT_ERRORS;
  for (const bool good : {true, false}) {
    tainting = true;
    auto secrets = good ? keys(scheme, other, secret) : keys(scheme, other, other);
    tainting = false;
    webhook::Verification verdict = scheme.verify(request, secrets, {{}, time}, std::chrono::seconds(300));
    if (VALGRIND_COUNT_ERRORS != errors) return complain("memcheck saw time depend on a key: see above");
    unsigned char undefined_bits = 0;
    static_cast<void>(VALGRIND_GET_VBITS(&verdict.reason, &undefined_bits, 1));
    if (undefined_bits == 0)
      return complain("the verdict does not depend on the key that was marked: this checks nothing");
    VALGRIND_MAKE_MEM_DEFINED(&verdict, sizeof verdict);
    if (verdict.reason != (good ? webhook::Verification::ok : webhook::Verification::bad_signature))
      return complain("the verdict is wrong");
    if (good && verdict.key != 1) return complain("the verdict names the wrong key");
  }
  return 0;
}

/// What must be found: a comparison that ends at the first byte that differs.
int check_that_leaks_are_found() {
  const unsigned errors = VALGRIND_COUNT_ERRORS;
  tainting = true;
  webhook::detail::HmacSha256 key({reinterpret_cast<const unsigned char*>("key"), 3});
  tainting = false;
  const webhook::detail::HmacSha256::Mac mac = key({"body"});
  unsigned equal = 0;
  for (const unsigned char byte : mac) {
    if (byte != 0xAA) break;
    ++equal;
  }
  std::printf("%u bytes were equal\n", equal);
  return VALGRIND_COUNT_ERRORS != errors ? 0 : complain("memcheck did not see a comparison that ends early");
}

webhook::Hmac configured(webhook::HmacOptions::Hash hash, webhook::HmacOptions::Encoding encoding) {
  webhook::HmacOptions options;
  options.hash = hash;
  options.encoding = encoding;
  options.timestamp_prefix = "t=";
  options.prefix = "v1=";
  options.separator = ",";
  options.content = "{timestamp}.{body}";
  return webhook::Hmac(options);
}

int run(std::string_view name) {
  webhook::Request request;
  request.url = "https://receiver.example/hooks?a=1";
  request.body = webhook::Bytes(R"({"type":"order.created","price":12.5})");
  request.headers.add("content-type", "application/json");
  using Hash = webhook::HmacOptions::Hash;
  using Encoding = webhook::HmacOptions::Encoding;
  if (name == "control") return check_that_leaks_are_found();
  if (name == "standard") return check(webhook::StandardWebhooks(), whsec, other_whsec, request);
  if (name == "svix") return check(webhook::Svix(), whsec, other_whsec, request);
  if (name == "github") return check(webhook::GitHub(), "one", "other", request);
  if (name == "slack") return check(webhook::Slack(), "one", "other", request);
  if (name == "shopify") return check(webhook::Shopify(), "one", "other", request);
  if (name == "stripe") return check(webhook::Stripe(), "one", "other", request);
  if (name == "rfc9421") return check(webhook::MessageSignatures(), whsec, other_whsec, request);
  if (name == "square") return check(webhook::Square(), "one", "other", request);
  if (name == "twilio") {
    request.url = webhook::Twilio::url_for(request.url, request.body.view());
    return check(webhook::Twilio(), "one", "other", request);
  }
  if (name == "hmac-sha1") return check(configured(Hash::sha1, Encoding::hex), "one", "other", request);
  if (name == "hmac-sha256") return check(configured(Hash::sha256, Encoding::base64), "one", "other", request);
  if (name == "hmac-sha512") return check(configured(Hash::sha512, Encoding::hex_upper), "one", "other", request);
  if (name == "basic") return check(webhook::BasicAuthentication(), "user:one", "user:longer", request);
  if (name == "bearer") return check(webhook::BearerToken(), "one", "longer", request);
  if (name == "apikey") return check(webhook::ApiKey(), "one", "longer", request);
  std::fprintf(stderr, "'%.*s' is no case of this test\n", static_cast<int>(name.size()), name.data());
  return 2;
}
}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: %s <case>\n", arguments[0]);
    return 2;
  }
  if (RUNNING_ON_VALGRIND == 0) {
    std::printf("SKIPPED: run it under valgrind\n");
    return 0;
  }
  const int outcome = run(arguments[1]);
  if (outcome == 0 && tainted == 0) return complain("no key was marked: this checks nothing");
  return outcome;
}
