// SPDX-License-Identifier: MIT
#include <webhook/breaker.hpp>

#include <catch2/catch.hpp>

namespace unit_breaker {
using namespace std::chrono_literals;
using webhook::breaker;
using webhook::BreakerRule;
using webhook::Duration;
using webhook::Lane;
using webhook::Settled;

namespace {
Settled after(std::uint32_t failures, std::uint32_t cap) {
  Settled settled;
  settled.word = Settled::Word::applied;
  settled.failures = failures;
  settled.cap = cap;
  return settled;
}
}  // namespace

TEST_CASE("a few failures change nothing, ten in a row open the breaker") {
  CHECK_FALSE(breaker({}, after(9, 4), false, 4).has_value());
  const auto open = breaker({}, after(10, 4), false, 4);
  REQUIRE(open.has_value());
  CHECK(open->cap == 1);
  CHECK(open->rest == 5s);
}

TEST_CASE("each failed probe doubles the rest, up to the longest") {
  CHECK(breaker({}, after(11, 1), false, 4)->rest == 10s);
  CHECK(breaker({}, after(12, 1), false, 4)->rest == 20s);
  CHECK(breaker({}, after(16, 1), false, 4)->rest == 5min);
  CHECK(breaker({}, after(4'000'000'000U, 1), false, 4)->rest == 5min);
}

TEST_CASE("after a success the cap doubles until it is whole") {
  CHECK(breaker({}, after(0, 1), true, 10)->cap == 2);
  CHECK(breaker({}, after(0, 2), true, 10)->cap == 4);
  CHECK(breaker({}, after(0, 4), true, 10)->cap == 8);
  CHECK(breaker({}, after(0, 8), true, 10)->cap == 10);
  CHECK_FALSE(breaker({}, after(0, 10), true, 10).has_value());
  CHECK(breaker({}, after(0, 1), true, 10)->rest == Duration::zero());
}

TEST_CASE("a rule of 0 failures never opens") {
  BreakerRule never;
  never.failures = 0;
  CHECK_FALSE(breaker(never, after(1000, 4), false, 4).has_value());
}

}  // namespace unit_breaker
