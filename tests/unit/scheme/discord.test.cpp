// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <webhook/scheme/discord.hpp>

namespace unit_scheme_discord {

namespace {
using namespace std::chrono_literals;
using namespace std::string_literals;
using webhook::Discord;
using webhook::Headers;
using webhook::Request;
using webhook::Secret;
using webhook::Verification;

// RFC 8032 §7.1, test 1.
constexpr std::string_view public_key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
constexpr std::string_view private_key =
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
constexpr std::string_view good =
    "16a93857e6a33746235f8979f3b785efea1d9099b4d23199c2b6ffb393f942c807453643607418c419e2977860a396dfd8c2a8f773441b285f"
    "811d"
    "9f2e39df00";
constexpr std::int64_t sent = 1618884473;

using Keys = std::vector<Discord::Key>;
Keys keys(const std::vector<std::string_view>& secrets) {
  Keys prepared;
  for (const std::string_view secret : secrets) prepared.push_back(Discord().prepare(Secret(secret), "discord"));
  return prepared;
}
webhook::Now at(std::int64_t seconds) { return {1h, webhook::WallTime(std::chrono::seconds(seconds))}; }

Request request(std::string_view body = R"({"type":1})", std::string_view time = "1618884473",
                std::string_view signature = good) {
  Request request;
  request.headers = {{"X-Signature-Ed25519", signature}, {"X-Signature-Timestamp", time}};
  request.body = webhook::Bytes(body);
  return request;
}
Verification verify(const Request& request, webhook::Now now = at(sent),
                    const std::vector<std::string_view>& secrets = {public_key}) {
  Keys prepared = keys(secrets);
  return Discord().verify(request, prepared, now, 300s);
}

struct Body final : webhook::Fields {
  std::map<std::string, std::string, std::less<>> values{};
  std::optional<std::string> find(std::string_view path) const override {
    const auto found = values.find(path);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  }
};
std::optional<webhook::Response> shake(std::map<std::string, std::string, std::less<>> values,
                                       Verification::Reason reason = Verification::ok, std::string method = "POST") {
  Body body;
  body.values = std::move(values);
  Request asked = request();
  asked.method = std::move(method);
  return Discord().handshake(asked, Verification{reason}, {}, body);
}
}  // namespace

TEST_CASE("every Discord vector gives its verdict", "[scheme][discord][vectors]") {
  const std::map<std::string, Verification::Reason> reasons{{"PING, RFC 8032 7.1 TEST 1 key", Verification::ok},
                                                            {"timestamp altered", Verification::bad_signature}};
  std::ifstream file(WEBHOOK_TEST_VECTORS "/vectors.json");
  REQUIRE(file.good());
  std::size_t seen = 0;
  for (const auto& vector : nlohmann::json::parse(file)) {
    if (vector.at("scheme") != "discord-ed25519") continue;
    const std::string name = vector.at("name"), key = vector.at("public_key");
    INFO(name);
    Request received;
    for (const auto& [field, value] : vector.at("headers").items())
      received.headers.add(field, value.get<std::string>());
    received.body = webhook::Bytes(vector.at("body").get<std::string>());
    CHECK(verify(received, at(sent), {key}).reason == reasons.at(name));
    ++seen;
  }
  CHECK(seen == reasons.size());
}

TEST_CASE("a Discord private key signs to the byte, and its public half verifies", "[scheme][discord]") {
  Request message;
  message.body = webhook::Bytes(R"({"type":1})");
  Keys prepared = keys({private_key});
  Headers headers;
  REQUIRE(Discord().sign({"msg_1", at(sent).wall, message}, prepared, headers));
  CHECK(headers.find("x-signature-ed25519") == good);
  CHECK(headers.find("x-signature-timestamp") == "1618884473");
  CHECK(Discord::public_key(Secret(private_key)) == public_key);
  CHECK(Discord::public_key(Secret(public_key)) == public_key);
}

TEST_CASE("G2, G7 and G9: Discord headers have one spelling and stand there once", "[scheme][discord]") {
  const std::string g(good);
  std::string upper = g;
  for (char& c : upper) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  for (const std::string& bad : {""s, g + "0", g.substr(1), g.substr(0, 64), " " + g, "0x" + g.substr(2), upper}) {
    INFO(bad);
    const Verification verdict = verify(request(R"({"type":1})", "1618884473", bad));
    CHECK(verdict.reason == Verification::malformed);
    CHECK(verdict.header == "X-Signature-Ed25519");
  }
  for (const std::string& bad : {""s, "0"s, "01618884473"s, "+1618884473"s, "1618884473.0"s, " 1618884473"s, "16_1"s,
                                 "1618884473abc"s, "-1"s, std::string(40, '9')}) {
    INFO(bad);
    const Verification verdict = verify(request(R"({"type":1})", bad));
    CHECK(verdict.reason == Verification::malformed);
    CHECK(verdict.header == "X-Signature-Timestamp");
  }
  for (const char* name : {"X-Signature-Ed25519", "X-Signature-Timestamp"}) {
    Request twice = request();
    twice.headers.add(name, std::string(twice.headers.find(name).value()));
    CHECK(verify(twice).reason == Verification::malformed);
    Request without;
    for (const webhook::Header header : request().headers) {
      if (header.name != name) without.headers.add(header.name, header.value);
    }
    CHECK(verify(without).reason == Verification::missing_header);
    CHECK(verify(without).header == name);
  }
}

TEST_CASE("a Discord timestamp is bounded both ways, inclusive", "[G4][scheme][discord]") {
  CHECK(verify(request(), at(sent + 300)).reason == Verification::ok);
  CHECK(verify(request(), at(sent + 301)).reason == Verification::too_old);
  CHECK(verify(request(), at(sent - 300)).reason == Verification::ok);
  CHECK(verify(request(), at(sent - 301)).reason == Verification::too_new);
  CHECK(verify(request(), at(sent + 301)).age == 301s);
}

TEST_CASE("Discord keys of a wrong length, spelling or kind are refused with a sentence", "[scheme][discord]") {
  const auto refused = [](const std::string& text, bool sending = false) {
    try {
      if (sending) {
        Discord().check(Secret(text), "");
      } else {
        (void)Discord().prepare(Secret(text), "");
      }
      return ""s;
    } catch (const webhook::Error& error) {
      CHECK(error.code() == webhook::errc::invalid_secret);
      return std::string(error.what());
    }
  };
  const std::string key(public_key), whole(private_key);
  std::string upper = key;
  upper[0] = 'D';
  for (const std::string& bad : {""s, key.substr(1), key + "0", " " + key, upper, whole.substr(2), whole + "00"}) {
    INFO(bad);
    CHECK(refused(bad).find("64 lower-case") != std::string::npos);
  }
  CHECK(refused(std::string(64, '0')).find("no Ed25519 public key") != std::string::npos);
  CHECK(refused(whole.substr(0, 127) + "b").find("do not belong together") != std::string::npos);
  CHECK(refused(whole, true).empty());
  CHECK(refused(key, true).find("cannot sign") != std::string::npos);
  CHECK(refused(key).empty());
  CHECK_THROWS_AS(Discord().prepare(Secret(key), "github"), webhook::Error);
  Keys prepared = keys({key});
  Headers headers;
  CHECK_THROWS_AS(Discord().sign({"msg_1", {}, request()}, prepared, headers), webhook::Error);
  CHECK(headers.empty());
}

TEST_CASE("a verified PING of Discord's interactions is answered with its own type, one of webhook events with 204",
          "[scheme][discord][handshake]") {
  const auto pong = shake({{"/type", "1"}});
  REQUIRE(pong);
  CHECK(pong->status == 200);
  CHECK(pong->body == R"({"type":1})");
  CHECK(pong->headers.find("content-type") == "application/json");
  const auto empty = shake({{"/type", "0"}});
  REQUIRE(empty);
  CHECK(empty->status == 204);
  CHECK(empty->body.empty());
}

TEST_CASE("an unverified PING, a command and a webhook event are no handshake of Discord's",
          "[scheme][discord][handshake]") {
  CHECK_FALSE(shake({{"/type", "1"}}, Verification::bad_signature));
  CHECK_FALSE(shake({{"/type", "1"}}, Verification::ok, "GET"));
  CHECK_FALSE(shake({{"/type", "2"}}));
  CHECK_FALSE(shake({{"/type", "1"}, {"/event/type", "APPLICATION_AUTHORIZED"}}));
  CHECK_FALSE(shake({}));
}

TEST_CASE("Discord's events and interactions are described by what they say of themselves", "[scheme][discord]") {
  Body body;
  body.values = {
      {"/type", "1"}, {"/event/type", "APPLICATION_AUTHORIZED"}, {"/event/timestamp", "2024-10-18T14:42:53.064834"}};
  webhook::Event event;
  Discord().describe(request(), body, event);
  CHECK(event.type == "APPLICATION_AUTHORIZED");
  CHECK(event.time ==
        webhook::WallTime(std::chrono::sys_days(std::chrono::year(2024) / 10 / 18) + 14h + 42min + 53s + 64834us));
  body.values = {{"/type", "2"}, {"/id", "846462639134605312"}};
  webhook::Event command;
  Discord().describe(request(), body, command);
  CHECK(command.type == "application_command");
  CHECK(command.id.view() == "846462639134605312");
  body.values = {{"/type", "9"}};
  webhook::Event unknown;
  Discord().describe(request(), body, unknown);
  CHECK(unknown.type.empty());
}

}  // namespace unit_scheme_discord
