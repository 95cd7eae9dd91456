// SPDX-License-Identifier: MIT
// After the fact: dead letters are sent again, deliveries cancelled, old ones forgotten, and everything is counted.
#include <catch2/catch.hpp>

#include "support/thrown.hpp"
#include "support/virtual_host.hpp"

namespace unit_dispatcher_second_thoughts {
using namespace std::chrono_literals;
using support::thrown;
using support::VirtualHost;
using webhook::Delivery;
using webhook::DeliveryId;
using webhook::Endpoint;
using webhook::errc;
using webhook::RecordingTransport;
using webhook::Request;
using webhook::State;

namespace {
webhook::Options two_attempts() {
  webhook::Options options;
  options.retry = webhook::RetrySchedule({0s, 1s}, 0.0);
  return options;
}
auto always(int status) {
  return [status](const Request&) { return RecordingTransport::answer(status); };
}
std::vector<Delivery> in_state(VirtualHost& host, State state) {
  return host.hooks.deliveries({.state = state, .most = 1000});
}
}  // namespace

TEST_CASE("a dead letter is sent again with a fresh schedule, under its old id") {
  VirtualHost host(two_attempts());
  host.transport.answer_with(always(500));
  host.hooks.add({.url = "https://a.example/"});
  host.hooks.emit("a.b", {});
  host.pass(5s);
  REQUIRE(in_state(host, State::dead).size() == 1);
  const DeliveryId dead = in_state(host, State::dead)[0].id;
  CHECK(host.transport.requests().size() == 2);
  host.hooks.resend(dead);
  host.pass(5s);
  CHECK(host.transport.requests().size() == 4);
  CHECK(in_state(host, State::dead).size() == 1);
  host.transport.answer_with(always(200));
  host.hooks.resend(dead);
  host.settle();
  CHECK(in_state(host, State::delivered).size() == 1);
  CHECK(host.transport.requests().front().headers.find("webhook-id") ==
        host.transport.requests().back().headers.find("webhook-id"));
  CHECK(host.hooks.attempts(dead).size() == 5);
}

TEST_CASE("what was delivered may be sent again too, what is under way may not") {
  VirtualHost host;
  host.hooks.add({.url = "https://a.example/"});
  host.hooks.emit("a.b", {});
  const DeliveryId id = host.all().at(0).id;
  CHECK(thrown([&] { host.hooks.resend(id); }) == errc::misuse);
  CHECK(thrown([&] { host.hooks.resend(DeliveryId{999}); }) == errc::not_found);
  host.settle();
  host.hooks.resend(id);
  host.settle();
  CHECK(host.transport.requests().size() == 2);
}

TEST_CASE("recover sends again what one endpoint lost since a time") {
  webhook::Options options = two_attempts();
  options.breaker.failures = 0;
  VirtualHost host(std::move(options));
  host.transport.answer_with(always(500));
  const Endpoint mine = host.hooks.add({.url = "https://mine.example/"});
  host.hooks.add({.url = "https://other.example/"});
  host.hooks.emit("a.early", {});
  host.pass(60s);
  const webhook::WallTime since = host.clock.now().wall;
  for (int i = 0; i < 150; ++i) host.hooks.emit("a.late", {});
  host.pass(120s);
  REQUIRE(in_state(host, State::dead).size() == 302);
  host.transport.answer_with(always(200));
  CHECK(host.hooks.recover(mine.id, since) == 150);
  host.pass(60s);
  CHECK(in_state(host, State::delivered).size() == 150);
  CHECK(in_state(host, State::dead).size() == 152);
}

TEST_CASE("a delivery that waits is cancelled, one or all of an endpoint's") {
  VirtualHost host;
  const Endpoint endpoint = host.hooks.add({.url = "https://a.example/"});
  host.hooks.pause(endpoint.id);
  for (int i = 0; i < 200; ++i) host.hooks.emit("a.b", {});
  const DeliveryId first = host.all().at(0).id;
  host.hooks.cancel(first);
  CHECK(thrown([&] { host.hooks.cancel(first); }) == errc::misuse);
  CHECK(thrown([&] { host.hooks.cancel(DeliveryId{999}); }) == errc::not_found);
  CHECK(host.hooks.cancel_pending(endpoint.id) == 199);
  host.hooks.resume(endpoint.id);
  host.settle();
  CHECK(host.transport.requests().empty());
  CHECK(in_state(host, State::cancelled).size() == 200);
}

TEST_CASE("deliveries that are long over are forgotten, those that are pending never") {
  VirtualHost host;
  const Endpoint endpoint = host.hooks.add({.url = "https://a.example/"});
  host.hooks.emit("a.b", {});
  host.settle();
  host.clock.advance(24h);
  host.hooks.emit("a.c", {});
  host.settle();
  host.hooks.pause(endpoint.id);
  host.hooks.emit("a.d", {});
  CHECK(host.hooks.prune(12h) == 1);
  CHECK(host.all().size() == 2);
  host.clock.advance(48h);
  CHECK(host.hooks.prune(12h) == 1);
  REQUIRE(host.all().size() == 1);
  CHECK(host.all()[0].type == "a.d");
}

TEST_CASE("everything is counted") {
  VirtualHost host(two_attempts());
  const Endpoint endpoint = host.hooks.add({.url = "https://a.example/", .events = {"a.*"}});
  std::error_code ignored;
  host.hooks.emit("nobody.cares", {});
  host.hooks.emit("no type", webhook::JsonSerializer::Value(1), ignored);
  host.hooks.emit("a.b", {});
  host.settle();
  host.transport.answer_with(always(500));
  host.hooks.emit("a.c", {});
  host.pass(5s);
  host.transport.answer_with(always(410));
  host.hooks.emit("a.d", {});
  host.settle();
  const webhook::Counters counters = host.hooks.counters();
  CHECK(counters.emitted == 3);
  CHECK(counters.unwanted == 1);
  CHECK(counters.refused == 1);
  CHECK(counters.attempts == 4);
  CHECK(counters.delivered == 1);
  CHECK(counters.failed == 1);
  CHECK(counters.exhausted == 1);
  CHECK(counters.cancelled == 1);
  CHECK(counters.disabled == 1);
  CHECK(counters.troubles == 0);
  CHECK(counters.in_flight == 0);
  CHECK(counters.workers == 1);
}

TEST_CASE("requests under way are counted as long as they are") {
  VirtualHost host;
  host.transport.answer_with([](const Request&) { return std::nullopt; });
  host.hooks.add({.url = "https://a.example/", .cap = 3});
  for (int i = 0; i < 5; ++i) host.hooks.emit("a.b", {});
  host.hooks.run_once();
  CHECK(host.hooks.counters().in_flight == 3);
  host.hooks.stop(0s);
  CHECK(host.hooks.counters().in_flight == 0);
  CHECK(host.hooks.counters().workers == 0);
}

}  // namespace unit_dispatcher_second_thoughts
