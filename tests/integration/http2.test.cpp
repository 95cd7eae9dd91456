// SPDX-License-Identifier: MIT
// CurlTransport against peers that misbehave in HTTP/2: what they refuse, take back, push or flood with is a failed
// attempt at worst, and never the end of another delivery.
#include <webhook/testing/transport_conformance.hpp>
#include <webhook/transport/curl.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <catch2/catch.hpp>

#include "support/certificates.hpp"
#include "support/tls_server.hpp"

namespace integration_http2 {

namespace {

using namespace std::chrono_literals;
using webhook::Failure;
using webhook::Request;
using webhook::Response;
using webhook::Ticket;
using webhook::testing::ExchangeLog;
using Send = TlsServer::Send;

// Frame types, flags and error codes of RFC 9113.
constexpr unsigned data = 0, headers = 1, rst_stream = 3, push_promise = 5, ping = 6, goaway = 7, continuation = 9;
constexpr unsigned end_stream = 1, end_headers = 4;
constexpr std::uint32_t no_error = 0, internal_error = 2, refused_stream = 7;
constexpr const char *status_200 = "\x88", *status_204 = "\x89";  // of HPACK's static table

class Peer {
 public:
  explicit Peer(TlsServer::Http2Script script)
      : server_(Certificate::make({"receiver", "IP:127.0.0.1", false, -3600, 3600, &root_}), std::move(script)) {
    webhook::CurlOptions options;
    options.allow_loopback = true;
    options.ca_file = file_.path();
    session_.emplace(webhook::CurlTransport{options}.open());
  }

  Response carry(webhook::Duration timeout = 10s) {
    Request request;
    request.url = server_.url();
    request.body = webhook::Bytes("{}");
    request.http2 = true;
    request.timeout = timeout;
    ExchangeLog log;
    session_->start(Ticket{1}, request);
    REQUIRE(log.await(*session_, 1, 30s));
    asked = log.asked.size();
    return log.answers[Ticket{1}].front();
  }
  bool delivers() { return carry().status == 204; }

  const TlsServer& server() const noexcept { return server_; }
  std::size_t asked = 0;  // how often the send gate was, for the last request

 private:
  Certificate root_ = Certificate::make({"authority", "", true, -3600, 3600, nullptr});
  PemFile file_{root_};
  TlsServer server_;
  std::optional<webhook::CurlSession> session_{};
};

bool failed(const Response& response) {
  return response.failure != Failure::none && response.failure != Failure::not_sent && response.status == 0 &&
         response.headers.empty() && response.body.empty() && !response.reason.empty();
}

bool answer(std::uint32_t stream, const Send& send) {
  return send(TlsServer::frame(headers, end_headers | end_stream, stream, status_204));
}
/// Does something else for the first request, and answers all others.
template <class Play>
TlsServer::Http2Script first(const Play& play) {
  return [play](std::size_t number, std::uint32_t stream, const Send& send) {
    return number == 1 ? play(stream, send) : answer(stream, send);
  };
}
std::string field(std::string_view name,
                  std::string_view value) {  // a literal, never indexed (RFC 7541, section 6.2.2)
  return std::string(1, '\0') + static_cast<char>(name.size()) + std::string(name) + static_cast<char>(value.size()) +
         std::string(value);
}

}  // namespace

TEST_CASE("a stream that the peer resets is a broken answer, and the next delivery arrives", "[D18]") {
  Peer peer(first([](std::uint32_t stream, const Send& send) {
    return send(TlsServer::frame(rst_stream, 0, stream, TlsServer::number(internal_error)));
  }));
  const Response reset = peer.carry();
  CHECK(failed(reset));
  CHECK(reset.failure == Failure::broken);
  CHECK(peer.delivers());
  CHECK(peer.server().requests() == 2);
}

TEST_CASE("a stream that is reset within its header block is a broken answer", "[D9][D18]") {
  Peer peer(first([](std::uint32_t stream, const Send& send) {
    return send(TlsServer::frame(headers, 0, stream, status_200) +
                TlsServer::frame(rst_stream, 0, stream, TlsServer::number(no_error))) &&
           false;
  }));
  CHECK(failed(peer.carry()));
  CHECK(peer.delivers());
}

TEST_CASE("a stream that the peer did not look at is sent again only through the send gate", "[D18]") {
  Peer peer(first([](std::uint32_t stream, const Send& send) {
    return send(TlsServer::frame(rst_stream, 0, stream, TlsServer::number(refused_stream)));
  }));
  const Response response = peer.carry();
  CHECK((response.status == 204 || failed(response)));
  CHECK(peer.asked == peer.server().requests());
  CHECK(peer.delivers());
}

TEST_CASE("a peer that goes away is a failed attempt or another connection, never a lost delivery", "[D18]") {
  const auto go = [](std::uint32_t last, std::uint32_t why) {
    return TlsServer::frame(goaway, 0, 0, TlsServer::number(last) + TlsServer::number(why));
  };
  SECTION("before it looked at the request") {
    Peer peer(first([&](std::uint32_t, const Send& send) { return send(go(0, no_error)) && false; }));
    const Response response = peer.carry();
    CHECK((response.status == 204 || failed(response)));
    CHECK(peer.asked == peer.server().requests());
    CHECK(peer.delivers());
  }
  SECTION("in error, with the request under way") {
    Peer peer(first([&](std::uint32_t stream, const Send& send) { return send(go(stream, internal_error)) && false; }));
    CHECK(failed(peer.carry()));
    CHECK(peer.delivers());
  }
  SECTION("after the answer") {
    Peer peer(first([&](std::uint32_t stream, const Send& send) {
      return send(TlsServer::frame(headers, end_headers | end_stream, stream, status_204) + go(stream, no_error)) &&
             false;
    }));
    CHECK(peer.delivers());
    CHECK(peer.delivers());
    CHECK(peer.server().handshakes() == 2);
  }
}

TEST_CASE("what a peer pushes is not taken", "[D18]") {
  Peer peer(first([](std::uint32_t stream, const Send& send) {
    return send(TlsServer::frame(push_promise, end_headers, stream, TlsServer::number(2) + "\x83\x87\x84") +
                TlsServer::frame(headers, end_headers, 2, status_200) +
                TlsServer::frame(data, end_stream, 2, "pushed")) &&
           false;
  }));
  CHECK(failed(peer.carry()));
  CHECK(peer.delivers());
}

TEST_CASE("a peer that floods with headers, continuations, pings or body is bounded", "[D5][D7][D18]") {
  SECTION("headers") {
    Peer peer(first([](std::uint32_t stream, const Send& send) {
      std::string block = status_200;
      for (int i = 0; i < 100; ++i) block += field("x-" + std::to_string(i), std::string(120, 'x'));
      bool listened = send(TlsServer::frame(headers, 0, stream, block));
      for (int i = 0; listened && i < 3; ++i)
        listened = send(TlsServer::frame(continuation, i == 2 ? end_headers : 0U, stream, block.substr(1)));
      return listened;
    }));
    CHECK(failed(
        peer.carry(2s)));  // libcurl 7.88 waits for more behind 16 KiB of headers; newer ones pass on all of them
    CHECK(peer.delivers());
  }
  SECTION("continuations without an end") {
    Peer peer(first([](std::uint32_t stream, const Send& send) {
      const std::string more = TlsServer::frame(continuation, 0, stream, field("x", std::string(100, 'x')));
      bool listened = send(TlsServer::frame(headers, 0, stream, status_200));
      while (listened) listened = send(more);
      return false;
    }));
    CHECK(failed(peer.carry(3s)));
    CHECK(peer.delivers());
  }
  SECTION("pings") {
    Peer peer(first([](std::uint32_t, const Send& send) {
      while (send(TlsServer::frame(ping, 0, 0, "12345678"))) {
      }
      return false;
    }));
    CHECK(failed(peer.carry(2s)));
    CHECK(peer.delivers());
  }
  SECTION("body") {
    Peer peer(first([](std::uint32_t stream, const Send& send) {
      bool listened = send(TlsServer::frame(headers, end_headers, stream, status_200));
      while (listened) listened = send(TlsServer::frame(data, 0, stream, std::string(16384, 'x')));
      return false;
    }));
    const Response response = peer.carry();
    CHECK(response.status == 200);
    CHECK(response.body.size() <= 16 * 1024);
    CHECK(peer.delivers());  // over another connection
    CHECK(peer.server().handshakes() == 2);
  }
}

}  // namespace integration_http2
