// SPDX-License-Identifier: MIT
// Room: where emitters wait until the store may have room again.
// It does not know whether there is any: who is woken asks the store.
#ifndef WEBHOOK_DETAIL_ROOM_HPP
#define WEBHOOK_DETAIL_ROOM_HPP

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace webhook {
inline namespace v0 {
namespace detail {

class Room {
 public:
  /// To be read before the store is asked: what is made after that ends the wait.
  std::uint64_t made_so_far() const noexcept { return made_.load(); }

  /// Waits until there was made more than `known`; false: not until `deadline`.
  bool wait_for_more(std::uint64_t known, std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    ++waiting_;
    const bool more = changed_.wait_until(lock, deadline, [&] { return made_.load() != known; });
    --waiting_;
    return more;
  }

  /// Something ended, or everything does.
  void make() noexcept {
    made_.fetch_add(1);
    if (waiting_.load() == 0) return;
    const std::lock_guard lock(mutex_);  // whoever has just found nothing is now waiting, or sees what was made
    changed_.notify_all();
  }

 private:
  std::atomic<std::uint64_t> made_{0};
  std::atomic<unsigned> waiting_{0};
  std::mutex mutex_{};
  std::condition_variable changed_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
