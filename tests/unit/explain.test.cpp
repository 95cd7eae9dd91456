// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <webhook/explain.hpp>

namespace unit_explain {
using namespace std::chrono_literals;
using webhook::Clue;
using webhook::explain;
using webhook::Verification;

TEST_CASE("a verdict is explained with what it knows", "[receiver][explain]") {
  Verification verdict{Verification::too_old};
  CHECK(explain(verdict) == to_string(Verification::too_old));
  verdict.age = 412s + 900ms;
  CHECK(explain(verdict) == "the timestamp is 412 s old: a replay, or the clocks differ");
  verdict.reason = Verification::too_new;
  verdict.age = -301s;
  CHECK(explain(verdict) == "the timestamp is 301 s in the future: the clocks differ");

  verdict = {Verification::missing_header};
  CHECK(explain(verdict) == to_string(Verification::missing_header));
  verdict.header = "webhook-id";
  CHECK(explain(verdict) == "the header \"webhook-id\" is missing");
  verdict.reason = Verification::malformed;
  CHECK(explain(verdict) == "the header \"webhook-id\" is malformed or repeated");

  verdict = {Verification::expired_key};
  verdict.key = 1;
  CHECK(explain(verdict).find("number 2 of those given") != std::string::npos);
}

TEST_CASE("every reason and every clue has words of its own", "[receiver][explain]") {
  for (int reason = Verification::ok; reason <= Verification::expired_key; ++reason) {
    const Verification verdict{static_cast<Verification::Reason>(reason)};
    CHECK(explain(verdict).size() > 1);
    CHECK(to_string(verdict.reason) != "unknown");
  }
  Verification verdict{Verification::bad_signature};
  CHECK(explain(verdict) == to_string(Verification::bad_signature));
  for (int clue = 1; clue <= static_cast<int>(Clue::url_path_changed); ++clue) {
    verdict.clue = static_cast<Clue>(clue);
    CHECK(explain(verdict).find("no signature matches: ") == 0);
    CHECK(explain(verdict).size() > 60);
  }
}

}  // namespace unit_explain
