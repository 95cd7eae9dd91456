// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>
#include <webhook/consent.hpp>
#include <webhook/scheme/cloudevents_consent.hpp>

#include "support/received.hpp"
#include "support/thrown.hpp"
#include "support/virtual_host.hpp"

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
