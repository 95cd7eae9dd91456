// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <string_view>
#include <webhook/scheme/standard.hpp>
#include <webhook/scheme/svix.hpp>

#include "support/vectors.hpp"

namespace unit_scheme_svix {

namespace {
using webhook::Headers;
using webhook::Request;
using webhook::StandardWebhooks;
using webhook::Svix;
using webhook::Verification;

constexpr std::string_view secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr std::int64_t sent = 1614265330;

Request request_with(const Headers& headers) {
  Request request;
  request.headers = headers;
  request.body = webhook::Bytes("{}");
  return request;
}
Verification verify(const Request& request, std::int64_t now = sent) {
  return support::verify(Svix(), request, {secret}, now);
}
Headers joined(const Headers& left, const Headers& right) {
  Headers both = left;
  for (const webhook::Header header : right) both.add(header.name, header.value);
  return both;
}
}  // namespace

TEST_CASE("Svix sends its own headers, and takes them or the standard ones", "[scheme][svix]") {
  const Headers own = support::sign(Svix(), request_with({}), {secret}, sent);
  const Headers standard = support::sign(StandardWebhooks(), request_with({}), {secret}, sent);
  CHECK(own.size() == 3);
  CHECK(own.find("svix-signature") == standard.find("webhook-signature"));
  CHECK(verify(request_with(own)).id == "msg_1");
  CHECK(verify(request_with(standard)).reason == Verification::ok);
  CHECK(support::verify(StandardWebhooks(), request_with(own), {secret}, sent).reason == Verification::missing_header);
}

TEST_CASE("where svix-* headers are, the standard ones are not looked at, and never mixed in", "[scheme][svix]") {
  const Headers own = support::sign(Svix(), request_with({}), {secret}, sent);
  const Headers standard = support::sign(StandardWebhooks(), request_with({}), {secret}, sent);
  const Headers wrong{{"svix-id", "msg_2"}, {"svix-timestamp", "1614265330"}, {"svix-signature", "v1,AAAA"}};
  CHECK(verify(request_with(joined(own, standard))).reason == Verification::ok);
  CHECK(verify(request_with(joined(wrong, standard))).reason == Verification::bad_signature);
  const Verification mixed = verify(request_with(joined({{"svix-id", "msg_1"}}, standard)));
  CHECK(mixed.reason == Verification::missing_header);
  CHECK(mixed.header == "svix-timestamp");
  CHECK(verify(request_with({})).header == "svix-id");
  CHECK(verify(request_with({{"webhook-id", "msg_1"}})).header == "webhook-timestamp");
}

TEST_CASE("a Svix verdict says how old a message is", "[scheme][svix]") {
  const Request request = request_with(support::sign(Svix(), request_with({}), {secret}, sent));
  CHECK(verify(request, sent + 412).reason == Verification::too_old);
  CHECK(verify(request, sent + 412).age == std::chrono::seconds(412));
  CHECK(verify(request, sent - 301).reason == Verification::too_new);
}

TEST_CASE("Svix answers to its own name", "[scheme][svix]") {
  CHECK(Svix().signs("svix"));
  CHECK_FALSE(Svix().signs("standard"));
  CHECK_THROWS_AS(Svix().generate("standard"), webhook::Error);
  CHECK(Svix().generate("svix").reveal().substr(0, 6) == "whsec_");
}

}  // namespace unit_scheme_svix
