// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <utility>
#include <webhook/inbox/memory.hpp>

#include "support/thrown.hpp"

namespace unit_inbox_memory {

namespace {
using namespace std::chrono_literals;
using webhook::MemoryInbox;

webhook::Now at(std::chrono::seconds second) { return {second, webhook::WallTime(second)}; }
}  // namespace

TEST_CASE("a full inbox forgets the oldest key, and takes the new one", "[inbox][G14]") {
  MemoryInbox inbox{{.max_keys = 3}};
  for (const char* key : {"a", "b", "c"}) CHECK(inbox.first(key, at(1s), 1h));
  CHECK(inbox.first("d", at(2s), 1h));
  CHECK(inbox.size() == 3);
  CHECK_FALSE(inbox.first("b", at(2s), 1h));
  CHECK_FALSE(inbox.first("d", at(2s), 1h));
  CHECK(inbox.first("a", at(2s), 1h));  // forgotten
}

TEST_CASE("an inbox is bounded in bytes too", "[inbox][G14]") {
  const std::string long_key(1000, 'x');
  MemoryInbox inbox{{.max_bytes = 3 * (1000 + MemoryInbox::overhead)}};
  for (int i = 0; i < 1000; ++i) CHECK(inbox.first(long_key.substr(4) + std::to_string(1000 + i), at(1s), 1h));
  CHECK(inbox.size() == 3);
  CHECK(inbox.first("short", at(1s), 1h));
  CHECK(support::thrown([&] { inbox.first(std::string(10'000, 'x'), at(1s), 1h); }) == webhook::errc::too_large);
}

TEST_CASE("keys whose time is over make room before any other is forgotten", "[inbox]") {
  MemoryInbox inbox{{.max_keys = 2}};
  CHECK(inbox.first("short", at(1s), 10s));
  CHECK(inbox.first("long", at(2s), 1h));
  CHECK(inbox.first("new", at(11s), 1h));
  CHECK(inbox.size() == 2);
  CHECK_FALSE(inbox.first("long", at(12s), 1h));
}

TEST_CASE("bounds that hold nothing are refused", "[inbox]") {
  CHECK(support::thrown([] { MemoryInbox{{.max_keys = 0}}; }) == webhook::errc::invalid);
  CHECK(support::thrown([] { MemoryInbox{{.max_bytes = 100}}; }) == webhook::errc::invalid);
}

TEST_CASE("an inbox remembers after it was moved", "[inbox]") {
  MemoryInbox inbox;
  CHECK(inbox.first("a", at(1s), 1h));
  MemoryInbox moved(std::move(inbox));
  CHECK_FALSE(moved.first("a", at(1s), 1h));
}

}  // namespace unit_inbox_memory
