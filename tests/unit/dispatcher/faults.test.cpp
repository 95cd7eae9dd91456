// SPDX-License-Identifier: MIT
// Policies that throw: whatever it is, it costs an attempt or a pause, never the worker and never a delivery.
#include <catch2/catch.hpp>

#include <new>
#include <stdexcept>

#include "support/faulty_policies.hpp"

namespace unit_dispatcher_faults {
using namespace std::chrono_literals;
using support::Faults;
using support::FaultyHost;
using support::FaultyVirtualHost;
using webhook::errc;
using webhook::Error;
using webhook::Failure;
using webhook::Notice;
using webhook::Options;
using webhook::State;

TEST_CASE("after the transport refused a session, start() can be repeated, and all workers are there") {
  Options options;
  options.workers = 4;
  FaultyHost host(std::move(options));
  int opened = 0;
  host.faults->opening = [&] {
    if (++opened == 2) throw Error(errc::transient, "too many open files");
  };
  CHECK_THROWS_WITH(host.hooks.start(), Catch::Contains("too many open files"));
  host.hooks.start();
  CHECK(opened == 6);
  host.hooks.add({.url = "https://a.example/"});
  host.hooks.emit("a.b", {});
  host.hooks.stop(10s);
  CHECK(host.all().at(0).state == State::delivered);
}

TEST_CASE("a signer that throws something that is no exception costs an attempt, which says so") {
  FaultyVirtualHost host;
  bool broken = true;
  host.faults->signing = [&] {
    if (broken) throw 42;
  };
  host.hooks.add({.url = "https://a.example/"});
  host.hooks.emit("a.b", {});
  CHECK_NOTHROW(host.hooks.run_once());
  const auto attempts = host.hooks.attempts(host.all().at(0).id);
  REQUIRE(attempts.size() == 1);
  CHECK(attempts[0].failure == Failure::internal);
  CHECK(attempts[0].reason.find("no std::exception") != std::string::npos);
  broken = false;
  host.pass(10s);
  CHECK(host.all().at(0).state == State::delivered);
}

TEST_CASE("a signer that throws does not end the program that a worker runs in") {
  FaultyHost host;
  host.faults->signing = [] { throw 42; };
  host.hooks.add({.url = "https://a.example/"});
  host.hooks.emit("a.b", {});
  host.hooks.start();
  CHECK(support::until([&] { return host.count(Notice::Kind::failed) == 1; }));
  host.hooks.stop(0s);
}

TEST_CASE("a clock that fails, at whichever reading, costs time and no delivery") {
  for (int reading = 1; reading <= 12; ++reading) {
    CAPTURE(reading);
    FaultyVirtualHost host;
    host.hooks.add({.url = "https://a.example/"});
    for (int i = 0; i < 3; ++i) host.hooks.emit("a.b", {});
    int left = reading;
    host.faults->now = [&] {
      if (--left == 0) throw Error(errc::transient, "no time source");
      return host.clock.now();
    };
    CHECK_NOTHROW(host.hooks.run_once());
    host.pass(100s);
    CHECK(host.all_are(State::delivered));
    CHECK_NOTHROW(host.hooks.stop(0s));
  }
}

TEST_CASE("a clock that fails for good keeps neither a step nor stop() from ending") {
  FaultyVirtualHost host;
  host.hooks.add({.url = "https://a.example/"});
  host.hooks.emit("a.b", {});
  host.faults->now = []() -> webhook::Now { throw 42; };
  CHECK_NOTHROW(host.hooks.run_once());
  CHECK(host.count(Notice::Kind::trouble) > 0);
  CHECK_NOTHROW(host.hooks.stop(0s));
  CHECK(host.transport.requests().empty());
}

TEST_CASE("want of memory in any policy costs an attempt or a pause, and no delivery") {
  using Place = std::function<void()> Faults::*;
  for (const Place place : {&Faults::starting, &Faults::polling, &Faults::signing, &Faults::claiming, &Faults::settling,
                            &Faults::reading}) {
    FaultyVirtualHost host;
    host.hooks.add({.url = "https://a.example/"});
    host.hooks.run_once();
    for (int i = 0; i < 3; ++i) host.hooks.emit("a.b", {});
    int left = 2;
    (*host.faults).*place = [&] {
      if (left-- > 0) throw std::bad_alloc();
    };
    for (int i = 0; i < 3; ++i) CHECK_NOTHROW(host.hooks.run_once());
    host.pass(100s);
    CHECK(host.all().size() == 3);
    CHECK(host.all_are(State::delivered));
    host.hooks.stop(1s);
  }
}

TEST_CASE("a transport whose poll fails does not make the worker spin") {
  FaultyHost host;
  host.faults->polling = [] { throw Error(errc::transient, "poll: bad file descriptor"); };
  const auto before = std::chrono::steady_clock::now();
  CHECK_NOTHROW(host.hooks.run_once(10s));
  CHECK(std::chrono::steady_clock::now() - before >= 50ms);
  CHECK(host.count(Notice::Kind::trouble) > 0);
}

TEST_CASE("a worker forgets the keys of removed endpoints") {
  FaultyVirtualHost host;
  const long none = host.signer.prepared.use_count();
  for (int i = 0; i < 100; ++i) {
    const auto endpoint = host.hooks.add({.url = "https://a.example/"});
    host.hooks.emit("a.b", {});
    host.hooks.run_once();
    host.hooks.remove(endpoint.id);
    host.hooks.run_once();
  }
  CHECK(host.transport.requests().size() == 100);
  CHECK(host.signer.prepared.use_count() - none <= 1);
}

TEST_CASE("an endpoint that is gone is told of once, even if the store's answer to that went unheard") {
  FaultyVirtualHost host;
  host.transport.answer_with([](const webhook::Request&) { return webhook::RecordingTransport::answer(410); });
  host.hooks.add({.url = "https://a.example/"});
  int lost = 0;
  host.faults->was_put = [&] {
    if (++lost == 1) throw Error(errc::unknown_commit, "the connection was lost");
  };
  host.hooks.emit("a.b", {});
  host.pass(10s);
  CHECK(lost == 1);
  CHECK(host.count(Notice::Kind::endpoint_gone) == 1);
  CHECK(host.hooks.endpoints().at(0).state == webhook::EndpointState::gone);
}

TEST_CASE("an endpoint that answered 410 is gone once the store takes it, whatever others were answered meanwhile") {
  FaultyVirtualHost host;
  int answered = 0;
  host.transport.answer_with([&](const webhook::Request&) {
    return ++answered == 1 ? webhook::RecordingTransport::answer(410)
                           : webhook::RecordingTransport::answer(400, {{"webhook-delivery", "disable"}});
  });
  host.hooks.add({.url = "https://a.example/"});
  bool locked = true;
  host.faults->putting = [&] {
    if (locked) throw Error(errc::transient, "the database is locked");
  };
  for (int i = 0; i < 2; ++i) host.hooks.emit("a.b", {});
  host.pass(10s);
  CHECK(answered >= 2);
  CHECK(host.hooks.endpoints().at(0).state == webhook::EndpointState::active);
  locked = false;
  host.pass(10s);
  CHECK(host.count(Notice::Kind::endpoint_gone) == 1);
  CHECK(host.count(Notice::Kind::endpoint_disabled) == 0);
  CHECK(host.hooks.endpoints().at(0).state == webhook::EndpointState::gone);
}

TEST_CASE("what is dropped from a full store is told of once, even if the store's answer to that went unheard") {
  Options options;
  options.when_full = webhook::WhenFull::drop_oldest;
  FaultyHost host(std::move(options),
                  std::make_shared<webhook::MemoryStore>(webhook::MemoryOptions{.max_deliveries = 1}));
  host.hooks.add({.url = "https://a.example/"});
  int lost = 0;
  host.faults->was_amended = [&] {
    if (++lost == 1) throw Error(errc::unknown_commit, "the connection was lost");
  };
  host.hooks.emit("a.b", {});
  CHECK_NOTHROW(host.hooks.emit("a.b", {}));
  CHECK(lost == 2);
  CHECK(host.count(Notice::Kind::dropped) == 1);
}

TEST_CASE("a worker that could not tell the store how a lane is to be served does not sleep before it has") {
  FaultyVirtualHost host;
  host.hooks.add({.url = "https://a.example/"});
  host.faults->starting = [] { throw Error(errc::transient, "no sockets"); };
  host.faults->polling = [&] { host.hooks.notify(); };
  bool locked = true;
  int tuned = 0;
  host.faults->tuning = [&] {
    if (locked) throw Error(errc::transient, "the database is locked");
    ++tuned;
  };
  for (int i = 0; i < 12; ++i) host.hooks.emit("a.b", {});  // ten failures in a row open the breaker
  host.hooks.run_once(1h);
  CHECK(host.faults->sleeps == 0);
  locked = false;
  host.clock.advance(2s);
  host.hooks.run_once();
  CHECK(tuned > 0);
}

}  // namespace unit_dispatcher_faults
