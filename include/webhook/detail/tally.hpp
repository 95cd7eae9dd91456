// SPDX-License-Identifier: MIT
// Tally: the counters as emitters and workers keep them, each by itself and without a lock.
// It does not know what is counted for whom; Counters is the reading of it.
#ifndef WEBHOOK_DETAIL_TALLY_HPP
#define WEBHOOK_DETAIL_TALLY_HPP

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "../counters.hpp"
#include "../notice.hpp"
#include "stripes.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// Thread-safe; a reading is not one moment, but every count in it was true.
class Tally {
 public:
  void emitted() noexcept { emitted_.add(); }
  void unwanted() noexcept { unwanted_.add(); }
  void refused() noexcept { refused_.add(); }
  void attempted() noexcept { add(attempts_); }
  void told(Notice::Kind kind) noexcept { add(by_kind_[static_cast<std::size_t>(kind)]); }
  void started() noexcept { add(in_flight_); }
  void ended() noexcept { in_flight_.fetch_sub(1, std::memory_order_relaxed); }

  Counters read() const noexcept {
    const auto of = [this](Notice::Kind kind) { return get(by_kind_[static_cast<std::size_t>(kind)]); };
    Counters counters;
    counters.emitted = emitted_.read();
    counters.unwanted = unwanted_.read();
    counters.refused = refused_.read();
    counters.attempts = get(attempts_);
    counters.delivered = of(Notice::Kind::delivered);
    counters.failed = of(Notice::Kind::failed);
    counters.recovered = of(Notice::Kind::recovered);
    counters.exhausted = of(Notice::Kind::exhausted);
    counters.parked = of(Notice::Kind::parked);
    counters.cancelled = of(Notice::Kind::cancelled);
    counters.expired = of(Notice::Kind::expired);
    counters.dropped = of(Notice::Kind::dropped);
    counters.quarantined = of(Notice::Kind::quarantined);
    counters.disabled = of(Notice::Kind::endpoint_disabled) + of(Notice::Kind::endpoint_gone);
    counters.troubles = of(Notice::Kind::trouble);
    counters.in_flight = get(in_flight_);
    return counters;
  }

 private:
  using Count = std::atomic<std::uint64_t>;
  static void add(Count& count) noexcept { count.fetch_add(1, std::memory_order_relaxed); }
  static std::uint64_t get(const Count& count) noexcept { return count.load(std::memory_order_relaxed); }

  StripedCount emitted_{}, unwanted_{}, refused_{};  // by the host's threads
  Count attempts_{0}, in_flight_{0};
  std::array<Count, static_cast<std::size_t>(Notice::Kind::trouble) + 1> by_kind_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
