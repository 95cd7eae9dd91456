// SPDX-License-Identifier: MIT
// A dispatcher with live connections in a host that forks, runs out of things, or leaves in a hurry.
#include <catch2/catch.hpp>
#include <webhook/webhook.hpp>

#include <signal.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "support/certificates.hpp"
#include "support/child.hpp"
#include "support/dead_dns.hpp"
#include "support/loopback_server.hpp"
#include "support/thrown.hpp"
#include "support/tls_server.hpp"

namespace integration_good_guest {
using namespace std::chrono_literals;
using support::in_child;
using support::sanitized;
using support::thrown;
using webhook::errc;
using webhook::Notice;
using webhook::Options;
using webhook::Request;
using webhook::Response;
using webhook::State;

namespace {

using Clock = std::chrono::steady_clock;

webhook::CurlOptions local() {
  webhook::CurlOptions options;
  options.allow_http = options.allow_loopback = true;
  return options;
}
Response no_content(const Request&) {
  Response response;
  response.status = 204;
  return response;
}
template <class Condition>
bool within(Clock::duration most, const Condition& condition) {
  const auto deadline = Clock::now() + most;
  while (!condition()) {
    if (Clock::now() > deadline) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

/// Where connections are taken by the system and nobody ever reads or answers; costs one descriptor.
class HungServer {
 public:
  HungServer() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (fd_ < 0 || bind(fd_, reinterpret_cast<const sockaddr*>(&address), size) != 0 || listen(fd_, 4096) != 0 ||
        getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("the hung server cannot listen");
    port_ = ntohs(address.sin_port);
  }
  HungServer(const HungServer&) = delete;
  HungServer& operator=(const HungServer&) = delete;
  ~HungServer() { close(fd_); }
  std::string url(int path) const { return "http://127.0.0.1:" + std::to_string(port_) + "/" + std::to_string(path); }

 private:
  int fd_;
  unsigned port_ = 0;
};

/// The address space of this process, in bytes.
rlim_t address_space() {
  std::ifstream file("/proc/self/statm");
  rlim_t pages = 0;
  file >> pages;
  return pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE));
}
struct Limit {  // for as long as it lives
  Limit(int what, rlim_t most) : what_(what) {
    getrlimit(what_, &before_);
    rlimit limit = before_;
    limit.rlim_cur = most;
    setrlimit(what_, &limit);
  }
  Limit(const Limit&) = delete;
  Limit& operator=(const Limit&) = delete;
  ~Limit() { setrlimit(what_, &before_); }
  int what_;
  rlimit before_{};
};

}  // namespace

TEST_CASE("a fork's child cannot emit, and however it ends, the parent's TLS connection stays whole", "[F1]") {
  const Certificate root = Certificate::make({"authority", "", true, -3600, 3600, nullptr});
  const PemFile file(root);
  TlsServer server(Certificate::make({"receiver", "IP:127.0.0.1", false, -3600, 3600, &root}));
  std::atomic<std::size_t> delivered{0};
  Options options;
  options.on_notice = [&](const Notice& notice) { delivered += notice.kind == Notice::Kind::delivered ? 1U : 0U; };
  webhook::CurlOptions trusting = local();
  trusting.ca_file = file.path();
  auto hooks = std::make_unique<webhook::Dispatcher<>>(webhook::CurlTransport{trusting}, options);
  hooks->add({.url = server.url(), .cap = 1});
  hooks->start();
  hooks->emit("a.b", {});
  REQUIRE(within(20s, [&] { return delivered == 1; }));
  for (std::size_t round = 0; round < 6; ++round) {
    const std::string said = in_child([&]() -> std::string {
      if (thrown([&] { hooks->emit("a.b", {}); }) != errc::forked) return "emit is not refused";
      if (thrown([&] { hooks->endpoints(); }) != errc::forked) return "endpoints() is not refused";
      if (round % 3 == 0) hooks.reset();
      if (round % 3 == 1 && thrown([&] { hooks->stop(1s); }) != errc::forked) return "stop is not refused";
      if (round % 3 == 2 && !sanitized) std::exit(0);  // a sanitizer would tell of what is left, on purpose
      return "";
    });
    CHECK(said == "");
    hooks->emit("a.b", {});
    REQUIRE(within(20s, [&] { return delivered == round + 2; }));
  }
  CHECK(server.handshakes() == 1);  // the same connection all the time
  CHECK(hooks->counters().failed == 0);
  hooks->stop(10s);
}

TEST_CASE("a peer that resets while it is written to does not end a process with SIGPIPE at its default", "[F3]") {
  const std::string said = in_child([]() -> std::string {
    signal(SIGPIPE, SIG_DFL);
    LoopbackServer resets{LoopbackServer::Script{{}, [](LoopbackServer::Peer& peer) {
                                                   std::string some;
                                                   peer.receive(some);
                                                   peer.reset();
                                                 }}};
    Options options;
    options.retry = webhook::RetrySchedule::none();
    options.breaker.failures = 0;
    webhook::Dispatcher hooks{webhook::CurlTransport{local()}, options};
    hooks.add({.url = resets.url(), .cap = 16});
    hooks.add({.url = "https://127.0.0.1:" + std::to_string(resets.port()) + "/", .cap = 16});
    for (int i = 0; i < 50; ++i) hooks.emit_bytes("a.b", '"' + std::string(200'000, 'x') + '"');
    // On this thread, which blocks no signal.
    if (!within(30s, [&] { return hooks.run_once(10ms) == 0 && hooks.gauges().due + hooks.gauges().leased == 0; }))
      return "it does not end";
    return hooks.counters().exhausted == 100 ? "" : "not every delivery failed";
  });
  CHECK(said == "");
}

TEST_CASE("stop() ends in time with a thousand hung peers and a name server that never answers", "[F7]") {
  const std::string said = in_child([]() -> std::string {
    rlimit descriptors{};
    getrlimit(RLIMIT_NOFILE, &descriptors);
    if (descriptors.rlim_max < 1500) return "SKIPPED: not enough descriptors here";
    const Limit enough(RLIMIT_NOFILE, descriptors.rlim_max);
    if (const std::string why = support::enter_dead_dns(); !why.empty()) return "SKIPPED: " + why;
    const HungServer server;
    Options options;
    options.workers = 4;
    webhook::Dispatcher hooks{webhook::CurlTransport{local()}, options};
    for (int i = 0; i < 1000; ++i) hooks.add({.url = server.url(i)});
    for (int i = 0; i < 8; ++i) hooks.add({.url = "http://name" + std::to_string(i) + ".example/"});
    hooks.start();
    hooks.emit("a.b", {});
    if (!within(20s, [&] { return hooks.counters().in_flight >= 1000; }))
      return std::to_string(hooks.counters().in_flight) + " in flight, not 1000";
    const auto began = Clock::now();
    hooks.stop(500ms);
    const auto took = Clock::now() - began;
    if (took > (sanitized ? 4500ms : 1500ms))
      return "stop took " + std::to_string(std::chrono::duration<double>(took).count()) + " s";
    for (const auto& delivery : hooks.deliveries({.most = 2000})) {
      if (delivery.state != State::due) return "a delivery is " + std::string(to_string(delivery.state));
    }
    return "";
  });
  if (said.substr(0, 8) == "SKIPPED:") {
    std::puts(said.c_str());
    return;
  }
  CHECK(said == "");
}

TEST_CASE("a name server that never answers, for one endpoint, delays no other", "[C11]") {
  const std::string said = in_child([]() -> std::string {
    if (const std::string why = support::enter_dead_dns(); !why.empty()) return "SKIPPED: " + why;
    LoopbackServer server{no_content};
    Options options;
    std::atomic<int> delivered{0};
    options.on_notice = [&](const Notice& notice) { delivered += notice.kind == Notice::Kind::delivered ? 1 : 0; };
    webhook::Dispatcher hooks{webhook::CurlTransport{local()}, options};
    hooks.add({.url = "http://dead.example/"});
    for (int i = 0; i < 100; ++i) hooks.add({.url = server.url("/" + std::to_string(i))});
    hooks.start();
    for (int round = 1; round <= 3; ++round) {
      hooks.emit("a.b", {});
      if (!within(sanitized ? 5s : 1s, [&] { return delivered == 100 * round; }))
        return std::to_string(delivered) + " of " + std::to_string(100 * round) + " within a second";
    }
    const auto began = Clock::now();
    hooks.stop(0s);
    return Clock::now() - began < 1s ? "" : "and stop waits for it";
  });
  if (said.substr(0, 8) == "SKIPPED:") {
    std::puts(said.c_str());
    return;
  }
  CHECK(said == "");
}

TEST_CASE("where the system refuses threads, start() says so, and works when there are some", "[F9]") {
  if (sanitized) {
    std::puts("SKIPPED: a sanitizer's address space cannot be limited");
    return;
  }
  LoopbackServer server{no_content};  // here, because it needs threads too: the workers that did start connect at once
  const std::string said = in_child([&]() -> std::string {
    Options options;
    options.workers = 64;
    options.retry = webhook::RetrySchedule(std::vector<webhook::Duration>(100, 20ms));  // an attempt may fail below
    webhook::Dispatcher hooks{webhook::CurlTransport{local()}, options};
    hooks.add({.url = server.url()});
    hooks.emit("a.b", {});
    {
      const Limit little(RLIMIT_AS, address_space() + (rlim_t{100} << 20U));  // some stacks, not 64 of them
      if (thrown([&] { hooks.start(); }) != errc::transient) return "start() does not say that it failed";
      if (hooks.counters().workers != 0) return "some threads are left";
    }
    hooks.start();
    return within(20s, [&] { return hooks.counters().delivered == 1; }) ? "" : "it does not deliver afterwards";
  });
  CHECK(said == "");
}

TEST_CASE("where memory ends, emit and delivering throw or fail, and what was accepted is delivered afterwards",
          "[F9]") {
  if (sanitized) {
    std::puts("SKIPPED: a sanitizer's address space cannot be limited");
    return;
  }
  LoopbackServer server{no_content};  // here, because it needs memory too
  const std::string said = in_child([&]() -> std::string {
    Options options;
    options.retry = webhook::RetrySchedule(std::vector<webhook::Duration>(100, 20ms));
    options.breaker.failures = 0;
    webhook::Dispatcher hooks{webhook::CurlTransport{local()}, options};
    hooks.add({.url = server.url(), .cap = 1000});
    std::size_t accepted = 0, refused = 0;
    {
      const Limit little(RLIMIT_AS, address_space() + (rlim_t{16} << 20U));
      const std::string payload = '"' + std::string(200'000, 'x') + '"';
      for (int i = 0; i < 500; ++i) {
        try {
          hooks.emit_bytes("a.b", payload);
          ++accepted;
        } catch (const std::bad_alloc&) {
          ++refused;
        }
        if (i % 100 == 99) hooks.run_once();
      }
    }
    if (accepted == 0 || refused == 0)
      return std::to_string(accepted) + " accepted, " + std::to_string(refused) + " not";
    const auto quiet = [&] {
      return hooks.run_once(10ms) == 0 && hooks.gauges().due + hooks.counters().in_flight == 0;
    };
    if (!within(20s, quiet)) return "not everything ends";
    // An outcome for which there was no memory is nobody's: it is tried again when its lease is over.
    return hooks.counters().delivered + hooks.gauges().leased == accepted ? "" : "something that was accepted is lost";
  });
  CHECK(said == "");
}

TEST_CASE("where descriptors end, start() says so or works, and deliveries are made when there are some", "[F9]") {
  if (sanitized) {
    std::puts("SKIPPED: a sanitizer needs descriptors for its own checks");
    return;
  }
  const std::string said = in_child([]() -> std::string {
    LoopbackServer server{no_content};
    webhook::Dispatcher hooks{webhook::CurlTransport{local()}};
    hooks.add({.url = server.url()});
    bool started = false;
    {
      const int lowest_free = dup(0);
      close(lowest_free);
      const Limit none(RLIMIT_NOFILE, static_cast<rlim_t>(lowest_free));
      const std::error_code refusal = thrown([&] {
        hooks.start();
        started = true;
      });
      if (!started && refusal != errc::transient) return "start() says " + refusal.message();
    }
    if (!started) hooks.start();
    std::this_thread::sleep_for(50ms);  // the worker sleeps now, and must be woken
    hooks.emit("a.b", {});
    return server.await_requests(1, 10s) ? "" : "nothing is delivered: the worker cannot be woken";
  });
  CHECK(said == "");
}

TEST_CASE("a .netrc in the home folder is not read", "[C10]") {
  const std::string said = in_child([]() -> std::string {
    const char* const temporary = getenv("TMPDIR");
    std::string home = std::string(temporary == nullptr ? "/tmp" : temporary) + "/webhook-home-XXXXXX";
    if (mkdtemp(home.data()) == nullptr) return "no folder";
    const std::string netrc = home + "/.netrc";
    std::ofstream(netrc) << "machine 127.0.0.1 login someone password s3cret\ndefault login someone password s3cret\n";
    setenv("HOME", home.c_str(), 1);
    LoopbackServer server{no_content};
    webhook::Dispatcher hooks{webhook::CurlTransport{local()}};
    hooks.add({.url = server.url()});
    hooks.emit("a.b", {});
    within(20s, [&] { return hooks.run_once(10ms) > 0; });
    unlink(netrc.c_str());
    rmdir(home.c_str());
    if (server.requests().size() != 1) return "nothing was sent";
    return server.requests()[0].headers.count("authorization") == 0 ? "" : "its password was sent";
  });
  CHECK(said == "");
}

}  // namespace integration_good_guest
