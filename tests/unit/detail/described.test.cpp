// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <webhook/detail/described.hpp>

namespace unit_detail_described {

namespace {
using namespace std::chrono_literals;
using webhook::detail::described_type;
}  // namespace

TEST_CASE("only what can be an event type becomes one", "[detail][described]") {
  CHECK(described_type("issues.opened") == "issues.opened");
  CHECK(described_type("orders/create", '/') == "orders.create");
  CHECK(described_type("customer_groups/create", '/') == "customer_groups.create");
  CHECK(described_type(std::string(128, 'a')) == std::string(128, 'a'));
  for (const char* text : {"", ".", "a.", ".a", "a..b", "a b", "a-b", "a/b", "caf\xC3\xA9", "a\nb", "*"})
    CHECK(described_type(text).empty());
  CHECK(described_type(std::string(129, 'a')).empty());
  CHECK(described_type(std::string(100'000, 'a')).empty());
}

TEST_CASE("what cannot be an id or a time leaves the event as it was", "[detail][described]") {
  webhook::Event event;
  webhook::detail::describe_id(event, "evt_1");
  webhook::detail::describe_unix_time(event, "1700000000");
  for (const std::string& bad : {std::string(), std::string(65, 'x'), std::string("a b"), std::string("a\0b", 3)}) {
    webhook::detail::describe_id(event, bad);
    webhook::detail::describe_unix_time(event, bad);
    webhook::detail::describe_rfc3339(event, bad);
  }
  for (const char* bad : {"", "a b", "a..b"}) webhook::detail::describe_type(event, bad);
  webhook::detail::describe_type(event, std::nullopt);
  webhook::detail::describe_id(event, std::nullopt);
  webhook::detail::describe_unix_time(event, std::nullopt);
  CHECK(event.id.view() == "evt_1");
  CHECK(event.time == webhook::WallTime(1700000000s));
  CHECK(event.type.empty());
}

}  // namespace unit_detail_described
