// SPDX-License-Identifier: MIT
// OAuth2: tokens are fetched through the transport below, kept, renewed once, and told to nobody else.
#include <webhook/transport/curl.hpp>
#include <webhook/transport/function.hpp>
#include <webhook/transport/oauth2.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <webhook/testing/transport_conformance.hpp>
#include "support/loopback_server.hpp"
#include "support/thrown.hpp"

namespace unit_transport_oauth2 {

namespace {

using namespace std::chrono_literals;
using webhook::Access;
using webhook::CurlTransport;
using webhook::Failure;
using webhook::OAuth2;
using webhook::Request;
using webhook::Response;
using webhook::Secret;
using webhook::Ticket;
using webhook::testing::ExchangeLog;

static_assert(webhook::TransportPolicy<OAuth2<CurlTransport>>);
static_assert(webhook::ChecksUrls<OAuth2<CurlTransport>> && webhook::ChecksAccess<OAuth2<CurlTransport>>);
using Plain = webhook::FunctionTransport<std::function<Response(const Request&)>>;
static_assert(!webhook::ChecksUrls<OAuth2<Plain>> && webhook::ChecksAccess<OAuth2<Plain>>);

Response answer(int status, std::string body = "") {
  Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

/// The network: an authorization server that numbers its tokens, and a receiver that takes some of them.
struct Network {
  std::function<Response(const Request&)> tokens = [this](const Request&) {
    return answer(200, R"({"access_token":"t)" + std::to_string(++given) +
                           R"(","token_type":"bearer","expires_in":3600,"nested":{"access_token":"no"}})");
  };
  std::function<Response(const Request&)> receiver = [](const Request&) { return answer(204); };
  std::size_t given = 0;
  std::vector<std::string> asked{};      // the bodies of the requests for tokens
  std::vector<std::string> delivered{};  // the Authorization of each delivery
  std::vector<Request> token_requests{};

  OAuth2<Plain> transport() {
    return OAuth2<Plain>(Plain([this](const Request& request) {
      if (request.url == "https://tokens.example/get") {
        asked.emplace_back(request.body.view());
        token_requests.push_back(request);
        return tokens(request);
      }
      delivered.emplace_back(request.headers.find("authorization").value_or("none"));
      return receiver(request);
    }));
  }
};

Access client(const std::string& scope = "") {
  Access access;
  access.token_url = "https://tokens.example/get";
  access.client_id = "shop 1";
  access.client_secret = Secret("s3cret:&");
  access.scope = scope;
  return access;
}
Request request_with(const Access* access) {
  Request request;
  request.url = "https://receiver.example/";
  request.body = webhook::Bytes("{}");
  request.access = access;
  return request;
}

template <class Session>
Response carry(Session& session, const Request& request, ExchangeLog&& log = {}) {
  session.start(Ticket{1}, request);
  REQUIRE(log.await(session, 1));
  REQUIRE(log.answers[Ticket{1}].size() == 1);
  return log.answers[Ticket{1}].front();
}

}  // namespace

TEST_CASE("a token is fetched once, shown with every delivery, and shared by all workers") {
  Network network;
  auto transport = network.transport();
  auto one = transport.open(), two = transport.open();
  const Access access = client("orders customers");
  const Request request = request_with(&access);
  CHECK(carry(one, request).status == 204);
  CHECK(carry(one, request).status == 204);
  CHECK(carry(two, request).status == 204);
  CHECK(network.delivered == std::vector<std::string>(3, "Bearer t1"));
  CHECK(network.asked == std::vector<std::string>{"grant_type=client_credentials&scope=orders+customers"});
  const Request& asked = network.token_requests.at(0);
  CHECK(asked.method == "POST");
  CHECK(asked.headers.find("content-type") == "application/x-www-form-urlencoded");
  CHECK(asked.headers.find("authorization") == "Basic c2hvcCsxOnMzY3JldCUzQSUyNg==");  // shop+1:s3cret%3A%26
  CHECK(asked.timeout <= 10s);
}

TEST_CASE("a request without a token passes through untouched, whatever its ticket") {
  Network network;
  auto transport = network.transport();
  auto session = transport.open();
  Access certificates;
  certificates.authorities = "some";
  for (const Access* access : {static_cast<const Access*>(nullptr), static_cast<const Access*>(&certificates)}) {
    const Request request = request_with(access);
    for (const std::uint64_t ticket : {std::uint64_t{1}, ~std::uint64_t{0}, (std::uint64_t{1} << 63U) + 1}) {
      ExchangeLog log;
      session.start(Ticket{ticket}, request);
      REQUIRE(log.await(session, 1));
      CHECK(log.answers[Ticket{ticket}].front().status == 204);
    }
  }
  CHECK(network.delivered == std::vector<std::string>(6, "none"));
  CHECK(network.asked.empty());
}

TEST_CASE("a token that is refused is renewed once, and the delivery sent again through the send gate") {
  Network network;
  network.receiver = [&](const Request& request) {
    return answer(request.headers.find("authorization") == "Bearer t2" ? 204 : 401);
  };
  auto transport = network.transport();
  auto session = transport.open();
  const Access access = client();
  const Request request = request_with(&access);
  CHECK(carry(session, request).status == 204);
  CHECK(network.delivered == std::vector<std::string>{"Bearer t1", "Bearer t2"});
  CHECK(carry(session, request).status == 204);
  CHECK(network.given == 2);

  network.receiver = [](const Request&) { return answer(401, "who are you"); };
  const Response refused = carry(session, request);
  CHECK(refused.status == 401);
  CHECK(refused.body == "who are you");
  CHECK(network.given == 3);
  CHECK(network.delivered.size() == 5);

  network.delivered.clear();  // the gate closes behind the first sending: its answer is the answer
  ExchangeLog log;
  int opened = 0;
  log.gate = [&opened](Ticket) { return opened++ == 0; };
  CHECK(carry(session, request, std::move(log)).status == 401);
  CHECK(network.delivered.size() == 1);
}

TEST_CASE("a token is not kept beyond its time") {
  Network network;
  network.tokens = [&](const Request&) {
    return answer(200, R"({"access_token":"t)" + std::to_string(++network.given) + R"(","expires_in":0})");
  };
  auto transport = network.transport();
  auto session = transport.open();
  const Access access = client();
  const Request request = request_with(&access);
  CHECK(carry(session, request).status == 204);
  CHECK(carry(session, request).status == 204);
  CHECK(network.delivered == std::vector<std::string>{"Bearer t1", "Bearer t2"});
}

TEST_CASE("a token is for those who know the secret of its client") {
  Network network;
  network.tokens = [&](const Request& request) {
    if (request.headers.find("authorization") != "Basic c2hvcCsxOnMzY3JldCUzQSUyNg==") return answer(401);
    return answer(200, R"({"access_token":"t1"})");
  };
  auto transport = network.transport();
  auto session = transport.open();
  const Access owner = client();
  Access thief = client();
  thief.client_secret = Secret("guessed");
  CHECK(carry(session, request_with(&owner)).status == 204);
  CHECK(carry(session, request_with(&thief)).status == 0);
  CHECK(network.delivered.size() == 1);
}

TEST_CASE("why there is no token is said in a sentence that shows no secret") {
  Network network;
  const auto reason = [&](Response from_server) {
    network.tokens = [from_server](const Request&) { return from_server; };
    auto transport = network.transport();
    auto session = transport.open();
    const Access access = client();
    const Response response = carry(session, request_with(&access));
    CHECK(response.status == 0);
    CHECK(response.failure != Failure::none);
    CHECK_THAT(response.reason, !Catch::Contains("s3cret"));
    return response.reason;
  };
  CHECK(reason(answer(401, R"({"error":"invalid_client","error_description":"s3cret:& is wrong"})")) ==
        "the token endpoint answered 401 (invalid_client)");
  CHECK(reason(answer(500, "s3cret")) == "the token endpoint answered 500");
  CHECK(reason(answer(302)) == "the token endpoint answered 302");
  for (const char* body :
       {"", "s3cret", "[]", R"({"access_token":1})", R"({"access_token":"a)", R"({"nested":{"access_token":"a"}})"})
    CHECK_THAT(reason(answer(200, body)), Catch::Contains("is no JSON with an access_token"));
  CHECK_THAT(reason(answer(200, R"({"access_token":"a","token_type":"mac"})")), Catch::Contains("another type"));
  for (const char* body : {R"({"access_token":""})", R"({"access_token":"a\r\nX: y"})", R"({"access_token":"a b"})"})
    CHECK_THAT(reason(answer(200, body)), Catch::Contains("no visible ASCII"));
  Response unreachable;
  unreachable.failure = Failure::dns;
  unreachable.reason = "no such name";
  CHECK(reason(unreachable) == "the token endpoint: no such name");
  CHECK(network.delivered.empty());

  const Access access = client();
  Request both = request_with(&access);
  both.headers.add("Authorization", "Basic s3cret");
  auto transport = network.transport();
  auto session = transport.open();
  CHECK(carry(session, both).failure == Failure::invalid_request);
}

TEST_CASE("a token that does not come in time fails the delivery in time, and delays no other") {
  LoopbackServer mute{LoopbackServer::Script{{}, [](LoopbackServer::Peer& peer) { peer.hold(); }}};
  LoopbackServer receiver{[](const Request&) { return answer(204); }};
  webhook::CurlOptions options;
  options.allow_http = options.allow_loopback = true;
  OAuth2 transport{CurlTransport{options}};
  auto session = transport.open();
  Access access = client();
  access.token_url = mute.url("/get");
  Request waiting = request_with(&access), other = request_with(nullptr);
  waiting.url = other.url = receiver.url();
  waiting.timeout = 500ms;
  ExchangeLog log;
  session.start(Ticket{1}, waiting);
  session.start(Ticket{2}, waiting);
  session.start(Ticket{3}, other);
  REQUIRE(log.await(session, 1));
  CHECK(log.answers[Ticket{3}].front().status == 204);
  session.cancel(Ticket{2});
  REQUIRE(log.await(session, 2));
  CHECK(log.answers[Ticket{1}].front().failure == Failure::timeout);
  CHECK(log.answers.count(Ticket{2}) == 0);
  CHECK(mute.connections() == 1);
  CHECK(receiver.requests().size() == 1);
}

TEST_CASE("a token endpoint is guarded like any other address") {
  OAuth2 transport{CurlTransport{}};
  Access access = client();
  CHECK_NOTHROW(transport.check(access));
  access.token_url = "https://169.254.169.254/latest/api/token";
  CHECK(support::thrown([&] { transport.check(access); }) == webhook::errc::address_refused);
  access.token_url = "http://tokens.example/";
  CHECK(support::thrown([&] { transport.check(access); }) == webhook::errc::invalid_url);
  access.token_url = "https://metadata.localhost/";
  auto session = transport.open();
  const Response response = carry(session, request_with(&access));
  CHECK(response.failure == Failure::address_refused);
  CHECK(support::thrown([&] { CurlTransport{}.check(client()); }) == webhook::errc::unsupported);
  access = client();
  access.authorities = "PEM";
  Network network;
  CHECK(support::thrown([&] { network.transport().check(access); }) == webhook::errc::unsupported);
}

TEST_CASE("exchanges that need a token keep the contract of a transport, as those do that need none") {
  /// Gives each request of the suite an access, and leaves the rest to the session under test.
  struct Tokened {
    using role = webhook::role::transport;
    struct Session {
      decltype(std::declval<OAuth2<CurlTransport>&>().open()) inner;
      const Access* access;
      std::map<Ticket, std::unique_ptr<Request>> requests{};
      std::size_t room() const { return inner.room(); }
      void start(Ticket ticket, const Request& request) {
        auto own = std::make_unique<Request>(request);
        own->access = access;
        inner.start(ticket, *own);
        requests[ticket] = std::move(own);
      }
      void poll(webhook::Duration wait, webhook::Exchanges& exchanges) { inner.poll(wait, exchanges); }
      void cancel(Ticket ticket) noexcept { inner.cancel(ticket); }
      void wake() noexcept { inner.wake(); }
    };
    OAuth2<CurlTransport> transport;
    const Access* access;
    Session open() { return Session{transport.open(), access}; }
  };
  std::mutex mutex;
  std::vector<Request> seen;
  std::size_t shown = 0;
  LoopbackServer server{[&](const Request& request) {
    if (request.url.find("/token") != std::string::npos) return answer(200, R"({"access_token":"a","expires_in":0})");
    const std::lock_guard lock(mutex);
    seen.push_back(request);
    shown += request.headers.find("authorization") == "Bearer a" ? 1U : 0U;
    return answer(200, std::string(request.body.view()));
  }};
  LoopbackServer silent{LoopbackServer::Script{[](LoopbackServer::Peer& peer, const Request&) { peer.hold(); }, {}}};
  Access access = client();
  access.token_url = server.url("/token");
  const webhook::testing::TransportBench bench{server.url("/hooks"),
                                               [&] {
                                                 const std::lock_guard lock(mutex);
                                                 return seen;
                                               },
                                               silent.url("/silent")};
  webhook::CurlOptions options;
  options.allow_http = options.allow_loopback = true;
  Tokened tokened{OAuth2{CurlTransport{options}}, &access};
  CHECK(webhook::testing::check_transport(tokened, bench) == std::vector<std::string>{});
  {
    const std::lock_guard lock(mutex);
    CHECK(shown > 0);
    CHECK(shown == seen.size());
  }
  OAuth2 plain{CurlTransport{options}};
  CHECK(webhook::testing::check_transport(plain, bench) == std::vector<std::string>{});
}

}  // namespace unit_transport_oauth2
