// SPDX-License-Identifier: MIT
// Random numbers for ids and jitter: lock-free, well mixed, and repeatable from a seed. Never for keys.
// It knows nothing of what the numbers are for.
#ifndef WEBHOOK_DETAIL_RANDOM_HPP
#define WEBHOOK_DETAIL_RANDOM_HPP

#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "../error.hpp"
#include "stripes.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// Two keyed SplitMix64 sequences over one counter (Steele, Lea, Flood 2014): each call gives 128 bits that this object
/// never gives again, and that another object gives with a probability of about 2^-128. Unless it is to be repeatable,
/// each thread counts by itself, from a place of its own.
class Random {
 public:
  explicit Random(std::optional<std::uint64_t> seed = {}) {
    if (seed) {
      repeatable_ = true;
      keys_ = {mix(*seed), mix(~*seed)};
    } else {
      reseed();
      std::uint64_t place = 0;
      counters_.each([&](Counter& counter) { counter.store(place += std::uint64_t{1} << 58U); });
    }
  }

  /// Starts afresh from the system's randomness: needed after a fork, where parent and child would go on alike.
  void reseed() {
    if (getentropy(keys_.data(), sizeof keys_) != 0) throw Error(errc::transient, "the system gives no random bytes");
  }

  struct Bits {
    std::uint64_t high = 0, low = 0;
  };
  /// Thread-safe.
  Bits next() noexcept {
    const std::uint64_t step = (repeatable_ ? counter_ : counters_.mine()).fetch_add(1, std::memory_order_relaxed);
    return {mix(keys_[0] + step * 0x9E3779B97F4A7C15U), mix(keys_[1] + step * 0xD1B54A32D192ED03U)};
  }

 private:
  static constexpr std::uint64_t mix(std::uint64_t z) noexcept {
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }

  std::array<std::uint64_t, 2> keys_{};
  using Counter = std::atomic<std::uint64_t>;
  bool repeatable_ = false;
  Counter counter_{0};
  Stripes<Counter> counters_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
