// SPDX-License-Identifier: MIT
// CurlTransport against well-behaved peers: what it sends, which URLs it takes, and where it will not go.
#include <webhook/transport/curl.hpp>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <webhook/testing/transport_conformance.hpp>
#include "support/loopback_server.hpp"

namespace unit_transport_curl {

namespace {

using webhook::CurlOptions;
using webhook::CurlTransport;
using webhook::errc;
using webhook::Failure;
using webhook::Request;
using webhook::Response;
using webhook::Ticket;
using webhook::testing::ExchangeLog;

bool direct = true;  // which of the two exchanges plays; what is sent is sent with both

CurlOptions local() {
  CurlOptions options;
  options.direct = direct;
  options.allow_http = options.allow_loopback = true;
  return options;
}

Request request_to(const std::string& url, const std::string& body = "{}") {
  Request request;
  request.url = url;
  request.headers.add("content-type", "application/json");
  request.body = webhook::Bytes(body);
  return request;
}

Response carry(webhook::CurlSession& session, const Request& request) {
  ExchangeLog log;
  session.start(Ticket{1}, request);
  REQUIRE(log.await(session, 1));
  return log.answers[Ticket{1}].front();
}
Response carry(const CurlOptions& options, const Request& request) {
  const CurlTransport transport{options};
  auto session = transport.open();
  return carry(session, request);
}

// What check() says: "" is fine, otherwise the sentence; `code` gets its class.
std::string verdict(const CurlOptions& options, const std::string& url, std::error_code* code = nullptr) {
  try {
    CurlTransport{options}.check(url);
    return {};
  } catch (const webhook::Error& error) {
    if (code != nullptr) *code = error.code();
    return error.what();
  }
}
bool refused_as(errc what, const CurlOptions& options, const std::string& url) {
  std::error_code code;
  return !verdict(options, url, &code).empty() && code == what;
}

Response no_content(const Request&) {
  Response response;
  response.status = 204;
  return response;
}

}  // namespace

TEST_CASE("a usual https URL may be sent to", "[A3]") {
  for (const char* url :
       {"https://receiver.example", "https://receiver.example/", "https://receiver.example/a/b?c=d&e=%20f",
        "https://receiver.example:8443/hooks", "hTTps://Receiver.Example/Path", "https://receiver.example:443/",
        "https://8.8.8.8/", "https://[2606:4700:4700::1111]/", "https://xn--bcher-kva.example/",
        "https://a_b.receiver.example/?x", "https://receiver.example?x=http://other/",
        "https://receiver.example/a@b:c/d", "https://receiver.example/%2e%2e/%00%ff"}) {
    CHECK(verdict({}, url) == "");
  }
}

TEST_CASE("a URL that is malformed or could be read in two ways is refused", "[A1][A2][A3][A4][A5][A6][A8][A10][A11]") {
  const std::vector<std::string> urls{"",
                                      std::string(2049, 'a'),
                                      "https://receiver.example/" + std::string(1 << 20, 'a'),
                                      std::string("https://h\0x/", 12),
                                      "127.0.0.1:9/",
                                      "receiver.example/hooks",
                                      "//receiver.example/",
                                      "file:///etc/passwd",
                                      "ftp://receiver.example/",
                                      "gopher://receiver.example/",
                                      "dict://receiver.example/",
                                      "ws://receiver.example/",
                                      "https+x://receiver.example/",
                                      "https:/receiver.example",
                                      "https:///receiver.example",
                                      "https:receiver.example",
                                      "https://",
                                      "https:///",
                                      "https://user@receiver.example/",
                                      "https://user:pass@receiver.example/",
                                      "https://a@b@receiver.example/",
                                      "https://receiver.example\\@evil.example/",
                                      "https://receiver.example:0/",
                                      "https://receiver.example:-1/",
                                      "https://receiver.example:65536/",
                                      "https://receiver.example:/",
                                      "https://receiver.example:443x/",
                                      "https://receiver.example:0443/",
                                      "https://receiver.example/#fragment",
                                      "https://receiver.example/a b",
                                      "https://receiver.example/a\tb",
                                      "https://receiver.example/a\r\nX: y",
                                      " https://receiver.example/",
                                      "https://receiver.example/\n",
                                      "https://r\xC3\xA9"
                                      "ceiver.example/",
                                      "https://\xEF\xBC\x91.1.1.1/",
                                      "https://receiver\xE3\x80\x82"
                                      "example/",
                                      "https://[fe80::1%25eth0]/",
                                      "https://[fe80::1%eth0]/",
                                      "https://receiver..example/",
                                      "https://.receiver.example/",
                                      "https://receiver.example%2eevil/",
                                      "https://rec%65iver.example/",
                                      "https://receiver.example;x/",
                                      "https://" + std::string(64, 'a') + ".example/",
                                      "https://8.8.2056/",
                                      "https://0x8.8.8.8/",
                                      "https://134744072/"};
  for (const std::string& url : urls) {
    CAPTURE(url.substr(0, 80));
    CHECK(refused_as(errc::invalid_url, {}, url));
  }
}

TEST_CASE("an address of this host or of a private network is refused early, in every spelling", "[A7][A9]") {
  for (const char* host : {"127.0.0.1",
                           "127.1",
                           "0x7f.1",
                           "0x7f000001",
                           "017700000001",
                           "2130706433",
                           "0",
                           "0.0.0.0",
                           "127.0.0.1.",
                           "%31%32%37.0.0.1",
                           "[::1]",
                           "[::]",
                           "[::ffff:127.0.0.1]",
                           "[::ffff:7f00:1]",
                           "[0:0:0:0:0:0:0:1]",
                           "[::127.0.0.1]",
                           "10.1.2.3",
                           "192.168.0.1",
                           "172.16.0.1",
                           "169.254.169.254",
                           "100.64.0.1",
                           "[fd00::1]",
                           "[fe80::1]",
                           "[64:ff9b::7f00:1]",
                           "[2002:7f00:1::]",
                           "localhost",
                           "LOCALHOST",
                           "localhost.",
                           "x.localhost",
                           "ip6-localhost"}) {
    CAPTURE(host);
    CHECK(refused_as(errc::address_refused, {}, std::string("https://") + host + "/"));
  }
}

TEST_CASE("a refusal says what to write so that it is allowed") {
  CHECK_THAT(verdict({}, "http://receiver.example/"), Catch::Contains("webhook::CurlTransport{{.allow_http = true}}"));
  CHECK_THAT(verdict({}, "https://127.0.0.1/"), Catch::Contains("webhook::CurlTransport{{.allow_loopback = true}}"));
  CHECK_THAT(verdict({}, "https://localhost/"), Catch::Contains(".allow_loopback = true"));
  CHECK_THAT(verdict({}, "https://10.0.0.1/"), Catch::Contains(".allow_private = true"));
  CHECK_THAT(verdict({}, "https://198.18.0.1/"), Catch::Contains(".allow = {"));
  CHECK_THAT(verdict({}, "https://169.254.169.254/"), Catch::Contains("never dialled"));
  CHECK_THAT(verdict({}, "https://receiver.example:22/"), Catch::Contains(".ports = {443, 22}"));
  CurlOptions http;
  http.allow_http = true;
  CHECK_THAT(verdict(http, "http://127.0.0.1:8080/"),
             Catch::Contains("webhook::CurlTransport{{.allow_http = true, .allow_loopback = true}}"));
}

TEST_CASE("a refusal does not repeat what may be a token") {
  CHECK_THAT(verdict({}, "http://receiver.example/hooks?token=s3cret"), !Catch::Contains("s3cret"));
  CHECK_THAT(verdict({}, "https://user:s3cret@receiver.example/"), !Catch::Contains("s3cret"));
  CHECK_THAT(verdict({}, "https://127.0.0.1/hooks?token=s3cret"), !Catch::Contains("s3cret"));
  CHECK_THAT(verdict({}, "https://0x8.8.8.8/hooks?token=s3cret"), !Catch::Contains("s3cret"));
}

TEST_CASE("what the host allows passes the check, and metadata addresses never do", "[C4]") {
  CHECK(verdict(local(), "http://127.0.0.1:54321/hooks") == "");
  CHECK(verdict(local(), "http://localhost:54321/hooks") == "");
  CHECK(refused_as(errc::address_refused, local(), "http://10.0.0.1/"));
  CurlOptions everything = local();
  everything.allow_private = true;
  everything.allow = {"0.0.0.0/0", "::/0"};
  CHECK(verdict(everything, "http://10.0.0.1:9/") == "");
  for (const char* url : {"http://169.254.169.254/", "http://[fd00:ec2::254]/", "http://100.100.100.200/",
                          "http://168.63.129.16/", "http://192.0.0.192/", "http://[::ffff:169.254.169.254]/"}) {
    CHECK(refused_as(errc::address_refused, everything, url));
  }
}

TEST_CASE("only the usual ports are allowed towards the public network", "[A6]") {
  for (const char* port : {"80", "443", "8080", "8443"}) {
    CHECK(verdict({}, std::string("https://receiver.example:") + port + "/") == "");
  }
  for (const char* port : {"22", "25", "6379", "8081"}) {
    CHECK(refused_as(errc::invalid_url, {}, std::string("https://receiver.example:") + port + "/"));
  }
  CurlOptions own;
  own.ports = {9443};
  CHECK(verdict(own, "https://receiver.example:9443/") == "");
  CHECK(refused_as(errc::invalid_url, own, "https://receiver.example/"));
}

TEST_CASE("options that cannot work are refused when the transport is made") {
  CurlOptions options;
  options.ca_file = "/nonexistent/authorities.pem";
  CHECK_THROWS_AS(CurlTransport{options}, webhook::Error);
  options = {};
  options.max_in_flight = 0;
  CHECK_THROWS_AS(CurlTransport{options}, webhook::Error);
  options = {};
  options.connect_timeout = webhook::Duration::zero();
  CHECK_THROWS_AS(CurlTransport{options}, webhook::Error);
  options = {};
  options.user_agent = "shop\r\nX-Injected: 1";
  CHECK_THROWS_AS(CurlTransport{options}, webhook::Error);
}

TEST_CASE("a request arrives with its own headers and none that were not asked for") {
  direct = GENERATE(true, false);
  CAPTURE(direct);
  LoopbackServer server{no_content};
  Request request = request_to(server.url("/hooks/../x?a=b"), std::string(2 << 20, 'x'));
  request.headers.add("Webhook-Signature", "v1,abc v1,def");
  request.headers.add("X-Empty", "");
  request.headers.add("X-Twice", "one");
  request.headers.add("X-Twice", "two");
  CHECK(carry(local(), request).status == 204);
  const Request seen = server.requests().at(0);
  CHECK(seen.method == "POST");
  CHECK(seen.url == server.url("/hooks/../x?a=b"));
  CHECK(seen.body.size() == std::size_t{2} << 20);
  CHECK(seen.headers.find("webhook-signature") == "v1,abc v1,def");
  CHECK(seen.headers.find("x-empty") == "");
  CHECK(seen.headers.count("x-twice") == 2);
  CHECK(seen.headers.find("content-type") == "application/json");
  CHECK(seen.headers.find("user-agent").value_or("").substr(0, 8) == "webhook/");
  CHECK(seen.headers.count("expect") == 0);
  CHECK(seen.headers.count("accept-encoding") == 0);
  CHECK(seen.headers.count("transfer-encoding") == 0);

  Request bare;
  bare.url = server.url();
  CHECK(carry(local(), bare).status == 204);
  CHECK(server.requests().at(1).headers.count("content-type") == 0);
  CHECK(server.requests().at(1).headers.find("content-length") == "0");
}

TEST_CASE("every method arrives as it is written") {
  direct = GENERATE(true, false);
  CAPTURE(direct);
  LoopbackServer server{no_content};
  const CurlTransport transport{local()};
  auto session = transport.open();
  const std::vector<std::string> methods{"GET", "POST", "PUT", "HEAD", "PATCH", "DELETE", "POST", "GET"};
  for (const std::string& method : methods) {
    Request request;
    request.url = server.url();
    request.method = method;
    CHECK(carry(session, request).status == 204);
  }
  std::vector<std::string> seen;
  for (const Request& request : server.requests()) seen.push_back(request.method);
  CHECK(seen == methods);
  CHECK(server.connections() == 1);
}

TEST_CASE("a connection is used again, also by another exchange") {
  direct = GENERATE(true, false);
  CAPTURE(direct);
  LoopbackServer server{no_content};
  const CurlTransport transport{local()};
  auto session = transport.open();
  for (int i = 0; i < 50; ++i) CHECK(carry(session, request_to(server.url())).status == 204);
  CHECK(server.connections() == 1);
}

TEST_CASE("a request that would smuggle a header is not sent", "[A14]") {
  direct = GENERATE(true, false);
  CAPTURE(direct);
  LoopbackServer server{no_content};
  const auto refused = [&](const char* name, std::string_view value) {
    Request request = request_to(server.url());
    request.headers.add(name, value);
    const Response answer = carry(local(), request);
    return answer.failure == Failure::invalid_request && answer.status == 0;
  };
  CHECK(refused("X-A", "a\r\nX-Injected: 1"));
  CHECK(refused("X-A", "a\nb"));
  CHECK(refused("X-A", std::string_view("a\0b", 3)));
  CHECK(refused("X-A", "a\x7F"));
  CHECK(refused("X A", "a"));
  CHECK(refused("X-A:", "a"));
  CHECK(refused("", "a"));
  for (const char* own : {"Host", "content-length", "Transfer-Encoding", "Connection", "Expect", "Upgrade", "TE"}) {
    CHECK(refused(own, "1"));
  }
  Request method = request_to(server.url());
  method.method = "POST / HTTP/1.1\r\nX-Injected: 1\r\n\r\n";
  CHECK(carry(local(), method).failure == Failure::invalid_request);
  for (const char* url :
       {"http://127.0.0.1\r\n/", "ftp://127.0.0.1/", "http:///127.0.0.1/", "http://a@127.0.0.1/", "", "x"}) {
    CHECK(carry(local(), request_to(url)).failure == Failure::invalid_request);
  }
  CurlOptions only_https = local();
  only_https.allow_http = false;
  CHECK(carry(only_https, request_to(server.url())).failure == Failure::invalid_request);
  CHECK(server.requests().empty());
  CHECK(server.connections() == 0);
}

TEST_CASE("an address that is not allowed is not dialled, however the URL spells it", "[A7][A9][A12][C13]") {
  direct = GENERATE(true, false);
  CAPTURE(direct);
  LoopbackServer server{no_content};
  CurlOptions options;
  options.direct = direct;
  options.allow_http = true;
  options.ports = {server.port()};
  const CurlTransport transport{options};
  auto session = transport.open();
  for (const char* host : {"127.0.0.1", "127.1", "0x7f.1", "017700000001", "2130706433", "0", "%31%32%37.0.0.1",
                           "[::ffff:7f00:1]", "[::127.0.0.1]", "localhost", "foo.localhost"}) {
    CAPTURE(host);
    const Response answer =
        carry(session, request_to("http://" + std::string(host) + ":" + std::to_string(server.port()) + "/"));
    CHECK(answer.failure == Failure::address_refused);
    CHECK(answer.status == 0);
    CHECK_THAT(answer.reason, Catch::Contains("webhook::CurlTransport{{"));
  }
  CHECK(server.connections() == 0);
}

TEST_CASE("a port that is not allowed is not dialled") {
  direct = GENERATE(true, false);
  CAPTURE(direct);
  LoopbackServer server{no_content};
  CurlOptions options = local();
  options.ports = {1};
  const Response answer = carry(options, request_to(server.url()));
  CHECK(answer.failure == Failure::address_refused);
  CHECK_THAT(answer.reason, Catch::Contains("allowed ports"));
  CHECK(server.connections() == 0);
}

TEST_CASE("a network that the host allows is dialled though others are not") {
  direct = GENERATE(true, false);
  CAPTURE(direct);
  LoopbackServer server{no_content};
  CurlOptions options;
  options.direct = direct;
  options.allow_http = true;
  options.allow = {"127.0.0.1"};
  CHECK(carry(options, request_to(server.url())).status == 204);
}

TEST_CASE("a connection that was kept is not used once its address, or its port, is allowed no more", "[C7]") {
  direct = GENERATE(true, false);
  const bool by_port = GENERATE(true, false);
  CAPTURE(direct, by_port);
  LoopbackServer server{no_content};
  // A transport's own rules stand still; a session asks them before each request nevertheless.
  const auto config = std::make_shared<webhook::detail::CurlConfig>();
  config->options = local();
  config->options.ports = {server.port()};
  config->rules = webhook::detail::address_rules(config->options);
  config->user_agent = "webhook";
  webhook::CurlSession session{config};
  CHECK(carry(session, request_to(server.url())).status == 204);
  CHECK(carry(session, request_to(server.url())).status == 204);
  REQUIRE(server.connections() == 1);
  if (by_port) {
    config->options.ports = {1};
  } else {
    config->rules = {};
  }
  const Response answer = carry(session, request_to(server.url()));
  CHECK(answer.failure == Failure::address_refused);
  CHECK(answer.status == 0);
  CHECK_THAT(answer.reason, Catch::Contains(by_port ? "allowed ports" : "loopback"));
  CHECK(server.requests().size() == 2);
  CHECK(server.connections() == 1);
}

TEST_CASE("proxies in the environment are ignored", "[C9]") {
  direct = GENERATE(true, false);
  CAPTURE(direct);
  LoopbackServer server{no_content};
  LoopbackServer proxy{no_content};
  const std::vector<const char*> names{"http_proxy",  "https_proxy", "all_proxy",
                                       "HTTPS_PROXY", "ALL_PROXY",   "HTTP_PROXY"};
  for (const char* name : names) ::setenv(name, proxy.url().c_str(), 1);
  const Response allowed = carry(local(), request_to(server.url()));
  CurlOptions closed;
  closed.direct = direct;
  closed.allow_http = true;
  closed.ports = {server.port()};
  const Response refused = carry(closed, request_to(server.url()));
  for (const char* name : names) ::unsetenv(name);
  CHECK(allowed.status == 204);
  CHECK(refused.failure == Failure::address_refused);
  CHECK(server.requests().size() == 1);
  CHECK(proxy.connections() == 0);
}

TEST_CASE("a redirect is an answer, and nobody goes where it points", "[C8]") {
  direct = GENERATE(true, false);
  CAPTURE(direct);
  LoopbackServer target{no_content};
  for (const int status : {301, 302, 303, 307, 308}) {
    LoopbackServer server{[&](const Request&) {
      Response response;
      response.status = status;
      response.headers.add("Location", target.url());
      return response;
    }};
    CHECK(carry(local(), request_to(server.url())).status == status);
  }
  CHECK(target.connections() == 0);
}

TEST_CASE("nobody listening and no such name are told apart") {
  direct = GENERATE(true, false);
  CAPTURE(direct);
  std::string dead;
  {
    LoopbackServer server{no_content};
    dead = server.url();
  }
  CHECK(carry(local(), request_to(dead)).failure == Failure::connect);

  Request nowhere = request_to("http://receiver.invalid/");
  nowhere.timeout = std::chrono::seconds(2);
  const Response answer = carry(local(), nowhere);
  // Without any name server the answer may be that none came.
  CHECK((answer.failure == Failure::dns || answer.failure == Failure::timeout));
}

TEST_CASE("a name that does not resolve holds up nobody else") {
  direct = GENERATE(true, false);
  CAPTURE(direct);
  LoopbackServer server{no_content};
  const CurlTransport transport{local()};
  const auto begin = std::chrono::steady_clock::now();
  {
    auto session = transport.open();
    ExchangeLog log;
    Request dead = request_to("http://does-not-resolve.invalid/");
    dead.timeout = std::chrono::milliseconds(500);
    const Request alive = request_to(server.url());
    session.start(Ticket{1}, dead);
    for (std::size_t i = 2; i < 102; ++i) session.start(Ticket{i}, alive);
    REQUIRE(log.await(session, 101));
    CHECK(log.answers[Ticket{1}].front().status == 0);
    for (std::size_t i = 2; i < 102; ++i) CHECK(log.answers[Ticket{i}].front().status == 204);
    session.start(Ticket{1}, dead);  // and nobody waits for it at the end
    session.poll(webhook::Duration::zero(), log);
  }
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(4));
}

TEST_CASE("an exchange that is cancelled at the send gate is neither sent nor reported") {
  direct = GENERATE(true, false);
  CAPTURE(direct);
  LoopbackServer server{no_content};
  const CurlTransport transport{local()};
  auto session = transport.open();
  ExchangeLog log;
  log.gate = [&session](Ticket ticket) {
    if (ticket == Ticket{1}) session.cancel(ticket);
    return true;
  };
  const Request request = request_to(server.url());
  session.start(Ticket{1}, request);
  session.start(Ticket{2}, request);
  REQUIRE(log.await(session, 1));
  while (session.room() != CurlOptions{}.max_in_flight) session.poll(std::chrono::milliseconds(10), log);
  CHECK(log.answers.count(Ticket{1}) == 0);
  CHECK(server.requests().size() == 1);
}

TEST_CASE("a send gate that throws is a closed one") {
  direct = GENERATE(true, false);
  CAPTURE(direct);
  LoopbackServer server{no_content};
  const CurlTransport transport{local()};
  auto session = transport.open();
  ExchangeLog log;
  log.gate = [](Ticket) -> bool { throw webhook::Error(errc::transient, "the engine is in trouble"); };
  const Request request = request_to(server.url());
  session.start(Ticket{1}, request);
  REQUIRE(log.await(session, 1));
  CHECK(log.answers[Ticket{1}].front().failure == Failure::not_sent);
  CHECK(server.requests().empty());
}

TEST_CASE("a session takes no more than max_in_flight, and moves with what it carries") {
  direct = GENERATE(true, false);
  CAPTURE(direct);
  LoopbackServer server{no_content};
  CurlOptions options = local();
  options.max_in_flight = 2;
  const CurlTransport transport{options};
  auto first = transport.open();
  const Request request = request_to(server.url());
  first.start(Ticket{1}, request);
  first.start(Ticket{2}, request);
  CHECK(first.room() == 0);
  CHECK_THROWS_AS(first.start(Ticket{3}, request), webhook::Error);
  auto second = std::move(first);
  ExchangeLog log;
  CHECK(log.await(second, 2));
  CHECK(second.room() == 2);
}

TEST_CASE("a session outlives its transport") {
  direct = GENERATE(true, false);
  CAPTURE(direct);
  LoopbackServer server{no_content};
  auto transport = std::make_unique<CurlTransport>(local());
  auto session = transport->open();
  transport.reset();
  CHECK(carry(session, request_to(server.url())).status == 204);
}

TEST_CASE("sessions of one transport work in threads of their own") {
  direct = GENERATE(true, false);
  CAPTURE(direct);
  LoopbackServer server{no_content};
  const CurlTransport transport{local()};
  std::vector<int> delivered(4, 0);
  std::vector<std::thread> workers;
  for (int& count : delivered) {
    workers.emplace_back([&transport, &server, &count] {
      auto session = transport.open();
      const Request request = request_to(server.url());
      for (int i = 0; i < 25; ++i) {
        ExchangeLog log;
        session.start(Ticket{1}, request);
        if (log.await(session, 1) && log.answers[Ticket{1}].front().status == 204) ++count;
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  CHECK(delivered == std::vector<int>{25, 25, 25, 25});
  CHECK(server.requests().size() == 100);
}

TEST_CASE("a child process inherits no connection", "[F2]") {
  direct = GENERATE(true, false);
  CAPTURE(direct);
  LoopbackServer server{no_content};
  const CurlTransport transport{local()};
  auto session = transport.open();
  ExchangeLog log;
  int connections = 0;
  int inheritable = 0;
  log.gate = [&](Ticket) {
    for (int fd = 3; fd < 1024; ++fd) {
      sockaddr_in peer{};
      socklen_t size = sizeof peer;
      if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0 || ntohs(peer.sin_port) != server.port())
        continue;
      ++connections;
      if ((::fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0) ++inheritable;
    }
    return true;
  };
  const Request request = request_to(server.url());
  session.start(Ticket{1}, request);
  REQUIRE(log.await(session, 1));
  CHECK(connections == 1);
  CHECK(inheritable == 0);
}

TEST_CASE("idle connections are bounded over all hosts, and exchanges under way by max_in_flight") {
  std::vector<std::unique_ptr<LoopbackServer>> servers;
  for (int i = 0; i < 12; ++i) servers.push_back(std::make_unique<LoopbackServer>(no_content));
  const auto connections = [&servers] {
    std::size_t open = 0;
    for (int fd = 3; fd < 1024; ++fd) {
      sockaddr_in peer{};
      socklen_t size = sizeof peer;
      if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0 || peer.sin_family != AF_INET) continue;
      for (const auto& server : servers) open += ntohs(peer.sin_port) == server->port() ? 1U : 0U;
    }
    return open;
  };
  CurlOptions options = local();
  options.keep_connections = 3;
  options.max_in_flight = 6;
  const CurlTransport transport{options};
  auto session = transport.open();
  ExchangeLog log;
  std::vector<Request> requests;
  for (const auto& server : servers) requests.push_back(request_to(server->url()));
  for (std::size_t begun = 0, most = 0; log.reported() < requests.size();) {
    while (begun < requests.size() && session.room() > 0) {
      session.start(Ticket{begun}, requests[begun]);
      ++begun;
    }
    session.poll(std::chrono::milliseconds(50), log);
    most = (std::max)(most, connections());
    REQUIRE(most <= options.max_in_flight + options.keep_connections);
  }
  CHECK(connections() <= options.keep_connections);
  for (const auto& answer : log.answers) CHECK(answer.second.front().status == 204);
}

TEST_CASE("running out of descriptors is a failure on our side, and passes", "[F9]") {
  direct = GENERATE(true, false);
  CAPTURE(direct);
  LoopbackServer server{no_content};
  const CurlTransport transport{local()};
  auto session = transport.open();
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const int lowest_free = ::dup(0);
  REQUIRE(lowest_free > 0);
  ::close(lowest_free);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(lowest_free);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  const Response exhausted = carry(session, request_to(server.url()));
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(exhausted.failure == Failure::internal);
  CHECK_THAT(exhausted.reason, Catch::Contains("descriptors"));
  CHECK(carry(session, request_to(server.url())).status == 204);
}

}  // namespace unit_transport_curl
