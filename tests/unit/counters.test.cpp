// SPDX-License-Identifier: MIT
#include <webhook/counters.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <string>

TEST_CASE("counters become Prometheus text: help, type and value of each, under a prefix") {
  webhook::Counters counters;
  counters.delivered = 12;
  counters.in_flight = 3;
  const std::string text = webhook::to_prometheus(counters, "shop");
  CHECK_THAT(text, Catch::Contains("# HELP shop_deliveries_delivered_total Deliveries answered with 2xx.\n"
                                   "# TYPE shop_deliveries_delivered_total counter\n"
                                   "shop_deliveries_delivered_total 12\n"));
  CHECK_THAT(text, Catch::Contains("# TYPE shop_in_flight gauge\nshop_in_flight 3\n"));
  CHECK(std::count(text.begin(), text.end(), '\n') == 17 * 3);
  CHECK(text.back() == '\n');
}

TEST_CASE("gauges become Prometheus text, the age of the oldest in whole seconds") {
  webhook::Gauges gauges;
  gauges.due = 7;
  gauges.oldest = std::chrono::milliseconds{61'500};
  gauges.gone_endpoints = 2;
  const std::string text = webhook::to_prometheus(gauges, "shop");
  CHECK_THAT(text, Catch::Contains("# TYPE shop_deliveries_due gauge\nshop_deliveries_due 7\n"));
  CHECK_THAT(text, Catch::Contains("shop_oldest_pending_seconds 61\n"));
  CHECK_THAT(text, Catch::Contains("shop_endpoints_gone 2\n"));
  CHECK(std::count(text.begin(), text.end(), '\n') == 9 * 3);
}
