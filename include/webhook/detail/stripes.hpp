// SPDX-License-Identifier: MIT
// Stripes: a value in several copies, each in a cache line of its own, of which a thread always uses the same one, so that
// threads which do the same thing at the same time do not wait for each other's caches.
// It does not know what the copies mean together; whoever reads them all says that.
#ifndef WEBHOOK_DETAIL_STRIPES_HPP
#define WEBHOOK_DETAIL_STRIPES_HPP

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <thread>

namespace webhook {
inline namespace v0 {
namespace detail {

/// Thread-safe as far as its values are: two threads may share one.
template <class Value>
class Stripes {
 public:
  /// The copy of the calling thread.
  Value& mine() noexcept { return stripes_[std::hash<std::thread::id>{}(std::this_thread::get_id()) % count].value; }

  template <class Visit>
  void each(const Visit& visit) {
    for (Stripe& stripe : stripes_) visit(stripe.value);
  }
  template <class Visit>
  void each(const Visit& visit) const {
    for (const Stripe& stripe : stripes_) visit(stripe.value);
  }

 private:
  static constexpr std::size_t count = 32;  // so many that a handful of threads rarely share one

  struct alignas(64) Stripe {
    Value value{};
  };
  std::array<Stripe, count> stripes_{};
};

/// How many there are of something that many threads begin, and mostly end themselves.
class StripedCount {
 public:
  /// One more, as long as this lives.
  class Hold {
   public:
    explicit Hold(StripedCount& counts) noexcept : count_(counts.stripes_.mine()) { count_.fetch_add(1); }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold() { count_.fetch_sub(1); }

   private:
    std::atomic<std::uint64_t>& count_;
  };

  void add() noexcept { stripes_.mine().fetch_add(1, std::memory_order_relaxed); }

  /// Not one moment's count, but whatever was held all the time while it was read is in it.
  std::uint64_t read() const noexcept {
    std::uint64_t sum = 0;
    stripes_.each([&](const std::atomic<std::uint64_t>& count) { sum += count.load(); });
    return sum;
  }

 private:
  Stripes<std::atomic<std::uint64_t>> stripes_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
