// SPDX-License-Identifier: MIT
// CurlTransport and names: what a name server says decides nothing; the address that is dialled does. Each case runs in
// a network of its own, where every address can be listened to.
#include <webhook/testing/transport_conformance.hpp>
#include <webhook/transport/curl.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "support/child.hpp"
#include "support/name_server.hpp"
#include "support/own_network.hpp"

namespace integration_names {

namespace {

using namespace std::chrono_literals;
using support::NameServer;
using webhook::Failure;
using webhook::Request;
using webhook::Response;
using webhook::Ticket;
using webhook::testing::ExchangeLog;

/// Answers 204 at port 80 of every address there is, and notes which was dialled. It ends with the process.
class Everywhere {
 public:
  Everywhere() : listener_(support::bound_to(SOCK_STREAM, 80)) {
    if (listener_ < 0 || listen(listener_, 64) != 0) throw std::runtime_error("no port 80");
    std::thread([this] { run(); }).detach();
  }
  std::vector<std::string> dialled() {
    const std::lock_guard lock(mutex_);
    return dialled_;
  }

 private:
  void run() {
    for (;;) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      sockaddr_in here{};
      socklen_t size = sizeof here;
      getsockname(fd, reinterpret_cast<sockaddr*>(&here), &size);
      char text[INET_ADDRSTRLEN]{};
      inet_ntop(AF_INET, &here.sin_addr, text, sizeof text);
      {
        const std::lock_guard lock(mutex_);
        dialled_.emplace_back(text);
      }
      std::string got;
      char bytes[4096];
      for (ssize_t some = 0; got.find("\r\n\r\n") == got.npos && (some = recv(fd, bytes, sizeof bytes, 0)) > 0;)
        got.append(bytes, static_cast<std::size_t>(some));
      const std::string answer = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
      send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
      close(fd);
    }
  }
  int listener_;
  std::mutex mutex_{};
  std::vector<std::string> dialled_{};
};

webhook::CurlOptions public_only() {
  webhook::CurlOptions options;
  options.allow_http = true;
  return options;
}

Request get(const std::string& host) {
  Request request;
  request.url = "http://" + host + "/";
  request.method = "GET";
  return request;
}

/// One exchange in a session of its own: libcurl keeps what it was told of a name for a minute, per session.
Response carry(const std::string& host, const webhook::CurlOptions& options = public_only()) {
  auto session = webhook::CurlTransport{options}.open();
  ExchangeLog log;
  const Request request = get(host);
  session.start(Ticket{1}, request);
  if (!log.await(session, 1, 30s)) return {};
  return log.answers[Ticket{1}].front();
}

std::string told(const Response& response) {
  return std::to_string(response.status) + " " + std::string(to_string(response.failure)) + " " + response.reason;
}

template <class Call>
void in_own_network(const Call& call) {
  const std::string said = support::in_child([&call]() -> std::string {
    if (const std::string why = support::enter_own_network(); !why.empty()) return "SKIPPED: " + why;
    for (const char* range : {"93.184.0.0", "10.1.0.0", "169.254.0.0"}) {
      if (!support::add_route(range, 16, support::Leads::here)) return "SKIPPED: no routes can be made here";
    }
    if (!support::add_route("20.0.0.0", 8, support::Leads::nowhere)) return "SKIPPED: no routes can be made here";
    return call();
  });
  if (said.substr(0, 8) == "SKIPPED:") {
    std::puts(said.c_str());
    return;
  }
  CHECK(said == "");
}

}  // namespace

TEST_CASE("of a name with private, metadata and public addresses only the public one is dialled", "[C5]") {
  in_own_network([]() -> std::string {
    Everywhere everywhere;
    NameServer names{[](std::string_view) {
      return std::vector<std::string>{"10.1.2.3", "169.254.169.254", "93.184.216.34", "127.0.0.1"};
    }};
    for (int i = 0; i < 4; ++i) {
      if (const Response response = carry("mixed.example"); response.status != 204) return told(response);
    }
    return everywhere.dialled() == std::vector<std::string>(4, "93.184.216.34") ? "" : "another address was dialled";
  });
}

TEST_CASE("a name that turns private between two deliveries is refused then, and nobody there hears of it",
          "[C6][A12]") {
  in_own_network([]() -> std::string {
    Everywhere everywhere;
    std::atomic<std::size_t> question{0};
    NameServer names{[&](std::string_view name) -> std::vector<std::string> {
      if (name == "here.example") return {"127.0.0.1"};
      if (question++ == 0) return {"93.184.216.34"};
      return {name == "cloud.example" ? "169.254.169.254" : "10.1.2.3"};
    }};
    for (const char* name : {"turns.example", "cloud.example"}) {
      question = 0;
      if (const Response response = carry(name); response.status != 204) return told(response);
      for (int i = 0; i < 3; ++i) {
        const Response response = carry(name);
        if (response.failure != Failure::address_refused || response.reason.empty()) return told(response);
      }
    }
    if (const Response response = carry("here.example"); response.failure != Failure::address_refused)
      return told(response);
    webhook::CurlOptions nearby = public_only();  // who allows private networks has not allowed credentials
    nearby.allow_private = true;
    if (const Response response = carry("turns.example", nearby); response.status != 204) return told(response);
    if (const Response response = carry("cloud.example", nearby); response.failure != Failure::address_refused)
      return told(response);
    return everywhere.dialled() == std::vector<std::string>{"93.184.216.34", "93.184.216.34", "10.1.2.3"}
               ? ""
               : "an address was dialled that is not allowed";
  });
}

TEST_CASE("a name with a thousand addresses is given up within the connect timeout, and delays no other", "[C12]") {
  in_own_network([]() -> std::string {
    Everywhere everywhere;
    std::vector<std::string> silent, secret;
    for (int i = 0; i < 1000; ++i) {
      const std::string tail = std::to_string(i / 250) + "." + std::to_string(1 + i % 250);
      silent.push_back("20.1." + tail);
      secret.push_back("10.1." + tail);
    }
    NameServer names{[&](std::string_view name) {
      if (name == "silent.example") return silent;
      if (name == "secret.example") return secret;
      return std::vector<std::string>{"93.184.216.34"};
    }};
    webhook::CurlOptions options = public_only();
    options.connect_timeout = 1s;
    auto session = webhook::CurlTransport{options}.open();
    ExchangeLog log;
    const Request slow = get("silent.example"), healthy = get("healthy.example");
    const auto began = std::chrono::steady_clock::now();
    session.start(Ticket{1}, slow);
    session.start(Ticket{2}, healthy);
    if (!log.await(session, 1, 30s) || log.answers.count(Ticket{2}) == 0) return "the healthy one waits";
    if (!log.await(session, 2, 30s)) return "it is not given up";
    const auto took = std::chrono::steady_clock::now() - began;
    if (took > (support::sanitized ? 8s : 3s)) return "it took much longer than the connect timeout";
    const Response& given_up = log.answers[Ticket{1}].front();
    if (given_up.failure != Failure::timeout && given_up.failure != Failure::connect) return told(given_up);

    if (const Response response = carry("secret.example", options); response.failure != Failure::address_refused)
      return told(response);
    return everywhere.dialled() == std::vector<std::string>{"93.184.216.34"} ? "" : "another address was dialled";
  });
}

}  // namespace integration_names
