// SPDX-License-Identifier: MIT
// Handshakes, of the schemes themselves and of those that are put around one, through a whole receiver, against the
// published forms.
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>
#include <webhook/scheme/cloudevents_consent.hpp>
#include <webhook/scheme/crc_challenge.hpp>
#include <webhook/scheme/discord.hpp>
#include <webhook/scheme/github.hpp>
#include <webhook/scheme/hook_secret.hpp>
#include <webhook/scheme/okta_challenge.hpp>
#include <webhook/scheme/slack.hpp>
#include <webhook/serializer/form.hpp>
#include <webhook/serializer/formats.hpp>

#include "support/handshake_vectors.hpp"
#include "support/received.hpp"
#include "support/vectors.hpp"

namespace unit_scheme_handshakes {

namespace {
using support::filled;
using support::handshake;
using webhook::CloudEventsConsent;
using webhook::CrcChallenge;
using webhook::Headers;
using webhook::HookSecret;
using webhook::OktaChallenge;
using webhook::Receiver;
using webhook::Request;
using webhook::Response;
using webhook::Secret;
using webhook::StandardWebhooks;

std::string hmac_base64(std::string_view key, std::string_view text) {
  std::array<unsigned char, 32> mac{};
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), mac.data(), nullptr);
  std::array<unsigned char, 45> out{};
  EVP_EncodeBlock(out.data(), mac.data(), 32);
  return std::string(out.begin(), out.begin() + 44);
}

// HMAC of the body alone, as X signs.
struct BodyMac {
  using role = webhook::role::signer;
  struct Key {
    std::string text{};
  };
  bool signs(std::string_view name) const { return name.empty(); }
  Key prepare(const Secret& secret, std::string_view) const { return {std::string(secret.reveal())}; }
  bool sign(const webhook::Signing& signing, std::span<Key> keys, Headers& headers) const {
    for (const Key& key : keys)
      headers.add("x-twitter-webhooks-signature", "sha256=" + hmac_base64(key.text, signing.request.body.view()));
    return true;
  }
  webhook::Verification verify(const Request& request, std::span<Key> keys, const webhook::Now&,
                               webhook::Duration) const {
    const auto sent = request.headers.find("x-twitter-webhooks-signature");
    for (std::size_t k = 0; sent && k < keys.size(); ++k) {
      if (*sent == "sha256=" + hmac_base64(keys[k].text, request.body.view())) {
        webhook::Verification verdict{webhook::Verification::ok};
        verdict.key = k;
        return verdict;
      }
    }
    return {sent ? webhook::Verification::bad_signature : webhook::Verification::missing_header};
  }
};

Request asked(std::string_view method, std::string_view url, Headers headers = {}) {
  Request request;
  request.method = std::string(method);
  request.url = std::string(url);
  request.headers = std::move(headers);
  return request;
}
}  // namespace

static_assert(webhook::ShakesHands<CrcChallenge<BodyMac>> && webhook::ShakesHands<OktaChallenge<StandardWebhooks>>);
static_assert(webhook::ShakesHands<HookSecret<BodyMac>> && webhook::ShakesHands<CloudEventsConsent<StandardWebhooks>>);
static_assert(webhook::Generates<OktaChallenge<StandardWebhooks>> && !webhook::Generates<CrcChallenge<BodyMac>>);
static_assert(webhook::Describes<OktaChallenge<support::Coloured>> && !webhook::Describes<CrcChallenge<BodyMac>>);

TEST_CASE("a CRC token is answered with its HMAC under the first secret", "[scheme][handshake][vectors]") {
  const auto vector = handshake("twitter-crc");
  Receiver inbox{CrcChallenge{BodyMac{}}, Secret("consumer secret"), Secret("another")};
  const std::string token = "a+b/c d&=\xC3\xBC";
  const std::string query = filled(vector["request"]["query"], "<t>", "a%2Bb%2fc+d%26%3D%C3%BC");
  const Response answer = inbox.handle(asked("GET", "https://shop.example/x?nonce=1&" + query));
  const auto wanted = vector["responses"][0];
  CHECK(answer.status == wanted["status"]);
  CHECK(answer.headers.find("content-type") == wanted["content_type"].get<std::string>());
  CHECK(answer.body ==
        filled(wanted["body"], "<base64(HMAC-SHA256(secret, crc_token))>", hmac_base64("consumer secret", token)));
}

TEST_CASE("what is no CRC challenge goes on to the scheme inside", "[scheme][handshake]") {
  Receiver inbox{CrcChallenge{BodyMac{}}, Secret("k")};
  int handled = 0;
  inbox.otherwise([&](const nlohmann::json&) { ++handled; });
  CHECK(inbox.handle(asked("GET", "https://shop.example/x?crc=1")).status == 405);
  CHECK(inbox.handle(asked("GET", "https://shop.example/x")).status == 405);
  CHECK(inbox.handle(asked("GET", "https://shop.example/x?crc_token=")).status == 400);
  CHECK(inbox.handle(asked("GET", "https://shop.example/x?crc_token=" + std::string(257, 'x'))).status == 400);
  Request request = asked("POST", "https://shop.example/x?crc_token=1",
                          {{"x-twitter-webhooks-signature", "sha256=" + hmac_base64("k", "{}")}});
  request.body = webhook::Bytes("{}");
  CHECK(inbox.handle(request).status == 204);
  CHECK(handled == 1);
  request.body = webhook::Bytes("{ }");
  CHECK(inbox.handle(request).status == 401);
}

TEST_CASE("a CRC challenge without a valid key is not answered with anything", "[scheme][handshake]") {
  const webhook::ManualClock clock;
  Receiver inbox{CrcChallenge{BodyMac{}}, Secret("k", clock.now().wall), clock};
  const Response answer = inbox.handle(asked("GET", "https://shop.example/x?crc_token=1"));
  CHECK(answer.status == 500);
  CHECK(answer.body.empty());
}

TEST_CASE("Okta's one-time challenge is sent back", "[scheme][handshake][vectors]") {
  const auto vector = handshake("okta-one-time");
  Receiver inbox{OktaChallenge{StandardWebhooks{}}, support::secret()};
  const auto& headers = vector["request"]["headers"];
  const std::string name = headers.begin().key();
  const auto ask = [&](std::string_view challenge) {
    return inbox.handle(asked("GET", "https://shop.example/okta", {{name, challenge}}));
  };
  const Response answer = ask("My Okta Challenge \"1\"");
  const auto wanted = vector["responses"][0];
  CHECK(answer.status == wanted["status"]);
  CHECK(answer.headers.find("content-type") == wanted["content_type"].get<std::string>());
  CHECK(answer.body == filled(wanted["body"], "<c>", "My Okta Challenge \\\"1\\\""));
  CHECK(ask("").status == 400);
  CHECK(ask("a\r\nb").status == 400);
  CHECK(ask(std::string(513, 'x')).status == 400);
  CHECK(inbox.handle(asked("GET", "https://shop.example/okta")).status == 405);
}

TEST_CASE("an awaited X-Hook-Secret is sent back, any other is not", "[scheme][handshake][vectors]") {
  const auto vector = handshake("resthooks-confirm-immediate");
  const std::string name = vector["request"]["headers"].begin().key();
  std::vector<std::string> seen;
  Receiver inbox{HookSecret{BodyMac{},
                            [&](std::string_view secret, const Request&) {
                              seen.emplace_back(secret);
                              return secret == "awaited";
                            }},
                 Secret("k")};
  const Response answer = inbox.handle(asked("POST", "https://shop.example/h", {{name, "awaited"}}));
  CHECK(answer.status == vector["responses"][0]["status"]);
  CHECK(answer.headers.find(name) == std::string_view("awaited"));
  const Response other = inbox.handle(asked("POST", "https://shop.example/h", {{name, "guessed"}}));
  CHECK(other.status == 403);
  CHECK(other.headers.empty());
  CHECK(inbox.handle(asked("POST", "https://shop.example/h", {{name, "awaited"}, {name, "awaited"}})).status == 403);
  CHECK(inbox.handle(asked("POST", "https://shop.example/h", {{name, std::string(513, 'x')}})).status == 403);
  CHECK(seen == std::vector<std::string>{"awaited", "guessed"});
  CHECK(inbox.handle(asked("GET", "https://shop.example/h", {{name, "awaited"}})).status == 405);
}

TEST_CASE("a sender that asks for consent gets it if the host named it, and a rate", "[scheme][handshake][vectors]") {
  const auto vector = handshake("cloudevents-abuse-protection");
  Headers headers;
  for (const auto& [name, value] : vector["request"]["headers"].items()) headers.add(name, value.get<std::string>());
  const Request ask = asked("OPTIONS", "https://shop.example/ce", headers);

  Receiver inbox{
      CloudEventsConsent{StandardWebhooks{}, {.origins = {"other.example", "EventEmitter.example.com"}, .rate = 100}},
      support::secret()};
  const Response granted = inbox.handle(ask);
  CHECK(granted.status == 200);
  for (const auto& [name, value] : vector["responses"][0]["headers"].items())
    CHECK(granted.headers.find(name) == value.get<std::string>());

  Receiver open{CloudEventsConsent{StandardWebhooks{}, {.origins = {"*"}}}, support::secret()};
  CHECK(open.handle(ask).headers.find("WebHook-Allowed-Origin") == std::string_view("eventemitter.example.com"));
  CHECK(open.handle(ask).headers.find("WebHook-Allowed-Rate") == std::string_view("*"));

  Receiver closed{CloudEventsConsent{StandardWebhooks{}, {.origins = {"other.example"}}}, support::secret()};
  for (const Response& refusal : {closed.handle(ask), inbox.handle(asked("OPTIONS", "https://shop.example/ce")),
                                  inbox.handle(asked("OPTIONS", "", {{"webhook-request-origin", ""}})),
                                  open.handle(asked("OPTIONS", "", {{"webhook-request-origin", "a\r\nb"}}))}) {
    CHECK(refusal.status == 405);
    CHECK(refusal.headers.find("Allow") == std::string_view("POST"));
    CHECK(refusal.headers.count("webhook-allowed-origin") == 0);
  }
}

TEST_CASE("a sender that asks for less than the host allows is granted what it asked for", "[scheme][handshake]") {
  Receiver inbox{CloudEventsConsent{StandardWebhooks{}, {.origins = {"a.example"}, .rate = 100}}, support::secret()};
  const auto rate = [&](std::string_view wished) {
    return std::string(inbox
                           .handle(asked("OPTIONS", "https://shop.example/ce",
                                         {{"webhook-request-origin", "a.example"}, {"webhook-request-rate", wished}}))
                           .headers.find("webhook-allowed-rate")
                           .value_or("none"));
  };
  CHECK(rate("60") == "60");
  CHECK(rate("120") == "100");
  for (const char* odd : {"", "*", "-1", "0", "12x", "99999999999999"}) CHECK(rate(odd) == "100");
}

// A vector's request, signed by a scheme at the clock's time if a key is given.
template <class Scheme>
Request asked(const nlohmann::json& vector, const Scheme& scheme, const webhook::ManualClock& clock,
              const std::vector<std::string_view>& secrets) {
  const nlohmann::json& from = vector.at("request");
  Request request = asked(from.at("method").get<std::string>(), "https://shop.example/hooks");
  if (from.contains("content_type")) request.headers.add("content-type", from["content_type"].get<std::string>());
  if (from.contains("headers")) {
    for (const auto& [name, value] : from["headers"].items())
      request.headers.add(name, value.template get<std::string>());
  }
  nlohmann::json fields = nlohmann::json::object();
  if (from.contains("body_fields")) {
    for (const auto& name : from["body_fields"]) fields[name.template get<std::string>()] = "1";
  }
  request.body = webhook::Bytes(from.contains("body") ? from["body"].get<std::string>() : fields.dump());
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(clock.now().wall.time_since_epoch()).count();
  if (!secrets.empty()) {
    for (const webhook::Header header : support::sign(scheme, request, secrets, now))
      request.headers.add(header.name, header.value);
  }
  return request;
}

bool is_wanted(const Response& answer, const nlohmann::json& wanted) {
  const std::string type(answer.headers.find("content-type").value_or(""));
  return answer.status == wanted.at("status") &&
         (!wanted.contains("content_type") || type.find(wanted["content_type"].get<std::string>()) == 0) &&
         (!wanted.contains("body") || answer.body == wanted["body"].get<std::string>());
}

TEST_CASE("Slack's challenge is answered as Slack says, once its signature holds",
          "[scheme][slack][handshake][vectors]") {
  const auto vector = handshake("slack-url-verification");
  const webhook::ManualClock clock;
  Receiver inbox{webhook::Slack(), Secret("signing secret"), clock};
  CHECK(is_wanted(inbox.handle(asked(vector, webhook::Slack(), clock, {"signing secret"})), vector["responses"][0]));
  CHECK(inbox.handle(asked(vector, webhook::Slack(), clock, {"another"})).status == 401);
  CHECK(inbox.handle(asked(vector, webhook::Slack(), clock, {})).status == 400);
}

TEST_CASE("Slack's check of the certificate is answered without a signature", "[scheme][slack][handshake][vectors]") {
  const auto vector = handshake("slack-ssl-check");
  const webhook::ManualClock clock;
  Receiver inbox{webhook::Slack(), Secret("signing secret"), clock,
                 webhook::Formats<webhook::JsonSerializer, webhook::FormSerializer>()};
  CHECK(is_wanted(inbox.handle(asked(vector, webhook::Slack(), clock, {})), vector["responses"][0]));
}

TEST_CASE("GitHub's ping is answered once its signature holds", "[scheme][github][handshake][vectors]") {
  const auto vector = handshake("github-ping");
  const webhook::ManualClock clock;
  Receiver inbox{webhook::GitHub(), Secret("secret"), clock};
  int handled = 0;
  inbox.otherwise([&](const nlohmann::json&) { ++handled; });
  CHECK(is_wanted(inbox.handle(asked(vector, webhook::GitHub(), clock, {"secret"})), vector["responses"][0]));
  CHECK(inbox.handle(asked(vector, webhook::GitHub(), clock, {"another"})).status == 401);
  CHECK(handled == 0);
}

TEST_CASE("Discord's PING is answered with its own type, and a wrong signature with 401",
          "[scheme][discord][handshake][vectors]") {
  const auto vector = handshake("discord-ping");
  const webhook::ManualClock clock;
  const std::string seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";  // RFC 8032 §7.1, test 1
  const std::string key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
  Receiver inbox{webhook::Discord(), Secret(key), clock};
  const Request ping = asked(vector, webhook::Discord(), clock, {seed + key});
  CHECK(is_wanted(inbox.handle(ping), vector["responses"][0]));
  REQUIRE(vector["responses"][1].at("when") == "bad signature");
  CHECK(is_wanted(inbox.handle(support::with_body(ping, "{\"type\": 1}")), vector["responses"][1]));
}

TEST_CASE("a Discord command is answered by its handler", "[scheme][discord][answers]") {
  const webhook::ManualClock clock;
  const std::string seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
  const std::string key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
  Receiver inbox{webhook::Discord(), Secret(key), clock};
  int asked_for = 0;
  inbox.on("application_command", [&](const nlohmann::json& command) {
    ++asked_for;
    const nlohmann::json reply{
        {"type", 4}, {"data", {{"content", command.at("data").at("name").get<std::string>() + ": it is out"}}}};
    return Response{.headers = {{"content-type", "application/json"}}, .body = reply.dump()};
  });
  const nlohmann::json command{
      {"request", {{"method", "POST"}, {"body", R"({"id":"846462639134605312","type":2,"data":{"name":"order"}})"}}}};
  for (int i = 0; i < 2; ++i) {
    const Response answer = inbox.handle(asked(command, webhook::Discord(), clock, {seed + key}));
    CHECK(answer.status == 200);
    CHECK(answer.headers.find("content-type") == "application/json");
    CHECK(answer.body == R"({"data":{"content":"order: it is out"},"type":4})");
  }
  CHECK(asked_for == 1);
}

TEST_CASE("a Slack command, which is a form, is answered by its handler", "[scheme][slack][answers]") {
  const webhook::ManualClock clock;
  Receiver inbox{webhook::Slack(), Secret("signing secret"), clock, webhook::FormSerializer()};
  inbox.on("slash_command.deploy", [](const nlohmann::json& command) {
    return Response{.headers = {{"content-type", "application/json"}},
                    .body = nlohmann::json{{"text", "deploying " + command.at("text").get<std::string>()}}.dump()};
  });
  const nlohmann::json command{{"request",
                                {{"method", "POST"},
                                 {"content_type", "application/x-www-form-urlencoded"},
                                 {"body", "command=%2Fdeploy&text=1.2+now&trigger_id=1.2.3"}}}};
  const Request request = asked(command, webhook::Slack(), clock, {"signing secret"});
  CHECK(inbox.handle(request).body == R"({"text":"deploying 1.2 now"})");
  CHECK(inbox.handle(request).body == R"({"text":"deploying 1.2 now"})");
}

TEST_CASE("every handshake vector is read from its file by a test", "[handshake][vectors]") {
  std::string sources;
  const std::filesystem::path tests = std::filesystem::path(WEBHOOK_TEST_VECTORS).parent_path() / "unit";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(tests)) {
    if (entry.path().extension() != ".cpp") continue;
    std::ostringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    sources += text.str();
  }
  std::ifstream file(WEBHOOK_TEST_VECTORS "/handshakes.json");
  std::set<std::string> unread;
  for (const auto& vector : nlohmann::json::parse(file)) {
    const auto name = vector.at("name").get<std::string>();
    if (sources.find("handshake(\"" + name + "\")") == std::string::npos) unread.insert(name);
  }
  CHECK(unread == std::set<std::string>{});
}

}  // namespace unit_scheme_handshakes
