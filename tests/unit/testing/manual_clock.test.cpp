// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>
#include <vector>
#include <webhook/testing/manual_clock.hpp>

namespace unit_testing_manual_clock {

namespace {
using namespace std::chrono_literals;
using webhook::ManualClock;
}  // namespace

TEST_CASE("a manual clock starts at a fixed time and stands still", "[testing][manual_clock]") {
  const ManualClock clock;
  CHECK(clock.now().wall == webhook::WallTime(std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)));
  CHECK(clock.now().steady == clock.now().steady);
  CHECK(ManualClock(webhook::WallTime(5s)).now().wall == webhook::WallTime(5s));
}

TEST_CASE("advancing moves both clocks of every copy", "[testing][manual_clock]") {
  ManualClock clock;
  const ManualClock given_away = clock;
  const webhook::Now before = clock.now();
  clock.advance(90s);
  CHECK(given_away.now().steady - before.steady == 90s);
  CHECK(given_away.now().wall - before.wall == 90s);
}

TEST_CASE("steps smaller than a microsecond add up on the wall clock", "[testing][manual_clock]") {
  ManualClock clock;
  const webhook::Now before = clock.now();
  for (int i = 0; i < 1000; ++i) clock.advance(1500ns);
  CHECK(clock.now().steady - before.steady == 1500us);
  CHECK(clock.now().wall - before.wall == 1500us);
}

TEST_CASE("the calendar can be set in both directions, and the steady clock does not follow",
          "[testing][manual_clock]") {
  ManualClock clock;
  const webhook::Duration steady = clock.now().steady;
  clock.set_wall(webhook::WallTime(-1s));
  CHECK(clock.now().wall == webhook::WallTime(-1s));
  CHECK(clock.now().steady == steady);
  clock.advance(2s);
  CHECK(clock.now().wall == webhook::WallTime(1s));
}

TEST_CASE("a manual clock refuses to go back", "[testing][manual_clock]") {
  ManualClock clock;
  const webhook::Duration steady = clock.now().steady;
  CHECK_THROWS_AS(clock.advance(-1ns), webhook::Error);
  CHECK(clock.now().steady == steady);
}

TEST_CASE("several threads may advance a manual clock", "[testing][manual_clock]") {
  ManualClock clock;
  const webhook::Duration before = clock.now().steady;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([clock]() mutable {
      for (int i = 0; i < 1000; ++i) clock.advance(1us);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(clock.now().steady - before == 4ms);
}

}  // namespace unit_testing_manual_clock
