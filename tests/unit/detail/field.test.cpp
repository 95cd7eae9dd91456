// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <string_view>
#include <webhook/detail/field.hpp>

namespace unit_detail_field {
using webhook::Headers;
using webhook::Verification;

TEST_CASE("a field that stands there twice is refused, and the verdict names it", "[detail][field]") {
  const Headers headers{{"X-One", "1"}, {"X-Two", "a"}, {"x-two", "b"}};
  std::string_view value;
  CHECK(webhook::detail::only_field(headers, "x-one", value).reason == Verification::ok);
  CHECK(value == "1");
  const Verification twice = webhook::detail::only_field(headers, "X-Two", value);
  CHECK(twice.reason == Verification::malformed);
  CHECK(twice.header == "X-Two");
  const Verification none = webhook::detail::only_field(headers, "X-Three", value);
  CHECK(none.reason == Verification::missing_header);
  CHECK(none.header == "X-Three");
}

TEST_CASE("a field that need not be there leaves the value alone", "[detail][field]") {
  const Headers headers{{"X-Two", "a"}, {"x-two", "b"}};
  std::string_view value = "before";
  CHECK(webhook::detail::at_most_one_field(headers, "X-One", value).reason == Verification::ok);
  CHECK(value == "before");
  CHECK(webhook::detail::at_most_one_field(headers, "X-Two", value).reason == Verification::malformed);
}

}  // namespace unit_detail_field
