// SPDX-License-Identifier: MIT
// Tells, without a system call, whether this process is a fork of the one in which the guard was made.
// It does not decide what follows from it.
#ifndef WEBHOOK_DETAIL_FORK_GUARD_HPP
#define WEBHOOK_DETAIL_FORK_GUARD_HPP

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <new>

namespace webhook {
inline namespace v0 {
namespace detail {

/// A page that the kernel gives to a child as zeros (MADV_WIPEONFORK, Linux 4.14); elsewhere the process id is compared,
/// which costs a system call for each question. getpid() alone would cost more than an emit to which nobody listens.
class ForkGuard {
 public:
  ForkGuard() : pid_(getpid()) {
#ifdef MADV_WIPEONFORK
    size_ = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    void* page = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) throw std::bad_alloc();
    if (madvise(page, size_, MADV_WIPEONFORK) == 0) {
      mark_ = new (page) std::atomic<int>(1);
    } else {
      munmap(page, size_);
    }
#endif
  }
  ForkGuard(const ForkGuard&) = delete;
  ForkGuard& operator=(const ForkGuard&) = delete;
  ~ForkGuard() {
    if (mark_ != nullptr) munmap(mark_, size_);
  }

  /// True in a child of the process that made the guard, or that last called adopt().
  bool in_child() const noexcept {
    return mark_ != nullptr ? mark_->load(std::memory_order_relaxed) == 0 : getpid() != pid_;
  }

  /// Makes this process the one that counts.
  void adopt() noexcept {
    pid_ = getpid();
    if (mark_ != nullptr) mark_->store(1, std::memory_order_relaxed);
  }

 private:
  std::atomic<int>* mark_ = nullptr;
  std::size_t size_ = 0;
  pid_t pid_;
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
