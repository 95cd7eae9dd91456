// SPDX-License-Identifier: MIT
// A host whose every delivery fails once and then waits for a day: what is measured is the waiting.
#ifndef WEBHOOK_TESTS_BENCH_REFUSALS_HPP
#define WEBHOOK_TESTS_BENCH_REFUSALS_HPP

#include <atomic>
#include <chrono>
#include <cstddef>
#include <webhook/webhook.hpp>

namespace bench {

inline webhook::Response refuse(const webhook::Request&) {
  webhook::Response response;
  response.status = 500;
  return response;
}

/// What the observer has heard; outlives the dispatcher.
struct Refusals {
  std::atomic<std::size_t> failed{0}, other{0};
  std::size_t all() const noexcept { return failed + other; }

  webhook::Options options() {
    webhook::Options options;
    options.retry = webhook::RetrySchedule({std::chrono::seconds{0}, std::chrono::hours{24}}, 0.2);
    options.breaker.failures = 0;  // every delivery is to have its attempt
    options.disable_after = (webhook::Duration::max)();
    options.on_notice = [this](const webhook::Notice& notice) {
      if (notice.kind == webhook::Notice::Kind::failed) {
        ++failed;
      } else if (notice.attempt != nullptr) {
        ++other;
      }
    };
    return options;
  }
};

}  // namespace bench

#endif
