// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <chrono>
#include <webhook/clock/system.hpp>

namespace unit_clock_system {
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

TEST_CASE("the system clock's wall time stays with that of the system while it is read all the time") {
  using namespace std::chrono_literals;
  const webhook::SystemClock clock;
  const webhook::Duration end = clock.now().steady + 5ms;
  std::size_t apart = 0, readings = 0;
  for (webhook::Now now = clock.now(); now.steady < end; now = clock.now(), ++readings) {
    const auto system = std::chrono::system_clock::now();
    apart += system - now.wall > 1ms || now.wall - system > 1ms ? 1U : 0U;  // a busy machine may interrupt in between
  }
  CHECK(readings > 100);
  CHECK(apart < readings / 10);
}

}  // namespace unit_clock_system
