// SPDX-License-Identifier: MIT
#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <webhook/detail/base64.hpp>
#include <webhook/detail/ed25519_point.hpp>
#include <webhook/scheme/github.hpp>
#include <webhook/scheme/schemes.hpp>
#include <webhook/scheme/standard.hpp>
#include <webhook/scheme/svix.hpp>

#include "support/virtual_host.hpp"

namespace unit_scheme_standard_v1a {

namespace {
using namespace std::chrono_literals;
using namespace std::string_literals;
using webhook::Headers;
using webhook::Request;
using webhook::Secret;
using webhook::StandardWebhooks;
using webhook::Verification;

constexpr std::string_view symmetric = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr std::string_view private_key =
    "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
constexpr std::string_view public_key = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";
constexpr std::string_view good_v1 = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
constexpr std::string_view good_v1a =
    "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";
constexpr std::int64_t sent = 1614265330;

using Keys = std::vector<StandardWebhooks::Key>;
Keys keys(const std::vector<std::string_view>& secrets, std::string_view scheme = "") {
  Keys prepared;
  for (const std::string_view secret : secrets) prepared.push_back(StandardWebhooks().prepare(Secret(secret), scheme));
  return prepared;
}

Request request(std::string_view signature, std::string_view body = R"({"test": 2432232314})") {
  Request request;
  request.headers = {{"webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"},
                     {"webhook-timestamp", "1614265330"},
                     {"webhook-signature", signature}};
  request.body = webhook::Bytes(body);
  return request;
}

Verification verify(const Request& request, const std::vector<std::string_view>& secrets) {
  Keys prepared = keys(secrets);
  return StandardWebhooks().verify(request, prepared, {1h, webhook::WallTime(std::chrono::seconds(sent))}, 300s);
}

std::string signatures(const std::vector<std::string_view>& secrets, std::string_view scheme = "") {
  Request request;
  request.body = webhook::Bytes(R"({"test": 2432232314})");
  Keys prepared = keys(secrets, scheme);
  Headers headers;
  REQUIRE(StandardWebhooks().sign(
      {"msg_p5jXN8AQM9LWM0D4loKWxJek", webhook::WallTime(std::chrono::seconds(sent)), request}, prepared, headers));
  return std::string(headers.find("webhook-signature").value());
}

// The sentence of the error that a secret leads to; nothing if it is taken.
template <class Call>
std::optional<std::string> refusal(const Call& call) {
  try {
    call();
    return std::nullopt;
  } catch (const webhook::Error& error) {
    CHECK(error.code() == webhook::errc::invalid_secret);
    return error.what();
  }
}

std::string list(std::span<const unsigned char> bytes, std::string_view prefix) {
  std::string text(webhook::detail::base64_size(bytes.size()), '\0');
  webhook::detail::encode_base64(bytes, text.data());
  return std::string(prefix) + text;
}
}  // namespace

TEST_CASE("every Standard Webhooks v1a vector gives its verdict, for its reason", "[scheme][standard][v1a][vectors]") {
  const std::map<std::string, Verification::Reason> reasons{
      {"svix asymmetric signing", Verification::ok},
      {"v1 + v1a in one header, verifier holding only the public key", Verification::ok},
      {"ed25519 signature presented as v1 must not verify", Verification::unsupported},
      {"body tampered", Verification::bad_signature},
  };
  std::ifstream file(WEBHOOK_TEST_VECTORS "/vectors.json");
  REQUIRE(file.good());
  std::size_t seen = 0;
  for (const auto& vector : nlohmann::json::parse(file)) {
    if (vector.at("scheme") != "standard-webhooks-v1a") continue;
    const std::string name = vector.at("name"), whsk = vector.at("secret"), whpk = vector.at("public_key");
    INFO(name);
    Request request;
    for (const auto& [field, value] : vector.at("headers").items())
      request.headers.add(field, value.get<std::string>());
    request.body = webhook::Bytes(vector.at("body").get<std::string>());
    const webhook::Now now{1h, webhook::WallTime(std::chrono::seconds(vector.at("now").get<std::int64_t>()))};
    for (const std::string_view secret : {std::string_view(whsk), std::string_view(whpk)}) {
      Keys prepared = keys({secret});
      CHECK(StandardWebhooks().verify(request, prepared, now, 300s).reason == reasons.at(name));
    }
    CHECK(StandardWebhooks::public_key(Secret(whsk)) == whpk);
    CHECK(StandardWebhooks::public_key(Secret(whpk)) == whpk);
    ++seen;
  }
  CHECK(seen == reasons.size());
}

TEST_CASE("a whsk_ key signs to the byte what Svix publishes", "[scheme][standard][v1a]") {
  CHECK(signatures({private_key}) == good_v1a);
  CHECK(signatures({private_key}, "standard-v1a") == good_v1a);
}

TEST_CASE("keys of both kinds sign side by side, each in its own version", "[scheme][standard][v1a]") {
  const std::string both = signatures({symmetric, private_key});
  CHECK(both == std::string(good_v1) + " " + std::string(good_v1a));
  CHECK(verify(request(both), {symmetric}));
  CHECK(verify(request(both), {public_key}));
  CHECK(verify(request(both), {public_key, symmetric}).key == 0);
  CHECK(verify(request(good_v1), {public_key, symmetric}).key == 1);
  CHECK(verify(request(good_v1a), {symmetric, public_key}).key == 1);
}

TEST_CASE("a signature is judged by keys of its own version alone", "[G6][G16][scheme][standard][v1a]") {
  const std::string v1 = std::string(good_v1.substr(3)), v1a = std::string(good_v1a.substr(4));
  CHECK(verify(request(good_v1), {public_key}).reason == Verification::unsupported);
  CHECK(verify(request(good_v1a), {symmetric}).reason == Verification::unsupported);
  CHECK(verify(request("v1," + v1a), {public_key}).reason == Verification::unsupported);
  CHECK(verify(request("v1a," + v1), {symmetric}).reason == Verification::unsupported);
  CHECK(verify(request("v1a," + v1), {public_key}).reason == Verification::bad_signature);
  CHECK(verify(request("v1," + v1a), {symmetric}).reason == Verification::bad_signature);
  CHECK(verify(request(good_v1a), {}).reason == Verification::unknown_key);
  for (const std::string& bad :
       {"v1a"s, "v1a,"s, "V1A," + v1a, "v1b," + v1a, "v1a," + v1a + "=", "v1a," + v1a + ",x"}) {
    INFO(bad);
    CHECK_FALSE(verify(request(bad), {public_key}));
    CHECK(verify(request(bad + " " + std::string(good_v1a)), {public_key}));
    CHECK(verify(request(std::string(good_v1a) + " " + bad), {public_key}));
  }
}

TEST_CASE("during a rotation the old Ed25519 key and the new one both verify, and the verdict names which",
          "[scheme][standard][v1a]") {
  const Secret fresh = StandardWebhooks().generate("standard-v1a");
  const std::string fresh_public = StandardWebhooks::public_key(fresh);
  CHECK(verify(request(good_v1a), {fresh_public}).reason == Verification::bad_signature);
  CHECK(verify(request(good_v1a), {fresh_public, public_key}).key == 1);
  const std::string both = signatures({fresh.reveal(), private_key});
  CHECK(verify(request(both), {fresh_public}));
  CHECK(verify(request(both), {public_key}));
  CHECK(verify(request(both), {public_key, fresh_public}).key == 0);
}

TEST_CASE("a body changed by one bit fits no v1a signature", "[G1][scheme][standard][v1a]") {
  const std::string body = R"({"test": 2432232314})";
  for (std::size_t at = 0; at < body.size(); ++at) {
    std::string changed = body;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    CHECK(verify(request(good_v1a, changed), {public_key}).reason == Verification::bad_signature);
  }
}

TEST_CASE("malleable signatures, and those of a wrong length, are refused", "[G17][scheme][standard][v1a]") {
  std::array<unsigned char, 66> bytes{};
  REQUIRE(webhook::detail::decode_base64(good_v1a.substr(4), bytes) == 64U);
  std::array<unsigned char, 66> malleable = bytes;
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    carry += static_cast<unsigned>(bytes[32 + i]) + webhook::detail::ed25519_order[i];
    malleable[32 + i] = static_cast<unsigned char>(carry);
    carry >>= 8U;
  }
  const auto verdict = [&](std::span<const unsigned char> signature) {
    return verify(request(list(signature, "v1a,")), {public_key}).reason;
  };
  CHECK(verdict(std::span(bytes).first(64)) == Verification::ok);
  CHECK(verdict(std::span(malleable).first(64)) == Verification::bad_signature);
  for (const std::size_t size : {0U, 1U, 32U, 63U, 65U, 66U})
    CHECK(verdict(std::span(bytes).first(size)) == Verification::bad_signature);
}

TEST_CASE("keys of small order, of a second encoding, off the curve or of a wrong length are refused",
          "[G17][scheme][standard][v1a]") {
  const auto refused = [](const std::string& text) {
    return refusal([&] { (void)StandardWebhooks().prepare(Secret(text), ""); });
  };
  for (const auto& point : webhook::detail::ed25519_small_order) CHECK(refused(list(point, "whpk_")));
  CHECK(refused(list(webhook::detail::ed25519_prime, "whpk_")));
  std::array<unsigned char, 32> off_curve{};
  off_curve[0] = 2;
  const auto sentence = refused(list(off_curve, "whpk_"));
  REQUIRE(sentence);
  CHECK(sentence->find("no such point") != std::string::npos);
  const std::vector<unsigned char> bytes(96, 7);
  for (const std::size_t size : {0U, 1U, 31U, 33U, 64U, 96U})
    CHECK(refused(list(std::span(bytes).first(size), "whpk_")));
  for (const std::size_t size : {0U, 32U, 63U, 65U, 66U, 96U}) {
    const auto why = refused(list(std::span(bytes).first(size), "whsk_"));
    REQUIRE(why);
    CHECK(why->find("64 bytes") != std::string::npos);
    CHECK(why->find("BwcH") == std::string::npos);
  }
}

TEST_CASE("a private key whose halves do not belong together is refused with a sentence that does not show it",
          "[scheme][standard][v1a]") {
  std::string mixed(private_key);
  mixed[mixed.size() - 10] = mixed[mixed.size() - 10] == 'A' ? 'B' : 'A';
  const auto sentence = refusal([&] { (void)StandardWebhooks().prepare(Secret(mixed), ""); });
  REQUIRE(sentence);
  CHECK(sentence->find("do not belong together") != std::string::npos);
  CHECK(sentence->find("6Xb/") == std::string::npos);
}

TEST_CASE("a public key is no secret for an endpoint, and the error says why", "[scheme][standard][v1a]") {
  const auto sentence = refusal([&] { StandardWebhooks().check(Secret(public_key), ""); });
  REQUIRE(sentence);
  CHECK(sentence->find("cannot sign") != std::string::npos);
  CHECK_FALSE(refusal([&] { StandardWebhooks().check(Secret(private_key), ""); }));
  Keys only_public = keys({public_key});
  Headers headers;
  CHECK(refusal([&] { StandardWebhooks().sign({"msg_1", {}, request(good_v1a)}, only_public, headers); }));
  CHECK(headers.empty());
  CHECK(refusal([&] { (void)StandardWebhooks::public_key(Secret(symmetric)); }));

  support::VirtualHost host;
  webhook::Endpoint endpoint;
  endpoint.url = "https://receiver.example/hooks";
  endpoint.events = {"*"};
  endpoint.secrets = {Secret(public_key)};
  const auto why = refusal([&] { host.hooks.add(endpoint); });
  REQUIRE(why);
  CHECK(why->find("cannot sign") != std::string::npos);
}

TEST_CASE("a public key is no secret for an endpoint of Svix headers, or of several schemes",
          "[scheme][standard][v1a]") {
  const webhook::Svix svix;
  CHECK(refusal([&] { svix.check(Secret(public_key), "svix"); }));
  CHECK_FALSE(refusal([&] { svix.check(Secret(private_key), "svix"); }));
  const webhook::Schemes several{webhook::GitHub{}, webhook::StandardWebhooks{}};
  CHECK(refusal([&] { several.check(Secret(public_key), "standard"); }));
  CHECK_FALSE(refusal([&] { several.check(Secret(private_key), "standard-v1a"); }));
  const std::string both = "a GitHub secret\n" + std::string(private_key),
                    half = "a GitHub secret\n" + std::string(public_key);
  CHECK_FALSE(refusal([&] { several.check(Secret(both), "github+standard"); }));
  CHECK(refusal([&] { several.check(Secret(half), "github+standard"); }));
}

TEST_CASE("the scheme standard-v1a takes Ed25519 keys alone, and generates one", "[scheme][standard][v1a]") {
  const StandardWebhooks scheme;
  CHECK(scheme.signs("standard-v1a"));
  const auto sentence = refusal([&] { (void)scheme.prepare(Secret(symmetric), "standard-v1a"); });
  REQUIRE(sentence);
  CHECK(sentence->find("whsk_") != std::string::npos);
  const Secret fresh = scheme.generate("standard-v1a");
  CHECK(fresh.reveal().substr(0, 5) == "whsk_");
  CHECK(scheme.generate("standard").reveal().substr(0, 6) == "whsec_");
}

TEST_CASE("an endpoint of the scheme standard-v1a is given a key, and what it is sent verifies with the public half",
          "[scheme][standard][v1a]") {
  support::VirtualHost host;
  webhook::Endpoint endpoint;
  endpoint.url = "https://receiver.example/hooks";
  endpoint.events = {"*"};
  endpoint.scheme = "standard-v1a";
  const webhook::Endpoint added = host.hooks.add(endpoint);
  REQUIRE(added.secrets.size() == 1);
  host.hooks.emit_bytes("order.created", "{}");
  host.settle();
  REQUIRE(host.transport.requests().size() == 1);
  const Request received = host.transport.requests().front();
  Keys prepared = keys({StandardWebhooks::public_key(added.secrets.front())});
  CHECK(StandardWebhooks().verify(received, prepared, host.clock.now(), 300s));
  CHECK(received.headers.find("webhook-signature").value().substr(0, 4) == "v1a,");
}

}  // namespace unit_scheme_standard_v1a
