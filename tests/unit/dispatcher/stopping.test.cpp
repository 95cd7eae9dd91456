// SPDX-License-Identifier: MIT
// stop() against emits, against itself, against deadlines and against a store in trouble.
#include <catch2/catch.hpp>

#include "support/faulty_policies.hpp"

namespace unit_dispatcher_stopping {
using namespace std::chrono_literals;
using support::FaultyHost;
using support::FaultyVirtualHost;
using support::until;
using webhook::errc;
using webhook::Error;
using webhook::Notice;
using webhook::RecordingTransport;
using webhook::Request;
using webhook::State;

namespace {
std::optional<webhook::Response> never(const Request&) { return std::nullopt; }
}  // namespace

TEST_CASE("an emit that a stop() overtakes is refused, not kept for nobody") {
  FaultyHost host;
  host.hooks.add({.url = "https://a.example/"});
  std::atomic<std::thread::id> emitting{};
  host.faults->now = [&] {  // read by emit() after it found the dispatcher running
    if (emitting == std::this_thread::get_id()) {
      emitting = std::thread::id();
      std::thread([&] { host.hooks.stop(5s); }).join();
    }
    return webhook::SystemClock().now();
  };
  host.hooks.start();
  emitting = std::this_thread::get_id();
  std::error_code error;
  CHECK_FALSE(host.hooks.emit("a.b", {}, error).has_value());
  CHECK(error == errc::stopped);
  CHECK(host.all().empty());
}

TEST_CASE("an emit that is storing its event while stop() begins is waited for, and delivered") {
  FaultyHost host;
  host.hooks.add({.url = "https://a.example/"});
  std::thread other;
  std::atomic<bool> ended{false};
  host.faults->appending = [&] {
    other = std::thread([&] {
      host.hooks.stop(20s);
      ended = true;
    });
    if (!until([&] { return host.stopping(); })) return;
    const int before = host.faults->claims;
    until([&] { return ended || host.faults->claims >= before + 3; });  // it has looked whether there is anything to do
  };
  host.hooks.start();
  CHECK(host.hooks.emit("a.b", {}).endpoints == 1);
  other.join();
  CHECK(host.transport.requests().size() == 1);
  CHECK(host.all_are(State::delivered));
}

TEST_CASE("stop() without time begins nothing new, and gives back what was not begun") {
  FaultyHost host;
  std::atomic<int> begun{0};
  std::atomic<bool> answer{false};
  host.transport.answer_with([&](const Request&) {
    ++begun;
    until([&] { return answer.load(); });
    return RecordingTransport::answer(204);
  });
  host.hooks.add({.url = "https://a.example/", .cap = 1});
  for (int i = 0; i < 5; ++i) host.hooks.emit("a.b", {});
  host.hooks.start();
  REQUIRE(until([&] { return begun == 1; }));
  std::thread stopping([&] { host.hooks.stop(0s); });
  CHECK(until([&] { return host.stopping(); }));
  answer = true;
  stopping.join();
  CHECK(begun == 1);
  int delivered = 0, due = 0;
  for (const auto& delivery : host.all()) {
    delivered += delivery.state == State::delivered ? 1 : 0;
    due += delivery.state == State::due ? 1 : 0;
  }
  CHECK(delivered == 1);
  CHECK(due == 4);
}

TEST_CASE("stop() without time sends nothing, also where the host drives") {
  FaultyVirtualHost host;
  host.hooks.add({.url = "https://a.example/"});
  host.hooks.run_once();
  host.hooks.emit("a.b", {});
  host.hooks.stop(0s);
  CHECK(host.transport.requests().empty());
  CHECK(host.all().at(0).state == State::due);
}

TEST_CASE("a second stop() that is in more of a hurry ends both") {
  FaultyHost host;
  host.transport.answer_with(never);
  host.hooks.add({.url = "https://a.example/"});
  host.hooks.start();
  host.hooks.emit("a.b", {});
  REQUIRE(until([&] { return host.transport.requests().size() == 1; }));
  const auto before = std::chrono::steady_clock::now();
  std::thread patient([&] { host.hooks.stop(20s); });
  CHECK(until([&] { return host.stopping(); }));
  host.hooks.stop(0s);
  patient.join();
  CHECK(std::chrono::steady_clock::now() - before < 10s);
  CHECK(host.all().at(0).state == State::due);
}

TEST_CASE("an answer whose settlement failed once is kept, and said to the store at the latest by stop()") {
  FaultyVirtualHost host;
  host.hooks.add({.url = "https://a.example/"});
  host.hooks.run_once();
  int fail = 1;
  host.faults->settling = [&] {
    if (fail-- > 0) throw Error(errc::transient, "database is locked");
  };
  host.hooks.emit("a.b", {});
  host.hooks.run_once();
  REQUIRE(host.transport.requests().size() == 1);
  REQUIRE(host.all().at(0).state == State::leased);
  host.hooks.stop(0s);
  CHECK(host.all().at(0).state == State::delivered);
  CHECK(host.count(Notice::Kind::delivered) == 1);
}

}  // namespace unit_dispatcher_stopping
