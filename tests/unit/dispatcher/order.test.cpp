// SPDX-License-Identifier: MIT
// In which order an endpoint gets its events, what a failing one holds up, and which ones a newer one replaces.
#include <catch2/catch.hpp>

#include "support/virtual_host.hpp"

namespace unit_dispatcher_order {
using namespace std::chrono_literals;
using support::VirtualHost;
using webhook::DeliveryId;
using webhook::EmitOptions;
using webhook::Endpoint;
using webhook::Exhausted;
using webhook::Notice;
using webhook::Order;
using webhook::RecordingTransport;
using webhook::Request;
using webhook::RetrySchedule;
using webhook::State;

namespace {
webhook::Options retrying(RetrySchedule retry) {
  webhook::Options options;
  options.retry = std::move(retry);
  options.breaker.failures = 0;
  return options;
}

Endpoint ordered(Order order, Exhausted when_exhausted = Exhausted::skip) {
  Endpoint endpoint;
  endpoint.url = "https://ordered.example/";
  endpoint.order = order;
  endpoint.when_exhausted = when_exhausted;
  return endpoint;
}

void emit(VirtualHost& host, std::string_view name, std::string_view key = {}) {
  EmitOptions options;
  options.id = name;
  options.key = key;
  host.hooks.emit("stock.changed", {}, options);
}

/// The ids of everything sent so far, in order.
std::string sent(const VirtualHost& host) {
  std::string ids;
  for (const Request& request : host.transport.requests())
    ids.append(ids.empty() ? "" : " ").append(*request.headers.find("webhook-id"));
  return ids;
}

/// Answers 500 to these events, as often as they come.
auto refusing(std::string_view ids) {
  return [ids](const Request& request) {
    const bool refused = ids.find(*request.headers.find("webhook-id")) != std::string_view::npos;
    return RecordingTransport::answer(refused ? 500 : 204);
  };
}

State state_of(VirtualHost& host, std::string_view event) {
  return host.hooks.deliveries({.event = webhook::EventId(event)}).at(0).state;
}
DeliveryId delivery_of(VirtualHost& host, std::string_view event) {
  return host.hooks.deliveries({.event = webhook::EventId(event)}).at(0).id;
}
}  // namespace

TEST_CASE("without an order, a failing delivery holds up nobody") {
  VirtualHost host(retrying(RetrySchedule({0s, 5s}, 0.0)));
  host.hooks.add(ordered(Order::none));
  host.transport.answer_with(refusing("e1"));
  emit(host, "e1");
  emit(host, "e2");
  host.pass(10s);
  CHECK(sent(host) == "e1 e2 e1");
}

TEST_CASE("in complete order, one is sent at a time, and a failing one holds up all behind it until it is given up") {
  VirtualHost host(retrying(RetrySchedule({0s, 5s, 5s}, 0.0)));
  host.hooks.add(ordered(Order::complete));
  host.transport.answer_with(refusing("e1"));
  emit(host, "e1", "a");
  emit(host, "e2", "b");
  emit(host, "e3");
  host.settle();
  CHECK(sent(host) == "e1");
  host.pass(20s);
  CHECK(sent(host) == "e1 e1 e1 e2 e3");
  CHECK(state_of(host, "e1") == State::dead);
}

TEST_CASE("in the order of keys, a failing one holds up its own key alone") {
  VirtualHost host(retrying(RetrySchedule({0s, 5s}, 0.0)));
  host.hooks.add(ordered(Order::by_key));
  host.transport.answer_with(refusing("a1"));
  for (const auto& [name, key] : {std::pair{"a1", "a"}, {"a2", "a"}, {"b1", "b"}, {"n1", ""}, {"n2", ""}, {"b2", "b"}})
    emit(host, name, key);
  host.settle();
  CHECK(sent(host) == "a1 b1 n1 n2 b2");
  host.pass(10s);
  CHECK(sent(host) == "a1 b1 n1 n2 b2 a1 a2");
}

TEST_CASE("an exhausted delivery that parks keeps those behind it until the host resends it") {
  VirtualHost host(retrying(RetrySchedule({0s, 5s}, 0.0)));
  host.hooks.add(ordered(Order::by_key, Exhausted::park));
  host.transport.answer_with(refusing("a1"));
  emit(host, "a1", "a");
  emit(host, "a2", "a");
  emit(host, "b1", "b");
  host.pass(1h, 60s);
  CHECK(sent(host) == "a1 b1 a1");
  CHECK(state_of(host, "a1") == State::parked);
  CHECK(host.count(Notice::Kind::parked) == 1);
  CHECK(host.count(Notice::Kind::exhausted) == 0);
  CHECK(host.hooks.counters().parked == 1);
  CHECK(host.hooks.gauges().parked == 1);
  CHECK(host.hooks.gauges().due == 1);

  host.transport.answer_with(refusing(""));
  host.hooks.resend(delivery_of(host, "a1"));
  host.settle();
  CHECK(sent(host) == "a1 b1 a1 a1 a2");
  CHECK(state_of(host, "a2") == State::delivered);
}

TEST_CASE("a parked delivery that the host cancels makes way; recover() sends it again") {
  VirtualHost host(retrying(RetrySchedule({0s}, 0.0)));
  const auto endpoint = host.hooks.add(ordered(Order::complete, Exhausted::park)).id;
  host.transport.answer_with(refusing("e1 e2"));
  for (const char* const name : {"e1", "e2", "e3"}) emit(host, name);
  host.settle();
  CHECK(sent(host) == "e1");
  host.hooks.cancel(delivery_of(host, "e1"));
  host.settle();
  CHECK(sent(host) == "e1 e2");
  CHECK(state_of(host, "e2") == State::parked);
  host.transport.answer_with(refusing(""));
  CHECK(host.hooks.recover(endpoint, {}) == 1);
  host.settle();
  CHECK(sent(host) == "e1 e2 e2 e3");
}

TEST_CASE("an order that is changed is in force at once, for what waits too") {
  VirtualHost host(retrying(RetrySchedule({0s, 5s, 5s}, 0.0)));
  Endpoint endpoint = host.hooks.add(ordered(Order::complete));
  host.transport.answer_with(refusing("e1"));
  emit(host, "e1");
  emit(host, "e2");
  host.settle();
  CHECK(sent(host) == "e1");
  endpoint.order = Order::none;
  endpoint = host.hooks.change(endpoint);
  host.settle();
  CHECK(sent(host) == "e1 e2");
  endpoint.order = Order::complete;
  host.hooks.change(endpoint);
  emit(host, "e3");
  host.settle();
  CHECK(sent(host) == "e1 e2");  // e1 waits for its next attempt, e3 behind it
  host.pass(10s);
  CHECK(sent(host) == "e1 e2 e1 e1 e3");
}

TEST_CASE("of pending events with the same key, an endpoint that supersedes gets the newest only") {
  VirtualHost host(retrying(RetrySchedule({0s, 5s, 5s}, 0.0)));
  Endpoint stock = ordered(Order::none);
  stock.supersede = true;
  const auto id = host.hooks.add(stock).id;
  host.hooks.pause(id);
  for (const auto& [name, key] :
       {std::pair{"p7v1", "p7"}, {"p8v1", "p8"}, {"p7v2", "p7"}, {"n1", ""}, {"n2", ""}, {"p7v3", "p7"}})
    emit(host, name, key);
  CHECK(state_of(host, "p7v1") == State::superseded);
  CHECK(state_of(host, "p7v2") == State::superseded);
  host.hooks.resume(id);
  host.settle();
  CHECK(sent(host) == "p8v1 n1 n2 p7v3");
}

TEST_CASE("a delivery in flight is not called back when it is superseded, but not tried again either") {
  VirtualHost host(retrying(RetrySchedule({0s, 5s, 5s}, 0.0)));
  Endpoint stock = ordered(Order::none);
  stock.supersede = true;
  host.hooks.add(stock);
  host.transport.answer_with([&](const Request& request) {
    if (*request.headers.find("webhook-id") != "v1") return RecordingTransport::answer(204);
    emit(host, "v2", "p7");  // while v1 is under way
    return RecordingTransport::answer(500);
  });
  emit(host, "v1", "p7");
  host.pass(60s);
  CHECK(sent(host) == "v1 v2");
  CHECK(state_of(host, "v1") == State::superseded);
  CHECK(state_of(host, "v2") == State::delivered);
  CHECK_THROWS_AS(host.hooks.resend(DeliveryId{999}), webhook::Error);
}

}  // namespace unit_dispatcher_order
