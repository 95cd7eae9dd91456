// SPDX-License-Identifier: MIT
// Endpoints as a settings page sees them: added, tested, changed, paused, rotated, removed.
#include <catch2/catch.hpp>
#include <webhook/scheme/authentication.hpp>
#include <webhook/scheme/schemes.hpp>
#include <webhook/transport/function.hpp>

#include "support/virtual_host.hpp"

namespace unit_dispatcher_endpoints {
using namespace std::chrono_literals;
using support::VirtualHost;
using webhook::Endpoint;
using webhook::EndpointId;
using webhook::EndpointState;
using webhook::errc;
using webhook::RecordingTransport;
using webhook::Request;
using webhook::State;

namespace {
std::size_t signatures(const Request& request) {
  const std::string_view list = request.headers.find("webhook-signature").value_or("");
  return static_cast<std::size_t>(std::count(list.begin(), list.end(), ' ')) + 1;
}
std::error_code refusal(VirtualHost& host, Endpoint endpoint) {
  std::error_code error;
  CHECK_FALSE(host.hooks.add(std::move(endpoint), error).has_value());
  return error;
}
}  // namespace

TEST_CASE("a new endpoint gets an id and a secret of its own", "[A21]") {
  VirtualHost host;
  const Endpoint first = host.hooks.add({.url = "https://a.example/"});
  const Endpoint second = host.hooks.add({.url = "https://a.example/"});
  CHECK(first.id != second.id);
  CHECK(first.id != EndpointId{});
  REQUIRE(first.secrets.size() == 1);
  CHECK(first.secrets[0].reveal().substr(0, 6) == "whsec_");
  CHECK(first.secrets[0].reveal() != second.secrets[0].reveal());
  CHECK(host.hooks.endpoints().size() == 2);
}

TEST_CASE("what cannot work is refused when it is added, and nothing is stored", "[A1]") {
  VirtualHost host;
  CHECK(refusal(host, {.url = ""}) == errc::invalid_url);
  CHECK(refusal(host, {.url = "https://a.example/", .events = {"order*"}}) == errc::invalid_pattern);
  CHECK(refusal(host, {.url = "https://a.example/", .format = "morse"}) == errc::unsupported);
  CHECK(refusal(host, {.url = "https://a.example/", .scheme = "wax"}) == errc::unsupported);
  CHECK(refusal(host, {.url = "https://a.example/", .secrets = {webhook::Secret("whsec_!!")}}) == errc::invalid_secret);
  CHECK(refusal(host, {.url = "https://a.example/", .secrets = {webhook::Secret("")}}) == errc::invalid_secret);
  CHECK(refusal(host, {.url = "https://a.example/", .timeout = 31s}) == errc::invalid);
  CHECK(host.hooks.endpoints().empty());
}

TEST_CASE("a tenant has a bounded number of endpoints, and tenants do not see each other's", "[A22]") {
  webhook::Options options;
  options.max_endpoints = 2;
  VirtualHost host(std::move(options));
  host.hooks.add({.url = "https://a.example/", .tenant = "acme"});
  host.hooks.add({.url = "https://a.example/", .tenant = "acme"});
  CHECK(refusal(host, {.url = "https://a.example/", .tenant = "acme"}) == errc::full);
  host.hooks.add({.url = "https://a.example/", .tenant = "globex"});
  CHECK(host.hooks.endpoints("acme").size() == 2);
  CHECK(host.hooks.endpoints("globex").size() == 1);
  CHECK(host.hooks.endpoints().empty());
  webhook::EmitOptions as_acme;
  as_acme.tenant = "acme";
  CHECK(host.hooks.emit("a.b", {}, as_acme).endpoints == 2);
  CHECK(host.hooks.emit("a.b", {}).endpoints == 0);
}

TEST_CASE("a test goes to one endpoint whatever it subscribed to, and shows in the log") {
  VirtualHost host;
  const Endpoint endpoint = host.hooks.add({.url = "https://a.example/", .events = {"order.*"}});
  host.hooks.add({.url = "https://b.example/", .events = {"*"}});
  const webhook::Emitted sent = host.hooks.send_test(endpoint.id);
  host.settle();
  REQUIRE(host.transport.requests().size() == 1);
  CHECK(host.transport.requests()[0].url == "https://a.example/");
  const auto log = host.hooks.deliveries(webhook::Query{.endpoint = endpoint.id});
  REQUIRE(log.size() == 1);
  CHECK(log[0].event == sent.id);
  CHECK(log[0].type == "webhook.test");
  CHECK(log[0].state == State::delivered);
}

TEST_CASE("a changed URL is in force before the next attempt of what is pending") {
  webhook::Options options;
  options.retry = webhook::RetrySchedule({0s, 5s}, 0.0);
  VirtualHost host(std::move(options));
  host.transport.answer_with([](const Request& request) {
    return RecordingTransport::answer(request.url == "https://old.example/" ? 500 : 200);
  });
  Endpoint endpoint = host.hooks.add({.url = "https://old.example/"});
  host.hooks.emit("a.b", {});
  host.settle();
  endpoint.url = "https://new.example/";
  const Endpoint changed = host.hooks.change(endpoint);
  CHECK(changed.version > endpoint.version);
  host.pass(5s);
  CHECK(host.transport.requests().back().url == "https://new.example/");
  CHECK(host.all().at(0).state == State::delivered);
}

TEST_CASE("a copy that is out of date cannot overwrite a newer one") {
  VirtualHost host;
  const Endpoint endpoint = host.hooks.add({.url = "https://a.example/"});
  Endpoint mine = endpoint, theirs = endpoint;
  theirs.description = "theirs";
  host.hooks.change(theirs);
  mine.description = "mine";
  std::error_code error;
  CHECK_FALSE(host.hooks.change(mine, error).has_value());
  CHECK(error == errc::conflict);
  CHECK(host.hooks.endpoint(endpoint.id).description == "theirs");
}

TEST_CASE("a paused endpoint keeps its events until it is resumed") {
  VirtualHost host;
  const Endpoint endpoint = host.hooks.add({.url = "https://a.example/"});
  host.hooks.pause(endpoint.id);
  CHECK(host.hooks.emit("a.b", {}).endpoints == 1);
  host.pass(60s);
  CHECK(host.transport.requests().empty());
  host.hooks.resume(endpoint.id);
  host.settle();
  CHECK(host.transport.requests().size() == 1);
}

TEST_CASE("a removed endpoint is gone from the list, and what was pending is cancelled", "[E14]") {
  VirtualHost host;
  const Endpoint endpoint = host.hooks.add({.url = "https://a.example/"});
  host.hooks.pause(endpoint.id);
  host.hooks.emit("a.b", {});
  host.hooks.remove(endpoint.id);
  host.settle();
  CHECK(host.hooks.endpoints().empty());
  CHECK(host.all().at(0).state == State::cancelled);
  CHECK_THROWS_AS(host.hooks.endpoint(endpoint.id), webhook::Error);
  CHECK_THROWS_AS(host.hooks.send_test(endpoint.id), webhook::Error);
}

TEST_CASE("rotated secrets sign together until the old one expires") {
  VirtualHost host;
  const Endpoint endpoint = host.hooks.add({.url = "https://a.example/"});
  const Endpoint rotated = host.hooks.rotate_secret(endpoint.id, 24h);
  REQUIRE(rotated.secrets.size() == 2);
  CHECK(rotated.secrets[0].reveal() != endpoint.secrets[0].reveal());
  CHECK(rotated.secrets[1].reveal() == endpoint.secrets[0].reveal());
  host.hooks.emit("a.b", {});
  host.settle();
  CHECK(signatures(host.transport.requests().back()) == 2);

  webhook::StandardWebhooks scheme;
  std::vector with_old = support::keys(endpoint.secrets[0]);
  std::vector with_new = support::keys(rotated.secrets[0]);
  CHECK(scheme.verify(host.transport.requests().back(), with_old, host.clock.now(), 5min));
  CHECK(scheme.verify(host.transport.requests().back(), with_new, host.clock.now(), 5min));

  host.clock.advance(24h);
  host.hooks.emit("a.b", {});
  host.settle();
  CHECK(signatures(host.transport.requests().back()) == 1);
  CHECK(scheme.verify(host.transport.requests().back(), with_old, host.clock.now(), 5min).reason ==
        webhook::Verification::bad_signature);
  CHECK(scheme.verify(host.transport.requests().back(), with_new, host.clock.now(), 5min));
}

TEST_CASE("when every secret has expired nothing is sent unsigned") {
  VirtualHost host;
  host.hooks.add({.url = "https://a.example/",
                  .secrets = {webhook::Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", host.clock.now().wall + 1s)}});
  host.clock.advance(2s);
  host.hooks.emit("a.b", {});
  host.settle();
  CHECK(host.transport.requests().empty());
  const auto attempts = host.hooks.attempts(host.all().at(0).id);
  REQUIRE(attempts.size() == 1);
  CHECK(attempts[0].failure == webhook::Failure::internal);
  CHECK(attempts[0].reason.find("expired") != std::string::npos);
}

TEST_CASE("a header that an endpoint's scheme writes itself is refused with the endpoint", "[A15]") {
  webhook::Dispatcher hooks{webhook::Schemes<webhook::StandardWebhooks, webhook::BearerToken, webhook::ApiKey>(),
                            [](const Request&) { return webhook::Response{.status = 200}; }};
  const auto refused = [&](std::string scheme, std::string_view name) {
    std::error_code error;
    hooks.add({.url = "https://a.example/", .scheme = std::move(scheme), .headers = {{name, "Bearer mine"}}}, error);
    return error;
  };
  CHECK(refused("bearer", "authorization") == errc::invalid_header);
  CHECK(refused("standard+bearer", "Authorization") == errc::invalid_header);
  CHECK(refused("apikey", "x-api-key") == errc::invalid_header);
  CHECK_FALSE(refused("standard", "Authorization"));
  CHECK_FALSE(refused("", "X-API-Key"));
  CHECK_FALSE(refused("bearer", "X-API-Key"));
  try {
    hooks.add({.url = "https://a.example/", .scheme = "bearer", .headers = {{"Authorization", "Bearer mine"}}});
    FAIL("it was taken");
  } catch (const webhook::Error& error) {
    CHECK(std::string(error.what()).find("\"Authorization\" is written by the endpoint's scheme") != std::string::npos);
    CHECK(std::string(error.what()).find("mine") == std::string::npos);
  }
}

}  // namespace unit_dispatcher_endpoints
