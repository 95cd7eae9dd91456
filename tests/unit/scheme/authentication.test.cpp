// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <webhook/scheme/authentication.hpp>
#include <webhook/scheme/none.hpp>

#include "support/vectors.hpp"

namespace unit_scheme_authentication {

namespace {
using namespace std::string_literals;
using webhook::ApiKey;
using webhook::BasicAuthentication;
using webhook::BearerToken;
using webhook::Request;
using webhook::Verification;

constexpr std::int64_t now = 1700000000;

Request with_header(std::string_view name, std::string_view value) {
  Request request;
  request.headers.add(name, value);
  return request;
}
}  // namespace

TEST_CASE("Basic authentication sends and takes what RFC 7617 shows", "[scheme][authentication]") {
  const BasicAuthentication scheme;
  const webhook::Headers headers = support::sign(scheme, Request(), {"Aladdin:open sesame", "old:one"}, now);
  CHECK(headers.find("authorization") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  CHECK(headers.size() == 1);
  const auto verify = [&](std::string_view value) {
    return support::verify(scheme, with_header("Authorization", value), {"old:one", "Aladdin:open sesame"}, now);
  };
  CHECK(verify("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==").key == 1);
  CHECK(verify("basic  QWxhZGRpbjpvcGVuIHNlc2FtZQ==").reason == Verification::ok);
  for (const char* value : {"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=", "Basic", "Basic ", "Basic QWxhZGRpbg==",
                            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ== x", "Basic Aladdin:open sesame"}) {
    INFO(value);
    CHECK(verify(value).reason == Verification::bad_signature);
  }
  CHECK(verify("Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==").reason == Verification::unsupported);
  CHECK(verify("").reason == Verification::unsupported);
  CHECK(support::verify(scheme, Request(), {"a:b"}, now).header == "Authorization");
}

TEST_CASE("a Bearer token is sent and taken", "[scheme][authentication]") {
  const BearerToken scheme;
  CHECK(support::sign(scheme, Request(), {"mF_9.B5f-4.1JqM"}, now).find("Authorization") == "Bearer mF_9.B5f-4.1JqM");
  const auto verify = [&](std::string_view value) {
    return support::verify(scheme, with_header("Authorization", value), {"mF_9.B5f-4.1JqM"}, now);
  };
  CHECK(verify("Bearer mF_9.B5f-4.1JqM").reason == Verification::ok);
  CHECK(verify("bearer mF_9.B5f-4.1JqM").reason == Verification::ok);
  for (const char* value : {"Bearer mF_9.B5f-4.1Jq", "Bearer mF_9.B5f-4.1JqMM", "Bearer", "Bearer mf_9.b5f-4.1jqm"})
    CHECK(verify(value).reason == Verification::bad_signature);
  CHECK(verify("mF_9.B5f-4.1JqM").reason == Verification::unsupported);
  Request twice = with_header("Authorization", "Bearer mF_9.B5f-4.1JqM");
  twice.headers.add("authorization", "Bearer mF_9.B5f-4.1JqM");
  CHECK(support::verify(scheme, twice, {"mF_9.B5f-4.1JqM"}, now).reason == Verification::malformed);
}

TEST_CASE("an API key travels in the header that was chosen", "[scheme][authentication]") {
  const ApiKey scheme("X-Shop-Key");
  CHECK(support::sign(scheme, Request(), {"secret-1"}, now).find("x-shop-key") == "secret-1");
  CHECK(support::verify(scheme, with_header("X-Shop-Key", "secret-1"), {"secret-1"}, now).reason == Verification::ok);
  CHECK(support::verify(scheme, with_header("X-Shop-Key", "secret-2"), {"secret-1"}, now).reason ==
        Verification::bad_signature);
  CHECK(support::verify(scheme, with_header("X-API-Key", "secret-1"), {"secret-1"}, now).header == "X-Shop-Key");
  CHECK_THROWS_AS(ApiKey("X Shop"), webhook::Error);
  CHECK_THROWS_AS(ApiKey("Host"), webhook::Error);
}

TEST_CASE("credentials that no header can carry are refused, and not shown", "[scheme][authentication]") {
  for (const std::string& bad : {""s, "nocolon"s, ":password"s, "user:pass\nword"s, "user:" + std::string(1100, 'x')}) {
    const auto sentence = support::refusal(BasicAuthentication(), bad);
    REQUIRE(sentence);
    CHECK(sentence->find("pass\n") == std::string::npos);
  }
  for (const std::string& bad : {""s, "two words"s, "tab\t"s, "caf\xC3\xA9"s, "line\r\n"s, std::string(5000, 'x')}) {
    CHECK(support::refusal(BearerToken(), bad));
    CHECK(support::refusal(ApiKey(), bad));
  }
}

TEST_CASE("fresh credentials are sent and taken", "[scheme][authentication]") {
  const webhook::Secret basic = BasicAuthentication().generate("basic");
  CHECK(basic.reveal().substr(0, 8) == "webhook:");
  CHECK(basic.reveal().size() == 8 + 64);
  CHECK_FALSE(support::refusal(BasicAuthentication(), basic.reveal()));
  CHECK_FALSE(support::refusal(BearerToken(), BearerToken().generate("bearer").reveal()));
  CHECK_FALSE(support::refusal(ApiKey(), ApiKey().generate("apikey").reveal()));
}

TEST_CASE("no signature adds nothing and believes everybody who is configured", "[scheme][none]") {
  const webhook::NoSignature scheme;
  CHECK(support::sign(scheme, Request(), {"none"}, now).empty());
  CHECK(support::verify(scheme, Request(), {"none"}, now).reason == Verification::ok);
  CHECK(support::verify(scheme, Request(), {}, now).reason == Verification::unknown_key);
  CHECK(scheme.signs("none"));
  CHECK_FALSE(scheme.signs("standard"));
  CHECK(scheme.generate("none").reveal() == "none");
}

}  // namespace unit_scheme_authentication
