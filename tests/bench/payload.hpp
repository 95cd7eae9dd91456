// SPDX-License-Identifier: MIT
// The event that the benchmarks send: an order, exactly 1 KiB of JSON.
#ifndef WEBHOOK_TESTS_BENCH_PAYLOAD_HPP
#define WEBHOOK_TESTS_BENCH_PAYLOAD_HPP

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

namespace bench {

inline constexpr std::size_t payload_size = 1024;

inline nlohmann::json order() {
  nlohmann::json order = {{"order", 4711},
                          {"customer", {{"name", "Smith"}, {"mail", "smith@example.com"}, {"vip", false}}},
                          {"currency", "EUR"},
                          {"total", 74.97},
                          {"note", ""}};
  for (int line = 1; line <= 6; ++line) {
    order["lines"].push_back({{"sku", "B-" + std::to_string(1000 + line)},
                              {"title", "a book of some length"},
                              {"count", line},
                              {"price", 12.495}});
  }
  order["note"] = std::string(payload_size - order.dump().size(), 'n');
  return order;
}

}  // namespace bench

#endif
