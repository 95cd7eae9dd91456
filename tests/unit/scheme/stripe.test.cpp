// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <webhook/scheme/stripe.hpp>

#include "support/vectors.hpp"

namespace unit_scheme_stripe {

namespace {
using namespace std::string_literals;
using support::KnownFields;
using webhook::Request;
using webhook::Stripe;
using webhook::Verification;

constexpr std::string_view secret = "whsec_test_secret";
constexpr std::int64_t sent = 1533204620;

Request request_with(std::string_view header) {
  Request request;
  request.body = webhook::Bytes("{}");
  request.headers = {{"Stripe-Signature", header}};
  return request;
}
std::string v1(std::string_view key = secret) {  // "v1=<hex>" of the request above
  const std::string header(support::sign(Stripe(), request_with(""), {key}, sent).find("Stripe-Signature").value());
  return header.substr(header.find("v1="));
}
Verification verify(std::string_view header, std::int64_t now = sent, std::vector<std::string_view> keys = {secret}) {
  return support::verify(Stripe(), request_with(header), keys, now);
}
const std::string t = "t=1533204620";
}  // namespace

TEST_CASE("a timestamp of Stripe's in any spelling but plain digits is malformed", "[G2][scheme][stripe]") {
  for (const char* text : {"1533204620.9", "01533204620", "+1533204620", " 1533204620", "1533204620 ", "-1", "0", "nan",
                           "", "1000000000000", "1533204620e0"}) {
    INFO(text);
    CHECK(verify("t=" + std::string(text) + "," + v1()).reason == Verification::malformed);
  }
}

TEST_CASE("Stripe's tolerance is inclusive, and bounds the future too", "[G4][scheme][stripe]") {
  CHECK(verify(t + "," + v1(), sent + 300).reason == Verification::ok);
  CHECK(verify(t + "," + v1(), sent + 301).reason == Verification::too_old);
  CHECK(verify(t + "," + v1(), sent - 300).reason == Verification::ok);
  CHECK(verify(t + "," + v1(), sent - 301).reason == Verification::too_new);
  CHECK(verify(t + "," + v1(), sent + 412).age == std::chrono::seconds(412));
}

TEST_CASE("Stripe's header has at most 16 entries", "[G5][scheme][stripe]") {
  const auto list = [](int wrong) {
    std::string header = t;
    for (int i = 0; i < wrong; ++i) header += ",v1=" + std::string(64, '0');
    return header + "," + v1();
  };
  CHECK(verify(list(0)).reason == Verification::ok);
  CHECK(verify(list(14)).reason == Verification::ok);
  CHECK(verify(list(15)).reason == Verification::malformed);
  CHECK(verify(list(1000)).reason == Verification::malformed);
}

TEST_CASE("entries of Stripe's that are well-formed but useless are passed over, others make it malformed",
          "[G6][scheme][stripe]") {
  for (const std::string& other : {"v1=potato"s, "v1="s, "v0=abc"s, "v2="s + std::string(64, '0'), "x=y=z"s,
                                   "V1=" + v1().substr(3), " v1=" + v1().substr(3)}) {
    INFO(other);
    CHECK(verify(t + "," + other + "," + v1()).reason == Verification::ok);
    CHECK(verify(v1() + "," + other + "," + t).reason == Verification::ok);
    CHECK(verify(t + "," + other).reason != Verification::ok);
  }
  for (const std::string& other : {"v1"s, ""s, "="s, "=x"s, t, " "s})
    CHECK(verify(t + "," + other + "," + v1()).reason == Verification::malformed);
  CHECK(verify(t).reason == Verification::unsupported);
  CHECK(verify(v1()).reason == Verification::malformed);
  CHECK(verify(t + "," + v1() + ",").reason == Verification::malformed);
}

TEST_CASE("a Stripe header signed with two keys satisfies both, and the verdict names which", "[G8][scheme][stripe]") {
  const std::string both(
      support::sign(Stripe(), request_with(""), {"new", secret}, sent).find("Stripe-Signature").value());
  CHECK(both == t + "," + v1("new") + "," + v1());
  CHECK(verify(both, sent, {secret}).key == 0);
  CHECK(verify(both, sent, {"new"}).reason == Verification::ok);
  CHECK(verify(t + "," + v1(), sent, {"new", secret}).key == 1);
  CHECK(verify(both, sent, {}).reason == Verification::unknown_key);
  CHECK(verify(both, sent, {"other"}).reason == Verification::bad_signature);
}

TEST_CASE("Stripe's header is there exactly once", "[G9][scheme][stripe]") {
  Request twice = request_with(t + "," + v1());
  twice.headers.add("stripe-signature", t + "," + v1());
  CHECK(support::verify(Stripe(), twice, {secret}, sent).reason == Verification::malformed);
  twice.headers.clear();
  const Verification none = support::verify(Stripe(), twice, {secret}, sent);
  CHECK(none.reason == Verification::missing_header);
  CHECK(none.header == "Stripe-Signature");
}

TEST_CASE("Stripe's key is the whole text of the secret", "[scheme][stripe]") {
  CHECK(v1("whsec_test_secret") != v1("test_secret"));
  CHECK(Stripe().generate("").reveal().substr(0, 6) == "whsec_");
  CHECK(Stripe().generate("").reveal().size() == 70);
  CHECK(support::refusal(Stripe(), "whsec_abc\n"));
}

TEST_CASE("an event of Stripe's is named by its body", "[scheme][stripe]") {
  webhook::Event event;
  Stripe().describe(Request(),
                    KnownFields{{"/type", "invoice.payment_failed"}, {"/id", "evt_123"}, {"/created", "1533204620"}},
                    event);
  CHECK(event.type == "invoice.payment_failed");
  CHECK(event.id.view() == "evt_123");
  CHECK(event.time == webhook::WallTime(std::chrono::seconds(1533204620)));
  Stripe().describe(Request(), KnownFields{{"/type", "not a type"}, {"/id", std::string(65, 'x')}}, event);
  CHECK(event.type == "invoice.payment_failed");
  CHECK(event.id.view() == "evt_123");
}

}  // namespace unit_scheme_stripe
