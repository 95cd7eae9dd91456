// SPDX-License-Identifier: MIT
// The breaker at work: a dead endpoint costs a probe now and then, a recovered one is taken back step by step.
#include <catch2/catch.hpp>

#include "support/virtual_host.hpp"

namespace unit_dispatcher_breaker {
using namespace std::chrono_literals;
using support::VirtualHost;
using webhook::Endpoint;
using webhook::RecordingTransport;
using webhook::Request;
using webhook::State;

namespace {
auto always(int status) {
  return [status](const Request&) { return RecordingTransport::answer(status); };
}
}  // namespace

TEST_CASE("an endpoint that only fails is probed, however much waits for it") {
  VirtualHost host;
  host.transport.answer_with(always(500));
  host.hooks.add({.url = "https://dead.example/"});
  for (int i = 0; i < 500; ++i) host.hooks.emit("a.b", {});
  host.settle();
  const std::size_t until_open = host.transport.requests().size();
  CHECK(until_open >= 10);
  CHECK(until_open < 20);
  host.pass(1h);
  CHECK(host.transport.requests().size() - until_open < 30);  // 5, 10, 20 … 300 s apart
}

TEST_CASE("a dead endpoint's breaker does not touch another's lane") {
  VirtualHost host;
  host.transport.answer_with([](const Request& request) {
    return RecordingTransport::answer(request.url == "https://dead.example/" ? 500 : 200);
  });
  host.hooks.add({.url = "https://dead.example/"});
  host.hooks.add({.url = "https://well.example/"});
  for (int i = 0; i < 500; ++i) host.hooks.emit("a.b", {});
  host.settle();
  CHECK(host.hooks.deliveries({.state = State::delivered, .most = 1000}).size() == 500);
}

TEST_CASE("a recovered endpoint is taken back with 1, 2, 4 … deliveries at once") {
  VirtualHost host;
  host.transport.answer_with(always(500));
  host.hooks.add({.url = "https://a.example/", .cap = 8});
  for (int i = 0; i < 200; ++i) host.hooks.emit("a.b", {});
  host.settle();
  std::size_t before = host.transport.requests().size();
  host.transport.answer_with(always(200));
  host.clock.advance(10min);
  std::vector<std::size_t> steps;
  for (int i = 0; i < 6; ++i) {
    host.hooks.run_once();
    steps.push_back(host.transport.requests().size() - before);
    before = host.transport.requests().size();
  }
  CHECK(steps == std::vector<std::size_t>{1, 2, 4, 8, 8, 8});
  host.pass(1h, 10s);
  CHECK(host.hooks.deliveries({.state = State::delivered, .most = 1000}).size() == 200);
}

TEST_CASE("a Retry-After that is longer than the breaker's rest is kept") {
  VirtualHost host;
  host.transport.answer_with([](const Request&) { return RecordingTransport::answer(503, {{"Retry-After", "7200"}}); });
  host.hooks.add({.url = "https://a.example/", .cap = 16});
  for (int i = 0; i < 100; ++i) host.hooks.emit("a.b", {});
  host.settle();
  const std::size_t before = host.transport.requests().size();
  host.pass(7100s, 10s);
  CHECK(host.transport.requests().size() == before);
  host.pass(200s, 10s);
  CHECK(host.transport.requests().size() == before + 1);
}

}  // namespace unit_dispatcher_breaker
