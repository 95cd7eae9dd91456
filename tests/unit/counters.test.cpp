// SPDX-License-Identifier: MIT
#include <webhook/counters.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

#include "support/thrown.hpp"

namespace unit_counters {

namespace {

bool is_name(std::string_view text) {
  const auto may_stand = [](char c, bool first) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
    return letter || (!first && c >= '0' && c <= '9');
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!may_stand(text[i], i == 0)) return false;
  }
  return !text.empty();
}

/// Reads the text exposition format 0.0.4, as strictly as its description allows, and more strictly than a scraper does:
/// HELP, TYPE and then the samples of a metric, each once, by lines that end in a line feed. Throws with the line at fault.
std::map<std::string, std::uint64_t> read_exposition(std::string_view text, std::map<std::string, std::string>& types) {
  std::map<std::string, std::uint64_t> samples;
  std::set<std::string> helped;
  std::string current;
  const auto require = [](bool holds, std::string_view line) {
    if (!holds) throw std::runtime_error("not Prometheus text: " + std::string(line));
  };
  require(!text.empty() && text.back() == '\n', "the last line does not end");
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() + 1);
    require(!line.empty() && line.find('\r') == std::string_view::npos, line);
    std::string_view rest = line;
    const auto next = [&rest] {
      const std::string_view word = rest.substr(0, rest.find(' '));
      rest.remove_prefix((std::min)(word.size() + 1, rest.size()));
      return std::string(word);
    };
    const std::string first = next();
    if (first == "#") {
      const std::string what = next(), name = next();
      require(is_name(name), line);
      if (what == "HELP") {
        require(helped.insert(name).second && types.count(name) == 0 && !rest.empty(), line);
        for (std::size_t i = 0; i < rest.size(); ++i) {  // a backslash escapes itself or stands for a line feed
          if (rest[i] != '\\') continue;
          require(i + 1 < rest.size() && (rest[i + 1] == '\\' || rest[i + 1] == 'n'), line);
          ++i;
        }
      } else {
        require(what == "TYPE" && helped.count(name) == 1 && (rest == "counter" || rest == "gauge"), line);
        require(types.emplace(name, rest).second, line);
        current = name;
      }
      continue;
    }
    require(is_name(first) && first == current && samples.count(first) == 0, line);
    require(!rest.empty() && rest.size() <= 20 && rest.find_first_not_of("0123456789") == std::string_view::npos, line);
    const bool total = first.size() > 6 && first.substr(first.size() - 6) == "_total";
    require(total == (types[first] == "counter"), line);
    samples[first] = std::stoull(std::string(rest));
  }
  return samples;
}

}  // namespace

TEST_CASE("counters become Prometheus text: help, type and value of each, under a prefix") {
  webhook::Counters counters;
  counters.delivered = 12;
  counters.in_flight = 3;
  counters.emitted = UINT64_MAX;
  std::map<std::string, std::string> types;
  const auto samples = read_exposition(webhook::to_prometheus(counters, "shop"), types);
  CHECK(samples.size() == sizeof(webhook::Counters) / sizeof(std::uint64_t));  // none is forgotten
  CHECK(samples.at("shop_deliveries_delivered_total") == 12);
  CHECK(samples.at("shop_events_emitted_total") == UINT64_MAX);
  CHECK(samples.at("shop_in_flight") == 3);
  CHECK(types.at("shop_in_flight") == "gauge");
  CHECK(types.at("shop_attempts_total") == "counter");
}

TEST_CASE("gauges become Prometheus text, the age of the oldest in whole seconds") {
  webhook::Gauges gauges;
  gauges.due = 7;
  gauges.oldest = std::chrono::milliseconds{61'500};
  gauges.gone_endpoints = 2;
  std::map<std::string, std::string> types;
  const auto samples = read_exposition(webhook::to_prometheus(gauges), types);
  CHECK(samples.size() == sizeof(webhook::Gauges) / sizeof(std::uint64_t));
  CHECK(samples.at("webhook_deliveries_due") == 7);
  CHECK(samples.at("webhook_oldest_pending_seconds") == 61);
  CHECK(samples.at("webhook_endpoints_gone") == 2);
  gauges.oldest = std::chrono::seconds{-1};  // a calendar that went back
  CHECK(read_exposition(webhook::to_prometheus(gauges), types = {}).at("webhook_oldest_pending_seconds") == 0);
}

TEST_CASE("counters and gauges stand in one text, and each name once") {
  std::map<std::string, std::string> types;
  const auto samples = read_exposition(webhook::to_prometheus(webhook::Counters()) +  //
                                           webhook::to_prometheus(webhook::Gauges()),
                                       types);
  CHECK(samples.size() == types.size());
}

TEST_CASE("a prefix that cannot begin a metric's name is refused") {
  for (const char* bad : {"", "my shop", "7shop", "shop\n", "shop-1", "caf\xC3\xA9"}) {
    CAPTURE(bad);
    CHECK(support::thrown([&] { webhook::to_prometheus(webhook::Counters(), bad); }) == webhook::errc::invalid);
    CHECK(support::thrown([&] { webhook::to_prometheus(webhook::Gauges(), bad); }) == webhook::errc::invalid);
  }
  CHECK_NOTHROW(webhook::to_prometheus(webhook::Counters(), "shop_7:hooks"));
}

}  // namespace unit_counters
