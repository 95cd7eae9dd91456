// SPDX-License-Identifier: MIT
// A good guest: threads, stop, fork, observers that misbehave, stores that fail.
#include <catch2/catch.hpp>

#include <signal.h>
#include <sys/wait.h>

#include <atomic>
#include <stdexcept>
#include <thread>

#include "support/thrown.hpp"
#include "support/virtual_host.hpp"

namespace unit_dispatcher_life {
using namespace std::chrono_literals;
using support::thrown;
using support::VirtualHost;
using webhook::errc;
using webhook::Error;
using webhook::Notice;
using webhook::Options;
using webhook::RecordingTransport;
using webhook::Request;
using webhook::State;

namespace {
std::chrono::steady_clock::duration time_of(const std::function<void()>& call) {
  const auto before = std::chrono::steady_clock::now();
  call();
  return std::chrono::steady_clock::now() - before;
}
std::optional<webhook::Response> never(const Request&) { return std::nullopt; }
}  // namespace

TEST_CASE("stop delivers what is due, then ends") {
  RecordingTransport transport;
  webhook::Dispatcher hooks{transport};
  hooks.add({.url = "https://a.example/"});
  hooks.start();
  for (int i = 0; i < 100; ++i) hooks.emit("a.b", {{"n", i}});
  hooks.stop(60s);
  CHECK(transport.requests().size() == 100);
  for (const auto& delivery : hooks.deliveries()) CHECK(delivery.state == State::delivered);
}

TEST_CASE("what was emitted before start is delivered after it", "[B12]") {
  RecordingTransport transport;
  webhook::Dispatcher hooks{transport};
  hooks.add({.url = "https://a.example/"});
  hooks.emit("a.b", {});
  hooks.start();
  hooks.stop(60s);
  CHECK(transport.requests().size() == 1);
}

TEST_CASE("a sleeping worker is woken by an emit, every time") {
  std::atomic<int> delivered{0};
  Options options;
  options.on_notice = [&](const Notice& notice) { delivered += notice.kind == Notice::Kind::delivered ? 1 : 0; };
  webhook::Dispatcher hooks{RecordingTransport{}, options};
  hooks.add({.url = "https://a.example/"});
  hooks.start();
  for (int i = 1; i <= 200; ++i) {
    hooks.emit("a.b", {});
    const auto deadline = std::chrono::steady_clock::now() + 5s;
    while (delivered < i && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    REQUIRE(delivered == i);
  }
  hooks.stop(10s);
}

TEST_CASE("stop with a thousand peers that never answer ends within the deadline and a second", "[F7]") {
  Options options;
  options.workers = 2;
  RecordingTransport transport{never};
  webhook::Dispatcher hooks{transport, options};
  for (int i = 0; i < 1000; ++i) hooks.add({.url = "https://a.example/" + std::to_string(i)});
  hooks.start();
  hooks.emit("a.b", {});
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (transport.requests().size() < 1000 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  REQUIRE(transport.requests().size() == 1000);
  const auto took = time_of([&] { hooks.stop(200ms); });
  CHECK(took >= 200ms);
  CHECK(took < 1200ms);
  for (const auto& delivery : hooks.deliveries(webhook::Query{.most = 2000})) CHECK(delivery.state == State::due);
}

TEST_CASE("after stop nothing is accepted, and it says so; stopping twice is harmless", "[B12]") {
  VirtualHost host;
  host.hooks.add({.url = "https://a.example/"});
  host.hooks.stop(0s);
  host.hooks.stop(0s);
  CHECK(thrown([&] { host.hooks.emit("a.b", {}); }) == errc::stopped);
  CHECK(thrown([&] { host.hooks.start(); }) == errc::stopped);
  CHECK(thrown([&] { host.hooks.run_once(); }) == errc::stopped);
  CHECK(host.hooks.endpoints().size() == 1);
}

TEST_CASE("a dispatcher is driven by threads or by its host, not by both") {
  RecordingTransport transport;
  webhook::Dispatcher threaded{transport};
  threaded.start();
  threaded.start();
  CHECK(thrown([&] { threaded.run_once(); }) == errc::misuse);
  threaded.stop(1s);
  webhook::Dispatcher driven{transport};
  driven.run_once();
  CHECK(thrown([&] { driven.start(); }) == errc::misuse);
}

TEST_CASE("stop without threads delivers what is due as well") {
  VirtualHost host;
  host.hooks.add({.url = "https://a.example/"});
  host.hooks.run_once();
  host.hooks.emit("a.b", {});
  host.hooks.stop(10s);
  CHECK(host.transport.requests().size() == 1);
}

TEST_CASE("an observer may throw, emit, and change endpoints, but not wait for itself", "[B15][F4][F12]") {
  RecordingTransport transport;
  std::function<void(const Notice&)> watch = [](const Notice&) {};
  Options options;
  options.on_notice = [&](const Notice& notice) { watch(notice); };
  webhook::Dispatcher hooks{transport, options};
  const auto endpoint = hooks.add({.url = "https://a.example/"});
  std::error_code refused_stop, refused_step;
  int seen = 0;
  watch = [&](const Notice& notice) {
    if (notice.kind == Notice::Kind::delivered && ++seen == 1) {
      hooks.emit("from.observer", {});
      hooks.pause(endpoint.id);
      hooks.resume(endpoint.id);
      refused_stop = thrown([&] { hooks.stop(1s); });
      refused_step = thrown([&] { hooks.run_once(); });
    }
    throw std::runtime_error("an observer's own trouble");
  };
  hooks.emit("a.b", {});
  for (int i = 0; i < 10; ++i) hooks.run_once();
  CHECK(seen == 2);
  CHECK(refused_stop == errc::misuse);
  CHECK(refused_step == errc::misuse);
  CHECK(transport.requests().size() == 2);
  hooks.stop(1s);
}

TEST_CASE("in a forked child emitting is refused and ending is harmless; the parent never notices", "[F1]") {
  RecordingTransport transport;
  auto hooks = std::make_unique<webhook::Dispatcher<RecordingTransport>>(transport);
  hooks->add({.url = "https://a.example/"});
  hooks->start();
  const pid_t child = fork();
  if (child == 0) {
    const bool refused =
        thrown([&] { hooks->emit("a.b", {}); }) == errc::forked && thrown([&] { hooks->stop(1s); }) == errc::forked;
    hooks.reset();
    _exit(refused ? 0 : 1);
  }
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  hooks->emit("a.b", {});
  hooks->stop(10s);
  CHECK(transport.requests().size() == 1);
}

TEST_CASE("a dispatcher that was not started may be forked: the child starts it, with ids of its own") {
  RecordingTransport transport;
  webhook::Dispatcher<RecordingTransport> hooks{transport};
  hooks.add({.url = "https://a.example/"});
  const auto first_id = [&] {
    hooks.emit("a.b", {});
    hooks.start();
    hooks.stop(10s);
    return std::string(transport.requests().at(0).headers.find("webhook-id").value());
  };
  int channel[2];
  REQUIRE(pipe(channel) == 0);
  const pid_t child = fork();
  if (child == 0) {
    const std::string id = first_id();
    _exit(write(channel[1], id.data(), id.size()) == static_cast<ssize_t>(id.size()) ? 0 : 1);
  }
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  char text[64];
  const ssize_t size = read(channel[0], text, sizeof text);
  REQUIRE(size == 30);
  CHECK(std::string(text, 30).substr(14) != first_id().substr(14));
  close(channel[0]);
  close(channel[1]);
}

TEST_CASE("the workers block every signal, so that the host's handlers run on the host's threads", "[F3]") {
  sigset_t blocked_in_worker;
  sigemptyset(&blocked_in_worker);
  Options options;
  options.on_notice = [&](const Notice&) { pthread_sigmask(SIG_BLOCK, nullptr, &blocked_in_worker); };
  webhook::Dispatcher hooks{RecordingTransport{}, options};
  hooks.add({.url = "https://a.example/"});
  hooks.start();
  hooks.emit("a.b", {});
  hooks.stop(10s);
  for (const int signal : {SIGPIPE, SIGTERM, SIGINT, SIGALRM}) CHECK(sigismember(&blocked_in_worker, signal) == 1);
  sigset_t here;
  pthread_sigmask(SIG_BLOCK, nullptr, &here);
  CHECK(sigismember(&here, SIGTERM) == 0);
}

TEST_CASE("a dispatcher that is destroyed without stop ends at once", "[F6]") {
  const auto took = time_of([] {
    webhook::Dispatcher hooks{RecordingTransport{never}};
    hooks.add({.url = "https://a.example/"});
    hooks.start();
    hooks.emit("a.b", {});
  });
  CHECK(took < 1s);
}

TEST_CASE("options that make no sense are refused at construction") {
  Options none;
  none.workers = 0;
  CHECK(thrown([&] { webhook::Dispatcher hooks(RecordingTransport{}, none); }) == errc::invalid);
  Options long_timeout;
  long_timeout.timeout = 31s;
  CHECK(thrown([&] { webhook::Dispatcher hooks(RecordingTransport{}, long_timeout); }) == errc::invalid);
}

}  // namespace unit_dispatcher_life
