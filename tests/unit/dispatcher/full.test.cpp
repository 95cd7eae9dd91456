// SPDX-License-Identifier: MIT
// What emit does when the store is full: refuses, waits for room, or drops the oldest. (B13)
#include <catch2/catch.hpp>
#include <webhook/testing/recording_transport.hpp>
#include <webhook/webhook.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "support/thrown.hpp"

namespace unit_dispatcher_full {
using namespace std::chrono_literals;
using support::thrown;
using webhook::errc;
using webhook::MemoryOptions;
using webhook::MemoryStore;
using webhook::Notice;
using webhook::Options;
using webhook::RecordingTransport;
using webhook::State;
using webhook::WhenFull;

namespace {
using Hooks = webhook::Dispatcher<RecordingTransport>;

Options when_full(WhenFull how, webhook::Duration wait = 10s) {
  Options options;
  options.when_full = how;
  options.wait_for_room = wait;
  return options;
}
MemoryStore holding(std::size_t deliveries, std::size_t bytes = 1'000'000) {
  MemoryOptions options;
  options.max_deliveries = deliveries;
  options.max_bytes = bytes;
  return MemoryStore(options);
}
}  // namespace

TEST_CASE("a full store refuses at once, unless the host said otherwise", "[B13]") {
  Hooks hooks{RecordingTransport(), holding(2)};
  hooks.add({.url = "https://a.example/"});
  hooks.emit("a.b", {});
  hooks.emit("a.b", {});
  CHECK(thrown([&] { hooks.emit("a.b", {}); }) == errc::full);
  CHECK(hooks.counters().refused == 1);
}

TEST_CASE("a waiting emit gets the room that a delivery makes", "[B13]") {
  Hooks hooks{RecordingTransport(), holding(2), when_full(WhenFull::wait)};
  hooks.add({.url = "https://a.example/"});
  hooks.emit("a.b", {});
  hooks.emit("a.b", {});
  std::thread worker([&] {
    std::this_thread::sleep_for(50ms);
    hooks.run_once();
    hooks.run_once();
  });
  CHECK(hooks.emit("a.b", {}).endpoints == 1);
  worker.join();
}

TEST_CASE("a waiting emit is refused at its deadline, and not long after", "[B13]") {
  Hooks hooks{RecordingTransport(), holding(100, 1000), when_full(WhenFull::wait, 100ms)};
  hooks.add({.url = "https://a.example/"});
  const std::string payload(600, 'x');
  hooks.emit_bytes("a.b", payload);
  const auto began = std::chrono::steady_clock::now();
  CHECK(thrown([&] { hooks.emit_bytes("a.b", payload); }) == errc::full);
  const auto took = std::chrono::steady_clock::now() - began;
  CHECK(took >= 100ms);
  CHECK(took < 5s);
}

TEST_CASE("an emit that waits for room hears of stop()", "[B13]") {
  Hooks hooks{RecordingTransport([](const webhook::Request&) { return std::nullopt; }), holding(1),
              when_full(WhenFull::wait, 60s)};
  hooks.add({.url = "https://a.example/"});
  hooks.emit("a.b", {});
  hooks.start();
  std::error_code refusal;
  std::thread emitter([&] { refusal = thrown([&] { hooks.emit("a.b", {}); }); });
  std::this_thread::sleep_for(50ms);
  hooks.stop(0s);
  emitter.join();
  CHECK(refusal == errc::stopped);
}

TEST_CASE("an observer's emit does not wait for the worker that it runs on", "[B13]") {
  Hooks* hooks_of_observer = nullptr;
  std::error_code refusal;
  Options options = when_full(WhenFull::wait, 60s);
  options.on_notice = [&](const Notice& notice) {
    if (notice.kind == Notice::Kind::failed) refusal = thrown([&] { hooks_of_observer->emit("a.b", {}); });
  };
  Hooks hooks{RecordingTransport([](const webhook::Request&) { return RecordingTransport::answer(500); }), holding(1),
              options};
  hooks_of_observer = &hooks;
  hooks.add({.url = "https://a.example/"});
  hooks.emit("a.b", {});
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 5; ++i) hooks.run_once();
  CHECK(refusal == errc::full);
  CHECK(std::chrono::steady_clock::now() - began < 30s);
}

TEST_CASE("a store that drops the oldest keeps the newest, says what it dropped, and keeps its bound", "[B13]") {
  std::vector<std::string> dropped;
  Options options = when_full(WhenFull::drop_oldest);
  options.on_notice = [&](const Notice& notice) {
    if (notice.kind == Notice::Kind::dropped) dropped.emplace_back(notice.event.view());
  };
  Hooks hooks{RecordingTransport(), holding(3), options};
  hooks.add({.url = "https://a.example/"});
  for (const char* const id : {"e1", "e2", "e3", "e4", "e5"}) {
    webhook::EmitOptions named;
    named.id = id;
    hooks.emit("a.b", {}, named);
    CHECK(hooks.gauges().due <= 3);
  }
  CHECK(dropped == std::vector<std::string>{"e1", "e2"});
  CHECK(hooks.counters().dropped == 2);
  CHECK(hooks.deliveries({.state = State::cancelled}).size() == 2);
}

TEST_CASE("what could never fit is refused before anything is dropped for it", "[B13]") {
  Hooks hooks{RecordingTransport(), holding(100, 1000), when_full(WhenFull::drop_oldest)};
  hooks.add({.url = "https://a.example/"});
  hooks.emit("a.b", {});
  CHECK(thrown([&] { hooks.emit_bytes("a.b", std::string(2000, 'x')); }) == errc::too_large);
  CHECK(hooks.gauges().due == 1);
}

TEST_CASE("as many oldest are dropped as a large payload needs", "[B13]") {
  Hooks hooks{RecordingTransport(), holding(100, 1000), when_full(WhenFull::drop_oldest)};
  hooks.add({.url = "https://a.example/"});
  for (int i = 0; i < 10; ++i) hooks.emit_bytes("a.b", std::string(100, 'x'));
  hooks.emit_bytes("a.b", std::string(450, 'y'));
  CHECK(hooks.gauges().bytes <= 1000);
  CHECK(hooks.gauges().bytes >= 450);
  CHECK(hooks.counters().dropped >= 5);
}

TEST_CASE("emitters that fill the store by bytes never get over its bound, whatever it does when it is full", "[B13]") {
  constexpr std::size_t bound = 20'000, size = 600, threads = 8, each = 20;
  const WhenFull how = GENERATE(WhenFull::reject, WhenFull::wait, WhenFull::drop_oldest);
  CAPTURE(static_cast<int>(how));
  Hooks hooks{RecordingTransport(), holding(1000, bound), when_full(how, 100ms)};
  hooks.add({.url = "https://a.example/"});
  std::atomic<std::size_t> emitted{0}, refused{0};
  std::atomic<bool> late{false}, ended{false};
  std::uint64_t most = 0;
  std::thread watcher([&] {
    while (!ended) most = (std::max)(most, hooks.gauges().bytes);
  });
  std::vector<std::thread> emitters;
  for (std::size_t i = 0; i < threads; ++i) {
    emitters.emplace_back([&] {
      for (std::size_t n = 0; n < each; ++n) {
        const auto began = std::chrono::steady_clock::now();
        const std::error_code refusal = thrown([&] { hooks.emit_bytes("a.b", std::string(size, 'x')); });
        if (std::chrono::steady_clock::now() - began > 5s) late = true;
        refusal == errc::full ? ++refused : ++emitted;
      }
    });
  }
  for (std::thread& emitter : emitters) emitter.join();
  ended = true;
  watcher.join();
  CHECK(most <= bound);
  CHECK_FALSE(late);
  CHECK(emitted + refused == threads * each);
  CHECK(hooks.gauges().bytes <= bound);
  CHECK(hooks.gauges().due + hooks.counters().dropped == emitted);
  if (how == WhenFull::drop_oldest) {
    CHECK(refused == 0);
  } else {
    CHECK(emitted == bound / size);  // as many as fit
  }
}

}  // namespace unit_dispatcher_full
