// SPDX-License-Identifier: MIT
// Crew: the threads of one dispatcher, with every signal blocked, so that the host's handlers run on the host's threads.
// It does not know what the threads do, nor when they should end.
#ifndef WEBHOOK_DETAIL_CREW_HPP
#define WEBHOOK_DETAIL_CREW_HPP

#include <pthread.h>
#include <signal.h>

#include <cstddef>
#include <thread>
#include <vector>

namespace webhook {
inline namespace v0 {
namespace detail {

class Crew {
 public:
  Crew() = default;
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  ~Crew() { join(); }

  /// Starts `size` threads that run work(0), work(1) …; either all of them or none. Throws std::system_error.
  /// Before it gives up, `unwind` must make those that did start return.
  template <class Work, class Unwind>
  void start(std::size_t size, const Work& work, const Unwind& unwind) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
      threads_.reserve(size);
      for (std::size_t index = 0; index < size; ++index) threads_.emplace_back(work, index);
    } catch (...) {
      pthread_sigmask(SIG_SETMASK, &before, nullptr);
      unwind();
      join();
      throw;
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void join() noexcept {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  std::vector<std::thread> threads_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
