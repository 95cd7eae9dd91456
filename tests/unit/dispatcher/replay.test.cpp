// SPDX-License-Identifier: MIT
// What an endpoint missed is sent to it later; and the log, listed and filtered.
#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "support/thrown.hpp"
#include "support/virtual_host.hpp"

namespace unit_dispatcher_replay {
using namespace std::chrono_literals;
using support::thrown;
using support::VirtualHost;
using webhook::Endpoint;
using webhook::errc;
using webhook::RecordingTransport;
using webhook::Request;
using webhook::RetrySchedule;
using webhook::State;

namespace {
webhook::EmitOptions named(std::string_view id, std::string_view tenant = {}) {
  webhook::EmitOptions options;
  options.id = id;
  options.tenant = tenant;
  return options;
}
std::string sent_to(const VirtualHost& host, std::string_view url) {
  std::string ids;
  for (const Request& request : host.transport.requests()) {
    if (request.url == url) ids.append(ids.empty() ? "" : " ").append(request.headers.find("webhook-id").value());
  }
  return ids;
}
}  // namespace

TEST_CASE("a kept event that a filter cannot read is replayed too, and keeps no other from it") {
  VirtualHost host;
  host.hooks.add({.url = "https://old.example/"});
  host.hooks.emit_bytes("order.created", "no JSON", named("unreadable"));
  host.hooks.emit("order.created", {{"price", 5}}, named("cheap"));
  host.hooks.emit("order.created", {{"price", 50}}, named("dear"));
  const Endpoint late = host.hooks.add({.url = "https://late.example/", .filter = R"({"/price": {"gte": 10}})"});
  CHECK(host.hooks.replay_missing(late.id, {}) == 2);
  host.settle();
  CHECK(sent_to(host, "https://late.example/") == "unreadable dear");
}

TEST_CASE("a new endpoint gets what it would have got since a time, each event once, and nothing else") {
  VirtualHost host;
  host.hooks.add({.url = "https://old.example/"});
  host.hooks.emit("order.created", {{"price", 5}}, named("before"));
  host.pass(60s);
  const webhook::WallTime since = host.clock.now().wall;
  host.hooks.emit("order.created", {{"price", 50}}, named("one"));
  host.hooks.emit("order.created", {{"price", 5}}, named("cheap"));
  host.hooks.emit("stock.level", {{"price", 50}}, named("other"));
  webhook::EmitOptions expiring = named("expired");
  expiring.expires = since + 10s;
  host.hooks.emit("order.paid", {{"price", 50}}, expiring);
  host.hooks.emit("order.paid", {{"price", 60}}, named("two"));
  host.pass(60s);
  const Endpoint fresh =
      host.hooks.add({.url = "https://new.example/", .events = {"order.*"}, .filter = R"({"/price": {"gte": 10}})"});
  CHECK(host.hooks.replay_missing(fresh.id, since) == 2);
  host.settle();
  CHECK(sent_to(host, "https://new.example/") == "one two");
  CHECK(host.hooks.replay_missing(fresh.id, since) == 0);
  host.settle();
  CHECK(sent_to(host, "https://new.example/") == "one two");
  CHECK(thrown([&] { host.hooks.replay_missing(webhook::EndpointId{12345}, since); }) == errc::not_found);
}

TEST_CASE("more events than one page holds are replayed to the last") {
  VirtualHost host;
  host.hooks.add({.url = "https://old.example/"});
  const webhook::WallTime since = host.clock.now().wall;
  for (int i = 0; i < 350; ++i) host.hooks.emit("a.b", {{"n", i}});
  host.settle();
  const Endpoint fresh = host.hooks.add({.url = "https://new.example/"});
  CHECK(host.hooks.replay_missing(fresh.id, since) == 350);
  host.pass(10s);
  CHECK(host.hooks.deliveries({.endpoint = fresh.id, .state = State::delivered, .most = 1000}).size() == 350);
}

TEST_CASE("deliveries are listed by endpoint, event, state, type, tenant and time, in pages") {
  webhook::Options options;
  options.retry = RetrySchedule::none();
  VirtualHost host(std::move(options));
  const Endpoint good = host.hooks.add({.url = "https://good.example/"});
  const Endpoint bad = host.hooks.add({.url = "https://bad.example/", .tenant = "acme"});
  host.transport.answer_with([](const Request& request) {
    return RecordingTransport::answer(request.url == "https://bad.example/" ? 500 : 204);
  });
  const webhook::WallTime first = host.clock.now().wall;
  host.hooks.emit("order.created", {}, named("one"));
  host.pass(60s);
  const webhook::WallTime second = host.clock.now().wall;
  host.hooks.emit("order.paid", {}, named("two"));
  host.hooks.emit("order.paid", {}, named("three", "acme"));
  host.settle();
  const auto listed = [&](const webhook::Query& query) {
    std::string ids;
    for (const webhook::Delivery& delivery : host.hooks.deliveries(query))
      ids.append(ids.empty() ? "" : " ").append(delivery.event.view());
    return ids;
  };
  CHECK(listed({}) == "one two three");
  CHECK(listed({.endpoint = good.id}) == "one two");
  CHECK(listed({.endpoint = bad.id}) == "three");
  CHECK(listed({.event = webhook::EventId("two")}) == "two");
  CHECK(listed({.state = State::dead}) == "three");
  CHECK(listed({.since = second}) == "two three");
  CHECK(listed({.since = first, .until = second}) == "one");
  CHECK(listed({.tenant = "acme"}) == "three");
  CHECK(listed({.tenant = ""}) == "one two");
  CHECK(listed({.type = "order.paid"}) == "two three");
  CHECK(listed({.endpoint = good.id, .type = "order.paid"}) == "two");
  const auto page = host.hooks.deliveries({.most = 2});
  REQUIRE(page.size() == 2);
  CHECK(listed({.after = page.back().id, .most = 2}) == "three");

  const auto kept = [&](const webhook::EventQuery& query) {
    std::string ids;
    for (const webhook::KeptEvent& event : host.hooks.events(query))
      ids.append(ids.empty() ? "" : " ").append(event.event->id.view());
    return ids;
  };
  CHECK(kept({}) == "one two three");
  CHECK(kept({.id = webhook::EventId("one")}) == "one");
  CHECK(kept({.tenant = "acme"}) == "three");
  CHECK(kept({.type = "order.paid", .until = second}) == "");
  CHECK(kept({.since = second}) == "two three");
}

}  // namespace unit_dispatcher_replay
