// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <webhook/scheme/authentication.hpp>
#include <webhook/scheme/github.hpp>
#include <webhook/scheme/hmac.hpp>
#include <webhook/scheme/schemes.hpp>
#include <webhook/scheme/shopify.hpp>
#include <webhook/scheme/slack.hpp>
#include <webhook/scheme/square.hpp>
#include <webhook/scheme/standard.hpp>
#include <webhook/scheme/stripe.hpp>
#include <webhook/scheme/svix.hpp>
#include <webhook/scheme/twilio.hpp>
#include <webhook/testing/scheme_conformance.hpp>

namespace conformance_scheme {

namespace {
constexpr auto report = [](bool held, std::string_view promise) {
  INFO(std::string(promise));
  CHECK(held);
};

template <class Scheme>
void check(const Scheme& scheme, std::string_view one, std::string_view other, webhook::SchemeTraits traits = {}) {
  static_assert(webhook::WritesHeaders<Scheme>);
  const webhook::Secret first(one), second(other);
  webhook::SchemeConformance(scheme, first, second, report, std::move(traits)).run();
}

constexpr std::string_view one = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                           other = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
constexpr std::string_view text = "It's a Secret to Everybody", another = "mysecret";
}  // namespace

TEST_CASE("StandardWebhooks keeps what every scheme owes", "[conformance][scheme]") {
  check(webhook::StandardWebhooks(), one, other);
}

TEST_CASE("Svix keeps what every scheme owes", "[conformance][scheme]") { check(webhook::Svix(), one, other); }

TEST_CASE("GitHub keeps what every scheme owes", "[conformance][scheme]") {
  webhook::SchemeTraits traits;
  traits.timestamped = traits.signs_with_all = false;
  traits.unsigned_headers = {"X-GitHub-Delivery", "X-GitHub-Event"};
  check(webhook::GitHub(), text, another, std::move(traits));
}

TEST_CASE("Slack keeps what every scheme owes", "[conformance][scheme]") {
  webhook::SchemeTraits traits;
  traits.signs_with_all = false;
  check(webhook::Slack(), text, another, std::move(traits));
}

TEST_CASE("Shopify keeps what every scheme owes", "[conformance][scheme]") {
  webhook::SchemeTraits traits;
  traits.timestamped = traits.signs_with_all = false;
  traits.unsigned_headers = {"X-Shopify-Webhook-Id", "X-Shopify-Event-Id", "X-Shopify-Topic"};
  check(webhook::Shopify(), text, another, std::move(traits));
}

TEST_CASE("Stripe keeps what every scheme owes", "[conformance][scheme]") { check(webhook::Stripe(), one, other); }

TEST_CASE("Square keeps what every scheme owes", "[conformance][scheme]") {
  webhook::SchemeTraits traits;
  traits.timestamped = traits.signs_with_all = false;
  check(webhook::Square(), text, another, std::move(traits));
}

TEST_CASE("Twilio keeps what every scheme owes, of a body that the URL names", "[conformance][scheme]") {
  webhook::SchemeTraits traits;
  traits.timestamped = traits.signs_with_all = false;
  traits.unsigned_headers = {"I-Twilio-Idempotency-Token"};
  traits.prepare = [](webhook::Request& request) {
    request.url = webhook::Twilio::url_for(request.url, request.body.view());
  };
  check(webhook::Twilio(), text, another, std::move(traits));
}

TEST_CASE("a configurable HMAC keeps what every scheme owes", "[conformance][scheme]") {
  webhook::HmacOptions options;
  SECTION("of the body alone") {
    webhook::SchemeTraits traits;
    traits.timestamped = traits.signs_with_all = false;
    check(webhook::Hmac(options), text, another, std::move(traits));
  }
  SECTION("with a timestamp and several signatures in one header") {
    options.hash = webhook::HmacOptions::Hash::sha512;
    options.encoding = webhook::HmacOptions::Encoding::base64;
    options.timestamp_prefix = "t=";
    options.prefix = "v1=";
    options.separator = ",";
    options.content = "{timestamp}.{body}";
    check(webhook::Hmac(options), text, another);
  }
  SECTION("with an id and a timestamp in headers of their own") {
    options.hash = webhook::HmacOptions::Hash::sha1;
    options.timestamp_header = "X-Time";
    options.id_header = "X-Id";
    options.content = "{id}.{timestamp}.{body}";
    webhook::SchemeTraits traits;
    traits.signs_with_all = false;
    check(webhook::Hmac(options), text, another, std::move(traits));
  }
}

TEST_CASE("authentication keys keep what every scheme owes, but vouch for no body", "[conformance][scheme]") {
  webhook::SchemeTraits traits;
  traits.timestamped = traits.signs_with_all = traits.covers_body = false;
  SECTION("Basic") { check(webhook::BasicAuthentication(), "user:password", "user:other", traits); }
  SECTION("Bearer") { check(webhook::BearerToken(), "token-1", "token-2", traits); }
  SECTION("an API key") { check(webhook::ApiKey(), "key-1", "key-2", traits); }
}

TEST_CASE("a set of schemes keeps what every scheme owes", "[conformance][scheme]") {
  check(webhook::Schemes<webhook::StandardWebhooks, webhook::GitHub>(), one, other);
}

}  // namespace conformance_scheme
