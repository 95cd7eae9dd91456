// SPDX-License-Identifier: MIT
// Time that jumps, stands still, or passes where nobody expects it; and secrets that change meanwhile.
#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "support/virtual_host.hpp"

namespace unit_dispatcher_clocks {
using namespace std::chrono_literals;
using support::VirtualHost;
using webhook::Endpoint;
using webhook::Notice;
using webhook::Options;
using webhook::RecordingTransport;
using webhook::Request;
using webhook::RetrySchedule;
using webhook::State;
using webhook::WallTime;

namespace {
Options steady(std::vector<webhook::Duration> waits) {
  Options options;
  options.retry = RetrySchedule(std::move(waits), 0.0);
  return options;
}
auto always(int status) {
  return [status](const Request&) { return RecordingTransport::answer(status); };
}
}  // namespace

TEST_CASE("a worker that was suspended past its lease sends nothing any more, and loses nothing", "[E12]") {
  VirtualHost host;
  webhook::ManualClock clock = host.clock;
  int answered = 0;
  host.transport.answer_with([&](const Request&) {
    if (answered++ == 0) clock.advance(60s);  // the process slept between this sending and the next
    return RecordingTransport::answer(204);
  });
  const Endpoint endpoint = host.hooks.add({.url = "https://a.example/"});
  host.hooks.emit("a.b", {});
  host.hooks.emit("a.c", {});
  host.hooks.run_once();
  CHECK(host.transport.requests().size() == 1);
  host.settle();
  CHECK(host.transport.requests().size() == 2);
  for (const auto& delivery : host.hooks.deliveries({.endpoint = endpoint.id})) {
    CHECK(delivery.state == State::delivered);
    CHECK(delivery.attempts == 1);
  }
}

TEST_CASE("a calendar that jumps forward or back neither hastens nor delays an attempt", "[E13]") {
  const WallTime to = GENERATE_REF(
      values<WallTime>({WallTime{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1) + 1h},
                        WallTime{std::chrono::sys_days(std::chrono::year(2025) / 12 / 31) + 23h},
                        WallTime{std::chrono::sys_days(std::chrono::year(2036) / 1 / 1)},
                        WallTime{std::chrono::sys_days(std::chrono::year(2038) / 1 / 19) + 3h + 14min + 8s},
                        WallTime{std::chrono::sys_days(std::chrono::year(1999) / 1 / 1)}}));
  CAPTURE(to.time_since_epoch().count());
  VirtualHost host(steady({0s, 100s, 100s, 100s}));
  host.transport.answer_with(always(500));
  host.hooks.add({.url = "https://a.example/"});
  host.hooks.emit("a.b", {});
  host.settle();
  host.pass(50s);
  host.clock.set_wall(to);
  host.settle();
  CHECK(host.transport.requests().size() == 1);  // no storm
  host.pass(49s);
  CHECK(host.transport.requests().size() == 1);
  host.pass(1s);
  CHECK(host.transport.requests().size() == 2);  // and nobody waits longer
  host.clock.set_wall(to - 2h);
  host.pass(99s);
  CHECK(host.transport.requests().size() == 2);
  host.pass(1s);
  CHECK(host.transport.requests().size() == 3);
  host.hooks.emit("a.c", {});
  host.settle();
  CHECK(host.transport.requests().size() == 4);
  CHECK(host.count(Notice::Kind::endpoint_disabled) == 0);
}

TEST_CASE("a secret that is rotated between two attempts signs the second, beside the old one until that expires",
          "[E15]") {
  VirtualHost host(steady({0s, 100s, 10000s}));
  host.transport.answer_with(always(500));
  const Endpoint before = host.hooks.add({.url = "https://a.example/"});
  host.hooks.emit("a.b", {});
  host.settle();
  const Endpoint after = host.hooks.rotate_secret(before.id, 1h);
  host.pass(100s);
  host.pass(10000s, 100s);
  REQUIRE(host.transport.requests().size() == 3);
  const auto verifies = [&](std::size_t attempt, const webhook::Secret& secret) {
    const Request request = host.transport.requests().at(attempt);
    std::vector keys = support::keys(secret);
    const auto sent = std::stoll(std::string(request.headers.find("webhook-timestamp").value()));
    const webhook::Now then{{}, WallTime{std::chrono::seconds{sent}}};
    return static_cast<bool>(webhook::StandardWebhooks().verify(request, keys, then, 5min));
  };
  const webhook::Secret& old_one = before.secrets.at(0);
  const webhook::Secret& new_one = after.secrets.at(0);
  CHECK((verifies(0, old_one) && !verifies(0, new_one)));
  CHECK((verifies(1, old_one) && verifies(1, new_one)));
  CHECK((!verifies(2, old_one) && verifies(2, new_one)));
}

TEST_CASE("however often secrets are rotated, at most ten sign, the newest first") {
  VirtualHost host;
  Endpoint endpoint = host.hooks.add({.url = "https://a.example/"});
  const std::string first(endpoint.secrets.at(0).reveal());
  std::vector<std::string> newest;
  for (int i = 0; i < 12; ++i) {
    endpoint = host.hooks.rotate_secret(endpoint.id, 24h);
    newest.insert(newest.begin(), std::string(endpoint.secrets.at(0).reveal()));
  }
  REQUIRE(endpoint.secrets.size() == 10);
  for (std::size_t i = 0; i < 10; ++i) CHECK(endpoint.secrets[i].reveal() == newest[i]);
  host.hooks.emit("a.b", {});
  host.settle();
  const std::string list(host.transport.requests().at(0).headers.find("webhook-signature").value());
  CHECK(std::count(list.begin(), list.end(), ' ') == 9);
  host.clock.advance(24h);
  CHECK(host.hooks.rotate_secret(endpoint.id).secrets.size() == 2);  // the expired ones are let go
}

TEST_CASE("a Retry-After that is zero, past, garbage or said twice counts as none: the lane rests for its own wait",
          "[D14]") {
  const webhook::Headers headers = GENERATE(
      webhook::Headers{{"Retry-After", "0"}}, webhook::Headers{{"Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT"}},
      webhook::Headers{{"Retry-After", "-1"}}, webhook::Headers{{"Retry-After", "soon"}},
      webhook::Headers{{"Retry-After", "1"}, {"Retry-After", "2"}}, webhook::Headers{});
  VirtualHost host(steady({0s, 20s, 20s}));
  host.transport.answer_with([&](const Request&) { return RecordingTransport::answer(503, headers); });
  host.hooks.add({.url = "https://busy.example/", .cap = 1});
  host.hooks.emit("a.b", {});
  host.hooks.emit("a.c", {});
  host.settle();
  host.pass(19s);
  CHECK(host.transport.requests().size() == 1);
  host.pass(1s);
  CHECK(host.transport.requests().size() == 2);
}

TEST_CASE("a Retry-After is clamped between the schedule's wait and a day", "[D14]") {
  VirtualHost host(steady({0s, 100s, 100s}));
  std::string asked = "1";
  host.transport.answer_with([&](const Request&) { return RecordingTransport::answer(429, {{"Retry-After", asked}}); });
  host.hooks.add({.url = "https://busy.example/"});
  host.hooks.emit("a.b", {});
  host.settle();
  host.pass(99s);
  CHECK(host.transport.requests().size() == 1);
  asked = "1000000000";
  host.pass(1s);
  CHECK(host.transport.requests().size() == 2);
  host.pass(24h - 10s, 10s);
  CHECK(host.transport.requests().size() == 2);
  host.pass(10s, 10s);
  CHECK(host.transport.requests().size() == 3);
}

}  // namespace unit_dispatcher_clocks
