// SPDX-License-Identifier: MIT
// ProxyServer: an egress proxy on 127.0.0.1 that speaks HTTP CONNECT and SOCKS5 (RFC 1928, 1929). It asks for
// "user:password" if told to, notes where it was asked to go, and goes to 127.0.0.1 at the port asked for, whatever the
// name.
#ifndef WEBHOOK_TESTS_SUPPORT_PROXY_SERVER_HPP
#define WEBHOOK_TESTS_SUPPORT_PROXY_SERVER_HPP

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace support {

class ProxyServer {
 public:
  /// `login`: the base64 of what CONNECT must bring ("dTpw"), and the same in clear for SOCKS5 ("u:p"); empty: none.
  explicit ProxyServer(std::string login = "", std::string encoded = "")
      : login_(std::move(login)), encoded_(std::move(encoded)) {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (pipe(stop_) != 0 || listener_ < 0 || bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        listen(listener_, 64) != 0 || getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("the test proxy cannot listen on 127.0.0.1");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] {
      for (;;) {
        const int fd = wait_for(listener_) ? accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC) : -1;
        if (fd < 0) return;
        connections_.emplace_back([this, fd] {
          serve(fd);
          close(fd);
        });
      }
    });
  }
  ProxyServer(const ProxyServer&) = delete;
  ProxyServer& operator=(const ProxyServer&) = delete;
  ~ProxyServer() {
    close(stop_[1]);
    acceptor_.join();
    for (std::thread& connection : connections_) connection.join();
    close(stop_[0]);
    close(listener_);
  }

  std::string url(std::string_view scheme) const {
    return std::string(scheme) + "://127.0.0.1:" + std::to_string(port_);
  }
  std::vector<std::string> asked() const {  ///< "receiver.example:443", in order
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  bool wait_for(int fd) const {
    pollfd both[2] = {{fd, POLLIN, 0}, {stop_[0], POLLIN, 0}};
    return poll(both, 2, -1) > 0 && both[1].revents == 0;
  }
  bool receive(int fd, std::string& buffer) const {
    char bytes[4096];
    const ssize_t got = wait_for(fd) ? recv(fd, bytes, sizeof bytes, 0) : 0;
    if (got > 0) buffer.append(bytes, static_cast<std::size_t>(got));
    return got > 0;
  }
  bool take(int fd, std::string& buffer, std::size_t size, std::string& taken) const {
    while (buffer.size() < size) {
      if (!receive(fd, buffer)) return false;
    }
    taken = buffer.substr(0, size);
    buffer.erase(0, size);
    return true;
  }
  static bool send(int fd, std::string_view bytes) {
    return ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }
  void note(const std::string& target) {
    const std::lock_guard lock(mutex_);
    asked_.push_back(target);
  }

  void serve(int fd) {
    std::string buffer;
    if (!receive(fd, buffer)) return;
    buffer[0] == 5 ? serve_socks(fd, buffer) : serve_connect(fd, buffer);
  }

  void serve_connect(int fd, std::string& buffer) {
    std::size_t end = 0;
    while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
      if (!receive(fd, buffer)) return;
    }
    const std::string head = buffer.substr(0, end);
    const std::string target = head.substr(8, head.find(' ', 8) - 8);
    if (head.substr(0, 8) != "CONNECT ") {
      send(fd, "HTTP/1.1 405 Only CONNECT\r\nContent-Length: 0\r\n\r\n");
    } else if (!encoded_.empty() && head.find("Proxy-Authorization: Basic " + encoded_) == std::string::npos) {
      send(fd, "HTTP/1.1 407 Who are you\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n");
    } else if (target.find("forbidden.example") == 0) {
      note(target);
      send(fd, "HTTP/1.1 403 Not there\r\nContent-Length: 6\r\n\r\nnever!");
    } else {
      note(target);
      relay(fd, target, "HTTP/1.1 200 Go\r\nX-Proxy: yes\r\n\r\n");
    }
  }

  void serve_socks(int fd, std::string& buffer) {
    std::string taken;
    if (!take(fd, buffer, 2, taken) || !take(fd, buffer, static_cast<unsigned char>(taken[1]), taken)) return;
    const std::string_view none("\x05\x00", 2), password("\x05\x02", 2);
    if (!send(fd, login_.empty() ? none : password)) return;
    if (!login_.empty()) {
      std::string user, secret;
      if (!take(fd, buffer, 2, taken) || !take(fd, buffer, static_cast<unsigned char>(taken[1]), user) ||
          !take(fd, buffer, 1, taken) || !take(fd, buffer, static_cast<unsigned char>(taken[0]), secret))
        return;
      const bool known = user + ":" + secret == login_;
      if (!send(fd, known ? std::string_view("\x01\x00", 2) : std::string_view("\x01\x01", 2)) || !known) return;
    }
    std::string host, port;
    if (!take(fd, buffer, 5, taken) || taken[3] != 3 ||  // a name: it is resolved here, not there
        !take(fd, buffer, static_cast<unsigned char>(taken[4]), host) || !take(fd, buffer, 2, port))
      return;
    const unsigned number =
        static_cast<unsigned>(static_cast<unsigned char>(port[0])) << 8U | static_cast<unsigned char>(port[1]);
    const std::string target = host + ":" + std::to_string(number);
    note(target);
    if (host == "forbidden.example") {
      send(fd, std::string_view("\x05\x02\x00\x01\0\0\0\0\0\0", 10));
      return;
    }
    relay(fd, target, std::string_view("\x05\x00\x00\x01\0\0\0\0\0\0", 10));
  }

  void relay(int client, const std::string& target, std::string_view welcome) {
    const auto port = static_cast<std::uint16_t>(std::strtoul(target.c_str() + target.rfind(':') + 1, nullptr, 10));
    const sockaddr_in address = loopback(port);
    const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && send(client, welcome)) {
      for (bool both_open = true; both_open;) {
        pollfd all[3] = {{client, POLLIN, 0}, {server, POLLIN, 0}, {stop_[0], POLLIN, 0}};
        if (poll(all, 3, -1) <= 0 || all[2].revents != 0) break;
        for (const int from : {0, 1}) {
          std::string bytes;
          if (all[from].revents != 0)
            both_open = both_open && receive(all[from].fd, bytes) && send(all[1 - from].fd, bytes);
        }
      }
    }
    close(server);
  }

  std::string login_, encoded_;
  int stop_[2] = {-1, -1};
  int listener_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_{};
  std::vector<std::string> asked_{};
  std::vector<std::thread> connections_{};
  std::thread acceptor_{};
};

}  // namespace support

#endif
