// SPDX-License-Identifier: MIT
// Limits: what a benchmark was to reach, beside what it reached, and how many of these were missed.
// It knows nothing of what is measured.
#ifndef WEBHOOK_TESTS_BENCH_LIMITS_HPP
#define WEBHOOK_TESTS_BENCH_LIMITS_HPP

#include <cstdio>

namespace bench {

/// A limit, and whether it was kept.
class Limits {
 public:
  void hold(const char* what, double value, double most) { say(what, value, "at most", most, value <= most); }
  void faster(const char* what, double value, double least) { say(what, value, "at least", least, value >= least); }
  int missed() const noexcept { return missed_; }

 private:
  void say(const char* what, double value, const char* word, double limit, bool kept) {
    std::printf("  %-60s %7.3f  %s %.2f: %s\n", what, value, word, limit, kept ? "kept" : "MISSED");
    missed_ += kept ? 0 : 1;
  }
  int missed_ = 0;
};

}  // namespace bench

#endif
