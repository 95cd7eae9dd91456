// SPDX-License-Identifier: MIT
// From emit to 2xx, in virtual time: what is sent, when it is sent again, and when no more.
#include <catch2/catch.hpp>

#include <webhook/serializer/renderer.hpp>

#include "support/virtual_host.hpp"

namespace unit_dispatcher_delivery {
using namespace std::chrono_literals;
using support::VirtualHost;
using webhook::Attempt;
using webhook::Delivery;
using webhook::Endpoint;
using webhook::EndpointState;
using webhook::errc;
using webhook::Headers;
using webhook::Notice;
using webhook::RecordingTransport;
using webhook::Request;
using webhook::Response;
using webhook::RetrySchedule;
using webhook::State;

namespace {
auto always(int status, Headers headers = {}) {
  return [status, headers](const Request&) { return RecordingTransport::answer(status, headers); };
}
webhook::Options steady(std::vector<webhook::Duration> waits) {
  webhook::Options options;
  options.retry = RetrySchedule(std::move(waits), 0.0);
  return options;
}
std::string header(const Request& request, std::string_view name) {
  return std::string(request.headers.find(name).value_or("(none)"));
}
}  // namespace

TEST_CASE("an event arrives signed, in its envelope, and its attempt is in the log") {
  VirtualHost host;
  const Endpoint endpoint =
      host.hooks.add({.url = "https://invoicing.example/hooks", .events = {"order.*"}, .headers = {{"X-Shop", "7"}}});
  const webhook::Emitted emitted = host.hooks.emit("order.created", {{"customer", "Smith"}, {"price", 12.5}});
  CHECK(emitted.endpoints == 1);
  host.settle();

  const std::vector<Request> sent = host.transport.requests();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].method == "POST");
  CHECK(sent[0].url == "https://invoicing.example/hooks");
  CHECK(header(sent[0], "Content-Type") == "application/json");
  CHECK(header(sent[0], "X-Shop") == "7");
  CHECK(header(sent[0], "webhook-id") == emitted.id.view());
  const nlohmann::json body = nlohmann::json::parse(sent[0].body.view());
  CHECK(body["type"] == "order.created");
  CHECK(body["data"] == nlohmann::json{{"customer", "Smith"}, {"price", 12.5}});

  webhook::StandardWebhooks scheme;
  std::vector keys = support::keys(endpoint.secrets.front());
  CHECK(scheme.verify(sent[0], keys, host.clock.now(), 5min));

  const std::vector<Delivery> log = host.all();
  REQUIRE(log.size() == 1);
  CHECK(log[0].state == State::delivered);
  CHECK(log[0].event == emitted.id);
  CHECK(log[0].type == "order.created");
  const std::vector<Attempt> attempts = host.hooks.attempts(log[0].id);
  REQUIRE(attempts.size() == 1);
  CHECK(attempts[0].status == 204);
  CHECK(host.count(Notice::Kind::delivered) == 1);
}

TEST_CASE("a failing endpoint is tried again as the schedule says, under one id, signed afresh") {
  VirtualHost host(steady({0s, 5s, 300s}));
  int left = 2;
  host.transport.answer_with([&](const Request&) { return RecordingTransport::answer(left-- > 0 ? 500 : 200); });
  host.hooks.add({.url = "https://a.example/", .events = {"*"}});
  host.hooks.emit("order.created", {{"n", 1}});
  host.settle();
  CHECK(host.transport.requests().size() == 1);
  host.pass(4s);
  CHECK(host.transport.requests().size() == 1);
  host.pass(1s);
  CHECK(host.transport.requests().size() == 2);
  host.pass(299s);
  CHECK(host.transport.requests().size() == 2);
  host.pass(1s);

  const std::vector<Request> sent = host.transport.requests();
  REQUIRE(sent.size() == 3);
  CHECK(header(sent[0], "webhook-id") == header(sent[2], "webhook-id"));
  CHECK(header(sent[0], "webhook-timestamp") != header(sent[2], "webhook-timestamp"));
  CHECK(header(sent[0], "webhook-signature") != header(sent[2], "webhook-signature"));
  CHECK(sent[0].body == sent[2].body);

  const Delivery delivery = host.all().at(0);
  CHECK(delivery.state == State::delivered);
  CHECK(delivery.attempts == 3);
  const std::vector<Attempt> attempts = host.hooks.attempts(delivery.id);
  REQUIRE(attempts.size() == 3);
  CHECK(attempts[0].status == 500);
  CHECK(attempts[2].status == 200);
  CHECK(host.count(Notice::Kind::failed) == 2);
}

TEST_CASE("a delivery that exhausts its schedule is a dead letter, told and logged") {
  VirtualHost host(steady({0s, 1s, 1s}));
  host.transport.answer_with(always(500));
  host.hooks.add({.url = "https://a.example/", .events = {"*"}});
  host.hooks.emit("order.created", {});
  host.pass(60s);
  CHECK(host.transport.requests().size() == 3);
  CHECK(host.all().at(0).state == State::dead);
  CHECK(host.count(Notice::Kind::exhausted) == 1);
}

TEST_CASE("the whole default schedule makes ten attempts over some 75 hours") {
  VirtualHost host;
  host.transport.answer_with(always(500));
  host.hooks.add({.url = "https://a.example/", .events = {"*"}});
  host.hooks.emit("order.created", {});
  host.settle();
  host.pass(100h, 10s);
  CHECK(host.transport.requests().size() == 10);
  CHECK(host.all().at(0).state == State::dead);
}

TEST_CASE("a 410 answer retires the endpoint: what is pending is cancelled, what comes passes it by", "[D15]") {
  VirtualHost host(steady({0s, 5s}));
  host.transport.answer_with(always(500));
  const Endpoint endpoint = host.hooks.add({.url = "https://a.example/", .events = {"*"}});
  host.hooks.emit("order.created", {});
  host.settle();
  host.transport.answer_with(always(410));
  host.hooks.emit("order.paid", {});
  host.settle();
  CHECK(host.hooks.endpoint(endpoint.id).state == EndpointState::gone);
  CHECK(host.count(Notice::Kind::endpoint_gone) == 1);
  host.pass(60s);
  CHECK(host.transport.requests().size() == 2);
  for (const Delivery& delivery : host.all()) CHECK(delivery.state == State::cancelled);
  CHECK(host.hooks.emit("order.shipped", {}).endpoints == 0);
}

TEST_CASE("429 with Retry-After rests the whole lane, and no other", "[D16]") {
  VirtualHost host(steady({0s, 5s, 5s}));
  host.transport.answer_with([](const Request& request) {
    return request.url == "https://busy.example/" ? RecordingTransport::answer(429, {{"Retry-After", "3600"}})
                                                  : RecordingTransport::answer(200);
  });
  host.hooks.add({.url = "https://busy.example/", .events = {"*"}, .cap = 1});
  host.hooks.add({.url = "https://free.example/", .events = {"*"}});
  host.hooks.emit("a.b", {});
  host.hooks.emit("a.c", {});
  host.settle();
  const auto busy = [&] {
    int count = 0;
    for (const Request& request : host.transport.requests()) count += request.url == "https://busy.example/" ? 1 : 0;
    return count;
  };
  CHECK(busy() == 1);
  CHECK(host.transport.requests().size() == 3);
  host.pass(3590s, 10s);
  CHECK(busy() == 1);
  host.pass(20s, 10s);
  CHECK(busy() > 1);
}

TEST_CASE("Retry-After does not bring an attempt forward, only back") {
  VirtualHost host(steady({0s, 100s}));
  host.transport.answer_with(always(500, {{"Retry-After", "1"}}));
  host.hooks.add({.url = "https://a.example/", .events = {"*"}});
  host.hooks.emit("a.b", {});
  host.settle();
  host.pass(99s);
  CHECK(host.transport.requests().size() == 1);
  host.pass(1s);
  CHECK(host.transport.requests().size() == 2);
}

TEST_CASE("an endpoint that only fails for five days is disabled loudly, and its events are kept") {
  webhook::Options options;
  options.retry = RetrySchedule::linear(1h, 200, 0.0);
  VirtualHost host(std::move(options));
  host.transport.answer_with(always(500));
  const Endpoint endpoint = host.hooks.add({.url = "https://a.example/", .events = {"*"}});
  host.hooks.emit("a.b", {});
  host.settle();
  host.pass(119h, 10min);
  CHECK(host.hooks.endpoint(endpoint.id).state == EndpointState::active);
  host.pass(48h, 10min);
  CHECK(host.hooks.endpoint(endpoint.id).state == EndpointState::disabled);
  CHECK(host.count(Notice::Kind::endpoint_disabled) == 1);
  CHECK(host.all().at(0).state == State::due);
  CHECK(host.hooks.emit("a.c", {}).endpoints == 1);

  host.transport.answer_with(always(200));
  host.pass(24h, 10min);
  CHECK(host.all().at(0).state == State::due);
  host.hooks.enable(endpoint.id);
  host.pass(24h, 10min);
  for (const Delivery& delivery : host.all()) CHECK(delivery.state == State::delivered);
}

TEST_CASE("an endpoint may ask to be disabled, or not to be sent a message again") {
  VirtualHost host;
  host.transport.answer_with(always(400, {{"webhook-delivery", "abort-message"}}));
  const Endpoint endpoint = host.hooks.add({.url = "https://a.example/", .events = {"*"}});
  host.hooks.emit("a.b", {});
  host.settle();
  CHECK(host.all().at(0).state == State::cancelled);
  CHECK(host.hooks.endpoint(endpoint.id).state == EndpointState::active);
  host.transport.answer_with(always(400, {{"webhook-delivery", "disable"}}));
  host.hooks.emit("a.c", {});
  host.settle();
  CHECK(host.hooks.endpoint(endpoint.id).state == EndpointState::disabled);
}

TEST_CASE("an expired event is not sent any more") {
  VirtualHost host;
  const Endpoint endpoint = host.hooks.add({.url = "https://a.example/", .events = {"*"}});
  host.hooks.pause(endpoint.id);
  webhook::EmitOptions options;
  options.expires = host.clock.now().wall + 60s;
  host.hooks.emit("stock.level", {{"product", 7}}, options);
  host.pass(61s);
  host.hooks.resume(endpoint.id);
  host.settle();
  CHECK(host.transport.requests().empty());
  CHECK(host.all().at(0).state == State::expired);
  CHECK(host.count(Notice::Kind::expired) == 1);
}

TEST_CASE("a delayed event waits") {
  VirtualHost host;
  host.hooks.add({.url = "https://a.example/", .events = {"*"}});
  webhook::EmitOptions options;
  options.delay = 60s;
  host.hooks.emit("a.b", {}, options);
  host.settle();
  host.pass(59s);
  CHECK(host.transport.requests().empty());
  host.pass(1s);
  CHECK(host.transport.requests().size() == 1);
}

TEST_CASE("what the log keeps of an answer is capped", "[E21]") {
  webhook::Options options;
  options.keep_response = 10;
  VirtualHost host(std::move(options));
  host.transport.answer_with([](const Request&) {
    Response response = RecordingTransport::answer(200);
    response.body = std::string(1000, 'x');
    return response;
  });
  host.hooks.add({.url = "https://a.example/", .events = {"*"}});
  host.hooks.emit("a.b", {});
  host.settle();
  CHECK(host.hooks.attempts(host.all().at(0).id).at(0).response == "xxxxxxxxxx");
}

TEST_CASE("a delivery over which three workers vanished is quarantined, not tried for ever") {
  VirtualHost host;
  host.transport.answer_with([](const Request&) { return std::nullopt; });  // never answers, not even by a timeout
  host.hooks.add({.url = "https://a.example/", .events = {"*"}});
  host.hooks.emit("a.b", {});
  host.settle();
  host.pass(10min, 10s);
  CHECK(host.all().at(0).state == State::quarantined);
  CHECK(host.count(Notice::Kind::quarantined) == 1);
  CHECK(host.transport.requests().size() == 3);
}

TEST_CASE("an event is rendered once for all endpoints that get it at the same time, and once for a single one") {
  for (const int endpoints : {1, 2, 5}) {
    CAPTURE(endpoints);
    int rendered = 0;
    const webhook::Renderer format("crm", [&rendered](const webhook::Event& event) {
      ++rendered;
      return webhook::Rendering{{{"content-type", "text/crm"}}, event.payload};
    });
    RecordingTransport transport;
    webhook::Dispatcher hooks(transport, format, webhook::ManualClock());
    for (int i = 0; i < endpoints; ++i) hooks.add({.url = "https://crm.example/" + std::to_string(i)});
    hooks.emit_bytes("order.created", "an order");
    while (transport.requests().size() < static_cast<std::size_t>(endpoints)) hooks.run_once();
    CHECK(rendered == 1);
    for (const Request& request : transport.requests()) {
      CHECK(header(request, "content-type") == "text/crm");
      CHECK(request.body.view() == "an order");
    }
  }
}

}  // namespace unit_dispatcher_delivery
