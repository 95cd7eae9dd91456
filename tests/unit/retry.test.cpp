// SPDX-License-Identifier: MIT
#include <webhook/retry.hpp>

#include <catch2/catch.hpp>
#include <limits>

namespace unit_retry {
using namespace std::chrono_literals;
using webhook::Duration;
using webhook::Error;
using webhook::RetrySchedule;

namespace {
constexpr std::uint64_t lowest = 0;
constexpr std::uint64_t highest = (std::numeric_limits<std::uint64_t>::max)();
constexpr std::uint64_t middle = std::uint64_t{1} << 63U;
}  // namespace

TEST_CASE("the default schedule is that of Standard Webhooks: ten attempts over 75 h 35 min and 5 s") {
  const RetrySchedule schedule;
  CHECK(schedule.attempts() == 10);
  CHECK(schedule.first() == 0s);
  Duration total{};
  for (std::size_t made = 1; made < 10; ++made) total += schedule.next(made, middle).value();
  CHECK(total == 75h + 35min + 5s);
  CHECK_FALSE(schedule.next(10, middle).has_value());
}

TEST_CASE("jitter varies a wait by a fifth, both ways") {
  const RetrySchedule schedule;
  CHECK(schedule.next(1, lowest).value() == 4s);
  CHECK(schedule.next(1, middle).value() == 5s);
  CHECK(schedule.next(1, highest).value() > 5999ms);
  CHECK(schedule.next(1, highest).value() <= 6s);
}

TEST_CASE("a schedule is data: lists, exponential, linear, none") {
  const RetrySchedule list({0s, 1s, 2s}, 0.0);
  CHECK(list.next(1, highest).value() == 1s);
  CHECK(list.next(2, lowest).value() == 2s);
  CHECK_FALSE(list.next(3, lowest).has_value());

  const RetrySchedule doubling = RetrySchedule::exponential(10s, 6, 60s, 0.0);
  CHECK(doubling.attempts() == 6);
  CHECK(doubling.next(1, 0).value() == 10s);
  CHECK(doubling.next(2, 0).value() == 20s);
  CHECK(doubling.next(4, 0).value() == 60s);
  CHECK(doubling.next(5, 0).value() == 60s);

  const RetrySchedule straight = RetrySchedule::linear(10s, 4, 0.0);
  CHECK(straight.next(3, 0).value() == 30s);
  CHECK_FALSE(RetrySchedule::none().next(1, 0).has_value());
}

TEST_CASE("a schedule that makes no sense is refused") {
  CHECK_THROWS_AS(RetrySchedule(std::vector<Duration>{}), Error);
  CHECK_THROWS_AS(RetrySchedule({-1s}), Error);
  CHECK_THROWS_AS(RetrySchedule({1s}, 1.5), Error);
  CHECK_THROWS_AS(RetrySchedule({1s}, std::numeric_limits<double>::quiet_NaN()), Error);
}

TEST_CASE("jitter never makes a wait too long to be told, negative or shorter than it may be") {
  const RetrySchedule schedule({0s, (Duration::max)()});
  for (const std::uint64_t random : {lowest, middle - 1, middle, middle + 1, highest - 1, highest}) {
    CHECK(schedule.next(1, random).value() >= (Duration::max)() / 10 * 7);
  }
  CHECK(schedule.next(1, highest).value() == (Duration::max)());
  CHECK(RetrySchedule({0s, (Duration::max)()}, 0.0).next(1, middle).value() == (Duration::max)());
  CHECK(RetrySchedule({0s, (Duration::max)()}, 1.0).next(1, lowest).value() == 0s);
}

}  // namespace unit_retry
