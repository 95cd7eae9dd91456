// SPDX-License-Identifier: MIT
// What every inbox owes, as checks that run on any of them; a custom inbox's author runs them too.
// It needs no test framework: each promise goes to a callback, which hands it to the framework at hand.
#ifndef WEBHOOK_TESTING_INBOX_CONFORMANCE_HPP
#define WEBHOOK_TESTING_INBOX_CONFORMANCE_HPP

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "../concepts.hpp"

namespace webhook {
inline namespace v0 {

/// Runs the checks; calls `report(bool held, std::string_view promise)` for each. The inbox is empty at first, and has
/// room for a thousand keys.
template <InboxPolicy Inbox, class Report>
class InboxConformance {
 public:
  InboxConformance(Inbox& inbox, Report report) : inbox_(inbox), report_(report) {}

  void run() {
    marks();
    keys();
    time();
    threads();
  }

 private:
  static constexpr Duration hour = std::chrono::hours{1};

  void marks() {
    report_(inbox_.first("a", at(0), hour), "the first of a key is first");
    report_(!inbox_.first("a", at(1), hour), "the second is not");
    report_(inbox_.first("b", at(1), hour), "another key is first in its turn");
    inbox_.forget("a");
    report_(inbox_.first("a", at(2), hour), "a forgotten key is first again");
    report_(!inbox_.first("a", at(2), hour), "and marked again");
    report_(!inbox_.first("b", at(2), hour), "forgetting one key forgets no other");
    inbox_.forget("never seen");
    inbox_.forget("a");
    inbox_.forget("a");
    report_(inbox_.first("a", at(3), hour), "forgetting twice, or what was never seen, is harmless");
  }

  void keys() {
    using namespace std::string_view_literals;
    const std::string longest(256, 'k');
    for (const std::string_view key : {""sv, "A"sv, "c\0d"sv, "c"sv, "\xFF\xFE"sv, "x' OR 1=1; --"sv,
                                       std::string_view(longest), std::string_view(longest).substr(1)}) {
      report_(inbox_.first(key, at(4), hour), "any bytes are a key of their own");
    }
    report_(!inbox_.first("c\0d"sv, at(4), hour), "and are found again");
  }

  void time() {
    report_(inbox_.first("short", at(10), std::chrono::seconds{5}), "a key is kept for its time");
    report_(!inbox_.first("short", at(14), std::chrono::seconds{5}), "until just before it is over");
    report_(inbox_.first("short", at(15), std::chrono::seconds{5}), "and no longer");
    report_(inbox_.first("for ever", at(16), (Duration::max)()), "the longest time does not overflow");
    report_(!inbox_.first("for ever", at(17), (Duration::max)()), "and is kept");
  }

  void threads() {
    std::atomic<int> firsts{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 100; ++i) firsts += inbox_.first("of all " + std::to_string(i), at(20), hour) ? 1 : 0;
      });
    }
    for (std::thread& thread : threads) thread.join();
    report_(firsts == 100, "of several at once, exactly one is first");
  }

  static Now at(int second) {
    const auto since = std::chrono::seconds{1'000'000 + second};
    return {since, WallTime(since)};
  }

  Inbox& inbox_;
  Report report_;
};

}  // namespace v0
}  // namespace webhook

#endif
