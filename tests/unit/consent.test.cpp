// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <webhook/consent.hpp>
#include <webhook/scheme/cloudevents_consent.hpp>

#include "support/handshake_vectors.hpp"
#include "support/received.hpp"
#include "support/thrown.hpp"
#include "support/virtual_host.hpp"

namespace unit_consent {

namespace {
using namespace std::chrono_literals;
using webhook::ask_for_consent;
using webhook::Consent;
using webhook::ConsentRequest;
using webhook::Headers;
using webhook::Request;
using webhook::Response;
using State = webhook::Consent::State;

Consent asked(int status, Headers headers, ConsentRequest ask = {.origin = "shop.example", .rate = 120}) {
  return ask_for_consent([&](const Request&) { return webhook::RecordingTransport::answer(status, headers); },
                         "https://crm.example/ce", ask);
}
}  // namespace

TEST_CASE("a consent request says who asks, and how much it would send", "[consent]") {
  Request sent;
  const auto transport = [&](const Request& request) {
    sent = request;
    return Response{204};
  };
  (void)ask_for_consent(transport, "https://crm.example/ce",
                        {.origin = "shop.example",
                         .rate = 60,
                         .callback = "https://shop.example/cb?x=1",
                         .headers = {{"authorization", "Bearer t"}},
                         .timeout = 3s});
  CHECK(sent.method == "OPTIONS");
  CHECK(sent.url == "https://crm.example/ce");
  CHECK(sent.headers.find("WebHook-Request-Origin") == std::string_view("shop.example"));
  CHECK(sent.headers.find("WebHook-Request-Rate") == std::string_view("60"));
  CHECK(sent.headers.find("WebHook-Request-Callback") == std::string_view("https://shop.example/cb?x=1"));
  CHECK(sent.headers.find("authorization") == std::string_view("Bearer t"));
  CHECK(sent.timeout == 3s);
  CHECK(support::thrown([&] { (void)ask_for_consent(transport, "https://a", {.origin = ""}); }) ==
        webhook::errc::invalid);
  CHECK(support::thrown([&] { (void)ask_for_consent(transport, "https://a", {.origin = "a\r\nb"}); }) ==
        webhook::errc::invalid);
}

TEST_CASE("only the header is consent, never the status alone", "[consent]") {
  CHECK(asked(200, {{"WebHook-Allowed-Origin", "shop.example"}, {"WebHook-Allowed-Rate", "100"}}).rate == 100U);
  CHECK(asked(200, {{"WebHook-Allowed-Origin", "*"}, {"WebHook-Allowed-Rate", "*"}}).state == State::granted);
  CHECK_FALSE(asked(200, {{"WebHook-Allowed-Origin", "*"}, {"WebHook-Allowed-Rate", "*"}}).rate);
  CHECK(asked(204, {{"WebHook-Allowed-Origin", " SHOP.example "}}).rate == 120U);  // no rate named: what was asked for
  CHECK(asked(200, {}).state == State::refused);
  CHECK(asked(200, {{"WebHook-Allowed-Origin", "other.example"}}).state == State::refused);
  CHECK(asked(405, {{"WebHook-Allowed-Origin", "*"}}).state == State::refused);
  CHECK(asked(302, {{"WebHook-Allowed-Origin", "*"}}).state == State::refused);
  for (const char* odd : {"0", "-1", "x", "", "1.5", "99999999999"})
    CHECK(asked(200, {{"WebHook-Allowed-Origin", "*"}, {"WebHook-Allowed-Rate", odd}}).state == State::refused);
}

TEST_CASE("a receiver may answer later, or not at all", "[consent]") {
  const ConsentRequest with_callback{.origin = "shop.example", .callback = "https://shop.example/cb"};
  CHECK(asked(200, {}, with_callback).state == State::pending);
  CHECK(asked(405, {}, with_callback).state == State::refused);
  CHECK(asked(503, {}).state == State::unanswered);
  CHECK(asked(429, {}).state == State::unanswered);
  const Consent none = ask_for_consent(
      [](const Request&) {
        Response response;
        response.failure = webhook::Failure::connect;
        return response;
      },
      "https://crm.example", {.origin = "shop.example"});
  CHECK(none.state == State::unanswered);
  CHECK(none.failure == webhook::Failure::connect);
}

TEST_CASE("a consent becomes the endpoint's pace and header, and what is no consent does not", "[consent]") {
  webhook::Endpoint endpoint;
  asked(200, {{"WebHook-Allowed-Origin", "*"}, {"WebHook-Allowed-Rate", "7"}}).apply(endpoint);
  CHECK(endpoint.spacing * 7 >= 60s);
  CHECK(endpoint.spacing * 7 < 60s + 1us);
  CHECK(endpoint.headers.find("WebHook-Request-Origin") == std::string_view("shop.example"));
  CHECK(support::thrown([&] { asked(200, {}).apply(endpoint); }) == webhook::errc::misuse);
}

TEST_CASE("both ends: a dispatcher asks a receiver, keeps to its rate, and says who it is", "[consent][receiver]") {
  support::VirtualHost host;
  webhook::Receiver crm{
      webhook::CloudEventsConsent{webhook::StandardWebhooks{}, {.origins = {"shop.example"}, .rate = 60}},
      support::secret(), host.clock};
  std::vector<webhook::Duration> arrivals;
  crm.otherwise([&](const nlohmann::json&, const webhook::Event&, const Request& request) {
    CHECK(request.headers.find("webhook-request-origin") == std::string_view("shop.example"));
    arrivals.push_back(host.clock.now().steady);
  });
  host.transport.answer_with([&](const Request& request) { return crm.handle(request); });

  const Consent consent =
      ask_for_consent(host.hooks.transport(), "https://crm.example/ce", {.origin = "shop.example", .rate = 600});
  REQUIRE(consent);
  webhook::Endpoint endpoint{.url = "https://crm.example/ce", .secrets = {support::secret()}};
  consent.apply(endpoint);
  host.hooks.add(endpoint);
  for (int i = 0; i < 5; ++i) host.hooks.emit("order.created", {{"n", i}});
  host.pass(10s);
  REQUIRE(arrivals.size() == 5);
  // A lane may start as many at once as its cap says, and rests for all of them then: the rate holds over them.
  CHECK(arrivals.back() - arrivals.front() >= 4s);
  CHECK_FALSE(ask_for_consent(host.hooks.transport(), "https://crm.example/ce", {.origin = "stranger.example"}));
}

TEST_CASE("a consent that comes later is a GET or a POST to the callback, with a rate or without", "[consent]") {
  const ConsentRequest ask{.origin = "shop.example", .rate = 120, .callback = "https://shop.example/consent/k3y"};
  const auto heard = [&](std::string method, Headers headers = {}) {
    return webhook::consent_by_callback({.method = std::move(method), .url = ask.callback, .headers = headers}, ask);
  };
  CHECK(heard("GET").state == State::granted);
  CHECK(heard("GET").rate == 120U);
  CHECK(heard("GET").origin == "shop.example");
  CHECK(heard("POST", {{"WebHook-Allowed-Rate", "60"}}).rate == 60U);
  CHECK_FALSE(heard("POST", {{"webhook-allowed-rate", "*"}}).rate);
  CHECK(heard("POST", {{"webhook-allowed-rate", "0"}}).state == State::refused);
  CHECK(heard("HEAD").state == State::pending);
  CHECK(heard("OPTIONS").state == State::pending);
}

TEST_CASE("both ends: a receiver decides later, and its consent is heard at the callback", "[consent][receiver]") {
  const auto vector = support::handshake("cloudevents-abuse-protection");
  REQUIRE(vector["responses"][3]["when"] == "grant by callback");
  std::vector<std::string> kept;
  bool full = false;
  webhook::ConsentRule rule{.origins = {"known.example"}, .rate = 30};
  rule.undecided = [&](std::string_view origin, std::string_view callback, std::optional<std::uint32_t> rate) {
    kept.push_back(std::string(origin) + " " + std::string(callback) + " " + std::to_string(rate.value_or(0)));
    return !full;
  };
  webhook::Receiver crm{webhook::CloudEventsConsent{webhook::StandardWebhooks{}, rule}, support::secret()};
  const auto to_crm = [&](const Request& request) {
    const Response answer = crm.handle(request);
    CHECK(answer.headers.count("webhook-allowed-origin") == 0);
    return answer;
  };
  const ConsentRequest ask{.origin = "shop.example", .rate = 120, .callback = "https://shop.example/consent/k3y"};
  CHECK(ask_for_consent(to_crm, "https://crm.example/ce", ask).state == State::pending);
  CHECK(kept == std::vector<std::string>{"shop.example https://shop.example/consent/k3y 120"});
  full = true;
  CHECK(ask_for_consent(to_crm, "https://crm.example/ce", ask).state == State::refused);
  CHECK(ask_for_consent(to_crm, "https://crm.example/ce", {.origin = "shop.example"}).state == State::refused);
  ConsentRequest blank = ask;
  blank.callback = "https://shop.example/a b";
  CHECK(ask_for_consent(to_crm, "https://crm.example/ce", blank).state == State::refused);
  CHECK(kept.size() == 2);

  Consent consent;
  const auto to_shop = [&](const Request& request) {
    CHECK(request.url == ask.callback);
    consent = webhook::consent_by_callback(request, ask);
    return Response{200};
  };
  CHECK(webhook::grant_consent(to_shop, ask.callback, 30));
  REQUIRE(consent);
  CHECK(consent.rate == 30U);
  webhook::Endpoint endpoint;
  consent.apply(endpoint);
  CHECK(endpoint.spacing == 2s);
  CHECK(webhook::grant_consent(to_shop, ask.callback, std::nullopt));
  CHECK_FALSE(consent.rate);
  CHECK_FALSE(webhook::grant_consent([](const Request&) { return Response{503}; }, ask.callback, 30));
  CHECK_FALSE(webhook::grant_consent(
      [](const Request&) { return Response{.status = 200, .failure = webhook::Failure::tls}; }, ask.callback, 30));
}

}  // namespace unit_consent
