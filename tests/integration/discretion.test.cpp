// SPDX-License-Identifier: MIT
// What must stay between the host and its endpoints: secrets, tokens in URLs and headers, and, for tenants, addresses.
#include <catch2/catch.hpp>
#include <webhook/webhook.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "support/loopback_server.hpp"

namespace integration_discretion {
using namespace std::chrono_literals;
using webhook::Notice;
using webhook::Options;
using webhook::Request;
using webhook::Response;

namespace {

/// Everything that the library says of a host's endpoints, in one text.
class Gossip {
 public:
  void hear(std::string_view text) { text_.append(text).append("\n"); }
  template <class Call>
  void hear_refusal(const Call& call) {
    try {
      call();
      hear("(not refused)");
    } catch (const std::exception& error) {
      hear(error.what());
    }
  }
  const std::string& text() const noexcept { return text_; }

 private:
  std::string text_{};
};

bool says(const std::string& text, std::string_view what) { return text.find(what) != std::string::npos; }

}  // namespace

TEST_CASE(
    "no secret, no header's value, no token of a URL and no payload reaches a notice, an error, the log or the metrics",
    "[F12]") {
  LoopbackServer closed{[](const Request&) { return Response{}; }};
  LoopbackServer rude{LoopbackServer::Script{[](LoopbackServer::Peer& peer, const Request&) { peer.reset(); }, {}}};
  LoopbackServer mute{LoopbackServer::Script{[](LoopbackServer::Peer& peer, const Request&) { peer.hold(); }, {}}};
  LoopbackServer failing{[](const Request&) {
    Response response;
    response.status = 500;
    return response;
  }};
  Gossip gossip;
  std::size_t notices = 0;
  Options options;
  options.retry = webhook::RetrySchedule({0s, 1ms});
  options.timeout = 300ms;
  options.breaker.failures = 2;
  options.on_notice = [&](const Notice& notice) {
    ++notices;
    gossip.hear(notice.text);
    gossip.hear(to_string(notice.kind));
    if (notice.attempt != nullptr) gossip.hear(notice.attempt->reason);
  };
  webhook::CurlOptions local;
  local.allow_http = local.allow_loopback = true;
  webhook::Dispatcher hooks{webhook::CurlTransport{local}, options};
  constexpr std::string_view query = "/hooks?token=t0k3n-of-the-query";
  std::vector<std::string> secrets;
  std::string unused;
  {
    const LoopbackServer gone{[](const Request&) { return Response{}; }};
    unused = gone.url(query);
  }
  for (const std::string& url : {unused, rude.url(query), mute.url(query), failing.url(query), closed.url(query),
                                 "https://127.0.0.1:" + std::to_string(rude.port()) + std::string(query),
                                 "http://no-such-name.invalid" + std::string(query)}) {
    webhook::Endpoint endpoint;
    endpoint.url = url;
    endpoint.headers = {{"Authorization", "Bearer t0k3n-of-the-header"}};
    const webhook::Endpoint added = hooks.add(endpoint);
    secrets.emplace_back(added.secrets.at(0).reveal());
    secrets.emplace_back(hooks.rotate_secret(added.id).secrets.at(0).reveal());
    gossip.hear_refusal([&] { hooks.add(added); });
    gossip.hear_refusal([&] { hooks.change(added); });
    webhook::Endpoint wrong = endpoint;
    wrong.headers = {{"X-Key", "t0k3n-of-the-header\r\n"}};
    gossip.hear_refusal([&] { hooks.add(wrong); });
    wrong = endpoint;
    wrong.url += "#fragment";
    gossip.hear_refusal([&] { hooks.add(wrong); });
    wrong = endpoint;
    wrong.url = "https://10.0.0.1" + std::string(query);
    gossip.hear_refusal([&] { hooks.add(wrong); });
    wrong = endpoint;
    wrong.secrets = {webhook::Secret("whsec_t0k3n-of-the-secret")};
    gossip.hear_refusal([&] { hooks.add(wrong); });
  }
  webhook::EmitOptions named;
  named.id = "one";
  hooks.emit("a.b", {{"card", "t0k3n-of-the-payload"}}, named);
  gossip.hear_refusal([&] { hooks.emit("a.b", {{"card", "t0k3n-of-the-payload, another"}}, named); });
  gossip.hear_refusal([&] { hooks.emit("a.b", {{"t0k3n-of-the-payload", "\xff"}}); });
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (hooks.counters().exhausted < 7 && std::chrono::steady_clock::now() < deadline) hooks.run_once(10ms);
  CHECK(hooks.counters().exhausted == 7);
  for (const webhook::Delivery& delivery : hooks.deliveries()) {
    for (const webhook::Attempt& attempt : hooks.attempts(delivery.id)) {
      gossip.hear(attempt.reason);
      gossip.hear(to_string(attempt.failure));
    }
  }
  gossip.hear(webhook::to_prometheus(hooks.counters()));
  gossip.hear(webhook::to_prometheus(hooks.gauges()));
  CHECK(notices > 30);
  CHECK_FALSE(says(gossip.text(), "(not refused)"));
  CHECK_FALSE(says(gossip.text(), "t0k3n"));
  for (const std::string& secret : secrets) CHECK_FALSE(says(gossip.text(), std::string_view(secret).substr(6, 12)));
}

TEST_CASE("what a tenant is told of a refused address names neither it nor whether its port is open", "[C14]") {
  LoopbackServer open{[](const Request&) {
    Response response;
    response.status = 204;
    return response;
  }};
  std::string closed;
  {
    const LoopbackServer gone{[](const Request&) { return Response{}; }};
    closed = std::to_string(gone.port());
  }
  const auto told = [&](const std::string& port) {
    std::vector<std::string> bodies;
    webhook::Dispatcher hooks{[&](const Request& request) {
                                Response response;
                                if (request.url == "https://ops.example/") {
                                  nlohmann::json data = nlohmann::json::parse(request.body.view()).at("data");
                                  data.erase("endpoint");
                                  data.erase("delivery");
                                  data.erase("event");
                                  bodies.push_back(data.dump());
                                  response.status = 204;
                                  return response;
                                }
                                // What CurlTransport says of such an address, asked of itself.
                                webhook::CurlOptions strict;
                                strict.allow_http = true;
                                strict.ports = {static_cast<std::uint16_t>(std::stoul(port))};
                                auto session = webhook::CurlTransport{strict}.open();
                                struct : webhook::Exchanges {
                                  bool may_send(webhook::Ticket) override { return true; }
                                  void done(webhook::Ticket, Response answer) override { last = std::move(answer); }
                                  Response last{};
                                } exchanges;
                                session.start(webhook::Ticket{1}, request);
                                for (int i = 0; i < 100 && exchanges.last.failure == webhook::Failure::none; ++i)
                                  session.poll(100ms, exchanges);
                                return exchanges.last;
                              },
                              [] {
                                Options options;
                                options.retry = webhook::RetrySchedule::none();
                                options.operational = "operations";
                                return options;
                              }()};
    hooks.add({.url = "https://ops.example/", .events = {"webhook.delivery.*"}, .tenant = "operations"});
    hooks.add({.url = "http://127.0.0.1:" + port + "/", .events = {"a.b"}});
    hooks.emit("a.b", {});
    for (int i = 0; i < 10; ++i) hooks.run_once();
    return bodies;
  };
  const std::vector<std::string> of_open = told(std::to_string(open.port())), of_closed = told(closed);
  REQUIRE(of_open.size() == 1);
  CHECK(of_open == of_closed);
  CHECK_FALSE(says(of_open[0], "127.0.0.1"));
  CHECK(open.connections() == 0);
}

}  // namespace integration_discretion
