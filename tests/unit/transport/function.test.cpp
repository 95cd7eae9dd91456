// SPDX-License-Identifier: MIT
#include <webhook/transport/function.hpp>

#include <stdexcept>
#include <string>

#include <catch2/catch.hpp>

#include <webhook/testing/transport_conformance.hpp>

namespace unit_transport_function {

namespace {

template <class Transport>
webhook::Response carry(const Transport& transport, webhook::testing::ExchangeLog& log) {
  webhook::Request request;
  request.url = "https://receiver.example/";
  auto session = transport.open();
  session.start(webhook::Ticket{1}, request);
  REQUIRE(log.await(session, 1));
  return log.answers[webhook::Ticket{1}].front();
}

}  // namespace

TEST_CASE("what a function returns is the answer") {
  webhook::testing::ExchangeLog log;
  const webhook::Response answer = carry(webhook::FunctionTransport{[](const webhook::Request& request) {
                                           webhook::Response response;
                                           response.status = 202;
                                           response.body = request.url;
                                           return response;
                                         }},
                                         log);
  CHECK(answer.status == 202);
  CHECK(answer.body == "https://receiver.example/");
  CHECK(answer.failure == webhook::Failure::none);
}

TEST_CASE("what a function throws is a failure on our side, with its words as the reason") {
  webhook::testing::ExchangeLog log;
  webhook::Response answer = carry(webhook::FunctionTransport{[](const webhook::Request&) -> webhook::Response {
                                     throw std::runtime_error("no route");
                                   }},
                                   log);
  CHECK(answer.status == 0);
  CHECK(answer.failure == webhook::Failure::internal);
  CHECK(answer.reason == "no route");

  webhook::testing::ExchangeLog other;
  answer = carry(webhook::FunctionTransport{[](const webhook::Request&) -> webhook::Response { throw 7; }}, other);
  CHECK(answer.failure == webhook::Failure::internal);
  CHECK_FALSE(answer.reason.empty());
}

TEST_CASE("a function is not called while the send gate is closed") {
  int calls = 0;
  webhook::testing::ExchangeLog log;
  log.gate = [](webhook::Ticket) { return false; };
  const webhook::Response answer = carry(webhook::FunctionTransport{[&calls](const webhook::Request&) {
                                           ++calls;
                                           return webhook::Response{};
                                         }},
                                         log);
  CHECK(answer.failure == webhook::Failure::not_sent);
  CHECK(calls == 0);
}

TEST_CASE("a function's session takes one request at a time, and says so") {
  const webhook::FunctionTransport transport{[](const webhook::Request&) { return webhook::Response{}; }};
  const webhook::Request request;
  auto session = transport.open();
  CHECK(session.room() == 1);
  session.start(webhook::Ticket{1}, request);
  CHECK(session.room() == 0);
  CHECK_THROWS_AS(session.start(webhook::Ticket{2}, request), webhook::Error);
  session.cancel(webhook::Ticket{2});
  CHECK(session.room() == 0);
  session.cancel(webhook::Ticket{1});
  CHECK(session.room() == 1);
}

TEST_CASE("a request that is cancelled at the send gate is neither sent nor reported") {
  int calls = 0;
  const webhook::FunctionTransport transport{[&calls](const webhook::Request&) {
    ++calls;
    return webhook::Response{};
  }};
  const webhook::Request request;
  auto session = transport.open();
  webhook::testing::ExchangeLog log;
  log.gate = [&session](webhook::Ticket ticket) {
    session.cancel(ticket);
    return true;
  };
  session.start(webhook::Ticket{1}, request);
  session.poll(webhook::Duration::zero(), log);
  CHECK(calls == 0);
  CHECK(log.answers.empty());
  CHECK(session.room() == 1);
}

}  // namespace unit_transport_function
