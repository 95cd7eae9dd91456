// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <webhook/detail/unix_time.hpp>

namespace unit_detail_unix_time {

namespace {
using namespace std::chrono_literals;
using namespace std::string_literals;
using webhook::Verification;
using webhook::WallTime;
using webhook::detail::freshness;
using webhook::detail::parse_unix_seconds;
}  // namespace

TEST_CASE("seconds are plain digits without a zero before them, at most twelve", "[detail][time]") {
  CHECK(parse_unix_seconds("1") == 1);
  CHECK(parse_unix_seconds("1614265330") == 1614265330);
  CHECK(parse_unix_seconds("999999999999") == 999999999999);
  for (const std::string& text :
       {""s, "0"s, "01"s, "+1"s, "-1"s, " 1"s, "1 "s, "1.0"s, "1e3"s, "0x1"s, "1000000000000"s, "1\0"s, "\xD9\xA1"s})
    CHECK_FALSE(parse_unix_seconds(text));
}

TEST_CASE("the age of a timestamp is told, and bounded where a Duration ends", "[detail][time]") {
  const webhook::Now now{{}, WallTime(1000s)};
  CHECK(freshness(588, now, 300s).reason == Verification::too_old);
  CHECK(freshness(588, now, 300s).age == 412s);
  CHECK(freshness(1301, now, 300s).reason == Verification::too_new);
  CHECK(freshness(1301, now, 300s).age == -301s);
  CHECK(freshness(700, now, 300s).reason == Verification::ok);
  CHECK(freshness(1300, now, 300s).reason == Verification::ok);
  CHECK(freshness(999'999'999'999, now, 300s).age < webhook::Duration::zero());
  CHECK(freshness(1, {{}, (WallTime::max)()}, 300s).age > webhook::Duration::zero());
  CHECK(freshness(1, {{}, (WallTime::min)()}, (webhook::Duration::max)()).reason == Verification::too_new);
}

}  // namespace unit_detail_unix_time
