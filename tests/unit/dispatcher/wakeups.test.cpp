// SPDX-License-Identifier: MIT
// Nobody polls: a worker that sleeps is woken by what gives it something to do.
#include <catch2/catch.hpp>

#include <webhook/transport/function.hpp>

#include <condition_variable>

#include "support/faulty_policies.hpp"

namespace unit_dispatcher_wakeups {
using namespace std::chrono_literals;
using support::FaultyHost;
using support::until;
using webhook::Endpoint;
using webhook::EndpointState;
using webhook::RecordingTransport;
using webhook::Request;
using webhook::Response;

namespace {
std::optional<Response> never(const Request&) { return std::nullopt; }

/// Where threads meet: none goes on before all are there.
class Meeting {
 public:
  explicit Meeting(int expected) : expected_(expected) {}
  bool attend() {
    std::unique_lock lock(mutex_);
    if (++there_ == expected_) all_there_.notify_all();
    return all_there_.wait_for(lock, 5s, [&] { return there_ >= expected_; });
  }

 private:
  std::mutex mutex_{};
  std::condition_variable all_there_{};
  int expected_ = 0, there_ = 0;
};
}  // namespace

TEST_CASE("a change that makes an endpoint active wakes the worker that sleeps") {
  FaultyHost host;
  const auto id = host.hooks.add({.url = "https://a.example/"}).id;
  host.hooks.pause(id);
  host.hooks.emit("a.b", {});
  host.hooks.start();
  REQUIRE(until([&] { return host.faults->sleeps > 0; }));
  Endpoint endpoint = host.hooks.endpoint(id);
  endpoint.state = EndpointState::active;
  host.hooks.change(endpoint);
  CHECK(until([&] { return host.transport.requests().size() == 1; }));
  host.hooks.stop(10s);
}

TEST_CASE("a change that lifts the spacing wakes the worker that sleeps") {
  FaultyHost host;
  Endpoint endpoint = host.hooks.add({.url = "https://a.example/", .cap = 1, .spacing = 1h});
  for (int i = 0; i < 2; ++i) host.hooks.emit("a.b", {});
  host.hooks.start();
  REQUIRE(until([&] { return host.transport.requests().size() == 1 && host.faults->sleeps > 0; }));
  endpoint.spacing = 0s;
  host.hooks.change(endpoint);
  CHECK(until([&] { return host.transport.requests().size() == 2; }));
  host.hooks.stop(10s);
}

TEST_CASE("a change that raises the cap wakes the worker that sleeps") {
  FaultyHost host;
  host.transport.answer_with(never);
  Endpoint endpoint = host.hooks.add({.url = "https://a.example/", .cap = 1});
  for (int i = 0; i < 2; ++i) host.hooks.emit("a.b", {});
  host.hooks.start();
  REQUIRE(until([&] { return host.transport.requests().size() == 1 && host.faults->sleeps > 0; }));
  endpoint.cap = 2;
  host.hooks.change(endpoint);
  CHECK(until([&] { return host.transport.requests().size() == 2; }));
  host.hooks.stop(0s);
}

TEST_CASE("a worker that is full wakes another: four endpoints are served by four workers at once") {
  Meeting meeting(4);
  std::atomic<int> met{0};
  std::function<Response(const Request&)> call = [&](const Request&) {
    met += meeting.attend() ? 1 : 0;
    return RecordingTransport::answer(204);
  };
  const auto faults = std::make_shared<support::Faults>();
  webhook::Options options;
  options.workers = 4;
  webhook::Dispatcher hooks{call, options, support::FaultySigner{faults},
                            support::SharedStore{faults, std::make_shared<webhook::MemoryStore>()}};
  for (int i = 0; i < 4; ++i) hooks.add({.url = "https://a.example/" + std::to_string(i)});
  hooks.start();
  // Each has looked twice: the second time after it had announced its sleep.
  REQUIRE(until([&] { return faults->claims >= 8; }));
  hooks.emit("a.b", {});
  CHECK(until([&] { return met == 4; }));
  hooks.stop(10s);
}

}  // namespace unit_dispatcher_wakeups
