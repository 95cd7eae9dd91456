// SPDX-License-Identifier: MIT
// Verdicts that explain: what a diagnosis finds, that it accepts nothing, that senders learn nothing, how often it
// runs.
#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "support/received.hpp"

namespace unit_receiver_diagnosis {

namespace {
using namespace std::chrono_literals;
using support::Coloured;
using support::coloured_request;
using support::other_secret;
using support::secret;
using support::signed_request;
using support::with_body;
using webhook::Clue;
using webhook::explain;
using webhook::ManualClock;
using webhook::Receiver;
using webhook::ReceiverOptions;
using webhook::Request;
using webhook::Secret;
using webhook::Verification;

ReceiverOptions looking() { return {.diagnoses_per_second = 1000}; }
}  // namespace

TEST_CASE("a body that was parsed and written again is recognised, and still refused", "[receiver][diagnosis][G1]") {
  const ManualClock clock;
  ReceiverOptions options{.diagnoses_per_second = 1000};
  Verification told{};
  options.on_refused = [&](const Verification& verdict, const Request&) { told = verdict; };
  Receiver inbox{secret(), clock, options};
  inbox.otherwise([](const nlohmann::json&) { FAIL("handled"); });
  struct Case {
    std::string_view sent, arrived;
    Clue clue;
  };
  const std::string_view spaced = R"({"b": 1, "a": "M\u00fcller", "u": "x/y"})";
  for (const Case& each : {
           Case{R"({"b":1})", R"({ "b": 1 })", Clue::json_rewritten},
           Case{R"({"b": 1, "a": [1, 2]})", R"({"b":1,"a":[1,2]})", Clue::json_rewritten},
           Case{spaced, "{\"b\":1,\"a\":\"M\xC3\xBCller\",\"u\":\"x/y\"}", Clue::json_rewritten},
           Case{R"({"u":"x\/y"})", R"({"u":"x/y"})", Clue::json_rewritten},
           Case{"{\n  \"b\": 1\n}", R"({"b":1})", Clue::json_rewritten},
           Case{"{}\n", "{}", Clue::end_changed},
           Case{"{}", "{}\n", Clue::end_changed},
           Case{"{}", "\xEF\xBB\xBF{}", Clue::byte_order_mark},
           Case{"\xEF\xBB\xBF{}", "{}", Clue::byte_order_mark},
           Case{"{\"a\":\n1}", "{\"a\":\r\n1}", Clue::line_ends_changed},
           Case{"a\r\nb", "a\nb", Clue::line_ends_changed},
           Case{R"({"b":1})", R"({"b":2})", Clue::none},
           Case{"text", "other", Clue::none},
       }) {
    const Request request = with_body(signed_request(each.sent, clock), each.arrived);
    INFO(each.sent << " -> " << each.arrived);
    const Verification verdict = inbox.verify(request);
    CHECK(verdict.reason == Verification::bad_signature);
    CHECK(verdict.clue == each.clue);
    const webhook::Response answer = inbox.handle(request);
    CHECK(answer.status == 401);
    CHECK(answer.body == to_string(Verification::bad_signature));  // whatever was found, it is not the sender's to know
    CHECK(told.clue == each.clue);
  }
}

TEST_CASE("a key that has expired is named, to the host only", "[receiver][diagnosis][G8]") {
  ManualClock clock;
  const Secret old(other_secret().reveal(), clock.now().wall + 1h);
  const Secret older("whsec_plJ3nmyCDGBKInavdOK15jslplJ3nmyCDGBK", clock.now().wall + 1min);
  Receiver inbox{older, old, secret(), clock, looking()};
  clock.advance(2h);
  const Request request = signed_request("{}", clock, "evt_1", other_secret());
  const Verification verdict = inbox.verify(request);
  CHECK(verdict.reason == Verification::expired_key);
  CHECK_FALSE(verdict);
  CHECK(verdict.key == 1);
  CHECK(explain(verdict).find("number 2 of those given") != std::string::npos);
  CHECK(inbox.verify(signed_request("{}", clock, "evt_1", Secret(older.reveal()))).key == 0);
  const webhook::Response answer = inbox.handle(request);
  CHECK(answer.status == 401);
  CHECK(answer.body == to_string(Verification::bad_signature));
  CHECK(inbox.verify(signed_request("{}", clock)));
}

TEST_CASE("when every key has expired, the one that matches is still named", "[receiver][diagnosis]") {
  ManualClock clock;
  Receiver inbox{Secret(secret().reveal(), clock.now().wall), clock, looking()};
  CHECK(inbox.verify(signed_request("{}", clock)).reason == Verification::expired_key);
  CHECK(inbox.verify(signed_request("{}", clock, "evt_1", other_secret())).reason == Verification::unknown_key);
}

TEST_CASE("a URL that a proxy changed is recognised where a scheme signs it", "[receiver][diagnosis]") {
  Receiver inbox{Coloured{}, Secret("r"), looking()};
  Request request = coloured_request("{}", "red", "r");  // signed for https://shop.example/hooks?a=1
  request.url = "http://shop.example/hooks?a=1";
  CHECK(inbox.verify(request).clue == Clue::url_scheme_changed);
  request.url = "http://10.0.0.7:8080/hooks?a=1";
  CHECK(inbox.verify(request).clue == Clue::none);
  request.headers.add("X-Forwarded-Host", "shop.example");
  CHECK(inbox.verify(request).clue == Clue::url_host_changed);
  CHECK(inbox.handle(request).status == 401);
  request.headers.add("X-Original-URI", "/hooks?a=1");
  request.url = "http://10.0.0.7:8080/inner";
  CHECK(inbox.verify(request).clue == Clue::url_path_changed);
  CHECK(inbox.verify(coloured_request("{}", "red", "r")));
}

TEST_CASE("nobody looks twice unless the host asks, and then only so often a second", "[receiver][diagnosis]") {
  ManualClock clock;
  Receiver silent{secret(), clock};
  const Request rewritten = with_body(signed_request("{}\n", clock), "{}");
  CHECK(silent.verify(rewritten).clue == Clue::none);

  Receiver inbox{secret(), clock, ReceiverOptions{.diagnoses_per_second = 2}};
  int found = 0;
  for (int second = 0; second < 3; ++second) {
    for (int i = 0; i < 10; ++i) found += inbox.verify(rewritten).clue == Clue::end_changed ? 1 : 0;
    clock.advance(1s);
  }
  CHECK(found == 6);
}

TEST_CASE("a diagnosis verifies no more than two dozen times, and large bodies are left alone",
          "[receiver][diagnosis]") {
  struct Counting : support::Coloured {
    int* calls = nullptr;
    Verification verify(const Request& request, std::span<Key> keys, const webhook::Now& now,
                        webhook::Duration t) const {
      ++*calls;
      return Coloured::verify(request, keys, now, t);
    }
  };
  int calls = 0;
  Counting scheme;
  scheme.calls = &calls;
  ManualClock clock;
  Receiver inbox{scheme, clock, Secret("r"), Secret("old", clock.now().wall), looking()};
  Request request = coloured_request("{\"a\" :\n\"\\u00fc/\",\"b\":\"\xC3\xBC\"}", "red", "wrong");
  for (const char* name : {"host", "x-forwarded-host", "x-original-uri"}) request.headers.add(name, "/other");
  CHECK(inbox.verify(request).clue == Clue::none);
  CHECK(calls > 12);
  CHECK(calls <= 24);
  calls = 0;
  CHECK_FALSE(inbox.verify(coloured_request("{" + std::string(300'000, ' ') + "}", "red", "wrong")));
  CHECK(calls <= 10);
}

}  // namespace unit_receiver_diagnosis
