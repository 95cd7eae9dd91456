// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <webhook/scheme/shopify.hpp>

#include "support/vectors.hpp"

namespace unit_scheme_shopify {

namespace {
using namespace std::string_literals;
using support::KnownFields;
using webhook::Request;
using webhook::Shopify;
using webhook::Verification;

constexpr std::string_view good = "16FUVH58NeMcTIIOICN2UJOcPTTa4TbjCndXymGrtM8=";  // of the body below, by "Convoy"
constexpr std::string_view wrong = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

Request request_with(std::initializer_list<webhook::Header> headers) {
  Request request;
  request.headers = headers;
  request.body = webhook::Bytes("Test Payload Body");
  return request;
}
Verification verify(const Request& request) { return support::verify(Shopify(), request, {"Convoy"}, 1700000000); }
}  // namespace

TEST_CASE("Shopify's newer headers win over the older ones", "[scheme][shopify]") {
  CHECK(verify(request_with({{"X-Shopify-Hmac-Sha256", good}})).reason == Verification::ok);
  CHECK(verify(request_with({{"Shopify-Hmac-Sha256", good}})).reason == Verification::ok);
  CHECK(verify(request_with({{"X-Shopify-Hmac-Sha256", wrong}, {"Shopify-Hmac-Sha256", good}})).reason ==
        Verification::ok);
  CHECK(verify(request_with({{"X-Shopify-Hmac-Sha256", good}, {"Shopify-Hmac-Sha256", wrong}})).reason ==
        Verification::bad_signature);
  const Verification none = verify(request_with({}));
  CHECK(none.reason == Verification::missing_header);
  CHECK(none.header == "X-Shopify-Hmac-Sha256");
}

TEST_CASE("Shopify's message is known by its event id, or else by its webhook id", "[scheme][shopify]") {
  CHECK(verify(request_with({{"X-Shopify-Hmac-Sha256", good}})).id.empty());
  CHECK(verify(request_with({{"X-Shopify-Hmac-Sha256", good}, {"X-Shopify-Webhook-Id", "w1"}})).id == "w1");
  CHECK(verify(request_with(
                   {{"X-Shopify-Hmac-Sha256", good}, {"X-Shopify-Event-Id", "e1"}, {"X-Shopify-Webhook-Id", "w1"}}))
            .id == "e1");
  const Verification twice = verify(
      request_with({{"X-Shopify-Hmac-Sha256", good}, {"X-Shopify-Event-Id", "e1"}, {"x-shopify-event-id", "e2"}}));
  CHECK(twice.reason == Verification::malformed);
  CHECK(twice.header == "X-Shopify-Event-Id");
}

TEST_CASE("Shopify's signature is exactly the 44 characters of canonical base64", "[G7][scheme][shopify]") {
  const std::string g(good);
  for (const std::string& text : {g + "=", g.substr(0, 43), g + "\n", "9" + g, ""s, " " + g,
                                  g.substr(0, 42) + "9=", "sha256=" + g, g + "," + g}) {
    INFO(text);
    CHECK(verify(request_with({{"X-Shopify-Hmac-Sha256", text}})).reason == Verification::malformed);
  }
  CHECK(verify(request_with({{"X-Shopify-Hmac-Sha256", good}, {"X-Shopify-Hmac-Sha256", good}})).reason ==
        Verification::malformed);
}

TEST_CASE("what Shopify's scheme signs names the event as Shopify does, and is read back", "[scheme][shopify]") {
  Request request;
  request.body = webhook::Bytes("{}");
  request.headers = support::sign(Shopify(), request, {"new", "old"}, 1700000000, "msg_7", "orders.create");
  CHECK(request.headers.find("X-Shopify-Topic") == "orders/create");
  CHECK(request.headers.find("X-Shopify-Event-Id") == "msg_7");
  CHECK(request.headers.find("X-Shopify-Webhook-Id") == "msg_7");
  request.headers.add("X-Shopify-Triggered-At", "2023-11-14T22:13:20.5Z");
  webhook::Event event;
  Shopify().describe(request, KnownFields(), event);
  CHECK(event.type == "orders.create");
  CHECK(event.time == webhook::WallTime(std::chrono::milliseconds(1700000000500)));
  request.headers = {{"Shopify-Hmac-Sha256", "x"}, {"Shopify-Topic", "app/uninstalled"}, {"X-Shopify-Topic", "other"}};
  Shopify().describe(request, KnownFields(), event);
  CHECK(event.type == "app.uninstalled");
}

}  // namespace unit_scheme_shopify
