// SPDX-License-Identifier: MIT
// The direct exchange beside libcurl's own, on answers that chance has spoiled: whatever the direct one believes, libcurl
// believes too, and reads as the same status and body. Where only libcurl believes, the reason is one of a few.
#include <webhook/testing/transport_conformance.hpp>
#include <webhook/transport/curl.hpp>
#include "support/loopback_server.hpp"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

namespace integration_response_differences {

namespace {

using webhook::Failure;
using webhook::Response;
using webhook::Ticket;

/// Plays one answer after another to both exchanges, each over a connection of its own.
class Comparison {
 public:
  std::pair<Response, Response> play(const std::string& answer) {
    {
      const std::lock_guard lock(mutex_);
      answer_ = answer;
    }
    Response direct = carry(direct_);
    return {std::move(direct), carry(whole_)};
  }

 private:
  static webhook::CurlSession session(bool direct) {
    return webhook::CurlTransport{{.allow_http = true, .allow_loopback = true, .direct = direct}}.open();
  }
  Response carry(webhook::CurlSession& session) {
    webhook::Request request;
    request.url = server_.url();
    webhook::testing::ExchangeLog log;
    session.start(Ticket{1}, request);
    REQUIRE(log.await(session, 1));
    return std::move(log.answers[Ticket{1}].front());
  }

  std::mutex mutex_{};
  std::string answer_{};
  LoopbackServer server_{LoopbackServer::Script{[this](LoopbackServer::Peer& peer, const webhook::Request&) {
                                                  std::string answer;
                                                  {
                                                    const std::lock_guard lock(mutex_);
                                                    answer = answer_;
                                                  }
                                                  peer.send(answer);
                                                  peer.half_close();
                                                  peer.hold();
                                                  peer.close();
                                                },
                                                {}}};
  webhook::CurlSession direct_ = session(true), whole_ = session(false);
};

bool believed(const Response& response) { return response.failure == Failure::none; }

/// Spoils an answer at some places.
std::string spoilt(std::string text, std::mt19937& chance) {
  static const std::vector<std::string> scraps{"\r\n",
                                               "\n",
                                               "\r",
                                               " ",
                                               "\t",
                                               ":",
                                               "0",
                                               "9",
                                               "-",
                                               ",",
                                               ";",
                                               std::string(1, '\0'),
                                               "\x7F",
                                               "\xFF",
                                               "HTTP/1.1 ",
                                               "HTTP/1.0 ",
                                               "204",
                                               "100 Continue\r\n\r\n",
                                               "Content-Length: 3\r\n",
                                               "Content-Length: 5\r\n",
                                               "Transfer-Encoding: chunked\r\n",
                                               "Connection: close\r\n",
                                               "3\r\nabc\r\n",
                                               "0\r\n\r\n",
                                               "X: y\r\n",
                                               "\r\n folded"};
  const auto below = [&chance](std::size_t most) { return static_cast<std::size_t>(chance()) % most; };
  for (std::size_t times = 1 + below(2); times > 0; --times) {
    const std::size_t at = below(text.size() + 1);
    const std::size_t size = below(3) == 0 ? below(8) : 0;
    text.replace(at, size, below(4) == 0 ? std::string() : scraps[below(scraps.size())]);
  }
  return text;
}

}  // namespace

TEST_CASE("what the direct exchange believes of a spoilt answer, libcurl believes as well") {
  const std::vector<std::string> answers{
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-A: b\r\n\r\nabc",
      "HTTP/1.1 503 Busy\r\nRetry-After: 9\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: "
      "u\r\n\r\n",
      "HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\nServer: s\r\n\r\n",
      "HTTP/1.0 404 Not Found\r\nServer: s\r\n\r\nuntil the end"};
  Comparison comparison;
  std::mt19937 chance(20240229);
  std::size_t both = 0, neither = 0, stricter = 0;
  for (int i = 0; i < 1200; ++i) {
    const std::string answer = spoilt(answers[static_cast<std::size_t>(i) % answers.size()], chance);
    CAPTURE(answer);
    const auto [direct, whole] = comparison.play(answer);
    if (!believed(direct)) {
      ++(believed(whole) ? stricter : neither);
      continue;
    }
    ++both;
    REQUIRE(believed(whole));
    REQUIRE(direct.status == whole.status);
    REQUIRE(whole.body.substr(0, direct.body.size()) == direct.body);  // what is wrong with chunks is seen earlier
  }
  // All three happen, or the comparison would say nothing.
  CHECK(both > 300);
  CHECK(neither > 50);
  CHECK(stricter > 50);
}

}  // namespace integration_response_differences
