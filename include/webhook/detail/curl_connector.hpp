// SPDX-License-Identifier: MIT
// CurlConnector: has libcurl make connections and nothing else (names, addresses, TLS), many at a time, in one multi handle
// whose sockets it has a Poller watch. A handle stays in it for as long as its connection is used through libcurl.
// It knows nothing of requests.
#ifndef WEBHOOK_DETAIL_CURL_CONNECTOR_HPP
#define WEBHOOK_DETAIL_CURL_CONNECTOR_HPP

#include <curl/curl.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "../error.hpp"
#include "poller.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// libcurl points into it: it stays where it is. Not thread-safe.
class CurlConnector {
 public:
  using Clock = std::chrono::steady_clock;

  /// Throws Error (errc::transient).
  explicit CurlConnector(Poller& poller) : poller_(poller), multi_(curl_multi_init()) {
    if (!multi_) throw Error(errc::transient, "libcurl could not make a multi handle: out of memory or descriptors");
    set(CURLMOPT_SOCKETFUNCTION, &CurlConnector::on_socket);
    set(CURLMOPT_SOCKETDATA, static_cast<void*>(this));
    set(CURLMOPT_TIMERFUNCTION, &CurlConnector::on_timer);
    set(CURLMOPT_TIMERDATA, static_cast<void*>(this));
    set(CURLMOPT_MAXCONNECTS, 1L << 20);  // how many are kept is not libcurl's to decide
  }
  CurlConnector(const CurlConnector&) = delete;
  CurlConnector& operator=(const CurlConnector&) = delete;

  /// The token of libcurl's sockets is odd, others' are not.
  static bool owns(std::uint64_t token) noexcept { return token % 2 == 1; }

  /// Connects as `easy` is set up to. False: out of memory.
  bool add(CURL* easy) noexcept { return curl_multi_add_handle(multi_.get(), easy) == CURLM_OK; }
  /// Ends its connection, or the attempt at one.
  void remove(CURL* easy) noexcept { curl_multi_remove_handle(multi_.get(), easy); }

  /// Something has happened at one of its sockets.
  void move(std::uint64_t token, std::uint32_t events) noexcept {
    int what = 0;
    if ((events & (EPOLLIN | EPOLLHUP)) != 0) what |= CURL_CSELECT_IN;
    if ((events & EPOLLOUT) != 0) what |= CURL_CSELECT_OUT;
    if ((events & EPOLLERR) != 0) what |= CURL_CSELECT_ERR;
    act(static_cast<curl_socket_t>(token / 2), what);
  }

  /// When it wants to be moved on though nothing happens.
  std::optional<Clock::time_point> due() const noexcept { return due_; }
  void move_due(Clock::time_point now) noexcept {
    // A few times at most: libcurl may ask to be called again at once.
    for (int again = 0; again < 3 && due_ && *due_ <= now; ++again) {
      due_.reset();
      act(CURL_SOCKET_TIMEOUT, 0);
    }
  }

  /// Calls done(easy, code) for each that is connected, or cannot be.
  template <class Done>
  void each_done(const Done& done) {
    if (!std::exchange(acted_, false)) return;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* const easy = message->easy_handle;  // the message goes with the handle
      const CURLcode code = message->data.result;
      done(easy, code);
    }
  }

 private:
  struct Close {
    void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
  };

  template <class Value>
  void set(CURLMoption option, Value value) {
    if (curl_multi_setopt(multi_.get(), option, value) != CURLM_OK)
      throw Error(errc::unsupported, "libcurl refused an option of its multi handle");
  }

  void act(curl_socket_t socket, int what) noexcept {
    int running = 0;
    curl_multi_socket_action(multi_.get(), socket, what, &running);
    acted_ = true;
  }

  static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) noexcept {
    Poller& poller = static_cast<CurlConnector*>(self)->poller_;
    if (what == CURL_POLL_REMOVE) {
      poller.forget(socket);
      return 0;
    }
    std::uint32_t events = 0;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) events |= EPOLLIN;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) events |= EPOLLOUT;
    return poller.watch(socket, events, static_cast<std::uint64_t>(socket) * 2 + 1) ? 0 : -1;
  }

  static int on_timer(CURLM*, long milliseconds, void* self) noexcept {
    std::optional<Clock::time_point>& due = static_cast<CurlConnector*>(self)->due_;
    if (milliseconds < 0) {
      due.reset();
    } else {
      due = Clock::now() + std::chrono::milliseconds(milliseconds);
    }
    return 0;
  }

  Poller& poller_;
  std::optional<Clock::time_point> due_{};
  bool acted_ = false;
  std::unique_ptr<CURLM, Close> multi_;
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
