// SPDX-License-Identifier: MIT
// TlsSink: a receiver in a child process, on loopback, that answers 204 over TLS 1.3; to "/close" it answers and ends the
// connection, to "/hold" it never answers. One thread, epoll, whole requests with a Content-Length only.
#ifndef WEBHOOK_TESTS_BENCH_TLS_SINK_HPP
#define WEBHOOK_TESTS_BENCH_TLS_SINK_HPP

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "measure.hpp"
#include "support/certificates.hpp"

namespace bench {

/// To be made before there are threads; its child ends with it.
class TlsSink {
 public:
  /// Over TLS with that certificate; without, in plain. `resumes`: a TLS session may be taken up again.
  TlsSink(const Certificate* certificate, const std::vector<int>& processors, bool resumes = true)
      : tls_(certificate != nullptr) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (listener_ < 0 || ::bind(listener_, any, size) != 0 || ::listen(listener_, 4096) != 0 ||
        ::getsockname(listener_, any, &size) != 0)
      throw std::runtime_error("the benchmark's receiver cannot listen");
    origin_ = (tls_ ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(ntohs(address.sin_port));
    child_ = fork();
    if (child_ < 0) throw std::runtime_error("no child process");
    if (child_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      run_on(processors);
      serve_all(certificate, resumes);
    }
    ::close(listener_);
  }
  TlsSink(const TlsSink&) = delete;
  TlsSink& operator=(const TlsSink&) = delete;
  ~TlsSink() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  const std::string& origin() const noexcept { return origin_; }

 private:
  struct Peer {
    std::unique_ptr<SSL, void (*)(SSL*)> ssl{nullptr, &SSL_free};
    std::string unread{};
  };

  [[noreturn]] void serve_all(const Certificate* certificate, bool resumes) {
    ::signal(SIGPIPE, SIG_IGN);
    if (certificate != nullptr) {
      context_.reset(SSL_CTX_new(TLS_server_method()));
      SSL_CTX_use_certificate(context_.get(), certificate->certificate.get());
      SSL_CTX_use_PrivateKey(context_.get(), certificate->key.get());
      if (!resumes) {
        SSL_CTX_set_num_tickets(context_.get(), 0);
        SSL_CTX_set_options(context_.get(), SSL_OP_NO_TICKET);
        SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_OFF);
      }
    }
    epoll_ = ::epoll_create1(0);
    watch(listener_);
    std::array<epoll_event, 256> events{};
    for (;;) {
      const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        const int socket = events[static_cast<std::size_t>(i)].data.fd;
        if (socket == listener_) {
          accept_all();
        } else if (!serve(socket, peers_[socket])) {
          peers_.erase(socket);
          ::close(socket);
        }
      }
    }
  }
  void watch(int socket) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = socket;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
  }
  void accept_all() {
    for (int socket = 0; (socket = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
      const int on = 1;
      ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      Peer& peer = peers_[socket];
      if (tls_) {
        peer.ssl.reset(SSL_new(context_.get()));
        SSL_set_fd(peer.ssl.get(), socket);
        SSL_set_accept_state(peer.ssl.get());
      }
      watch(socket);
    }
  }

  // False: the connection has ended, or is to end.
  bool serve(int socket, Peer& peer) const {
    std::array<char, 16384> part{};
    for (;;) {
      const int got = tls_ ? SSL_read(peer.ssl.get(), part.data(), static_cast<int>(part.size()))
                           : static_cast<int>(::recv(socket, part.data(), part.size(), 0));
      if (got <= 0) return tls_ ? SSL_get_error(peer.ssl.get(), got) == SSL_ERROR_WANT_READ : got < 0;
      peer.unread.append(part.data(), static_cast<std::size_t>(got));
      constexpr std::string_view name = "\r\nContent-Length: ";
      for (;;) {
        const std::size_t head = peer.unread.find("\r\n\r\n");
        const std::size_t at = peer.unread.find(name);
        if (head == std::string::npos || at > head) break;
        const std::size_t end = head + 4 + static_cast<std::size_t>(std::atoi(peer.unread.c_str() + at + name.size()));
        if (peer.unread.size() < end) break;
        const std::string_view target = std::string_view(peer.unread).substr(0, peer.unread.find("\r\n"));
        const bool hold = target.find(" /hold ") != std::string_view::npos;
        const bool close = target.find(" /close ") != std::string_view::npos;
        peer.unread.erase(0, end);
        if (hold) continue;
        const std::string_view answer =
            close ? "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n" : "HTTP/1.1 204 No Content\r\n\r\n";
        if (tls_) {
          SSL_write(peer.ssl.get(), answer.data(), static_cast<int>(answer.size()));
        } else {
          ::send(socket, answer.data(), answer.size(), MSG_NOSIGNAL);
        }
        if (close) {
          if (tls_) SSL_shutdown(peer.ssl.get());
          return false;
        }
      }
      if (!tls_) return true;
    }
  }

  bool tls_;
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_{nullptr, &SSL_CTX_free};
  int listener_ = -1, epoll_ = -1;
  pid_t child_ = -1;
  std::string origin_{};
  std::unordered_map<int, Peer> peers_{};
};

}  // namespace bench

#endif
