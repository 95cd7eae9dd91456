// SPDX-License-Identifier: MIT
// BareTls: the least that a verified TLS connection costs: OpenSSL alone, blocking, one SSL_CTX and one set of authorities for
// all connections, one request over each. It knows nothing of webhooks.
#ifndef WEBHOOK_TESTS_BENCH_BARE_TLS_HPP
#define WEBHOOK_TESTS_BENCH_BARE_TLS_HPP

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "measure.hpp"

namespace bench {

class BareTls {
 public:
  BareTls(const std::string& origin, const std::string& ca_file, std::size_t body)
      : port_(static_cast<std::uint16_t>(std::atoi(origin.c_str() + origin.rfind(':') + 1))),
        request_("POST /close HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: " + std::to_string(body) + "\r\n\r\n" +
                 std::string(body, 'x')) {
    if (context_ == nullptr || SSL_CTX_load_verify_file(context_.get(), ca_file.c_str()) != 1)
      throw std::runtime_error("OpenSSL does not read the authorities");
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_set_app_data(context_.get(), this);
    SSL_CTX_sess_set_new_cb(context_.get(), [](SSL* ssl, SSL_SESSION* session) {
      static_cast<BareTls*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)))->session_.reset(session);
      return 1;  // it is ours now
    });
  }
  BareTls(const BareTls&) = delete;
  BareTls& operator=(const BareTls&) = delete;

  /// Microseconds of CPU for each of so many connections, one after the other.
  double carry(std::size_t connections, bool resume) {
    const double before = process_cpu();
    for (std::size_t i = 0; i < connections; ++i) connect_once(resume);
    return (process_cpu() - before) / static_cast<double>(connections);
  }

 private:
  void connect_once(bool resume) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bool good = socket >= 0 && ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
                ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    if (good) {
      const std::unique_ptr<SSL, void (*)(SSL*)> ssl(SSL_new(context_.get()), &SSL_free);
      good = SSL_set_fd(ssl.get(), socket) == 1 &&
             X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), "127.0.0.1") == 1 &&
             (!resume || session_ == nullptr || SSL_set_session(ssl.get(), session_.get()) == 1) &&
             SSL_connect(ssl.get()) == 1 && exchange(ssl.get());
      SSL_shutdown(ssl.get());
    }
    if (socket >= 0) ::close(socket);
    if (!good) throw std::runtime_error("OpenSSL alone did not get its answer");
  }

  bool exchange(SSL* ssl) const {
    std::array<char, 4096> answer{};
    std::size_t written = 0, got = 0;
    return SSL_write_ex(ssl, request_.data(), request_.size(), &written) == 1 &&
           SSL_read_ex(ssl, answer.data(), answer.size(), &got) == 1 &&
           std::string_view(answer.data(), got).substr(0, 13) == "HTTP/1.1 204 ";
  }

  std::uint16_t port_;
  std::string request_;
  std::unique_ptr<SSL_SESSION, void (*)(SSL_SESSION*)> session_{nullptr, &SSL_SESSION_free};
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_{SSL_CTX_new(TLS_client_method()), &SSL_CTX_free};
};

}  // namespace bench

#endif
