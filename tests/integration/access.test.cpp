// SPDX-License-Identifier: MIT
// Endpoints that ask for more than a signature: a client certificate, authorities of their own, a way through a proxy.
#include <webhook/testing/transport_conformance.hpp>
#include <webhook/transport/oauth2.hpp>
#include <webhook/webhook.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "support/certificates.hpp"
#include "support/loopback_server.hpp"
#include "support/proxy_server.hpp"
#include "support/thrown.hpp"
#include "support/tls_server.hpp"

namespace integration_access {

namespace {

using namespace std::chrono_literals;
using support::thrown;
using webhook::Access;
using webhook::CurlOptions;
using webhook::CurlTransport;
using webhook::Endpoint;
using webhook::errc;
using webhook::Secret;

struct Authority {
  Certificate root = Certificate::make({"authority", "", true, -3600, 3600, nullptr});
  Certificate issue(const std::string& name, const std::string& names = "") const {
    return Certificate::make({name, names, false, -3600, 3600, &root});
  }
};

CurlOptions local() {
  CurlOptions options;
  options.allow_http = options.allow_loopback = true;
  return options;
}
Access access(const Authority& trusted, const Certificate* own = nullptr) {
  Access access;
  access.authorities = trusted.root.pem();
  if (own != nullptr) {
    access.certificate = own->pem();
    access.certificate_key = Secret(own->key_pem());
  }
  return access;
}

/// Delivers one event to each endpoint through a dispatcher of its own; what became of them, in order.
std::vector<webhook::Attempt> deliver(const CurlOptions& curl, std::vector<Endpoint> endpoints, std::size_t times = 1) {
  webhook::Options options;
  options.retry = webhook::RetrySchedule::none();
  webhook::Dispatcher hooks{CurlTransport{curl}, options};
  std::vector<webhook::Attempt> made;
  for (Endpoint& endpoint : endpoints) endpoint = hooks.add(std::move(endpoint));
  for (std::size_t i = 0; i < times; ++i) {
    hooks.emit("a.b", {});
    const auto end = std::chrono::steady_clock::now() + 30s;
    const auto over = [&] { return hooks.counters().delivered + hooks.counters().exhausted; };
    while (over() < (i + 1) * endpoints.size() && std::chrono::steady_clock::now() < end) hooks.run_once(50ms);
  }
  for (const Endpoint& endpoint : endpoints) {
    webhook::Query query;
    query.endpoint = endpoint.id;
    for (const webhook::Delivery& delivery : hooks.deliveries(query)) {
      for (const webhook::Attempt& attempt : hooks.attempts(delivery.id)) made.push_back(attempt);
    }
  }
  return made;
}

}  // namespace

TEST_CASE("an endpoint's own authorities are trusted for it alone, and nobody else is") {
  const Authority one, other;
  TlsServer first(one.issue("receiver", "IP:127.0.0.1")), second(other.issue("receiver", "IP:127.0.0.1"));
  const auto attempts = deliver(local(), {{.url = first.url(), .access = access(one)},
                                          {.url = second.url(), .access = access(other)},
                                          {.url = second.url("127.0.0.1"), .access = access(one)},
                                          {.url = first.url()}});
  REQUIRE(attempts.size() == 4);
  CHECK(attempts[0].status == 204);
  CHECK(attempts[1].status == 204);
  CHECK(attempts[2].failure == webhook::Failure::tls);
  CHECK(attempts[3].failure == webhook::Failure::tls);

  const PemFile trusted(other.root);  // by the transport: an endpoint with authorities of its own does not ask for them
  CurlOptions options = local();
  options.ca_file = trusted.path();
  CHECK(deliver(options, {{.url = second.url()}}).at(0).status == 204);
  CHECK(deliver(options, {{.url = second.url(), .access = access(one)}}).at(0).failure == webhook::Failure::tls);
}

TEST_CASE("an endpoint that asks for a client certificate gets its own, over a connection of its own") {
  const Authority theirs, ours;
  const Certificate shop = ours.issue("shop"), till = ours.issue("till");
  TlsServer server(theirs.issue("receiver", "IP:127.0.0.1"), ours.root);
  SECTION("its own") {
    CHECK(deliver(local(), {{.url = server.url(), .access = access(theirs, &shop)}}, 3).back().status == 204);
    CHECK(server.client() == "shop");
    CHECK(server.handshakes() == 1);
  }
  SECTION("none, or a stranger's: refused, and never sent without") {
    const Certificate stranger = theirs.issue("stranger");
    for (const Certificate* own : {static_cast<const Certificate*>(nullptr), &stranger}) {
      const auto attempts = deliver(local(), {{.url = server.url(), .access = access(theirs, own)}});
      REQUIRE(attempts.size() == 1);
      CHECK(attempts[0].status == 0);
      CHECK(attempts[0].failure != webhook::Failure::none);
    }
    CHECK(server.requests() == 0);
  }
  SECTION("the transport's, where the endpoint has none") {
    const PemFile trusted(theirs.root);
    CurlOptions options = local();
    options.ca_file = trusted.path();
    options.certificate = till.pem();
    options.certificate_key = Secret(till.key_pem());
    CHECK(deliver(options, {{.url = server.url()}}).at(0).status == 204);
    CHECK(server.client() == "till");
    CHECK(deliver(options, {{.url = server.url(), .access = access(theirs, &shop)}}).at(0).status == 204);
    CHECK(server.client() == "shop");
  }
}

TEST_CASE("two identities in one session never share a connection") {
  const Authority theirs, ours;
  const Certificate shop = ours.issue("shop"), till = ours.issue("till");
  TlsServer server(theirs.issue("receiver", "IP:127.0.0.1"), ours.root);
  const CurlTransport transport{local()};
  auto session = transport.open();
  const Access as_shop = access(theirs, &shop), as_till = access(theirs, &till);
  webhook::testing::ExchangeLog log;
  for (const Access* who : {&as_shop, &as_till, &as_shop}) {
    webhook::Request request;
    request.url = server.url();
    request.method = "GET";
    request.access = who;
    log.answers.clear();
    session.start(webhook::Ticket{1}, request);
    REQUIRE(log.await(session, 1));
    CHECK(log.answers[webhook::Ticket{1}].front().status == 204);
  }
  CHECK(server.client() == "till");
  CHECK(server.handshakes() == 2);  // the third went over the first one's connection
  CHECK(server.requests() == 3);
}

TEST_CASE("certificates and keys that cannot be used are refused when the endpoint is added, without a word of them") {
  const Authority authority;
  const Certificate own = authority.issue("shop"), other = authority.issue("other");
  webhook::Dispatcher hooks{CurlTransport{local()}};
  const auto refusal = [&](Access wrong) -> std::string {
    try {
      hooks.add({.url = "https://receiver.example/", .access = std::move(wrong)});
    } catch (const webhook::Error& error) {
      CHECK(error.code() == errc::invalid);
      return error.what();
    }
    return "not refused";
  };
  const Access good = access(authority, &own);
  CHECK(hooks.add({.url = "https://receiver.example/", .access = good}).access == good);
  Access wrong = good;
  wrong.authorities = "t0k3n";
  CHECK_THAT(refusal(wrong),
             Catch::Contains("authorities is one certificate or more in PEM") && !Catch::Contains("t0k3n"));
  wrong.authorities = good.authorities + "-----BEGIN CERTIFICATE-----\nt0k3n\n-----END CERTIFICATE-----\n";
  CHECK_THAT(refusal(wrong), Catch::Contains("authorities"));
  wrong = good;
  wrong.certificate_key = Secret();
  CHECK_THAT(refusal(wrong), Catch::Contains("go together"));
  wrong.certificate_key = Secret(other.key_pem());
  CHECK_THAT(refusal(wrong), Catch::Contains("does not belong") && !Catch::Contains("PRIVATE"));
  wrong.certificate_key = Secret(own.key_pem("password"));
  CHECK_THAT(refusal(wrong), Catch::Contains("decrypt it first"));
  wrong = good;
  wrong.certificate = own.key_pem();
  CHECK_THAT(refusal(wrong), Catch::Contains("certificate is one certificate or more"));
  wrong = {};
  wrong.scope = "a";
  CHECK_THAT(refusal(wrong), Catch::Contains("scope"));
  wrong.client_id = "shop";
  CHECK_THAT(refusal(wrong), Catch::Contains("go together"));
  CHECK(hooks.endpoints().size() == 1);

  webhook::CurlOptions options = local();
  options.certificate = own.pem();
  CHECK(thrown([&] { CurlTransport{options}; }) == errc::invalid);
  options.certificate_key = Secret(other.key_pem());
  CHECK(thrown([&] { CurlTransport{options}; }) == errc::invalid);
  options.certificate_key = Secret(own.key_pem());
  CHECK_NOTHROW(CurlTransport{options});

  webhook::Dispatcher function{[](const webhook::Request&) { return webhook::Response{}; }};
  CHECK(thrown([&] { function.add({.url = "https://receiver.example/", .access = good}); }) == errc::unsupported);
}

TEST_CASE("a dispatcher fetches tokens for endpoints that ask for them, and says no word of their secrets") {
  std::atomic<int> given{0};
  LoopbackServer server{[&](const webhook::Request& request) {
    webhook::Response response;
    response.status = 200;
    if (request.url.find("/token") != std::string::npos) {
      response.body = R"({"access_token":"t0k3n)" + std::to_string(++given) + R"(","expires_in":600})";
    } else if (request.headers.find("authorization") != "Bearer t0k3n" + std::to_string(given)) {
      response.status = 401;
    }
    return response;
  }};
  std::string said;
  webhook::Options options;
  options.retry = webhook::RetrySchedule::none();
  options.on_notice = [&said](const webhook::Notice& notice) {
    said += notice.text;
    if (notice.attempt != nullptr) said += notice.attempt->reason;
  };
  webhook::Dispatcher hooks{webhook::OAuth2{CurlTransport{local()}}, options};
  Access access;
  access.token_url = server.url("/token");
  access.client_id = "shop";
  access.client_secret = Secret("s3cret");
  hooks.add({.url = server.url("/hooks"), .access = access});
  hooks.add({.url = server.url("/without")});
  const auto run_until = [&](std::uint64_t over) {
    const auto end = std::chrono::steady_clock::now() + 30s;
    while (hooks.counters().delivered + hooks.counters().exhausted < over && std::chrono::steady_clock::now() < end)
      hooks.run_once(50ms);
  };
  hooks.emit("a.b", {});
  run_until(2);
  ++given;  // what was given is refused from now on
  hooks.emit("a.b", {});
  run_until(4);
  CHECK(given == 3);
  CHECK(hooks.counters().delivered == 2);  // of those with a token; the endpoint without one is refused
  CHECK(hooks.counters().exhausted == 2);
  CHECK_THAT(said, !Catch::Contains("s3cret") && !Catch::Contains("t0k3n"));
}

TEST_CASE("everything goes through the proxy that the host named: names are resolved there, TLS is end to end") {
  const Authority authority;
  TlsServer secure(authority.issue("receiver", "DNS:receiver.example"));
  LoopbackServer plain{[](const webhook::Request&) {
    webhook::Response response;
    response.status = 204;
    return response;
  }};
  const std::string scheme = GENERATE(std::string("http"), std::string("socks5h"));
  const std::string login = GENERATE(std::string(), std::string("shop:s3cret:s"));
  support::ProxyServer proxy(login, login.empty() ? "" : "c2hvcDpzM2NyZXQ6cw==");
  CurlOptions options;  // public addresses only: the proxy's own is private all the same
  options.allow_http = true;
  options.ports = {secure.port(), plain.port()};
  options.proxy = proxy.url(scheme);
  options.proxy_login = Secret(login);
  const std::string by_tls = "receiver.example:" + std::to_string(secure.port());
  const std::string in_clear = "plain.example:" + std::to_string(plain.port());
  const auto attempts =
      deliver(options, {{.url = "https://" + by_tls + "/hooks", .access = access(authority)},
                        {.url = "http://" + in_clear + "/hooks"},
                        {.url = "https://other.example:" + std::to_string(secure.port()), .access = access(authority)},
                        {.url = "https://forbidden.example:" + std::to_string(secure.port())}});
  REQUIRE(attempts.size() == 4);
  CHECK(attempts[0].status == 204);
  CHECK(attempts[1].status == 204);
  CHECK(attempts[2].failure == webhook::Failure::tls);
  CHECK(attempts[3].failure == webhook::Failure::connect);
  CHECK(attempts[3].status == 0);
  CHECK(attempts[3].response.empty());
  const std::vector<std::string> asked = proxy.asked();
  CHECK(asked.size() == 4);
  CHECK(std::count(asked.begin(), asked.end(), by_tls) == 1);
  CHECK(std::count(asked.begin(), asked.end(), in_clear) == 1);
  REQUIRE(plain.requests().size() == 1);
  CHECK(plain.requests()[0].headers.count("proxy-authorization") == 0);
}

TEST_CASE("a proxy is asked for nothing that is refused anyway, and its own refusal is a failed connection") {
  support::ProxyServer proxy("shop:s3cret", "c2hvcDpzM2NyZXQ=");
  CurlOptions options;
  options.allow_http = true;
  options.proxy = proxy.url("http");
  const auto carry = [&](const std::string& url) {
    auto session = CurlTransport{options}.open();
    webhook::Request request;
    request.url = url;
    webhook::testing::ExchangeLog log;
    session.start(webhook::Ticket{1}, request);
    REQUIRE(log.await(session, 1));
    return log.answers[webhook::Ticket{1}].front();
  };
  for (const char* url : {"http://127.0.0.1/", "http://10.0.0.1/", "http://169.254.169.254/", "http://localhost/",
                          "http://receiver.example:22/", "http://2130706433/"}) {
    const webhook::Response refused = carry(url);
    CHECK(refused.failure == webhook::Failure::address_refused);
    CHECK_FALSE(refused.reason.empty());
  }
  const webhook::Response unknown = carry("https://receiver.example/");
  CHECK(unknown.failure == webhook::Failure::connect);
  CHECK(unknown.reason == "the proxy answered 407: it asks for proxy_login");
  options.proxy_login = Secret("shop:wr0ng");
  CHECK(carry("https://receiver.example/").failure == webhook::Failure::connect);
  CHECK(proxy.asked().empty());
}

TEST_CASE("a proxy that cannot be used, or would let addresses through unjudged, is refused in code") {
  const auto refusal = [](const std::string& proxy, const std::string& login = "") -> std::string {
    CurlOptions options;
    options.proxy = proxy;
    options.proxy_login = Secret(login);
    try {
      CurlTransport{options};
    } catch (const webhook::Error& error) {
      CHECK(error.code() == errc::invalid);
      CHECK_THAT(error.what(), !Catch::Contains("s3cret"));
      return error.what();
    }
    return "";
  };
  CHECK(refusal("http://proxy.internal:3128") == "");
  CHECK(refusal("socks5h://10.0.0.1:1080", "shop:s3cret") == "");
  CHECK_THAT(refusal("socks5://10.0.0.1:1080"), Catch::Contains("socks5h"));
  for (const char* wrong : {"proxy.internal:3128", "http://proxy.internal", "http://shop:s3cret@proxy:1",
                            "http://p:1/x", "https://p:1", "http://p:", "http://p:x", "http:// p:1", "ftp://p:1"}) {
    CAPTURE(wrong);
    CHECK(refusal(wrong) != "");
  }
  CHECK(refusal("", "shop:s3cret") != "");
  CHECK(refusal("http://p:1", "s3cret") != "");
  CHECK(refusal("http://p:1", "shop:s3cret\r\nX: y") != "");
}

}  // namespace integration_access
