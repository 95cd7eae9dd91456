// SPDX-License-Identifier: MIT
#include <webhook/judgement.hpp>

#include <catch2/catch.hpp>
#include <map>
#include <string>

#include "support/handshake_vectors.hpp"

namespace unit_judgement {
using namespace std::chrono_literals;
using webhook::Failure;
using webhook::Header;
using webhook::Judgement;
using webhook::parse_retry_after;
using webhook::Response;
using webhook::WallTime;
using Verdict = webhook::Judgement::Verdict;

namespace {
const WallTime now{std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + 14h};

Judgement judged(int status, std::initializer_list<Header> headers = {}) {
  Response response;
  response.status = status;
  response.headers = headers;
  return webhook::judge(response, now);
}
}  // namespace

TEST_CASE("2xx is delivered, and nothing else is", "[D1]") {
  for (const int status : {200, 201, 204, 299}) CHECK(judged(status).verdict == Verdict::delivered);
  for (const int status : {0, 100, 199, 300, 301, 304, 307, 400, 404, 500, 600})
    CHECK(judged(status).verdict == Verdict::retry);
}

TEST_CASE("a failure of the transport is not delivered, whatever the status says") {
  Response response;
  response.status = 200;
  response.failure = Failure::broken;
  CHECK(webhook::judge(response, now).verdict == Verdict::retry);
}

TEST_CASE("410 means gone") { CHECK(judged(410).verdict == Verdict::gone); }

TEST_CASE("429 and 503 rest the lane, other failures do not") {
  CHECK(judged(429).rest);
  CHECK(judged(503).rest);
  CHECK_FALSE(judged(500).rest);
  CHECK_FALSE(judged(404).rest);
}

TEST_CASE("the receiver may stop a message or the endpoint through webhook-delivery") {
  CHECK(judged(400, {{"Webhook-Delivery", "abort-message"}}).verdict == Verdict::abort);
  CHECK(judged(500, {{"webhook-delivery", "disable"}}).disable);
  CHECK(judged(500, {{"webhook-delivery", "disable"}}).verdict == Verdict::retry);
  CHECK(judged(204, {{"webhook-delivery", "disable"}}).disable);
  CHECK(judged(204, {{"webhook-delivery", "disable"}}).verdict == Verdict::delivered);
  CHECK_FALSE(judged(500, {{"webhook-delivery", "dance"}}).disable);
}

TEST_CASE("Retry-After is read as seconds or as a date in any of the three forms") {
  CHECK(parse_retry_after("0", now).value() == 0s);
  CHECK(parse_retry_after("120", now).value() == 2min);
  CHECK(parse_retry_after("Mon, 23 Nov 2026 14:05:00 GMT", now).value() == 5min);
  CHECK(parse_retry_after("Monday, 23-Nov-26 14:05:00 GMT", now).value() == 5min);
  CHECK(parse_retry_after("Mon Nov 23 14:05:00 2026", now).value() == 5min);
  CHECK(parse_retry_after("Thu Dec  3 14:00:00 2026", now).value() == 24h);
}

TEST_CASE("Retry-After is clamped to a day, and a date in the past is zero", "[D14]") {
  CHECK(parse_retry_after("1000000000", now).value() == 24h);
  CHECK(parse_retry_after(std::string(400, '9'), now).value() == 24h);
  CHECK(parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", now).value() == 24h);
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now).value() == 0s);
}

TEST_CASE("a Retry-After that is garbage, negative or said twice is ignored", "[D14]") {
  for (const char* bad : {"", "-1", "+5", "1.5", " 5", "5 ", "soon", "0x10", "Mon, 99 Nov 2026 14:05:00 GMT",
                          "Mon, 23 Nov 2026 25:05:00 GMT", "Mon, 23 Nov 2026 14:05:00 CET",
                          "Mon, 23 Nov 2026 14:05:00 GMT ", "Mon", "Mon,", "Mon, 23 No"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_retry_after(bad, now).has_value());
  }
  CHECK_FALSE(judged(503, {{"Retry-After", "5"}, {"retry-after", "6"}}).retry_after.has_value());
  CHECK(judged(503, {{"Retry-After", "5"}}).retry_after.value() == 5s);
}

TEST_CASE("Retry-After is read as another sender reads it, but for fractions, which RFC 9110 does not know",
          "[D14][vectors]") {
  const std::map<std::string, webhook::Duration> meant{{"Wed, 21 Oct 2015 07:28:00 GMT", 60s},
                                                       {"120", 120s},
                                                       {"120.1", -1s},
                                                       {"120.6", -1s},
                                                       {"120.0", -1s},
                                                       {"invalid", -1s}};
  const WallTime before{std::chrono::sys_days(std::chrono::year(2015) / 10 / 21) + 7h + 27min};
  std::size_t seen = 0;
  const nlohmann::json vector = support::handshake("retry-after-parse");
  for (const auto& one : vector.at("cases")) {
    const std::string text = one.at(0);
    CAPTURE(text);
    REQUIRE(meant.count(text) == 1);
    CHECK(parse_retry_after(text, before).value_or(-1s) == meant.at(text));
    ++seen;
  }
  CHECK(seen == meant.size());
}

TEST_CASE("both words of webhook-delivery are heard", "[vectors]") {
  std::size_t seen = 0;
  const nlohmann::json vector = support::handshake("delivery-control");
  for (const auto& [line, meaning] : vector.at("response_headers").items()) {
    const std::size_t colon = line.find(": ");
    const std::string name = line.substr(0, colon), value = line.substr(colon + 2);
    const Judgement judgement = judged(500, {{name, value}});
    CHECK(judgement.disable == (meaning == "disable the endpoint"));
    CHECK((judgement.verdict == Verdict::abort) == (meaning == "stop retrying this message only"));
    ++seen;
  }
  CHECK(seen == 2);
}

TEST_CASE("a date with a two-digit year is placed within fifty years of now, across the turn of a century, too") {
  const webhook::WallTime eve{946'684'740s};  // 1999-12-31 23:59:00
  CHECK(webhook::parse_retry_after("Saturday, 01-Jan-00 00:01:00 GMT", eve).value() == 2min);
  CHECK(webhook::parse_retry_after("Friday, 31-Dec-99 23:59:30 GMT", eve).value() == 30s);
  const webhook::WallTime day{946'684'860s};  // 2000-01-01 00:01:00
  CHECK(webhook::parse_retry_after("Friday, 31-Dec-99 23:59:30 GMT", day).value() == 0s);
}

}  // namespace unit_judgement
