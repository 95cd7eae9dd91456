// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <string_view>
#include <webhook/scheme/github.hpp>

#include "support/vectors.hpp"

namespace unit_scheme_github {

namespace {
using namespace std::string_literals;
using support::KnownFields;
using webhook::GitHub;
using webhook::Request;
using webhook::Verification;

constexpr std::string_view secret = "It's a Secret to Everybody";
constexpr std::string_view good = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
constexpr std::int64_t now = 1700000000;

Request hello(std::string_view signature = good) {
  Request request;
  request.headers = {{"X-Hub-Signature-256", signature}};
  request.body = webhook::Bytes("Hello, World!");
  return request;
}
Verification verify(const Request& request, std::vector<std::string_view> secrets = {secret}) {
  return support::verify(GitHub(), request, secrets, now);
}
}  // namespace

TEST_CASE("GitHub's signature is of exactly these bytes", "[G1][scheme][github]") {
  for (const std::string& body : {"Hello, World?"s, "Hello, World!\n"s, "\xEF\xBB\xBFHello, World!"s, ""s}) {
    Request request = hello();
    request.body = webhook::Bytes(body);
    CHECK(verify(request).reason == Verification::bad_signature);
  }
}

TEST_CASE("GitHub's signature has one spelling, lower-case hexadecimal after sha256=", "[G7][scheme][github]") {
  const std::string g(good);
  std::string upper = g;
  for (std::size_t i = 7; i < upper.size(); ++i)
    upper[i] = upper[i] >= 'a' ? static_cast<char>(upper[i] - 32) : upper[i];
  for (const std::string& text :
       {"SHA256=" + g.substr(7), upper, g.substr(7), g + "0", g.substr(0, g.size() - 1), g + " ", " " + g, "sha256="s,
        ""s, "sha1=" + g.substr(7), g + "," + g, "sha256=0x" + g.substr(9)}) {
    INFO(text);
    const Verification verdict = verify(hello(text));
    CHECK(verdict.reason == Verification::malformed);
    CHECK(verdict.header == "X-Hub-Signature-256");
  }
}

TEST_CASE("every key of a GitHub receiver is tried, and the one that matched is named", "[G8][scheme][github]") {
  CHECK(verify(hello(), {"old", secret}).key == 1);
  CHECK(verify(hello(), {secret, "old"}).key == 0);
  CHECK(verify(hello(), {"old"}).reason == Verification::bad_signature);
  CHECK(verify(hello(), {}).reason == Verification::unknown_key);
}

TEST_CASE("GitHub's headers stand there once, in any case", "[G9][G10][scheme][github]") {
  Request twice = hello();
  twice.headers.add("x-hub-signature-256", good);
  CHECK(verify(twice).reason == Verification::malformed);
  Request ids = hello();
  ids.headers.add("X-GitHub-Delivery", "one");
  CHECK(verify(ids).id == "one");
  ids.headers.add("x-github-delivery", "two");
  CHECK(verify(ids).reason == Verification::malformed);
  CHECK(verify(ids).header == "X-GitHub-Delivery");
  Request none = hello();
  none.headers.clear();
  CHECK(verify(none).reason == Verification::missing_header);
  CHECK(verify(none).header == "X-Hub-Signature-256");
  none.headers.add("x_hub_signature_256", good);
  CHECK(verify(none).reason == Verification::missing_header);
  Request other_case = hello();
  other_case.headers = {{"x-HUB-signature-256", good}};
  CHECK(verify(other_case).reason == Verification::ok);
}

TEST_CASE("an id from GitHub's headers that no id can be is malformed", "[G11][scheme][github]") {
  for (const std::string& id : {"a b"s, "caf\xC3\xA9"s, std::string(257, 'a'), "a\x01"s}) {
    Request request = hello();
    request.headers.add("X-GitHub-Delivery", id);
    CHECK(verify(request).reason == Verification::malformed);
  }
}

TEST_CASE("a request with GitHub's SHA-1 signature alone is unsupported", "[G16][scheme][github]") {
  Request request = hello();
  request.headers = {{"X-Hub-Signature", "sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59"}};
  CHECK(verify(request).reason == Verification::unsupported);
}

TEST_CASE("what GitHub's scheme signs carries the event's id and type", "[scheme][github]") {
  Request request;
  request.body = webhook::Bytes("{}");
  const webhook::Headers headers = support::sign(GitHub(), request, {"new", "old"}, now, "msg_7", "order.created");
  CHECK(headers.find("X-GitHub-Delivery") == "msg_7");
  CHECK(headers.find("X-GitHub-Event") == "order.created");
  request.headers = headers;
  CHECK(verify(request, {"new"}).id == "msg_7");
  CHECK(verify(request, {"old"}).reason == Verification::bad_signature);  // only one fits: the newest
}

TEST_CASE("a verified ping of GitHub's is answered, any other request goes on", "[scheme][github]") {
  Request ping = hello();
  ping.headers.add("X-GitHub-Event", "ping");
  const auto answer = GitHub().handshake(ping, {Verification::ok}, {}, KnownFields());
  REQUIRE(answer);
  CHECK(answer->status == 200);
  CHECK_FALSE(GitHub().handshake(ping, {Verification::bad_signature}, {}, KnownFields()));
  Request get = ping;
  get.method = "GET";
  CHECK_FALSE(GitHub().handshake(get, {Verification::ok}, {}, KnownFields()));
  CHECK_FALSE(GitHub().handshake(hello(), {Verification::ok}, {}, KnownFields()));
}

TEST_CASE("an event of GitHub's is named by its header and its action", "[scheme][github]") {
  const auto type = [](std::string_view header, const KnownFields& fields) {
    Request request;
    if (!header.empty()) request.headers.add("X-GitHub-Event", header);
    webhook::Event event;
    event.type = "before";
    GitHub().describe(request, fields, event);
    return event.type;
  };
  CHECK(type("issues", {{"/action", "opened"}}) == "issues.opened");
  CHECK(type("push", {}) == "push");
  CHECK(type("order.created", {{"/action", "opened"}}) == "order.created");  // whole, as our own signer sends it
  CHECK(type("issues", {{"/action", "not a type"}}) == "issues");
  CHECK(type("no type!", {}) == "before");
  CHECK(type(std::string(129, 'a'), {}) == "before");
  CHECK(type("", {{"/action", "opened"}}) == "before");
}

TEST_CASE("a GitHub secret is any text without white space around it", "[scheme][github]") {
  CHECK_FALSE(support::refusal(GitHub(), secret));
  for (const std::string& text : {""s, " "s, "key "s, "key\n"s, "\tkey"s}) {
    const auto sentence = support::refusal(GitHub(), text);
    REQUIRE(sentence);
    CHECK(sentence->find("without white space around it") != std::string::npos);
    CHECK(sentence->find("key") == std::string::npos);
  }
  CHECK(GitHub().generate("github").reveal().size() == 64);
  CHECK_THROWS_AS(GitHub().generate("slack"), webhook::Error);
  CHECK_THROWS_AS(GitHub().prepare(webhook::Secret(secret), "slack"), webhook::Error);
  webhook::Headers headers;
  CHECK_THROWS_AS(GitHub().sign({"msg_1", {}, Request()}, {}, headers), webhook::Error);
}

}  // namespace unit_scheme_github
