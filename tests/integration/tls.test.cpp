// SPDX-License-Identifier: MIT
// CurlTransport over TLS: whom it trusts, whom it does not, and which HTTP it speaks.
#include <webhook/testing/transport_conformance.hpp>
#include <webhook/transport/curl.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>

#include <catch2/catch.hpp>

#include "support/certificates.hpp"
#include "support/loopback_server.hpp"
#include "support/tls_server.hpp"

namespace integration_tls {

namespace {

using webhook::Failure;
using webhook::Request;
using webhook::Response;
using webhook::Ticket;

struct Authority {
  Certificate root = Certificate::make({"authority", "", true, -3600, 3600, nullptr});
  PemFile file{root};

  Certificate issue(const std::string& names, long begins_in = -3600, long ends_in = 3600) const {
    return Certificate::make({"receiver", names, false, begins_in, ends_in, &root});
  }
};

bool direct = true;  // which of the two exchanges plays; each case is played with both

webhook::CurlOptions trusting(const std::string& ca_file) {
  webhook::CurlOptions options;
  options.allow_loopback = true;
  options.ca_file = ca_file;
  return options;
}

Response carry(const std::string& url, const std::string& ca_file, bool http2 = false, int times = 1) {
  webhook::CurlOptions options = trusting(ca_file);
  options.direct = direct;
  const webhook::CurlTransport transport{options};
  auto session = transport.open();
  Request request;
  request.url = url;
  request.method = "GET";
  request.http2 = http2;
  request.timeout = std::chrono::seconds(10);
  webhook::testing::ExchangeLog log;
  Response last;
  for (int i = 0; i < times; ++i) {
    session.start(Ticket{1}, request);
    REQUIRE(log.await(session, 1));
    last = log.answers[Ticket{1}].front();
    log.answers.clear();
  }
  return last;
}

bool refused(const Response& response) {
  return response.failure == Failure::tls && response.status == 0 && !response.reason.empty();
}

}  // namespace

TEST_CASE("a certificate of an authority that the host named is accepted") {
  direct = GENERATE(true, false);
  CAPTURE(direct);
  const Authority authority;
  TlsServer server(authority.issue("IP:127.0.0.1,DNS:localhost"));
  const Response response = carry(server.url(), authority.file.path(), false, 3);
  CHECK(response.status == 204);
  CHECK(response.failure == Failure::none);
  CHECK(server.requests() == 3);
  CHECK(server.handshakes() == 1);
  CHECK(server.protocol() == "http/1.1");
}

TEST_CASE("a TLS session is taken up again by whichever exchange connects next") {
  const Authority authority;
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  TlsServer server(authority.issue("IP:127.0.0.1"), version);
  server.close_after_each();
  auto session = webhook::CurlTransport{trusting(authority.file.path())}.open();
  Request request;
  request.url = server.url();
  request.method = "GET";
  for (const std::size_t at_once : {std::size_t{1}, std::size_t{2}}) {  // the second handle never connected before
    webhook::testing::ExchangeLog log;
    for (std::size_t i = 0; i < at_once; ++i) session.start(Ticket{i}, request);
    REQUIRE(log.await(session, at_once));
    for (std::size_t i = 0; i < at_once; ++i) CHECK(log.answers[Ticket{i}].front().status == 204);
  }
  CHECK(server.handshakes() == 3);
  // Of TLS 1.3 libcurl keeps one ticket: of two that connect at once, one may find it gone.
  CHECK(server.resumed() >= (version == TLS1_3_VERSION ? 1U : 2U));
}

TEST_CASE("a TLS connection is used again only if nothing more than an answer came over it") {
  direct = true;
  const Authority authority;
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const bool ends = GENERATE(true, false);  // with a notice that it does, and stays open
  CAPTURE(version, ends);
  std::atomic<std::size_t> answered{0};
  TlsServer server(authority.issue("IP:127.0.0.1"), version);
  server.after_each([&](SSL* ssl) {
    if (++answered % 3 == 1) return;
    ends ? static_cast<void>(SSL_shutdown(ssl)) : static_cast<void>(SSL_write(ssl, "HTTP/1.1 410 Gone\r\n\r\n", 21));
  });
  for (const std::size_t times : {1U, 2U, 3U, 4U, 5U, 6U}) {
    answered = 0;
    const std::size_t before = server.handshakes();
    CHECK(carry(server.url(), authority.file.path(), false, static_cast<int>(times)).status == 204);
    CHECK(answered == times);
    // The first of three leaves a connection to the second.
    CHECK(server.handshakes() - before == times - (times + 1) / 3);
  }
}

TEST_CASE("tickets and new keys that a peer sends whenever it likes harm no TLS connection") {
  direct = true;
  const Authority authority;
  TlsServer server(authority.issue("IP:127.0.0.1"), TLS1_3_VERSION);
  const bool keys = GENERATE(true, false);
  CAPTURE(keys);
  server.after_each([&](SSL* ssl) {
    keys ? SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED) : SSL_new_session_ticket(ssl);
    SSL_do_handshake(ssl);
  });
  CHECK(carry(server.url(), authority.file.path(), false, 6).status == 204);
  CHECK(server.requests() == 6);
  CHECK(server.handshakes() == 1);
}

TEST_CASE("more than a socket takes at once goes over TLS, also over a connection that is used again") {
  const Authority authority;
  TlsServer server(authority.issue("IP:127.0.0.1"), GENERATE(TLS1_2_VERSION, TLS1_3_VERSION));
  auto session = webhook::CurlTransport{trusting(authority.file.path())}.open();
  Request request;
  request.url = server.url();
  request.body = webhook::Bytes(std::string(8'000'000, 'x'));
  for (int i = 0; i < 3; ++i) {
    webhook::testing::ExchangeLog log;
    session.start(Ticket{1}, request);
    REQUIRE(log.await(session, 1));
    CHECK(log.answers[Ticket{1}].front().status == 204);
  }
  CHECK(server.requests() == 3);
  CHECK(server.handshakes() == 1);
}

TEST_CASE("TLS 1.2 is accepted, TLS 1.1 and 1.0 are not", "[D17]") {
  direct = GENERATE(true, false);
  CAPTURE(direct);
  const Authority authority;
  const Certificate certificate = authority.issue("IP:127.0.0.1");
  TlsServer current(certificate, TLS1_2_VERSION);
  CHECK(carry(current.url(), authority.file.path()).status == 204);
  TlsServer old(certificate, TLS1_1_VERSION);
  CHECK(refused(carry(old.url(), authority.file.path())));
  TlsServer older(certificate, TLS1_VERSION);
  CHECK(refused(carry(older.url(), authority.file.path())));
  CHECK(old.requests() + older.requests() == 0);
}

TEST_CASE("a certificate that nobody known has signed is refused", "[D17]") {
  direct = GENERATE(true, false);
  CAPTURE(direct);
  const Authority authority;
  TlsServer self_signed(Certificate::make({"receiver", "IP:127.0.0.1", false, -3600, 3600, nullptr}));
  CHECK(refused(carry(self_signed.url(), "")));
  CHECK(refused(carry(self_signed.url(), authority.file.path())));
  TlsServer of_a_stranger(authority.issue("IP:127.0.0.1"));
  CHECK(refused(carry(of_a_stranger.url(), "")));
  const Authority other;
  CHECK(refused(carry(of_a_stranger.url(), other.file.path())));
  CHECK(self_signed.requests() + of_a_stranger.requests() == 0);
}

TEST_CASE("a certificate that has expired, or is not valid yet, is refused", "[D17]") {
  direct = GENERATE(true, false);
  CAPTURE(direct);
  const Authority authority;
  TlsServer expired(authority.issue("IP:127.0.0.1", -7200, -3600));
  CHECK(refused(carry(expired.url(), authority.file.path())));
  TlsServer early(authority.issue("IP:127.0.0.1", 3600, 7200));
  CHECK(refused(carry(early.url(), authority.file.path())));
  CHECK(expired.requests() + early.requests() == 0);
}

TEST_CASE("a certificate for another host is refused", "[D17]") {
  direct = GENERATE(true, false);
  CAPTURE(direct);
  const Authority authority;
  TlsServer other(authority.issue("DNS:other.example,IP:127.0.0.2"));
  CHECK(refused(carry(other.url(), authority.file.path())));
  CHECK(refused(carry(other.url("localhost"), authority.file.path())));
  TlsServer by_name(authority.issue("DNS:localhost"));
  CHECK(refused(carry(by_name.url(), authority.file.path())));
  CHECK(carry(by_name.url("localhost"), authority.file.path()).status == 204);
  CHECK(other.requests() == 0);
}

TEST_CASE("a peer that answers an https request in plain text is refused", "[D17]") {
  direct = GENERATE(true, false);
  CAPTURE(direct);
  LoopbackServer plain{LoopbackServer::Script{{}, [](LoopbackServer::Peer& peer) {
                                                peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                                                peer.hold();
                                              }}};
  CHECK(refused(carry("https://127.0.0.1:" + std::to_string(plain.port()) + "/", "")));
}

TEST_CASE("a peer that never ends its handshake is given up at the timeout") {
  direct = GENERATE(true, false);
  CAPTURE(direct);
  LoopbackServer mute{LoopbackServer::Script{{}, [](LoopbackServer::Peer& peer) { peer.hold(); }}};
  webhook::CurlOptions options;
  options.allow_loopback = true;
  options.direct = direct;
  options.connect_timeout = std::chrono::milliseconds(300);
  const webhook::CurlTransport transport{options};
  auto session = transport.open();
  Request request;
  request.url = "https://127.0.0.1:" + std::to_string(mute.port()) + "/";
  webhook::testing::ExchangeLog log;
  const auto begin = std::chrono::steady_clock::now();
  session.start(Ticket{1}, request);
  REQUIRE(log.await(session, 1));
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(3));
  CHECK(log.answers[Ticket{1}].front().failure == Failure::timeout);
}

TEST_CASE("HTTP/2 is spoken where the request offers it and the peer takes it, and nowhere else") {
  direct = GENERATE(true, false);
  CAPTURE(direct);
  const Authority authority;
  TlsServer both(authority.issue("IP:127.0.0.1"), TLS1_3_VERSION, true);
  CHECK(carry(both.url(), authority.file.path(), false).status == 204);
  CHECK(both.protocol() == "http/1.1");
  CHECK(carry(both.url(), authority.file.path(), true, 3).status == 204);
  CHECK(both.protocol() == "h2");
  CHECK(both.handshakes() == 2);
  CHECK(both.requests() == 4);
  TlsServer old(authority.issue("IP:127.0.0.1"));
  CHECK(carry(old.url(), authority.file.path(), true).status == 204);
  CHECK(old.protocol() == "http/1.1");
}

}  // namespace integration_tls
