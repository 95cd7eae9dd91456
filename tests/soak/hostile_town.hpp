// SPDX-License-Identifier: MIT
// HostileTown: receivers in a child process, so that the memory and the descriptors of this one are the library's. The
// path says what a receiver is like: /well answers 204, the others do what peers should not. Deliveries that the well
// ones get say when they were emitted; how long they took is counted in memory that both processes share.
#ifndef WEBHOOK_TESTS_SOAK_HOSTILE_TOWN_HPP
#define WEBHOOK_TESTS_SOAK_HOSTILE_TOWN_HPP

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace soak {

inline std::int64_t milliseconds_now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

constexpr std::array hostile_ways{"hang",     "drip-headers", "drip-body",    "reset",           "close",
                                  "redirect", "later",        "endless-body", "endless-headers", "garbage"};

class HostileTown {
 public:
  explicit HostileTown(std::size_t receivers) {
    void* const shared = mmap(nullptr, sizeof(Counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) throw std::runtime_error("no memory can be shared");
    counts_ = new (shared) Counts();
    std::vector<int> listeners;
    for (std::size_t i = 0; i < receivers; ++i) listeners.push_back(listen_somewhere());
    child_ = fork();
    if (child_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      signal(SIGPIPE, SIG_IGN);
      for (const int listener : listeners) std::thread([this, listener] { accept_from(listener); }).detach();
      for (;;) pause();
    }
    for (const int listener : listeners) close(listener);
  }
  HostileTown(const HostileTown&) = delete;
  HostileTown& operator=(const HostileTown&) = delete;
  ~HostileTown() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }

  /// Of the receiver of that number, each at a port of its own.
  std::string url(std::size_t number, std::string_view way) const {
    return "http://127.0.0.1:" + std::to_string(ports_.at(number)) + "/" + std::string(way) + "/";
  }
  std::uint64_t well() const noexcept { return counts_->well; }        ///< deliveries to well receivers
  std::uint64_t hostile() const noexcept { return counts_->hostile; }  ///< requests to the others
  /// The time within which `share` of the deliveries arrived, in milliseconds.
  std::size_t within(double share) const {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(well()));
    std::uint64_t seen = 0;
    for (std::size_t took = 0; took < counts_->took.size(); ++took) {
      seen += counts_->took[took];
      if (seen > wanted) return took;
    }
    return counts_->took.size();
  }

 private:
  struct Counts {
    std::atomic<std::uint64_t> well{0}, hostile{0};
    std::array<std::atomic<std::uint64_t>, 20000> took{};  // by milliseconds
  };

  int listen_somewhere() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        listen(listener, 64) != 0 || getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("the receivers cannot listen on 127.0.0.1");
    ports_.push_back(ntohs(address.sin_port));
    return listener;
  }
  void accept_from(int listener) {
    for (;;) {
      const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd >= 0) std::thread([this, fd] { serve(fd); }).detach();
    }
  }

  static bool send(int fd, std::string_view bytes) {
    return ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }
  static void rest(std::chrono::milliseconds time) { std::this_thread::sleep_for(time); }

  void serve(int fd) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::string buffer;
    char bytes[16384];
    for (bool open = true; open;) {
      const std::size_t head = buffer.find("\r\n\r\n");
      const std::size_t length = buffer.find("Content-Length: ");
      const std::size_t whole =
          head == std::string::npos || length > head ? 0 : head + 4 + std::strtoul(&buffer[length + 16], nullptr, 10);
      if (whole == 0 || buffer.size() < whole) {
        const ssize_t got = recv(fd, bytes, sizeof bytes, 0);
        if (got <= 0) break;
        buffer.append(bytes, static_cast<std::size_t>(got));
        continue;
      }
      open = answer(fd, std::string_view(buffer).substr(0, whole));
      buffer.erase(0, whole);
    }
    close(fd);
  }

  bool answer(int fd, std::string_view request) {
    const std::size_t slash = request.find('/') + 1;
    const std::string_view way = request.substr(slash, request.find('/', slash) - slash);
    if (way == "well") {
      const std::size_t at = request.find("\"at\":");
      const std::int64_t took = milliseconds_now() - std::strtoll(request.data() + at + 5, nullptr, 10);
      ++counts_->took[static_cast<std::size_t>(std::clamp<std::int64_t>(took, 0, 19999))];
      ++counts_->well;
      return send(fd, "HTTP/1.1 204 No Content\r\n\r\n");
    }
    ++counts_->hostile;
    if (way == "hang") return wait_for_end(fd);
    if (way == "redirect")
      return send(fd, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n");
    if (way == "later") return send(fd, "HTTP/1.1 429 Later\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n");
    if (way == "garbage") return send(fd, std::string(3000, '\x16')) && false;
    if (way == "reset") {
      const linger now{1, 0};
      setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    if (way == "drip-headers" || way == "endless-headers") {
      const bool drips = way[0] == 'd';
      bool listened = send(fd, "HTTP/1.1 200 OK\r\n");
      while (listened) {
        listened = send(fd, drips ? "X: y\r\n" : "X-Endless: " + std::string(8000, 'x') + "\r\n");
        if (drips) rest(std::chrono::milliseconds(500));
      }
    }
    if (way == "drip-body" || way == "endless-body") {
      const bool drips = way[0] == 'd';
      bool listened = send(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      while (listened) {
        listened = send(fd, drips ? "1\r\nx\r\n" : "2000\r\n" + std::string(8192, 'x') + "\r\n");
        if (drips) rest(std::chrono::milliseconds(500));
      }
    }
    return false;
  }

  static bool wait_for_end(int fd) {
    char bytes[512];
    while (recv(fd, bytes, sizeof bytes, 0) > 0) {
    }
    return false;
  }

  Counts* counts_ = nullptr;
  std::vector<unsigned> ports_{};
  pid_t child_ = -1;
};

}  // namespace soak

#endif
