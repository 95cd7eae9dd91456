// SPDX-License-Identifier: MIT
// How long an endpoint is left alone: what it asked for, what its host set, and what nobody may shorten or undo.
#include <catch2/catch.hpp>

#include "support/virtual_host.hpp"

namespace unit_dispatcher_rests {
using namespace std::chrono_literals;
using support::VirtualHost;
using webhook::Duration;
using webhook::Endpoint;
using webhook::EndpointState;
using webhook::Notice;
using webhook::Options;
using webhook::RecordingTransport;
using webhook::Request;
using webhook::Response;
using webhook::RetrySchedule;
using webhook::State;

namespace {
Options scheduled(RetrySchedule retry) {
  Options options;
  options.retry = std::move(retry);
  return options;
}
}  // namespace

TEST_CASE("the schedule's first wait is kept before the first attempt") {
  VirtualHost host(scheduled(RetrySchedule({10s, 5s}, 0.0)));
  host.hooks.add({.url = "https://a.example/"});
  host.hooks.emit("a.b", {});
  host.pass(9s);
  CHECK(host.transport.requests().empty());
  host.pass(1s);
  CHECK(host.transport.requests().size() == 1);
}

TEST_CASE("an emit that asks for a longer delay than the schedule's first wait gets it") {
  VirtualHost host(scheduled(RetrySchedule({10s}, 0.0)));
  host.hooks.add({.url = "https://a.example/"});
  webhook::EmitOptions later;
  later.delay = 15s;
  host.hooks.emit("a.b", {}, later);
  host.pass(14s);
  CHECK(host.transport.requests().empty());
  host.pass(1s);
  CHECK(host.transport.requests().size() == 1);
}

TEST_CASE("a 503 without Retry-After does not shorten the Retry-After of the answer before it") {
  VirtualHost host(scheduled(RetrySchedule({0s, 5s, 5s}, 0.0)));
  int answered = 0;
  host.transport.answer_with([&](const Request&) {
    return ++answered == 1 ? RecordingTransport::answer(429, {{"Retry-After", "3600"}})
                           : RecordingTransport::answer(503);
  });
  host.hooks.add({.url = "https://busy.example/", .cap = 4});
  for (int i = 0; i < 8; ++i) host.hooks.emit("a.b", {});
  host.settle();
  CHECK(host.transport.requests().size() == 4);
  host.pass(3590s, 10s);
  CHECK(host.transport.requests().size() == 4);
  host.pass(20s);
  CHECK(host.transport.requests().size() > 4);
}

TEST_CASE("an enabled endpoint is served at once, and a rest from before does not come back") {
  VirtualHost host(scheduled(RetrySchedule({0s, 5s, 5s}, 0.0)));
  host.transport.answer_with([](const Request&) { return RecordingTransport::answer(429, {{"Retry-After", "3600"}}); });
  const auto id = host.hooks.add({.url = "https://busy.example/"}).id;
  host.hooks.emit("a.b", {});
  host.settle();
  host.hooks.pause(id);
  host.hooks.enable(id);
  host.transport.answer_with([](const Request&) { return RecordingTransport::answer(503, {{"Retry-After", "10"}}); });
  host.hooks.emit("a.b", {});
  host.settle();
  CHECK(host.transport.requests().size() == 2);
  host.transport.answer_with([](const Request&) { return RecordingTransport::answer(204); });
  host.pass(11s);
  CHECK(host.transport.requests().size() == 3);
}

TEST_CASE("a cap that the host lowered is not undone by the rest that a failure brings") {
  Options options = scheduled(RetrySchedule({0s, 5s, 5s}, 0.0));
  std::function<void(const Notice&)> watch = [](const Notice&) {};
  options.on_notice = [&](const Notice& notice) { watch(notice); };
  VirtualHost host(std::move(options));
  host.transport.answer_with([](const Request&) { return RecordingTransport::answer(503); });
  const auto id = host.hooks.add({.url = "https://a.example/", .cap = 8}).id;
  bool lowered = false;
  watch = [&](const Notice& notice) {
    if (notice.kind != Notice::Kind::failed || lowered) return;
    lowered = true;
    Endpoint endpoint = host.hooks.endpoint(id);
    endpoint.cap = 1;
    host.hooks.change(endpoint);
  };
  host.hooks.emit("a.b", {});
  host.hooks.run_once();
  REQUIRE(lowered);
  for (int i = 0; i < 20; ++i) host.hooks.emit("a.b", {});
  host.clock.advance(10min);
  const std::size_t before = host.transport.requests().size();
  host.transport.answer_with([](const Request&) { return std::optional<Response>(); });
  for (int i = 0; i < 3; ++i) host.hooks.run_once();
  CHECK(host.transport.requests().size() == before + 1);
}

TEST_CASE("what a removed endpoint still answers is nobody's trouble, and holds up nobody") {
  for (const auto& late :
       {RecordingTransport::answer(410), RecordingTransport::answer(429, {{"Retry-After", "60"}}),
        RecordingTransport::answer(503), RecordingTransport::answer(204, {{"webhook-delivery", "disable"}})}) {
    VirtualHost host;
    const auto removed = host.hooks.add({.url = "https://gone.example/"}).id;
    host.transport.answer_with([&](const Request& request) {
      if (request.url != "https://gone.example/") return RecordingTransport::answer(204);
      host.hooks.remove(removed);
      return late;
    });
    host.hooks.emit("a.b", {});
    host.settle();
    CHECK(host.count(Notice::Kind::trouble) == 0);
    CHECK(host.count(Notice::Kind::endpoint_gone) == 0);
    host.hooks.add({.url = "https://fine.example/"});
    host.hooks.emit("a.b", {});
    host.settle();
    CHECK(host.transport.requests().back().url == "https://fine.example/");
  }
}

TEST_CASE("an event that expired is no failure of its endpoint: it does not disable it") {
  VirtualHost host(scheduled(RetrySchedule::none()));
  host.transport.answer_with([](const Request&) { return RecordingTransport::answer(500); });
  const auto id = host.hooks.add({.url = "https://a.example/"}).id;
  host.hooks.emit("a.b", {});
  host.settle();
  host.clock.advance(24h * 6);
  webhook::EmitOptions late;
  late.expires = host.clock.now().wall - 1s;
  host.hooks.emit("a.b", {}, late);
  host.settle();
  CHECK(host.transport.requests().size() == 1);
  CHECK(host.count(Notice::Kind::expired) == 1);
  CHECK(host.hooks.endpoint(id).state == EndpointState::active);
}

TEST_CASE("a wait of Duration::max() is for ever, and not for no time at all") {
  VirtualHost host(scheduled(RetrySchedule({0s, (Duration::max)(), (Duration::max)()})));
  host.transport.answer_with([](const Request&) { return RecordingTransport::answer(500); });
  host.hooks.add({.url = "https://a.example/", .cap = 8});
  for (int i = 0; i < 8; ++i) host.hooks.emit("a.b", {});
  host.settle();
  host.pass(24h * 365, 24h);
  CHECK(host.transport.requests().size() == 8);
  for (const auto& delivery : host.all()) CHECK(delivery.state == State::due);
}

TEST_CASE("an endpoint that is gone stays gone when it is paused or disabled; only enabling revives it") {
  VirtualHost host;
  host.transport.answer_with([](const Request&) { return RecordingTransport::answer(410); });
  const auto id = host.hooks.add({.url = "https://a.example/"}).id;
  host.hooks.emit("a.b", {});
  host.settle();
  REQUIRE(host.hooks.endpoint(id).state == EndpointState::gone);
  host.hooks.pause(id);
  host.hooks.disable(id);
  CHECK(host.hooks.endpoint(id).state == EndpointState::gone);
  CHECK(host.hooks.emit("a.b", {}).endpoints == 0);
  host.hooks.enable(id);
  CHECK(host.hooks.emit("a.b", {}).endpoints == 1);
}

TEST_CASE("a transport's reason for a failure is kept as far as an answer's body is", "[E21]") {
  Options options;
  options.keep_response = 100;
  VirtualHost host(std::move(options));
  host.transport.answer_with([](const Request&) {
    Response response;
    response.failure = webhook::Failure::internal;
    response.reason = std::string(5 << 20, 'x');
    return response;
  });
  host.hooks.add({.url = "https://a.example/"});
  host.hooks.emit("a.b", {});
  host.settle();
  CHECK(host.hooks.attempts(host.all().at(0).id).at(0).reason.size() == 100);
}

}  // namespace unit_dispatcher_rests
