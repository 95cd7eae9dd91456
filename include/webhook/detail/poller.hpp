// SPDX-License-Identifier: MIT
// Poller: waits until a socket can be moved on, or until another thread calls. Linux's epoll, and an eventfd in it.
// It knows numbers that its user gave it, nothing of what they stand for.
#ifndef WEBHOOK_DETAIL_POLLER_HPP
#define WEBHOOK_DETAIL_POLLER_HPP

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>

#include "../error.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// Used by one thread at a time, but for call().
class Poller {
 public:
  static constexpr std::uint64_t called = 0;  ///< the token of another thread's call; nobody else's

  /// Throws Error (errc::transient) without descriptors.
  Poller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), bell_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (epoll_ < 0 || bell_ < 0 || !control(EPOLL_CTL_ADD, bell_, EPOLLIN, called)) {
      shut();
      throw Error(errc::transient, "a session could not be opened: out of descriptors or of memory");
    }
  }
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;
  ~Poller() { shut(); }

  /// Of the poller itself: readable while something is to be had from wait().
  int descriptor() const noexcept { return epoll_; }

  /// Level-triggered. False: out of memory.
  bool watch(int socket, std::uint32_t events, std::uint64_t token) noexcept {
    return control(EPOLL_CTL_ADD, socket, events, token) ||
           (errno == EEXIST && control(EPOLL_CTL_MOD, socket, events, token));
  }
  bool change(int socket, std::uint32_t events, std::uint64_t token) noexcept {
    return control(EPOLL_CTL_MOD, socket, events, token);
  }
  void forget(int socket) noexcept { control(EPOLL_CTL_DEL, socket, 0, 0); }

  /// Waits for some milliseconds at most; what is returned is valid until the next call.
  std::span<const epoll_event> wait(int milliseconds) noexcept {
    const int count = ::epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), milliseconds);
    return {events_.data(), static_cast<std::size_t>(count < 0 ? 0 : count)};
  }

  /// Thread-safe: the wait under way, or else the next one, returns with `called`.
  void call() noexcept {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(bell_, &one, sizeof one);
  }
  /// The call was heard.
  void answer() noexcept {
    std::uint64_t calls = 0;
    [[maybe_unused]] const auto got = ::read(bell_, &calls, sizeof calls);
  }

 private:
  bool control(int what, int socket, std::uint32_t events, std::uint64_t token) noexcept {
    epoll_event event{};
    event.events = events;
    event.data.u64 = token;
    return ::epoll_ctl(epoll_, what, socket, &event) == 0;
  }
  void shut() noexcept {
    if (bell_ >= 0) ::close(bell_);
    if (epoll_ >= 0) ::close(epoll_);
  }

  int epoll_, bell_;
  std::array<epoll_event, 64> events_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
