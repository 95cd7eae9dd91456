// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <cstdint>
#include <iterator>
#include <map>
#include <random>
#include <webhook/detail/ordered_index.hpp>

namespace unit_detail_ordered_index {

TEST_CASE("an index finds what an ordered map finds, dense or sparse") {
  std::mt19937_64 random(1);
  for (const std::uint64_t widest : {std::uint64_t{1}, std::uint64_t{300}, std::uint64_t{100'000}}) {
    webhook::detail::OrderedIndex<const int> index;
    std::map<std::uint64_t, int> map;
    std::uint64_t number = 0;
    for (int i = 0; i < 40'000; ++i) {
      if (map.empty() || random() % 9 < 5) {
        number += 1 + random() % widest;
        index.append(number, map.emplace(number, i).first->second);
      } else {
        auto gone = random() % 2 == 0 ? map.begin() : map.lower_bound(random() % (number + 1));  // the oldest go first
        if (gone == map.end()) gone = map.begin();
        index.erase(gone->first);
        map.erase(gone);
      }
      const std::uint64_t asked = random() % (number + 2);
      const auto above = map.upper_bound(asked);
      if (index.after(asked) != (above == map.end() ? nullptr : &above->second)) FAIL("after");
      if (index.floor(asked) != (above == map.begin() ? nullptr : &std::prev(above)->second)) FAIL("floor");
    }
    for (const auto& [known, item] : map) {
      if (index.floor(known) != &item) FAIL("kept");
    }
  }
}

TEST_CASE("an index gives the very item that was put under a number") {
  webhook::detail::OrderedIndex<int> index;
  std::map<std::uint64_t, int> items;
  for (std::uint64_t number = 3; number < 5'000'000; number += number / 8 + 1) {
    items[number] = static_cast<int>(number);
    index.append(number, items[number]);
  }
  for (auto& [number, item] : items) {
    CHECK(index.floor(number) == &item);
    CHECK(index.after(number - 1) == &item);
  }
}

}  // namespace unit_detail_ordered_index
