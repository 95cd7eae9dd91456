// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <string_view>
#include <webhook/detail/rfc3339.hpp>

namespace unit_detail_rfc3339 {

namespace {
using namespace std::chrono;
using webhook::WallTime;
using webhook::detail::format_rfc3339;
using webhook::detail::parse_rfc3339;

const WallTime afternoon = sys_days(year(2026) / 11 / 23) + hours(14);
}  // namespace

TEST_CASE("a time is written in UTC with as many digits as it needs", "[detail][rfc3339]") {
  CHECK(format_rfc3339(afternoon) == "2026-11-23T14:00:00Z");
  CHECK(format_rfc3339(afternoon + milliseconds(120)) == "2026-11-23T14:00:00.120Z");
  CHECK(format_rfc3339(afternoon + microseconds(123456)) == "2026-11-23T14:00:00.123456Z");
  CHECK(format_rfc3339(afternoon + microseconds(7)) == "2026-11-23T14:00:00.000007Z");
  CHECK(format_rfc3339(WallTime()) == "1970-01-01T00:00:00Z");
  CHECK(format_rfc3339(WallTime() - microseconds(1)) == "1969-12-31T23:59:59.999999Z");
}

TEST_CASE("a time that RFC 3339 cannot write becomes the nearest that it can", "[detail][rfc3339]") {
  CHECK(format_rfc3339((WallTime::min)()) == "0000-01-01T00:00:00Z");
  CHECK(format_rfc3339((WallTime::max)()) == "9999-12-31T23:59:59.999999Z");
}

TEST_CASE("what was written is read again, to the microsecond", "[detail][rfc3339]") {
  for (const auto offset : {0LL, 1LL, 999'999LL, -1LL, 86'400'000'000LL, 253'402'300'799'999'999LL,
                            -62'167'219'200'000'000LL, 1'709'164'800'000'000LL}) {
    const WallTime time{microseconds(offset)};
    CHECK(parse_rfc3339(format_rfc3339(time)) == time);
  }
}

TEST_CASE("offsets, small letters, a space and any number of digits are read", "[detail][rfc3339]") {
  CHECK(parse_rfc3339("2026-11-23T15:00:00+01:00") == afternoon);
  CHECK(parse_rfc3339("2026-11-23T09:30:00-04:30") == afternoon);
  CHECK(parse_rfc3339("2026-11-23T14:00:00-00:00") == afternoon);
  CHECK(parse_rfc3339("2026-11-24T00:00:00+10:00") == afternoon);
  CHECK(parse_rfc3339("2026-11-23t14:00:00z") == afternoon);
  CHECK(parse_rfc3339("2026-11-23 14:00:00Z") == afternoon);
  CHECK(parse_rfc3339("2026-11-23T14:00:00.5Z") == afternoon + milliseconds(500));
  CHECK(parse_rfc3339("2026-11-23T14:00:00.1234569999999999999999999999Z") == afternoon + microseconds(123456));
  CHECK(parse_rfc3339("2026-12-31T23:59:60Z") == WallTime(sys_days(year(2027) / 1 / 1)));
  CHECK(parse_rfc3339("2024-02-29T00:00:00Z") == WallTime(sys_days(year(2024) / 2 / 29)));
}

TEST_CASE("what is not an RFC 3339 time is nothing", "[detail][rfc3339]") {
  const std::string good = "2026-11-23T14:00:00.25Z";
  for (std::size_t length = 0; length < good.size(); ++length) CHECK_FALSE(parse_rfc3339(good.substr(0, length)));
  for (const char* text : {"2026-11-23T14:00:00",
                           "2026-11-23",
                           "2026-11-23T14:00Z",
                           "2026-11-23T14:00:00.Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-02-29T00:00:00Z",
                           "2026-11-31T00:00:00Z",
                           "2026-11-00T00:00:00Z",
                           "2026-11-23T24:00:00Z",
                           "2026-11-23T14:60:00Z",
                           "2026-11-23T14:00:61Z",
                           "2026-11-23T14:00:00+24:00",
                           "2026-11-23T14:00:00+01:60",
                           "2026-11-23T14:00:00+0100",
                           "2026-11-23T14:00:00Z ",
                           " 2026-11-23T14:00:00Z",
                           "+2026-11-23T14:00:00Z",
                           "-001-11-23T14:00:00Z",
                           "2026-1-23T14:00:00Z",
                           "20261123T140000Z",
                           "2026-11-23T14:00:00,5Z",
                           "1700000000",
                           "now"}) {
    INFO(text);
    CHECK_FALSE(parse_rfc3339(text));
  }
}

}  // namespace unit_detail_rfc3339
