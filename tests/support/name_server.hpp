// SPDX-License-Identifier: MIT
// NameServer: answers questions for IPv4 addresses (RFC 1035) at port 53 of a network of the test's own; over TCP when
// an answer is too long for a datagram. Who has which addresses is asked of a function, each time: nothing is cached.
#ifndef WEBHOOK_TESTS_SUPPORT_NAME_SERVER_HPP
#define WEBHOOK_TESTS_SUPPORT_NAME_SERVER_HPP

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "support/own_network.hpp"

namespace support {

class NameServer {
 public:
  using Names = std::function<std::vector<std::string>(std::string_view name)>;  ///< "a.example": its addresses

  explicit NameServer(Names names)
      : names_(std::move(names)), datagrams_(bound_to(SOCK_DGRAM, 53)), listener_(bound_to(SOCK_STREAM, 53)) {
    if (datagrams_ < 0 || listener_ < 0 || listen(listener_, 16) != 0 || pipe(stop_) != 0)
      throw std::runtime_error("no port 53");
    thread_ = std::thread([this] { run(); });
  }
  NameServer(const NameServer&) = delete;
  NameServer& operator=(const NameServer&) = delete;
  ~NameServer() {
    close(stop_[1]);
    thread_.join();
    for (const int fd : {stop_[0], datagrams_, listener_}) close(fd);
  }

  std::size_t asked() const noexcept { return asked_; }  ///< questions for IPv4 addresses so far

 private:
  void run() {
    for (;;) {
      pollfd all[3] = {{stop_[0], POLLIN, 0}, {datagrams_, POLLIN, 0}, {listener_, POLLIN, 0}};
      if (poll(all, 3, -1) < 0) continue;
      if (all[0].revents != 0) return;
      if (all[1].revents != 0) answer_datagram();
      if (all[2].revents != 0) answer_stream();
    }
  }

  void answer_datagram() {
    char question[512];
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const ssize_t got = recvfrom(datagrams_, question, sizeof question, 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 12) return;
    std::string answer = answer_to({question, static_cast<std::size_t>(got)});
    if (answer.size() > 512) {
      answer.resize(static_cast<std::size_t>(question_end({question, static_cast<std::size_t>(got)})));
      answer[2] = static_cast<char>(answer[2] | 2);  // truncated: ask again over TCP
      answer[6] = answer[7] = 0;
    }
    sendto(datagrams_, answer.data(), answer.size(), 0, reinterpret_cast<const sockaddr*>(&from), size);
  }

  // One client at a time, who may ask several times over one connection.
  void answer_stream() {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const timeval patience{5, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    std::string got;
    char bytes[512];
    for (ssize_t size = 0; (size = recv(fd, bytes, sizeof bytes, 0)) > 0;) {
      got.append(bytes, static_cast<std::size_t>(size));
      while (got.size() >= 2) {
        const std::size_t length =
            std::size_t{static_cast<unsigned char>(got[0])} << 8U | static_cast<unsigned char>(got[1]);
        if (length < 12 || got.size() < 2 + length) break;
        const std::string answer = answer_to(std::string_view(got).substr(2, length));
        got.erase(0, 2 + length);
        send(fd,
             std::string{static_cast<char>(answer.size() >> 8U), static_cast<char>(answer.size() & 0xFFU)} + answer);
      }
    }
    close(fd);
  }
  static void send(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  static std::size_t question_end(std::string_view message) {
    std::size_t at = 12;
    while (at < message.size() && message[at] != 0) at += static_cast<unsigned char>(message[at]) + std::size_t{1};
    return (std::min)(at + 5, message.size());
  }

  // The head and the question again, then the addresses; none for questions other than A.
  std::string answer_to(std::string_view message) {
    const std::size_t end = question_end(message);
    std::string name;
    for (std::size_t at = 12; at + 5 < end; at += static_cast<unsigned char>(message[at]) + std::size_t{1})
      name.append(name.empty() ? "" : ".").append(message.substr(at + 1, static_cast<unsigned char>(message[at])));
    const bool for_ipv4 = message[end - 3] == 1;
    std::vector<std::string> addresses;
    if (for_ipv4) {
      ++asked_;
      addresses = names_(name);
    }
    std::string answer(message.substr(0, end));
    answer[2] = static_cast<char>(0x85);  // an answer, with authority; recursion was wished for
    answer[3] = static_cast<char>(0x80);
    answer[6] = static_cast<char>(addresses.size() >> 8U);
    answer[7] = static_cast<char>(addresses.size() & 0xFFU);
    answer[8] = answer[9] = answer[10] = answer[11] = 0;
    for (const std::string& text : addresses) {
      in_addr address{};
      inet_pton(AF_INET, text.c_str(), &address);
      answer.append("\xC0\x0C\0\x01\0\x01\0\0\0\0\0\x04", 12);  // the name of the question, A, IN, 0 s, 4 bytes
      answer.append(reinterpret_cast<const char*>(&address), 4);
    }
    return answer;
  }

  Names names_;
  int datagrams_, listener_;
  int stop_[2] = {-1, -1};
  std::atomic<std::size_t> asked_{0};
  std::thread thread_{};
};

}  // namespace support

#endif
