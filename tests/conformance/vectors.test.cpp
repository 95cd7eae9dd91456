// SPDX-License-Identifier: MIT
// Every published and derived vector of the schemes that sign with an HMAC: what is valid verifies, and comes out of
// sign() to the byte; what is not is refused, for its reason.
#include <catch2/catch.hpp>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>
#include <webhook/scheme/github.hpp>
#include <webhook/scheme/hmac.hpp>
#include <webhook/scheme/shopify.hpp>
#include <webhook/scheme/slack.hpp>
#include <webhook/scheme/square.hpp>
#include <webhook/scheme/standard.hpp>
#include <webhook/scheme/stripe.hpp>
#include <webhook/scheme/svix.hpp>
#include <webhook/scheme/twilio.hpp>

#include "support/vectors.hpp"

namespace conformance_vectors {

namespace {
using nlohmann::json;
using webhook::Hmac;
using webhook::HmacOptions;
using webhook::Verification;

constexpr auto bad = Verification::bad_signature;
constexpr auto malformed = Verification::malformed;
constexpr auto unsupported = Verification::unsupported;

// Why each invalid vector is refused.
const std::map<std::string, std::map<std::string, Verification::Reason>> refusals{
    {"standard-webhooks-v1",
     {{"one bit flipped signature", bad},
      {"no valid signature in list", bad},
      {"empty signature \"v1,\"", bad},
      {"truncated signature (first 8 chars of header)", bad},
      {"right MAC under wrong version tag v2", unsupported},
      {"timestamp 301 s old", Verification::too_old},
      {"timestamp 301 s in the future", Verification::too_new},
      {"body re-serialised (space removed)", bad}}},
    {"github-sha256",
     {{"octokit wrong secret", bad},
      {"octokit signature \"foo\"", malformed},
      {"octokit stale benchmark signature", bad},
      {"missing sha256= prefix must fail", malformed}}},
    {"stripe-v1",
     {{"RejectOutdatedTimestamp (+400 s)", Verification::too_old},
      {"RejectIncorrectSignature (body suffixed)", bad},
      {"malformed header t=,v1=2220f8", malformed},
      {"malformed header t,v1=,v0=", malformed},
      {"malformed header t,v1=,v0", malformed},
      {"malformed header t,v1=,", malformed},
      {"malformed header t,,", malformed},
      {"malformed header ,,", malformed},
      {"malformed header t", malformed},
      {"only v0 carries the good MAC (downgrade)", unsupported},
      {"bad_header", malformed}}},
    {"shopify-hmac-sha256", {{"hex instead of base64 must fail", malformed}}},
    {"slack-v0",
     {{"body suffixed ------", bad}, {"expired (+301 s)", Verification::too_old}, {"timestamp header altered", bad}}},
    {"twilio-sha1",
     {{"wrong signature", malformed},
      {"JSON body tampered", bad},
      {"wrong sort order", bad},
      {"signed https://example.com/path?test=param received https://example.com/path?test=param2", bad}}},
    {"square-hmac-sha256",
     {{"url mismatch", bad}, {"wrong key", bad}, {"wrong header", malformed}, {"body month changed", bad}}},
};

// Verifies a vector; if it is valid, signs the same again and compares the bytes of the signature's header. Twilio's
// vectors name the spelling of the URL that was signed.
template <class Scheme>
void judge(const Scheme& scheme, const json& vector, std::string_view header) {
  const std::string name = vector.at("name"), system = vector.at("scheme");
  std::vector<std::string> texts;
  if (vector.at("secret").is_array()) {
    texts = vector.at("secret").get<std::vector<std::string>>();
  } else {
    texts.push_back(vector.at("secret").get<std::string>());
  }
  const std::vector<std::string_view> secrets(texts.begin(), texts.end());
  const std::int64_t time = vector.at("timestamp").is_null() ? 1700000000 : vector.at("timestamp").get<std::int64_t>();
  const std::int64_t now = vector.contains("now") ? vector.at("now").get<std::int64_t>() : time;
  webhook::Request request = support::request_of(vector);
  const Verification verdict = support::verify(scheme, request, secrets, now);
  if (!vector.at("valid").get<bool>()) {
    REQUIRE(refusals.at(system).count(name) == 1);
    CHECK(verdict.reason == refusals.at(system).at(name));
    return;
  }
  CHECK(verdict.reason == Verification::ok);
  CHECK(verdict.key == 0);
  for (std::size_t key = 0; key < secrets.size(); ++key)
    CHECK(support::verify(scheme, request, {secrets[key]}, now).reason == Verification::ok);

  if (vector.contains("matched_url")) request.url = vector.at("matched_url").get<std::string>();
  const std::string id = vector.at("id").is_string() ? vector.at("id").get<std::string>() : "msg_1";
  const std::string made(support::sign(scheme, request, secrets, time, id).find(header).value());
  const std::string expected = vector.at("expected");
  // Lists that carry more than our one signature (a rolled secret, another kind, a wrong entry) contain it.
  if (expected.find("v0=") != std::string::npos && system == "stripe-v1") {
    CHECK(expected.substr(0, made.size()) == made);
  } else if (name == "rolled secret: two v1, one good") {
    CHECK(expected.find(made.substr(made.find("v1="))) != std::string::npos);
  } else if (system == "standard-webhooks-v1" && expected.find(' ') != std::string::npos) {
    CHECK(expected.find(made) != std::string::npos);
  } else {
    CHECK(made == expected);
  }
}

Hmac convoy(const json& vector) {
  HmacOptions options;
  options.name = "convoy";
  options.header = "X-Convoy-Signature";
  if (vector.at("algo") == "sha512") options.hash = HmacOptions::Hash::sha512;
  if (vector.at("encoding") == "base64") options.encoding = HmacOptions::Encoding::base64;
  if (!vector.at("timestamp").is_null()) {
    options.timestamp_prefix = "t=";
    options.prefix = "v1=";
    options.separator = ",";
    options.content = "{timestamp},{body}";
  }
  return Hmac(options);
}

Hmac webhookx() {
  HmacOptions options;
  options.header = "webhookx-signature";
  options.prefix = "v1=";
  options.timestamp_header = "webhookx-timestamp";
  options.content = "{timestamp}.{body}";
  return Hmac(options);
}

Hmac outpost(const json& vector) {
  HmacOptions options;
  options.header = "x-outpost-signature";
  options.prefix = "v0=";
  if (!vector.at("timestamp").is_null()) {
    options.timestamp_prefix = "t=";
    options.separator = ",";
    options.content = "{timestamp}.{body}";
  }
  return Hmac(options);
}

// Some libraries decode base64 without its padding; here a secret has one spelling.
bool refused_on_purpose(const std::string& name) {
  return name == "unpadded base64 secret 31 chars" || name == "unpadded base64 secret 34 chars";
}
}  // namespace

TEST_CASE("every vector of the HMAC schemes gives its verdict, and its bytes", "[scheme][vectors]") {
  std::map<std::string, int> seen, refused;
  for (const json& vector : support::vectors("")) {
    const std::string system = vector.at("scheme"), name = vector.at("name");
    INFO(system + ": " + name);
    if (system == "standard-webhooks-v1") {
      if (refused_on_purpose(name)) {
        CHECK(support::refusal(webhook::StandardWebhooks(), vector.at("secret").get<std::string>()));
      } else {
        judge(webhook::StandardWebhooks(), vector, "webhook-signature");
      }
    } else if (system == "svix-v1") {
      judge(webhook::Svix(), vector, "svix-signature");
    } else if (system == "github-sha256") {
      judge(webhook::GitHub(), vector, "X-Hub-Signature-256");
    } else if (system == "stripe-v1") {
      judge(webhook::Stripe(), vector, "Stripe-Signature");
    } else if (system == "shopify-hmac-sha256") {
      judge(webhook::Shopify(), vector, "X-Shopify-Hmac-Sha256");
    } else if (system == "slack-v0") {
      judge(webhook::Slack(), vector, "X-Slack-Signature");
    } else if (system == "twilio-sha1") {
      judge(webhook::Twilio(), vector, "X-Twilio-Signature");
    } else if (system == "square-hmac-sha256") {
      judge(webhook::Square(), vector, "x-square-hmacsha256-signature");
    } else if (system == "convoy") {
      judge(convoy(vector), vector, "X-Convoy-Signature");
    } else if (system == "webhookx") {
      judge(webhookx(), vector, "webhookx-signature");
    } else if (system == "outpost-v0") {
      judge(outpost(vector), vector, "x-outpost-signature");
    } else {
      continue;  // schemes of other tests
    }
    ++seen[system];
    if (!vector.at("valid").get<bool>()) ++refused[system];
  }
  CHECK(seen == std::map<std::string, int>{{"standard-webhooks-v1", 16},
                                           {"svix-v1", 2},
                                           {"github-sha256", 10},
                                           {"stripe-v1", 14},
                                           {"shopify-hmac-sha256", 3},
                                           {"slack-v0", 4},
                                           {"twilio-sha1", 31},
                                           {"square-hmac-sha256", 7},
                                           {"convoy", 3},
                                           {"webhookx", 1},
                                           {"outpost-v0", 2}});
  for (const auto& [system, reasons] : refusals) {
    INFO(system);
    CHECK(refused[system] == static_cast<int>(reasons.size()));
  }
}

}  // namespace conformance_vectors
