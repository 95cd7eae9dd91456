// SPDX-License-Identifier: MIT
// Lanes: a full one delays no other, and a cap holds over all workers.
#include <catch2/catch.hpp>
#include <webhook/transport/function.hpp>

#include <atomic>
#include <map>
#include <string>
#include <thread>

#include "support/virtual_host.hpp"

namespace unit_dispatcher_fairness {
using namespace std::chrono_literals;
using support::VirtualHost;
using webhook::Options;
using webhook::RecordingTransport;
using webhook::Request;

TEST_CASE("an endpoint with 5,000 waiting delays nobody: 99 others are served in the first step", "[E16]") {
  VirtualHost host;
  host.hooks.add({.url = "https://noisy.example/", .events = {"noise"}, .cap = 1000});
  for (int i = 0; i < 5000; ++i) host.hooks.emit("noise", {{"n", i}});
  for (int i = 0; i < 99; ++i)
    host.hooks.add({.url = "https://quiet.example/" + std::to_string(i), .events = {"news"}});
  CHECK(host.hooks.emit("news", {}).endpoints == 99);
  host.hooks.run_once();
  std::map<std::string, int> sent;
  for (const Request& request : host.transport.requests()) ++sent[request.url];
  CHECK(sent.size() == 100);
  for (const auto& [url, times] : sent) {
    if (url != "https://noisy.example/") CHECK(times == 1);
  }
}

TEST_CASE("a hung endpoint, or one that only fails, delays nobody's first attempt") {
  VirtualHost host;
  host.transport.answer_with([](const Request& request) -> std::optional<webhook::Response> {
    if (request.url == "https://hung.example/") return std::nullopt;
    return RecordingTransport::answer(request.url == "https://dead.example/" ? 500 : 204);
  });
  for (const char* url : {"https://hung.example/", "https://dead.example/", "https://well.example/"})
    host.hooks.add({.url = url});
  std::size_t served = 0;
  for (int i = 1; i <= 100; ++i) {
    host.hooks.emit("a.b", {{"n", i}});
    host.settle();
    served = 0;
    for (const Request& request : host.transport.requests()) served += request.url == "https://well.example/" ? 1U : 0U;
    REQUIRE(served == static_cast<std::size_t>(i));
  }
}

TEST_CASE("an endpoint's cap holds over all workers of a dispatcher") {
  std::atomic<int> under_way{0}, most{0}, sent{0};
  Options options;
  options.workers = 8;
  webhook::Dispatcher hooks{[&](const Request&) {
                              const int now = ++under_way;
                              for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
                              }
                              for (int i = 0; i < 100; ++i) std::this_thread::yield();
                              --under_way;
                              ++sent;
                              webhook::Response response;
                              response.status = 204;
                              return response;
                            },
                            options};
  hooks.add({.url = "https://a.example/", .cap = 3});
  for (int i = 0; i < 600; ++i) hooks.emit("a.b", {});
  hooks.start();
  hooks.stop(60s);
  CHECK(sent == 600);
  CHECK(most <= 3);
  CHECK(most > 1);
}

}  // namespace unit_dispatcher_fairness
