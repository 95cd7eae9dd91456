// SPDX-License-Identifier: MIT
// LoopbackServer: a small HTTP/1.1 server on a real socket of 127.0.0.1, with a port of the system's choice. It records
// what arrives and answers from a function, or plays a script of raw bytes for the ways in which a peer can misbehave.
// One thread a connection, for tests only; it knows Content-Length and nothing of chunked requests or TLS.
//
//   LoopbackServer server{[](const webhook::Request&) { return webhook::Response{.status = 204}; }};
//   LoopbackServer rude{LoopbackServer::Script{[](LoopbackServer::Peer& peer, const webhook::Request&) { peer.reset(); }}};
#ifndef WEBHOOK_TESTS_SUPPORT_LOOPBACK_SERVER_HPP
#define WEBHOOK_TESTS_SUPPORT_LOOPBACK_SERVER_HPP

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <webhook/http.hpp>

class LoopbackServer {
 public:
  /// One connection, in the hands of a script.
  class Peer {
   public:
    Peer(int fd, int stop) noexcept : fd_(fd), stop_(stop) {}
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;
    ~Peer() { close(); }

    /// False if the other side is gone or the server ends.
    bool send(std::string_view bytes) {
      while (!bytes.empty()) {
        if (!ready(POLLOUT, -1)) return false;
        const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
      }
      return true;
    }
    /// Sends byte after byte (or `step` bytes) with pauses between, for as long as it is listened to.
    bool drip(std::string_view bytes, std::chrono::milliseconds pause_between, std::size_t step = 1) {
      for (; !bytes.empty(); bytes.remove_prefix((std::min)(step, bytes.size()))) {
        if (!send(bytes.substr(0, step)) || !pause(pause_between)) return false;
      }
      return true;
    }
    /// Does nothing for a while; false if the server ends meanwhile.
    bool pause(std::chrono::milliseconds time) {
      pollfd stop{stop_, POLLIN, 0};
      return fd_ >= 0 && ::poll(&stop, 1, static_cast<int>(time.count())) == 0;
    }
    /// Says nothing until the other side closes or the server ends.
    void hold() {
      char discard[4096];
      while (ready(POLLIN, -1) && ::recv(fd_, discard, sizeof discard, 0) > 0) {
      }
    }
    void close() {
      if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }
    /// Sends no more, but still listens.
    void half_close() { ::shutdown(fd_, SHUT_WR); }
    /// Ends the connection with RST.
    void reset() {
      const linger now{1, 0};
      if (fd_ >= 0) ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
      close();
    }
    bool open() const noexcept { return fd_ >= 0; }

    /// Appends what comes; false at the end.
    bool receive(std::string& buffer) {
      char bytes[16384];
      if (!ready(POLLIN, -1)) return false;
      const ssize_t got = ::recv(fd_, bytes, sizeof bytes, 0);
      if (got <= 0) return false;
      buffer.append(bytes, static_cast<std::size_t>(got));
      return true;
    }

   private:
    bool ready(short events, int timeout) {
      pollfd both[2] = {{fd_, events, 0}, {stop_, POLLIN, 0}};
      if (fd_ < 0) return false;
      while (::poll(both, 2, timeout) < 0) {
        if (errno != EINTR) return false;
      }
      return both[1].revents == 0 && both[0].revents != 0;
    }
    int fd_, stop_;
  };

  using Answer = std::function<webhook::Response(const webhook::Request&)>;
  struct Script {
    std::function<void(Peer&, const webhook::Request&)>
        play{};                               ///< for each request; may close or reset the connection
    std::function<void(Peer&)> on_connect{};  ///< before the first request is read
  };

  explicit LoopbackServer(Answer answer)
      : LoopbackServer(Script{[answer = std::move(answer)](Peer& peer, const webhook::Request& request) {
          peer.send(written(answer(request), request.method == "HEAD"));
        }}) {}
  explicit LoopbackServer(Script script) : script_(std::move(script)) {
    if (::pipe(stop_) != 0) throw std::runtime_error("no pipe for the test server");
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (listener_ < 0 || ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        ::listen(listener_, 512) != 0 || ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("the test server cannot listen on 127.0.0.1");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;
  ~LoopbackServer() {
    ::close(stop_[1]);  // every poll() on the other end returns
    acceptor_.join();
    for (std::thread& connection : threads_) connection.join();
    ::close(stop_[0]);
    ::close(listener_);
  }

  std::uint16_t port() const noexcept { return port_; }
  std::string url(std::string_view target = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string(target);
  }
  /// What has arrived so far, oldest first.
  std::vector<webhook::Request> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  std::size_t connections() const noexcept { return connections_; }
  /// Waits until that many requests have arrived; false if they have not in time.
  bool await_requests(std::size_t count, std::chrono::milliseconds most = std::chrono::seconds(20)) const {
    std::unique_lock lock(mutex_);
    return arrived_.wait_for(lock, most, [&] { return requests_.size() >= count; });
  }

  /// An answer as it goes over the wire.
  static std::string written(const webhook::Response& response, bool without_body = false) {
    std::string text = "HTTP/1.1 " + std::to_string(response.status) + " Status\r\n";
    for (const webhook::Header field : response.headers) {
      text.append(field.name).append(": ").append(field.value).append("\r\n");
    }
    if (response.status != 204 && response.status != 304) {
      text += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
    }
    text += "\r\n";
    return without_body ? text : text + response.body;
  }

 private:
  void accept_all() {
    for (;;) {
      pollfd both[2] = {{listener_, POLLIN, 0}, {stop_[0], POLLIN, 0}};
      if (::poll(both, 2, -1) < 0 && errno != EINTR) return;
      if (both[1].revents != 0) return;
      if (both[0].revents == 0) continue;
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      ++connections_;
      threads_.emplace_back([this, fd] { serve(fd); });
    }
  }

  void serve(int fd) {
    Peer peer(fd, stop_[0]);
    if (script_.on_connect) script_.on_connect(peer);
    std::string buffer;
    try {
      webhook::Request request;
      while (peer.open() && read(peer, buffer, request)) {
        {
          const std::lock_guard lock(mutex_);
          requests_.push_back(request);
        }
        arrived_.notify_all();
        script_.play(peer, request);
      }
    } catch (...) {  // a malformed request, or a script that throws: the connection ends
    }
  }

  // Takes the next request out of the buffer, reading on as needed.
  bool read(Peer& peer, std::string& buffer, webhook::Request& request) const {
    std::size_t head = 0;
    while ((head = buffer.find("\r\n\r\n")) == std::string::npos) {
      if (!peer.receive(buffer)) return false;
    }
    request = {};
    std::string_view lines = std::string_view(buffer).substr(0, head + 2);
    const auto next = [&lines] {
      const std::size_t end = lines.find("\r\n");
      const std::string_view line = lines.substr(0, end);
      lines.remove_prefix(end + 2);
      return line;
    };
    const std::string_view first = next();
    const std::size_t blank = first.find(' ');
    request.method = std::string(first.substr(0, blank));
    request.url = url(first.substr(blank + 1, first.rfind(' ') - blank - 1));
    while (!lines.empty()) {
      const std::string_view line = next();
      const std::size_t colon = line.find(':');
      std::string_view value = line.substr(colon + 1);
      while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
      request.headers.add(line.substr(0, colon), value);
    }
    std::size_t length = 0;
    if (const auto text = request.headers.find("content-length")) {
      std::from_chars(text->data(), text->data() + text->size(), length);
    }
    while (buffer.size() < head + 4 + length) {
      if (!peer.receive(buffer)) return false;
    }
    request.body = webhook::Bytes(std::string_view(buffer).substr(head + 4, length));
    buffer.erase(0, head + 4 + length);
    return true;
  }

  Script script_;
  int stop_[2] = {-1, -1};
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<std::size_t> connections_{0};
  mutable std::mutex mutex_{};
  mutable std::condition_variable arrived_{};
  std::vector<webhook::Request> requests_{};
  std::vector<std::thread> threads_{};
  std::thread acceptor_{};
};

#endif
