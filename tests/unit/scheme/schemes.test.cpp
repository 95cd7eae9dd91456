// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>
#include <webhook/scheme/authentication.hpp>
#include <webhook/scheme/github.hpp>
#include <webhook/scheme/none.hpp>
#include <webhook/scheme/schemes.hpp>
#include <webhook/scheme/slack.hpp>
#include <webhook/scheme/standard.hpp>
#include <webhook/scheme/stripe.hpp>

#include "support/virtual_host.hpp"

#include "support/vectors.hpp"

namespace unit_scheme_schemes {

namespace {
using namespace std::chrono_literals;
using namespace std::string_literals;
using support::KnownFields;
using webhook::GitHub;
using webhook::Headers;
using webhook::Request;
using webhook::Schemes;
using webhook::Secret;
using webhook::Slack;
using webhook::StandardWebhooks;
using webhook::Verification;

using Three = Schemes<StandardWebhooks, GitHub, Slack>;
static_assert(webhook::SchemePolicy<Three> && webhook::Generates<Three>);
static_assert(webhook::ShakesHands<Three> && webhook::Describes<Three>);
static_assert(!webhook::ShakesHands<Schemes<StandardWebhooks>> && !webhook::Describes<Schemes<StandardWebhooks>>);

constexpr std::string_view standard = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr std::string_view rotated = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
constexpr std::int64_t now = 1700000000;

struct Named {
  std::string_view scheme{}, secret{};
};

template <class Set>
std::vector<typename Set::Key> keys_of(const Set& set, const std::vector<Named>& named) {
  std::vector<typename Set::Key> keys;
  for (const auto& [scheme, secret] : named) keys.push_back(set.prepare(Secret(secret), scheme));
  return keys;
}
template <class Set>
Request signed_by(const Set& set, const std::vector<Named>& named) {
  Request request;
  request.body = webhook::Bytes("{}");
  auto keys = keys_of(set, named);
  Headers headers;
  REQUIRE(set.sign({"msg_1", webhook::WallTime(std::chrono::seconds(now)), request, "order.created"}, keys, headers));
  request.headers = headers;
  return request;
}
template <class Set>
Verification verify(const Set& set, const Request& request, const std::vector<Named>& named, std::int64_t time = now) {
  auto keys = keys_of(set, named);
  return set.verify(request, keys, support::at(time), 300s);
}
template <class Set>
std::string refusal(const Set& set, std::string_view scheme, std::string_view secret) {
  try {
    static_cast<void>(set.prepare(Secret(secret), scheme));
    return "";
  } catch (const webhook::Error& error) {
    return error.what();
  }
}
}  // namespace

TEST_CASE("a set's names are its members', alone or joined by '+'", "[scheme][schemes]") {
  const Three set;
  for (const char* name :
       {"", "standard", "github", "slack", "standard+github", "github+standard", "slack+github+standard"})
    CHECK(set.signs(name));
  for (const char* name : {"stripe", "+", "standard+", "+github", "standard++github", "github+github",
                           "standard+stripe", "standard,github", "standard github", "Standard"})
    CHECK_FALSE(set.signs(name));
  CHECK_THROWS_AS(set.prepare(Secret(standard), "stripe"), webhook::Error);
  CHECK_THROWS_AS(set.generate("standard+"), webhook::Error);
}

TEST_CASE("a request carries the signature of the scheme that was named, or of all", "[scheme][schemes]") {
  const Three set;
  CHECK(signed_by(set, {{"", standard}}).headers.find("webhook-signature"));
  CHECK(signed_by(set, {{"", standard}}).headers.size() == 3);
  CHECK_FALSE(signed_by(set, {{"github", "text"}}).headers.find("webhook-signature"));
  const Request both = signed_by(set, {{"standard+github", standard}});
  CHECK(support::verify(StandardWebhooks(), both, {standard}, now).reason == Verification::ok);
  CHECK(support::verify(GitHub(), both, {standard}, now).reason == Verification::ok);
  CHECK_FALSE(both.headers.find("X-Slack-Signature"));
}

TEST_CASE("during a migration each scheme may have a key of its own, one a line", "[scheme][schemes]") {
  const Three set;
  const std::string secret = "mysecret\n" + std::string(standard);
  const Request both = signed_by(set, {{"github+standard", secret}});
  CHECK(support::verify(StandardWebhooks(), both, {standard}, now).reason == Verification::ok);
  CHECK(support::verify(GitHub(), both, {"mysecret"}, now).reason == Verification::ok);
  CHECK(refusal(set, "standard+github", "mysecret").find("24 to 64 bytes") != std::string::npos);
  CHECK(refusal(set, "standard+github", secret).find("24 to 64 bytes") != std::string::npos);
  CHECK(refusal(set, "standard+github", std::string(standard) + "\na\nb").find("one line for each") !=
        std::string::npos);
  CHECK(refusal(set, "github+slack", "a\n").find("white space") != std::string::npos);
  CHECK(refusal(set, "github", "a\nb").empty());  // of a single scheme, a text is a text
}

TEST_CASE("a generated secret has what each named scheme wants", "[scheme][schemes]") {
  const Three set;
  CHECK(set.generate("").reveal().substr(0, 6) == "whsec_");
  CHECK(set.generate("github").reveal().size() == 64);
  const Secret both = set.generate("github+standard");
  CHECK(both.reveal().size() == 64 + 1 + 50);
  CHECK(refusal(set, "github+standard", both.reveal()).empty());
}

TEST_CASE("during a rotation every scheme signs with what it has", "[scheme][schemes]") {
  const Three set;
  const Request both = signed_by(set, {{"standard+github", rotated}, {"standard+github", standard}});
  CHECK(support::verify(StandardWebhooks(), both, {standard}, now).reason == Verification::ok);
  CHECK(support::verify(StandardWebhooks(), both, {rotated}, now).reason == Verification::ok);
  CHECK(support::verify(GitHub(), both, {rotated}, now).reason == Verification::ok);
}

TEST_CASE("a receiver's set verifies what a request carries, by the keys of that scheme", "[scheme][schemes]") {
  const Three set;
  const std::vector<Named> keys{{"github", "one"}, {"standard", standard}, {"github", "two"}, {"standard", rotated}};
  CHECK(verify(set, signed_by(set, {{"github", "two"}}), keys).key == 2);
  CHECK(verify(set, signed_by(set, {{"standard", rotated}}), keys).key == 3);
  CHECK(verify(set, signed_by(set, {{"github", "two"}}), keys).id == "msg_1");
  // A key counts for its own scheme alone.
  CHECK(verify(set, signed_by(set, {{"github", standard}}), {{"standard", standard}}).reason ==
        Verification::unknown_key);
  // And keys can be used again: what was borrowed was given back.
  auto prepared = keys_of(set, keys);
  for (int i = 0; i < 3; ++i)
    CHECK(set.verify(signed_by(set, {{"github", "two"}}), prepared, support::at(now), 300s).key == 2);
}

TEST_CASE("one good signature is enough, and of several refusals the most telling is given", "[scheme][schemes]") {
  const Three set;
  const std::vector<Named> keys{{"standard", standard}, {"github", "text"}, {"slack", "text"}};
  Request both = signed_by(set, {{"standard+github", standard}});
  CHECK(verify(set, both, keys).reason == Verification::ok);
  both.headers.add("X-Slack-Signature", "v0=nonsense");
  CHECK(verify(set, both, keys).reason == Verification::ok);
  CHECK(verify(set, signed_by(set, {{"slack", "other"}}), keys).reason == Verification::bad_signature);
  CHECK(verify(set, signed_by(set, {{"slack", "text"}}), keys, now + 412).reason == Verification::too_old);
  CHECK(verify(set, signed_by(set, {{"slack", "text"}}), keys, now + 412).age == 412s);
  const Verification none = verify(set, Request(), keys);
  CHECK(none.reason == Verification::missing_header);
  CHECK(none.header == "webhook-id");
  CHECK(verify(set, signed_by(set, {{"github", "text"}}), {}).reason == Verification::unknown_key);
}

TEST_CASE("a scheme that believes everybody opens a set only if its key is there", "[scheme][schemes]") {
  const Schemes<StandardWebhooks, webhook::NoSignature> set;
  CHECK_FALSE(verify(set, Request(), {{"standard", standard}}));
  CHECK(verify(set, Request(), {{"standard", standard}, {"none", "none"}}));
}

TEST_CASE("two schemes that write the same header are not used at once", "[scheme][schemes]") {
  const Schemes<webhook::BasicAuthentication, webhook::BearerToken> set;
  auto keys = keys_of(set, {{"basic+bearer", "user:pass"}});
  const Request request;
  Headers headers;
  CHECK_THROWS_WITH(set.sign({"msg_1", {}, request}, keys, headers), Catch::Contains("Authorization"));
  CHECK(headers.empty());
}

TEST_CASE("a set signs with credentials and a signature together", "[scheme][schemes]") {
  const Schemes<StandardWebhooks, webhook::BearerToken> set;
  const Request request = signed_by(set, {{"standard+bearer", standard}});
  CHECK(request.headers.find("Authorization") == "Bearer " + std::string(standard));
  CHECK(request.headers.find("webhook-signature"));
}

TEST_CASE("handshakes and descriptions are asked of the scheme that a request is for", "[scheme][schemes]") {
  const Three set;
  auto keys = keys_of(set, {{"standard", standard}, {"slack", "text"}, {"github", "text"}});
  const KnownFields slack_asks{{"/type", "url_verification"}, {"/challenge", "abc"}};
  const Request from_slack = signed_by(set, {{"slack", "text"}}), from_us = signed_by(set, {{"standard", standard}});
  CHECK(set.handshake(from_slack, {Verification::ok}, keys, slack_asks)->body == "abc");
  CHECK_FALSE(set.handshake(from_us, {Verification::ok}, keys, slack_asks));  // verified, but not Slack's
  CHECK_FALSE(set.handshake(from_slack, {Verification::bad_signature}, keys, slack_asks));
  Request ssl_check;
  ssl_check.headers = {{"content-type", "application/x-www-form-urlencoded"}};
  ssl_check.body = webhook::Bytes("ssl_check=1");
  CHECK(set.handshake(ssl_check, {Verification::missing_header}, keys, KnownFields()));

  webhook::Event event;
  event.type = "before";
  set.describe(from_us, KnownFields{{"/type", "of.slack"}}, event);
  CHECK(event.type == "before");
  set.describe(from_slack, KnownFields{{"/type", "message"}}, event);
  CHECK(event.type == "message");
  set.describe(signed_by(set, {{"standard+github", standard}}), KnownFields(), event);
  CHECK(event.type == "order.created");
}

TEST_CASE("an endpoint names a scheme of the dispatcher's set, and an unknown one is refused", "[scheme][schemes]") {
  webhook::ManualClock clock;
  webhook::RecordingTransport transport;
  webhook::Options options;
  options.seed = 1;
  webhook::Dispatcher hooks(clock, transport, options, Three(), webhook::JsonSerializer(), webhook::MemoryStore());
  CHECK_THROWS_WITH(hooks.add({.url = "https://a.example/", .scheme = "stripe"}), Catch::Contains("stripe"));
  CHECK_THROWS_WITH(hooks.add({.url = "https://a.example/", .scheme = "standard+github", .secrets = {Secret("text")}}),
                    Catch::Contains("24 to 64 bytes"));
  const webhook::Endpoint both = hooks.add({.url = "https://a.example/", .scheme = "github+standard"});
  const std::string secret(both.secrets.front().reveal());
  hooks.emit("order.created", {{"price", 1}});
  for (int i = 0; i < 10; ++i) hooks.run_once();
  REQUIRE(transport.requests().size() == 1);
  const Request request = transport.requests().front();
  const std::int64_t time = webhook::detail::unix_seconds(clock.now().wall);
  CHECK(support::verify(GitHub(), request, {std::string_view(secret).substr(0, 64)}, time));
  CHECK(support::verify(StandardWebhooks(), request, {std::string_view(secret).substr(65)}, time));
}

}  // namespace unit_scheme_schemes
