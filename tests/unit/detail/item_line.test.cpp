// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <cstdint>
#include <deque>
#include <vector>
#include <webhook/detail/item_line.hpp>

namespace unit_detail_item_line {

namespace {
struct Item {
  std::uint64_t number = 0;
  std::uint32_t seat = 0;
  std::uint64_t order() const noexcept { return number; }
};
using Line = webhook::detail::ItemLine<Item>;

std::vector<std::uint64_t> drained(Line& line) {
  std::vector<std::uint64_t> numbers;
  while (!line.empty()) {
    numbers.push_back(line.top().number);
    line.remove(line.top());
  }
  return numbers;
}
}  // namespace

TEST_CASE("items leave a line as they came, but for those who left before") {
  Line line;
  std::deque<Item> items;
  for (std::uint64_t i = 0; i < 100; ++i) {
    items.push_back({i});
    line.reserve(line.size() + 1);
    line.push(static_cast<std::int64_t>(i / 10), items.back());
  }
  for (std::uint64_t i = 0; i < 100; ++i) {
    if (i % 7 != 0) line.remove(items[i]);
  }
  CHECK(line.size() == 15);
  CHECK(line.key_of(items[49]) == 4);
  CHECK(drained(line) == std::vector<std::uint64_t>{0, 7, 14, 21, 28, 35, 42, 49, 56, 63, 70, 77, 84, 91, 98});
}

TEST_CASE("a line takes only what belongs at its end") {
  Line line;
  Item first{5}, second{7};
  line.reserve(2);
  line.push(10, first);
  CHECK_FALSE(line.takes(9, second));
  CHECK_FALSE(line.takes(10, Item{4}));
  CHECK(line.takes(10, second));
  CHECK(line.takes(11, Item{1}));
}

TEST_CASE("a line needs no more room for all who ever left it than for those who are there") {
  Line line;
  line.reserve(8);
  std::deque<Item> items;
  items.push_back({0});
  line.push(0, items.front());  // it stays, and the others come and go behind it
  for (std::uint64_t i = 1; i < 1000; ++i) {
    items.push_back({i});
    line.push(static_cast<std::int64_t>(i), items.back());
    if (i > 3) line.remove(items[i - 3]);
  }
  CHECK(drained(line) == std::vector<std::uint64_t>{0, 997, 998, 999});
}

}  // namespace unit_detail_item_line
