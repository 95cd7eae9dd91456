// SPDX-License-Identifier: MIT
// DirectConnection: one connection that libcurl made and that is written and read here: a plain one by its socket, which it
// has for itself, one over TLS through libcurl until it has carried an answer, and past it from then on.
// It knows bytes; what they say is nobody's business here.
#ifndef WEBHOOK_DETAIL_CURL_DIRECT_CONNECTION_HPP
#define WEBHOOK_DETAIL_CURL_DIRECT_CONNECTION_HPP

#include <curl/curl.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "../address.hpp"
#include "curl_connector.hpp"
#include "curl_handle.hpp"
#include "curl_tls.hpp"
#include "poller.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

struct DirectExchange;
struct DirectOrigin;

class DirectConnection {
 public:
  using Clock = std::chrono::steady_clock;

  DirectConnection(CurlConnector& connector, Poller& poller, std::unique_ptr<CurlHandle> handle) noexcept
      : connector_(connector), poller_(poller), handle_(std::move(handle)) {}
  DirectConnection(const DirectConnection&) = delete;
  DirectConnection& operator=(const DirectConnection&) = delete;
  ~DirectConnection() { close(); }

  DirectOrigin* origin = nullptr;
  DirectExchange* exchange = nullptr;                   ///< whose it is now; null: nobody's
  DirectConnection *older = nullptr, *newer = nullptr;  ///< among those that are idle
  Clock::time_point made{}, idle_since{};

  /// Asks libcurl to connect. False: out of memory.
  bool connect() noexcept {
    added_ = connector_.add(handle_->easy());
    return added_;
  }
  CurlHandle* handle() const noexcept { return handle_.get(); }
  std::optional<IpAddress> address() const noexcept { return address_; }
  unsigned long port() const noexcept { return port_; }

  /// libcurl has connected. Over TLS libcurl goes on holding the connection; a plain one is taken from it, and what is no
  /// longer needed comes back in `spare`. False: out of descriptors or memory.
  bool connected(bool tls, std::unique_ptr<CurlHandle>& spare) noexcept {
    curl_socket_t socket = CURL_SOCKET_BAD;
    curl_easy_getinfo(handle_->easy(), CURLINFO_ACTIVESOCKET, &socket);
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    auto* const any = reinterpret_cast<sockaddr*>(&peer);
    if (socket == CURL_SOCKET_BAD || ::getpeername(socket, any, &size) != 0) return false;
    address_ = IpAddress::from(any, size);
    port_ = CurlHandle::port_of(any, size);
    if (tls) {
      socket_ = socket;
    } else {
      // A copy of the descriptor: libcurl closes its own when the handle goes, whichever version it is.
      socket_ = ::fcntl(socket, F_DUPFD_CLOEXEC, 3);
      if (socket_ < 0) return false;
      connector_.remove(handle_->easy());
      added_ = false;
      spare = std::move(handle_);
    }
    return poller_.watch(socket_, EPOLLIN, token());
  }

  /// Whether there is also something to be written. False: out of memory.
  bool write_when_possible(bool wanted) noexcept {
    if (wanted == writes_) return true;
    writes_ = wanted;
    return poller_.change(socket_, wanted ? EPOLLIN | EPOLLOUT : EPOLLIN, token());
  }

  /// An answer has come over it: over TLS, what more is to come needs libcurl no longer, if that is possible. False: more
  /// than the answer is there, and it cannot be used again.
  bool answered(const TlsStreams& streams) noexcept {
    const bool fresh = handle_ && !tls_;
    if (fresh) tls_ = streams.take(handle_->easy(), socket_);
    // A poller will not tell of what has left the socket already.
    return !tls_ || (!fresh && !tls_->pending()) || quiet();
  }

  Moved send(std::string_view bytes) noexcept {
    if (tls_) return tls_->send(bytes);
    if (handle_) {
      std::size_t sent = 0;
      const CURLcode code = curl_easy_send(handle_->easy(), bytes.data(), bytes.size(), &sent);
      return moved(code, sent);
    }
    return moved(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
  }

  Moved receive(std::span<char> buffer) noexcept {
    if (tls_) return tls_->receive(buffer);
    if (handle_) {
      std::size_t got = 0;
      const CURLcode code = curl_easy_recv(handle_->easy(), buffer.data(), buffer.size(), &got);
      return ended_if_none(moved(code, got));
    }
    return ended_if_none(moved(::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT)));
  }
  /// Whether there may be more though receive() did not fill its buffer.
  bool hides_bytes() const noexcept { return tls_ ? tls_->pending() : handle_ != nullptr; }

  /// Nothing is to come now: an end, or a byte that nobody asked for, means that it cannot be used again.
  bool quiet() noexcept {
    char byte = 0;
    return receive({&byte, 1}).how == Moved::How::blocked;
  }

  bool closed() const noexcept { return closed_; }
  /// At once; what libcurl's handle is needed for is over then.
  void close() noexcept {
    if (std::exchange(closed_, true)) return;
    if (socket_ >= 0) poller_.forget(socket_);
    if (added_) connector_.remove(handle_->easy());
    if (socket_ >= 0 && !handle_) ::close(socket_);
    socket_ = -1;
  }
  std::unique_ptr<CurlHandle> take_handle() noexcept { return std::move(handle_); }

  static DirectConnection* of(std::uint64_t token) noexcept {
    return reinterpret_cast<DirectConnection*>(static_cast<std::uintptr_t>(token));
  }

 private:
  std::uint64_t token() const noexcept { return static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(this)); }

  static Moved moved(ssize_t count) noexcept {
    if (count >= 0) return {Moved::How::some, static_cast<std::size_t>(count)};
    const bool later = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    return {later ? Moved::How::blocked : Moved::How::failed, 0};
  }
  static Moved moved(CURLcode code, std::size_t count) noexcept {
    if (code == CURLE_OK) return {Moved::How::some, count};
    return {code == CURLE_AGAIN ? Moved::How::blocked : Moved::How::failed, 0};
  }
  static Moved ended_if_none(Moved moved) noexcept {
    if (moved.how == Moved::How::some && moved.bytes == 0) moved.how = Moved::How::ended;
    return moved;
  }

  CurlConnector& connector_;
  Poller& poller_;
  std::unique_ptr<CurlHandle> handle_;  // none for a plain connection that stands
  std::optional<TlsStream> tls_{};
  std::optional<IpAddress> address_{};
  unsigned long port_ = 0;
  int socket_ = -1;
  bool added_ = false, writes_ = false, closed_ = false;
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
