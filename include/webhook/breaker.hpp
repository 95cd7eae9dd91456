// SPDX-License-Identifier: MIT
// The circuit breaker of a lane: when an endpoint only fails, it is left alone for a while, probed with one delivery,
// and taken back step by step. Pure: the facts come from the store, and the answer goes there, for all processes.
#ifndef WEBHOOK_BREAKER_HPP
#define WEBHOOK_BREAKER_HPP

#include <chrono>
#include <cstdint>
#include <optional>

#include "concepts.hpp"

namespace webhook {
inline namespace v0 {

/// When a lane's breaker opens, and for how long.
struct BreakerRule {
  std::uint32_t failures = 10;                      ///< in a row, over all workers; 0: never
  Duration rest = std::chrono::seconds{5};          ///< after so many; twice as long after each further failure ...
  Duration longest_rest = std::chrono::minutes{5};  ///< ... up to this
};

/// How a lane is to be served after an attempt that the store answered with `settled`; nothing if it stays as it is.
/// Open: a rest, and then one delivery at a time, which is the probe. After a success the cap doubles: 1, 2, 4 … `cap`.
inline std::optional<Lane> breaker(const BreakerRule& rule, const Settled& settled, bool delivered, std::uint32_t cap) {
  if (delivered) {
    if (settled.cap >= cap) return std::nullopt;
    return Lane{settled.cap > cap / 2 ? cap : settled.cap * 2, Duration::zero()};
  }
  if (rule.failures == 0 || settled.failures < rule.failures) return std::nullopt;
  Duration rest = rule.rest;
  for (std::uint32_t more = settled.failures - rule.failures; more > 0 && rest < rule.longest_rest; --more) rest *= 2;
  return Lane{1, rest < rule.longest_rest ? rest : rule.longest_rest};
}

}  // namespace v0
}  // namespace webhook

#endif
