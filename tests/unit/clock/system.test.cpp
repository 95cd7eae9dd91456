// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <chrono>
#include <webhook/clock/system.hpp>

static_assert(webhook::ClockPolicy<webhook::SystemClock>);

TEST_CASE("the system clock's wall time is that of the system", "[clock][system]") {
  const webhook::SystemClock clock;
  const auto before = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  const webhook::Now now = clock.now();
  const auto after = std::chrono::system_clock::now();
  CHECK(now.wall >= before);
  CHECK(now.wall <= after);
}

TEST_CASE("the system clock's steady time never goes back, and does go on", "[clock][system]") {
  const webhook::SystemClock clock;
  const webhook::Duration first = clock.now().steady;
  CHECK(first > webhook::Duration::zero());
  webhook::Duration last = first;
  for (int i = 0; i < 100'000 || last == first; ++i) {
    const webhook::Duration now = clock.now().steady;
    if (now < last) FAIL("the clock went back");
    last = now;
  }
  CHECK(last > first);
}
