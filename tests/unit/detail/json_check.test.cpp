// SPDX-License-Identifier: MIT
#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <webhook/detail/json_check.hpp>

namespace unit_detail_json_check {
using webhook::detail::count_opening;
using webhook::detail::find_too_deep;

TEST_CASE("opening brackets are counted among any bytes, at any place") {
  std::mt19937 random(7);
  for (std::size_t size = 0; size < 200; ++size) {
    std::string text(size, ' ');
    for (char& c : text) c = random() % 3 == 0 ? "[{]}\x5a\x5c\x7a\x7c"[random() % 8] : static_cast<char>(random());
    const auto expected = std::count(text.begin(), text.end(), '[') + std::count(text.begin(), text.end(), '{');
    CHECK(count_opening(text) == static_cast<std::size_t>(expected));
  }
}

TEST_CASE("depth counts open brackets, not how many there ever were, and none within strings") {
  std::string wide;
  for (int i = 0; i < 1000; ++i) wide += "[]";
  CHECK(find_too_deep(wide) == std::string::npos);
  CHECK(find_too_deep("\"" + std::string(1000, '[') + "\"") == std::string::npos);
  CHECK(find_too_deep("\"\\\"" + std::string(1000, '{') + "\"") == std::string::npos);
  CHECK(find_too_deep(std::string(512, '[')) == std::string::npos);
  CHECK(find_too_deep(std::string(513, '[')) == 512);
  CHECK(find_too_deep("{\"a\":[[]]}", 2) == 6);
}

}  // namespace unit_detail_json_check
