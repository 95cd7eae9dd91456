// SPDX-License-Identifier: MIT
#include <webhook/detail/event_id.hpp>

#include <catch2/catch.hpp>
#include <set>
#include <string>

namespace unit_detail_event_id {
using webhook::EventId;
using webhook::WallTime;
using webhook::detail::check_event_id;
using webhook::detail::make_event_id;
using webhook::detail::Random;

TEST_CASE("ids are unique, sort by time, and contain only what an id may contain") {
  Random random;
  std::set<std::string> seen;
  for (int i = 0; i < 100'000; ++i)
    seen.emplace(make_event_id(WallTime(std::chrono::seconds(1'800'000'000)), random.next()).view());
  CHECK(seen.size() == 100'000);
  const EventId earlier = make_event_id(WallTime(std::chrono::milliseconds(1'800'000'000'000)), random.next());
  const EventId later = make_event_id(WallTime(std::chrono::milliseconds(1'800'000'000'001)), random.next());
  CHECK(earlier.view() < later.view());
  CHECK(earlier.view().size() == 30);
  CHECK(earlier.view().substr(0, 4) == "msg_");
  CHECK_NOTHROW(check_event_id(earlier.view()));
}

TEST_CASE("an id with a dot, a space, a line break or more than ASCII is refused, and so is one of 65 bytes", "[B1]") {
  for (const char* bad : {"a.b", "a b", "a\r\n", "caf\xc3\xa9", "a/b"})
    CHECK_THROWS_AS(check_event_id(bad), webhook::Error);
  CHECK_NOTHROW(EventId(std::string(64, 'a')));
  CHECK_THROWS_AS(EventId(std::string(65, 'a')), webhook::Error);
}

TEST_CASE("a seed makes random numbers repeatable, and two objects without one differ") {
  Random first(7), second(7), third, fourth;
  CHECK(first.next().high == second.next().high);
  CHECK(third.next().high != fourth.next().high);
}

}  // namespace unit_detail_event_id
