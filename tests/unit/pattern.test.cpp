// SPDX-License-Identifier: MIT
#include <webhook/pattern.hpp>

#include <catch2/catch.hpp>
#include <string>

namespace unit_pattern {
using webhook::check_event_type;
using webhook::check_pattern;
using webhook::errc;
using webhook::Error;
using webhook::is_event_type;
using webhook::is_pattern;
using webhook::matches_pattern;

TEST_CASE("an event type is words joined by single dots", "[B2]") {
  for (const char* good : {"a", "order.created", "order.line.added_2", "A9_.b"}) CHECK(is_event_type(good));
  for (const char* bad : {"", ".", "a.", ".a", "a..b", "a b", "a-b", "a.*", "*", "caf\xc3\xa9", "a\n"})
    CHECK_FALSE(is_event_type(bad));
  CHECK(is_event_type(std::string(128, 'a')));
  CHECK_FALSE(is_event_type(std::string(129, 'a')));
}

TEST_CASE("a pattern is a type, a prefix, or everything") {
  for (const char* good : {"*", "order.*", "order.line.*", "order"}) CHECK(is_pattern(good));
  for (const char* bad : {"", "**", ".*", "order*", "*.created", "order.*.paid", "order..*"})
    CHECK_FALSE(is_pattern(bad));
}

TEST_CASE("a prefix chooses what is below it, at any depth, and not itself") {
  CHECK(matches_pattern("order.*", "order.created"));
  CHECK(matches_pattern("order.*", "order.line.added"));
  CHECK_FALSE(matches_pattern("order.*", "order"));
  CHECK_FALSE(matches_pattern("order.*", "orders.created"));
  CHECK(matches_pattern("*", "anything.at_all"));
  CHECK(matches_pattern("order.created", "order.created"));
  CHECK_FALSE(matches_pattern("order.created", "order.created.again"));
}

TEST_CASE("what is wrong with a type or a pattern is said with an example of a right one") {
  CHECK_THROWS_AS(check_pattern("order*"), Error);
  CHECK_THROWS_WITH(check_pattern("order*"), Catch::Contains("order*") && Catch::Contains("\"order.*\""));
  CHECK_THROWS_WITH(check_event_type("order created"), Catch::Contains("order.created"));
  try {
    check_event_type("");
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == errc::invalid_type);
    CHECK(error.code() == errc::invalid);
  }
}

TEST_CASE("what is wrong with a type or a pattern is shown without its control characters, and bounded") {
  const std::string forged = "order\n\x1b[31mERROR\x7f";
  CHECK_THROWS_WITH(check_event_type(forged), Catch::StartsWith("\"order??[31mERROR?\""));
  CHECK_THROWS_WITH(check_pattern(forged), Catch::StartsWith("\"order??[31mERROR?\""));
  const std::string long_one(100'000, ' ');
  for (const auto& check : {check_event_type, check_pattern}) {
    try {
      check(long_one);
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(std::string(error.what()).size() < 400);
    }
  }
}

}  // namespace unit_pattern
