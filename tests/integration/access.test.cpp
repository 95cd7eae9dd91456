// SPDX-License-Identifier: MIT
// Endpoints that ask for more than a signature: a client certificate, authorities of their own, a way through a proxy.
#include <webhook/testing/transport_conformance.hpp>
#include <webhook/webhook.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "support/certificates.hpp"
#include "support/loopback_server.hpp"
#include "support/thrown.hpp"
#include "support/tls_server.hpp"

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
