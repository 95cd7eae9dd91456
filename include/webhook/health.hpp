// SPDX-License-Identifier: MIT
// Health: which endpoints this process has spoken of as failing, so that each warning is given once and taken back.
// The facts (since when, how often) come from the store; what follows for a lane is breaker.hpp's.
#ifndef WEBHOOK_HEALTH_HPP
#define WEBHOOK_HEALTH_HPP

#include <atomic>
#include <cstddef>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "id.hpp"
#include "time.hpp"

namespace webhook {
inline namespace v0 {

/// What was said of endpoints in trouble. Thread-safe; asking costs an atomic read while nobody is.
class Health {
 public:
  /// An endpoint has only failed for so long: is that past one more of these thresholds than was said before?
  bool warns(EndpointId endpoint, Duration failing_for, const std::vector<Duration>& thresholds) {
    std::size_t passed = 0;
    for (const Duration threshold : thresholds) passed += failing_for >= threshold ? 1U : 0U;
    if (passed == 0) return false;
    const std::lock_guard lock(mutex_);
    Said& said = said_[endpoint];
    troubled_ = said_.size();
    if (passed <= said.warnings) return false;
    said.warnings = passed;
    return true;
  }

  /// Its breaker is open: is that news?
  bool rests(EndpointId endpoint) {
    const std::lock_guard lock(mutex_);
    Said& said = said_[endpoint];
    troubled_ = said_.size();
    return !std::exchange(said.resting, true);
  }

  /// It answered as it should, or starts anew: was anything said that no longer holds?
  bool recovers(EndpointId endpoint) noexcept {
    if (troubled_.load(std::memory_order_relaxed) == 0) return false;
    const std::lock_guard lock(mutex_);
    const bool known = said_.erase(endpoint) > 0;
    troubled_ = said_.size();
    return known;
  }

 private:
  struct Said {
    std::size_t warnings = 0;
    bool resting = false;
  };

  std::mutex mutex_{};
  std::unordered_map<EndpointId, Said> said_{};
  std::atomic<std::size_t> troubled_{0};
};

}  // namespace v0
}  // namespace webhook

#endif
