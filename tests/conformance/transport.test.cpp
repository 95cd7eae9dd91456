// SPDX-License-Identifier: MIT
// The contract of a transport, checked on those that the library ships.
#include <webhook/testing/transport_conformance.hpp>
#include <webhook/transport/curl.hpp>
#include <webhook/transport/function.hpp>
#include "support/loopback_server.hpp"

#include <mutex>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace conformance_transport {

namespace {

std::string joined(const std::vector<std::string>& complaints) {
  std::string text;
  for (const std::string& complaint : complaints) text += complaint + "\n";
  return text;
}

webhook::Response echo(const webhook::Request& request) {
  webhook::Response response;
  response.status = 200;
  response.body = std::string(request.body.view());
  return response;
}

}  // namespace

TEST_CASE("the curl transport keeps the contract of a transport, with either exchange") {
  LoopbackServer server{echo};
  LoopbackServer silent{
      LoopbackServer::Script{[](LoopbackServer::Peer& peer, const webhook::Request&) { peer.hold(); }, {}}};
  const bool direct = GENERATE(true, false);
  CAPTURE(direct);
  webhook::CurlTransport transport{{.allow_http = true, .allow_loopback = true, .direct = direct}};
  const webhook::testing::TransportBench bench{server.url("/hooks"), [&server] { return server.requests(); },
                                               silent.url("/silent")};
  CHECK(joined(webhook::testing::check_transport(transport, bench)) == "");
}

TEST_CASE("a function keeps the contract of a transport") {
  std::mutex mutex;
  std::vector<webhook::Request> seen;
  webhook::FunctionTransport transport{[&](const webhook::Request& request) {
    const std::lock_guard lock(mutex);
    seen.push_back(request);
    return echo(request);
  }};
  const webhook::testing::TransportBench bench{"https://receiver.example/hooks",
                                               [&] {
                                                 const std::lock_guard lock(mutex);
                                                 return seen;
                                               },
                                               {}};
  CHECK(joined(webhook::testing::check_transport(transport, bench)) == "");
}

TEST_CASE("the conformance checks find a transport that reports twice and ignores the gate") {
  struct Careless {
    using role = webhook::role::transport;
    struct Session {
      std::size_t room() const { return 1; }
      void start(webhook::Ticket ticket, const webhook::Request&) { ticket_ = ticket; }
      void poll(webhook::Duration, webhook::Exchanges& exchanges) {
        exchanges.done(ticket_, {});
        exchanges.done(ticket_, {});
      }
      void cancel(webhook::Ticket) noexcept {}
      void wake() noexcept {}
      webhook::Ticket ticket_{};
    };
    Session open() { return {}; }
  } transport;
  const webhook::testing::TransportBench bench{
      "https://receiver.example/hooks", [] { return std::vector<webhook::Request>(); }, {}};
  const std::string complaints = joined(webhook::testing::check_transport(transport, bench));
  CHECK_THAT(complaints, Catch::Contains("more than once"));
  CHECK_THAT(complaints, Catch::Contains("the gate was not asked"));
  CHECK_THAT(complaints, Catch::Contains("takes no room"));
  CHECK_THAT(complaints, Catch::Contains("returned before its time"));
}

}  // namespace conformance_transport
