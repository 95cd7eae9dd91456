// SPDX-License-Identifier: MIT
// What the host is told of an endpoint's health and of its own changes, and what operational webhooks tell others.
#include <catch2/catch.hpp>

#include "support/faulty_policies.hpp"
#include "support/virtual_host.hpp"

namespace unit_dispatcher_health {
using namespace std::chrono_literals;
using support::VirtualHost;
using webhook::Endpoint;
using webhook::EndpointId;
using webhook::EndpointState;
using webhook::Notice;
using webhook::Options;
using webhook::RecordingTransport;
using webhook::Request;
using webhook::RetrySchedule;

namespace {
/// The names of what was told of an endpoint, deliveries left out.
std::string told(const VirtualHost& host, EndpointId endpoint) {
  std::string names;
  for (const support::Told& notice : host.told) {
    const std::string_view name = to_string(notice.kind);
    if (notice.endpoint == endpoint && name.substr(0, 9) == "endpoint.")
      names.append(names.empty() ? "" : " ").append(name.substr(9));
  }
  return names;
}
Options hourly() {
  Options options;
  options.retry = RetrySchedule(std::vector<webhook::Duration>(2000, 1h), 0.0);
  return options;
}
auto always(int status) {
  return [status](const Request&) { return RecordingTransport::answer(status); };
}
}  // namespace

TEST_CASE("an endpoint that only fails is warned of twice, then disabled, and each is told once") {
  VirtualHost host(hourly());
  host.transport.answer_with(always(500));
  const EndpointId id = host.hooks.add({.url = "https://down.example/"}).id;
  host.hooks.emit("a.b", {});
  host.pass(23h, 10min);
  CHECK(told(host, id) == "added resting");
  host.pass(3h, 10min);
  CHECK(told(host, id) == "added resting failing");
  host.pass(72h, 10min);
  CHECK(told(host, id) == "added resting failing failing");
  host.pass(72h, 10min);
  CHECK(told(host, id) == "added resting failing failing disabled");
  CHECK(host.hooks.endpoint(id).state == EndpointState::disabled);
}

TEST_CASE("an endpoint that answers again is told of once, and so is a delivery that recovered") {
  VirtualHost host(hourly());
  host.transport.answer_with(always(500));
  const EndpointId id = host.hooks.add({.url = "https://shaky.example/"}).id;
  host.hooks.emit("a.b", {});
  host.pass(26h, 10min);
  host.transport.answer_with(always(204));
  host.pass(2h, 10min);
  host.hooks.emit("a.b", {});
  host.pass(2h, 10min);
  CHECK(told(host, id) == "added resting failing recovered");
  CHECK(host.count(Notice::Kind::delivered) == 2);
  CHECK(host.count(Notice::Kind::recovered) == 1);
  CHECK(host.hooks.counters().recovered == 1);
}

TEST_CASE("an endpoint that was enabled again is warned of again") {
  VirtualHost host(hourly());
  host.transport.answer_with(always(500));
  const EndpointId id = host.hooks.add({.url = "https://down.example/"}).id;
  host.hooks.emit("a.b", {});
  host.pass(26h, 10min);
  host.hooks.pause(id);
  host.hooks.enable(id);
  host.pass(26h, 10min);
  CHECK(told(host, id) == "added resting failing paused enabled resting failing");
}

TEST_CASE("every change that the host makes of an endpoint is told") {
  VirtualHost host;
  Endpoint endpoint = host.hooks.add({.url = "https://a.example/"});
  endpoint.description = "changed";
  host.hooks.change(endpoint);
  host.hooks.pause(endpoint.id);
  host.hooks.pause(endpoint.id);  // no change
  host.hooks.resume(endpoint.id);
  host.hooks.disable(endpoint.id);
  host.hooks.enable(endpoint.id);
  host.hooks.rotate_secret(endpoint.id);
  host.hooks.remove(endpoint.id);
  CHECK(told(host, endpoint.id) == "added changed paused enabled disabled enabled secret_rotated removed");
}

TEST_CASE("what needs attention is emitted as an operational webhook for the tenant that watches") {
  Options options;
  options.retry = RetrySchedule({0s, 5s}, 0.0);
  options.operational = "operations";
  VirtualHost host(std::move(options));
  host.hooks.add({.url = "https://ops.example/", .events = {"webhook.*"}, .tenant = "operations"});
  host.transport.answer_with([](const Request& request) {
    return RecordingTransport::answer(request.url == "https://gone.example/"   ? 410
                                      : request.url == "https://down.example/" ? 500
                                                                               : 204);
  });
  host.hooks.add({.url = "https://down.example/", .events = {"a.b"}});
  host.hooks.add({.url = "https://gone.example/", .events = {"a.b"}});
  host.hooks.emit("a.b", {});
  host.pass(20s);
  std::string types;
  for (const Request& request : host.transport.requests()) {
    if (request.url != "https://ops.example/") continue;
    const nlohmann::json body = nlohmann::json::parse(request.body.view());
    types.append(types.empty() ? "" : " ").append(body.at("type").get<std::string>());
    CHECK(body.at("data").at("endpoint").is_string());
    if (body.at("type") == "webhook.delivery.exhausted") {
      CHECK(body.at("data").at("last_attempt").at("status") == 500);
      CHECK(body.at("data").at("reason") == "the last attempt of the schedule failed");
      CHECK(body.at("data").at("event").is_string());
    }
  }
  CHECK(types == "webhook.endpoint.added webhook.endpoint.added webhook.endpoint.gone webhook.delivery.exhausted");
}

TEST_CASE("an operational endpoint that fails sends no reports about itself") {
  Options options;
  options.retry = RetrySchedule({0s}, 0.0);
  options.operational = "operations";
  VirtualHost host(std::move(options));
  host.hooks.add({.url = "https://ops.example/", .tenant = "operations"});
  host.transport.answer_with(always(500));
  host.hooks.add({.url = "https://down.example/"});
  host.hooks.emit("a.b", {});
  host.pass(1h, 60s);
  CHECK(host.transport.requests().size() == 3);  // the event, and two reports: added, exhausted
}

TEST_CASE("a rest or a state that the store does not take is given to it later") {
  support::FaultyVirtualHost host;
  const auto endpoint = host.hooks.add({.url = "https://busy.example/"}).id;
  int refused = 0;
  host.faults->tuning = [&] {
    if (++refused <= 2) throw webhook::Error(webhook::errc::transient, "not now");
  };
  host.transport.answer_with([](const Request&) { return RecordingTransport::answer(429, {{"Retry-After", "3600"}}); });
  host.hooks.emit("a.b", {});
  host.pass(10s);
  CHECK(refused >= 3);
  host.hooks.emit("a.b", {});
  host.pass(60s);
  CHECK(host.transport.requests().size() == 1);  // the lane rests

  host.faults->putting = [&] {
    if (++refused <= 5) throw webhook::Error(webhook::errc::transient, "not now");
  };
  refused = 3;
  host.transport.answer_with([](const Request&) { return RecordingTransport::answer(410); });
  host.pass(2h, 60s);
  CHECK(host.hooks.endpoint(endpoint).state == EndpointState::gone);
}

}  // namespace unit_dispatcher_health
