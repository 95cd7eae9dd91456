// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <webhook/scheme/square.hpp>

#include "support/vectors.hpp"

namespace unit_scheme_square {

namespace {
using namespace std::string_literals;
using support::KnownFields;
using webhook::Request;
using webhook::Square;
using webhook::Verification;

Request request_with(std::string_view signature, std::string_view url = "https://webhook.site/webhooks") {
  Request request;
  request.url = url;
  request.body = webhook::Bytes(R"({"data":{"type":"webhooks","id":"fake_id"}})");
  if (!signature.empty()) request.headers.add("x-square-hmacsha256-signature", signature);
  return request;
}
Verification verify(const Request& request) {
  return support::verify(Square(), request, {"signature-key"}, 1700000000);
}
constexpr std::string_view good = "W3FlCNk5IA3ZQ2LHTWoajvzfaDu/OwY2tNHIHC3IUOA=";
}  // namespace

TEST_CASE("Square's signature is of the URL as it was registered, and of the body", "[scheme][square]") {
  CHECK(verify(request_with(good)).reason == Verification::ok);
  for (const char* url : {"https://webhook.site/webhooks/", "http://webhook.site/webhooks", "https://webhook.site/",
                          "https://webhook.site:443/webhooks", ""})
    CHECK(verify(request_with(good, url)).reason == Verification::bad_signature);
}

TEST_CASE("Square's signature has one spelling, and stands there once", "[G7][G9][scheme][square]") {
  const std::string g(good);
  for (const std::string& text : {g + "=", g.substr(0, 43), " " + g, g.substr(0, 42) + "B="})
    CHECK(verify(request_with(text)).reason == Verification::malformed);
  CHECK(verify(request_with("")).reason == Verification::missing_header);
  CHECK(verify(request_with("")).header == "x-square-hmacsha256-signature");
  Request twice = request_with(good);
  twice.headers.add("X-Square-HmacSha256-Signature", good);
  CHECK(verify(twice).reason == Verification::malformed);
}

TEST_CASE("an event of Square's is named by its body", "[scheme][square]") {
  webhook::Event event;
  Square().describe(Request(),
                    KnownFields{{"/type", "payment.created"},
                                {"/event_id", "ac3ac95b-f97d-458c-a6e6-18981597e05f"},
                                {"/created_at", "2023-11-14T22:13:20Z"}},
                    event);
  CHECK(event.type == "payment.created");
  CHECK(event.id.view() == "ac3ac95b-f97d-458c-a6e6-18981597e05f");
  CHECK(event.time == webhook::WallTime(std::chrono::seconds(1700000000)));
}

}  // namespace unit_scheme_square
