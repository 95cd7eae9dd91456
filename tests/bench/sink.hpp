// SPDX-License-Identifier: MIT
// Sink: a receiver in a child process, on loopback, that answers 204 as fast as it can and checks some signatures.
// One thread, epoll, keep-alive, whole requests with a Content-Length only: what the benchmarks' clients send.
#ifndef WEBHOOK_TESTS_BENCH_SINK_HPP
#define WEBHOOK_TESTS_BENCH_SINK_HPP

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <unordered_set>
#include <vector>
#include <webhook/webhook.hpp>

#include "measure.hpp"

namespace bench {

/// What the child has seen; in memory that it shares with its parent.
struct SinkCounts {
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> verified{0};  // signatures that were looked at and are right
  std::atomic<std::uint64_t> refused{0};   // answered with something else than 2xx
};

/// The child's part.
class SinkServer {
 public:
  static constexpr std::uint64_t sampling = 64;  // one request of so many is verified

  SinkServer(const std::vector<int>& listeners, const webhook::Secret& secret, SinkCounts& counts)
      : epoll_(epoll_create1(0)), key_(scheme_.prepare(secret, "")), counts_(counts) {
    for (const int listener : listeners) {
      watch(listener);
      listeners_.insert(listener);
    }
  }

  [[noreturn]] void run() {
    std::vector<epoll_event> events(256);
    for (;;) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        const int socket = events[static_cast<std::size_t>(i)].data.fd;
        if (listeners_.count(socket) > 0) {
          accept(socket);
        } else if (!serve(socket)) {
          unread_.erase(socket);
          ::close(socket);
        }
      }
    }
  }

 private:
  void watch(int socket) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = socket;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
  }

  void accept(int listener) {
    const int socket = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
    if (socket < 0) return;
    const int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    unread_[socket];
    watch(socket);
  }

  // False: the connection has ended, or cannot go on.
  bool serve(int socket) {
    std::string& unread = unread_[socket];
    char part[16384];
    const ssize_t got = ::recv(socket, part, sizeof part, 0);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) return false;
    unread.append(part, static_cast<std::size_t>(got));
    std::string answers;
    while (!unread.empty()) {
      const std::size_t head = unread.find("\r\n\r\n");
      if (head == std::string::npos) break;
      const std::size_t length = content_length(std::string_view(unread).substr(0, head));
      if (length == none) return false;
      const std::size_t end = head + 4 + length;
      if (unread.size() < end) break;
      answers += answer(std::string_view(unread).substr(0, head), std::string_view(unread).substr(head + 4, length));
      unread.erase(0, end);
    }
    return answers.empty() ||
           ::send(socket, answers.data(), answers.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(answers.size());
  }

  std::string_view answer(std::string_view head, std::string_view body) {
    // Relaxed: nobody else writes, and the parent reads after everything was answered.
    const std::uint64_t number = counts_.requests.fetch_add(1, std::memory_order_relaxed);
    if (number % sampling == 0) {
      if (!verifies(head, body)) {
        ++counts_.refused;
        return "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
      }
      counts_.verified.fetch_add(1, std::memory_order_relaxed);
    }
    return "HTTP/1.1 204 No Content\r\n\r\n";
  }

  bool verifies(std::string_view head, std::string_view body) {
    webhook::Request request;
    std::size_t at = head.find("\r\n");
    while (at != std::string_view::npos) {
      const std::size_t end = head.find("\r\n", at + 2);
      const std::string_view line = head.substr(at + 2, end == std::string_view::npos ? end : end - at - 2);
      const std::size_t colon = line.find(": ");
      if (colon != std::string_view::npos) request.headers.add(line.substr(0, colon), line.substr(colon + 2));
      at = end;
    }
    request.body = webhook::Bytes(body);
    const webhook::Verification verdict =
        scheme_.verify(request, {&key_, 1}, webhook::SystemClock().now(), std::chrono::minutes(5));
    return verdict.reason == webhook::Verification::ok;
  }

  static std::size_t content_length(std::string_view head) {
    constexpr std::string_view name = "\r\nContent-Length: ";  // as most write it
    std::size_t at = head.find(name);
    if (at == std::string_view::npos) at = head.find("\r\ncontent-length: ");
    if (at == std::string_view::npos) return none;
    std::size_t length = 0;
    for (const char c : head.substr(at + name.size(), 9)) {
      if (c < '0' || c > '9') break;
      length = length * 10 + static_cast<std::size_t>(c - '0');
    }
    return length;
  }

  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  int epoll_;
  std::unordered_set<int> listeners_{};
  std::unordered_map<int, std::string> unread_{};
  webhook::StandardWebhooks scheme_{};
  webhook::StandardWebhooks::Key key_;
  SinkCounts& counts_;
};

/// The parent's part: starts the child, and ends it. To be made before there are threads.
class Sink {
 public:
  /// Listens on `hosts` loopback addresses, 127.0.0.1 and up, each on a port of its own, and runs on `processors`.
  Sink(std::size_t hosts, const webhook::Secret& secret, const std::vector<int>& processors) {
    void* shared = mmap(nullptr, sizeof(SinkCounts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) throw std::bad_alloc();
    counts_ = new (shared) SinkCounts();
    std::vector<int> listeners;
    for (std::size_t host = 0; host < hosts; ++host) listeners.push_back(listen(host));
    const pid_t parent = getpid();
    child_ = fork();
    if (child_ < 0) fail("fork");
    if (child_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() != parent) _exit(1);
      run_on(processors);
      SinkServer(listeners, secret, *counts_).run();
    }
    for (const int listener : listeners) ::close(listener);
  }
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  ~Sink() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    munmap(counts_, sizeof(SinkCounts));
  }

  /// "http://127.0.0.1:port", one for each host.
  const std::vector<std::string>& origins() const noexcept { return origins_; }
  const SinkCounts& counts() const noexcept { return *counts_; }

 private:
  [[noreturn]] static void fail(const char* call) { throw std::system_error(errno, std::generic_category(), call); }

  int listen(std::size_t host) {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0) fail("socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + static_cast<std::uint32_t>(host));
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener, any, size) != 0) fail("bind");
    if (::listen(listener, 1024) != 0) fail("listen");
    if (::getsockname(listener, any, &size) != 0) fail("getsockname");
    origins_.push_back("http://127.0.0." + std::to_string(1 + host) + ":" + std::to_string(ntohs(address.sin_port)));
    return listener;
  }

  pid_t child_ = -1;
  SinkCounts* counts_ = nullptr;
  std::vector<std::string> origins_{};
};

}  // namespace bench

#endif
