// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <string_view>
#include <webhook/scheme/slack.hpp>

#include "support/vectors.hpp"

namespace unit_scheme_slack {

namespace {
using namespace std::string_literals;
using support::KnownFields;
using webhook::Request;
using webhook::Slack;
using webhook::Verification;

constexpr std::string_view secret = "8f742231b10e8888abcd99yyyzzz85a5";
constexpr std::int64_t sent = 1531420618;

Request signed_request(std::string_view body = "{}", std::int64_t time = sent, std::string_view key = secret) {
  Request request;
  request.body = webhook::Bytes(body);
  request.headers = support::sign(Slack(), request, {key}, time);
  return request;
}
Request with(const Request& request, std::string_view name, std::string_view value) {
  Request changed = request;
  changed.headers.clear();
  for (const webhook::Header header : request.headers)
    changed.headers.add(header.name, webhook::Headers::same_name(header.name, name) ? value : header.value);
  return changed;
}
Verification verify(const Request& request, std::int64_t now = sent) {
  return support::verify(Slack(), request, {secret}, now);
}
}  // namespace

TEST_CASE("Slack's timestamp is plain digits", "[G2][G3][scheme][slack]") {
  const std::string t = "1531420618";
  for (const std::string& text : {t + ".9", "0" + t, "+" + t, " " + t, t + " ", t + "e0", "-1"s, "0"s, "nan"s, ""s,
                                  "1000000000000"s, std::string(40, '9')}) {
    INFO(text);
    const Verification verdict = verify(with(signed_request(), "X-Slack-Request-Timestamp", text));
    CHECK(verdict.reason == Verification::malformed);
    CHECK(verdict.header == "X-Slack-Request-Timestamp");
  }
  CHECK(verify(with(signed_request(), "X-Slack-Request-Timestamp", "1")).reason == Verification::too_old);
  const Verification far = verify(with(signed_request(), "X-Slack-Request-Timestamp", "999999999999"));
  CHECK(far.reason == Verification::too_new);
  CHECK(far.age < webhook::Duration::zero());
}

TEST_CASE("Slack's tolerance is inclusive in both directions, and the verdict says how old", "[G4][scheme][slack]") {
  CHECK(verify(signed_request(), sent + 300).reason == Verification::ok);
  CHECK(verify(signed_request(), sent + 301).reason == Verification::too_old);
  CHECK(verify(signed_request(), sent + 412).age == std::chrono::seconds(412));
  CHECK(verify(signed_request(), sent - 300).reason == Verification::ok);
  CHECK(verify(signed_request(), sent - 301).reason == Verification::too_new);
}

TEST_CASE("Slack's signature has one spelling; another version is unsupported", "[G7][G16][scheme][slack]") {
  const std::string g(signed_request().headers.find("X-Slack-Signature").value());
  for (const std::string& text : {"v1=" + g.substr(3), "V0=" + g.substr(3)})
    CHECK(verify(with(signed_request(), "X-Slack-Signature", text)).reason == Verification::unsupported);
  for (const std::string& text : {g.substr(3), g + "0", g.substr(0, 66), "v0="s, ""s, "v0=G" + g.substr(4)}) {
    INFO(text);
    CHECK(verify(with(signed_request(), "X-Slack-Signature", text)).reason == Verification::malformed);
  }
}

TEST_CASE("Slack's two headers are there exactly once", "[G9][scheme][slack]") {
  for (const std::string_view name : {"X-Slack-Signature", "X-Slack-Request-Timestamp"}) {
    Request twice = signed_request();
    twice.headers.add(name, std::string(twice.headers.find(name).value()));
    CHECK(verify(twice).reason == Verification::malformed);
    CHECK(verify(twice).header == name);
    const Verification verdict = verify(with(signed_request(), name, ""));
    CHECK(verdict.reason == Verification::malformed);
  }
  CHECK(verify(Request()).reason == Verification::missing_header);
}

TEST_CASE("a verified url_verification gets its challenge back", "[scheme][slack]") {
  const KnownFields fields{{"/type", "url_verification"}, {"/challenge", "3eZbrw1aBm2rZgRNFdxV2595E9CY"}};
  const auto answer = Slack().handshake(signed_request(), {Verification::ok}, {}, fields);
  REQUIRE(answer);
  CHECK(answer->status == 200);
  CHECK(answer->body == "3eZbrw1aBm2rZgRNFdxV2595E9CY");
  CHECK(answer->headers.find("content-type") == "text/plain; charset=utf-8");
  CHECK_FALSE(Slack().handshake(signed_request(), {Verification::bad_signature}, {}, fields));
  CHECK_FALSE(Slack().handshake(signed_request(), {Verification::ok}, {}, KnownFields{{"/type", "event_callback"}}));
  CHECK_FALSE(Slack().handshake(signed_request(), {Verification::ok}, {}, KnownFields{{"/type", "url_verification"}}));
}

TEST_CASE("ssl_check is answered without a signature, and with nothing", "[scheme][slack]") {
  Request request;
  request.headers = {{"content-type", "application/x-www-form-urlencoded"}};
  const auto asks = [&](std::string_view body) {
    request.body = webhook::Bytes(body);
    return Slack().handshake(request, {Verification::missing_header}, {}, KnownFields());
  };
  REQUIRE(asks("ssl_check=1"));
  CHECK(asks("ssl_check=1")->status == 200);
  CHECK(asks("ssl_check=1")->body.empty());
  CHECK(asks("ssl_check=1&token=abc"));
  CHECK(asks("token=abc&ssl_check=1"));
  CHECK_FALSE(asks("ssl_check=0"));
  CHECK_FALSE(asks("xssl_check=1"));
  CHECK_FALSE(asks("ssl_check=11"));
  CHECK_FALSE(asks(""));
  CHECK_FALSE(asks("ssl_check=1&" + std::string(5000, 'x')));
  request.headers = {{"content-type", "application/json"}};
  CHECK_FALSE(asks("ssl_check=1"));
}

TEST_CASE("an event of Slack's is named by its body", "[scheme][slack]") {
  webhook::Event event;
  Slack().describe(Request(),
                   KnownFields{{"/type", "event_callback"},
                               {"/event/type", "app_mention"},
                               {"/event_id", "Ev123ABC456"},
                               {"/event_time", "1355517523"}},
                   event);
  CHECK(event.type == "app_mention");
  CHECK(event.id.view() == "Ev123ABC456");
  CHECK(event.time == webhook::WallTime(std::chrono::seconds(1355517523)));
  Slack().describe(Request(), KnownFields{{"/type", "block_actions"}}, event);
  CHECK(event.type == "block_actions");
  CHECK(event.id.view() == "Ev123ABC456");
}

TEST_CASE("a slash command of Slack's is named by its command, and known by its trigger", "[scheme][slack]") {
  const auto described = [](KnownFields fields) {
    webhook::Event event;
    Slack().describe(Request(), fields, event);
    return event;
  };
  const webhook::Event deploy = described(
      {{"/command", "/deploy"}, {"/text", "1.2"}, {"/trigger_id", "13345224609.738474920.8088930838d88f008e0"}});
  CHECK(deploy.type == "slash_command.deploy");
  CHECK(deploy.id.view() == "13345224609.738474920.8088930838d88f008e0");
  CHECK(described({{"/command", "/roll-back"}}).type == "slash_command");
  CHECK(described({{"/command", "/"}}).type == "slash_command");
  CHECK(described({{"/command", "deploy"}}).type.empty());
  CHECK(described({{"/command", "/deploy"}, {"/type", "block_actions"}}).type == "block_actions");
}

}  // namespace unit_scheme_slack
