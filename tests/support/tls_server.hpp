// SPDX-License-Identifier: MIT
// TlsServer: answers 204 over TLS on 127.0.0.1, in HTTP/1.1 or, if asked by ALPN, in just enough HTTP/2, where a script
// may send any other frames instead. One thread a connection; it knows what was negotiated and how many requests came,
// nothing of their content.
#ifndef WEBHOOK_TESTS_SUPPORT_TLS_SERVER_HPP
#define WEBHOOK_TESTS_SUPPORT_TLS_SERVER_HPP

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "support/certificates.hpp"

class TlsServer {
 public:
  /// Sends through `send` what answers the request of that number (the first is 1) on that stream; false: the
  /// connection ends then. `send` is false when the other side is gone or the server ends.
  using Send = std::function<bool(std::string_view frames)>;
  using Http2Script = std::function<bool(std::size_t number, std::uint32_t stream, const Send& send)>;

  /// A frame as it goes over the wire (RFC 9113, section 4.1).
  static std::string frame(unsigned type, unsigned flags, std::uint32_t stream, std::string_view payload) {
    std::string bytes;
    for (const unsigned shift : {16U, 8U, 0U}) bytes.push_back(static_cast<char>(payload.size() >> shift & 0xFFU));
    bytes.push_back(static_cast<char>(type));
    bytes.push_back(static_cast<char>(flags));
    return bytes + number(stream) + std::string(payload);
  }
  /// 32 bits, the most significant ones first.
  static std::string number(std::uint32_t value) {
    std::string bytes;
    for (const unsigned shift : {24U, 16U, 8U, 0U}) bytes.push_back(static_cast<char>(value >> shift & 0xFFU));
    return bytes;
  }

  TlsServer(const Certificate& certificate, Http2Script script)
      : TlsServer(certificate, TLS1_3_VERSION, true, std::move(script)) {}
  /// Only talks to clients with a certificate of that authority.
  TlsServer(const Certificate& certificate, const Certificate& clients)
      : TlsServer(certificate, TLS1_3_VERSION, false, {}, &clients) {}
  explicit TlsServer(const Certificate& certificate, int newest_version = TLS1_3_VERSION, bool http2 = false,
                     Http2Script script = {}, const Certificate* clients = nullptr)
      : http2_(http2), script_(std::move(script)), context_(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free) {
    SSL_CTX* const context = context_.get();
    // Old versions are refused by OpenSSL itself unless told otherwise; here the client must be the one who refuses.
    SSL_CTX_set_security_level(context, newest_version < TLS1_2_VERSION ? 0 : 1);
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context, newest_version);
    SSL_CTX_use_certificate(context, certificate.certificate.get());
    SSL_CTX_use_PrivateKey(context, certificate.key.get());
    SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>("test"), 4);
    if (clients != nullptr) {
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context), clients->certificate.get());
      SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    SSL_CTX_set_alpn_select_cb(context, &TlsServer::choose_protocol, this);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::pipe(stop_) != 0 || listener_ < 0 ||
        ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) != 0 || ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("the TLS test server cannot listen on 127.0.0.1");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;
  ~TlsServer() {
    ::close(stop_[1]);
    thread_.join();
    for (std::thread& connection : connections_) connection.join();
    ::close(stop_[0]);
    ::close(listener_);
  }

  std::string url(std::string_view host = "127.0.0.1") const {
    return "https://" + std::string(host) + ":" + std::to_string(port_) + "/hooks";
  }
  std::uint16_t port() const noexcept { return port_; }
  void close_after_each() noexcept { closes_ = true; }  ///< from now on, each HTTP/1.1 connection carries one request
  /// Writes more after each HTTP/1.1 answer, in one piece with it. To be said before there is a connection.
  void after_each(std::function<void(SSL*)> more) { after_ = std::move(more); }
  std::size_t requests() const noexcept { return requests_; }
  std::size_t handshakes() const noexcept { return handshakes_; }  ///< those that succeeded
  std::size_t resumed() const noexcept { return resumed_; }        ///< of these, those that took up an earlier session
  std::string protocol() const {                                   ///< by ALPN, of the last connection
    const std::lock_guard lock(mutex_);
    return protocol_;
  }
  std::string client() const {  ///< the name in the client's certificate, of the last connection; "": it showed none
    const std::lock_guard lock(mutex_);
    return client_;
  }

 private:
  static int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                             unsigned offered_size, void* self) {
    static constexpr unsigned char both[] = "\x02h2\x08http/1.1";
    const bool http2 = static_cast<TlsServer*>(self)->http2_;
    unsigned char* out = nullptr;
    const int found = SSL_select_next_proto(&out, size, http2 ? both : both + 3, http2 ? 12 : 9, offered, offered_size);
    *chosen = out;
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
  }

  void run() {
    sigset_t broken_pipe;
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
    for (;;) {
      pollfd both[2] = {{listener_, POLLIN, 0}, {stop_[0], POLLIN, 0}};
      if (::poll(both, 2, -1) < 0) continue;
      if (both[1].revents != 0) return;
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      connections_.emplace_back([this, fd] {
        serve(fd);
        part(fd);
        ::close(fd);
      });
    }
  }

  // Ends a connection so that what was sent arrives: closing it with something unread would reset it.
  void part(int fd) {
    ::shutdown(fd, SHUT_WR);
    char unread[4096];
    pollfd both[2] = {{fd, POLLIN, 0}, {stop_[0], POLLIN, 0}};
    while (::poll(both, 2, 5000) > 0 && both[1].revents == 0 && ::recv(fd, unread, sizeof unread, 0) > 0) {
    }
  }

  void serve(int fd) {
    const std::unique_ptr<SSL, void (*)(SSL*)> ssl(SSL_new(context_.get()), &SSL_free);
    SSL_set_fd(ssl.get(), fd);
    const timeval patience{5, 0};  // a client that stalls must not hold up the test's end
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (SSL_accept(ssl.get()) != 1) return;
    ++handshakes_;
    if (SSL_session_reused(ssl.get()) == 1) ++resumed_;
    char name[64]{};
    if (X509* const shown = SSL_get0_peer_certificate(ssl.get()))
      X509_NAME_get_text_by_NID(X509_get_subject_name(shown), NID_commonName, name, sizeof name);
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl.get(), &chosen, &size);
    const std::string protocol(reinterpret_cast<const char*>(chosen), size);
    {
      const std::lock_guard lock(mutex_);
      protocol_ = protocol;
      client_ = name;
    }
    protocol == "h2" ? serve_http2(ssl.get()) : serve_http1(ssl.get());
  }

  bool read(int fd, SSL* ssl, std::string& buffer) {
    pollfd both[2] = {{fd, POLLIN, 0}, {stop_[0], POLLIN, 0}};
    if (SSL_pending(ssl) == 0 && (::poll(both, 2, -1) < 0 || both[1].revents != 0)) return false;
    char bytes[16384];
    const int got = SSL_read(ssl, bytes, sizeof bytes);
    if (got > 0) buffer.append(bytes, static_cast<std::size_t>(got));
    return got > 0;
  }
  static void write(SSL* ssl, std::string_view bytes) { SSL_write(ssl, bytes.data(), static_cast<int>(bytes.size())); }

  // Where a request ends that has begun.
  static std::size_t end_of(const std::string& request) {
    const std::size_t head = request.find("\r\n\r\n");
    if (head == std::string::npos) return head;
    const std::size_t field = request.find("Content-Length: ");
    const bool body = field < head;
    const std::size_t end = head + 4 + (body ? static_cast<std::size_t>(std::atoll(request.c_str() + field + 16)) : 0);
    return request.size() < end ? std::string::npos : end;
  }
  static void cork(SSL* ssl, int on) { ::setsockopt(SSL_get_fd(ssl), IPPROTO_TCP, TCP_CORK, &on, sizeof on); }

  void serve_http1(SSL* ssl) {
    std::string buffer;
    while (read(SSL_get_fd(ssl), ssl, buffer)) {
      for (std::size_t end = 0; (end = end_of(buffer)) != std::string::npos; buffer.erase(0, end)) {
        ++requests_;
        if (after_) cork(ssl, 1);
        write(ssl,
              closes_ ? "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n" : "HTTP/1.1 204 No Content\r\n\r\n");
        if (after_) {
          after_(ssl);
          cork(ssl, 0);
        }
        if (closes_) {
          SSL_shutdown(ssl);
          return;
        }
      }
    }
  }

  // RFC 9113: the preface, SETTINGS both ways, and to each stream that ends a HEADERS frame with ":status: 204", which
  // is entry 9 of HPACK's static table, unless there is a script.
  void serve_http2(SSL* ssl) {
    const auto send = [this, ssl](std::string_view frames) {
      pollfd stop{stop_[0], POLLIN, 0};
      return ::poll(&stop, 1, 0) == 0 && SSL_write(ssl, frames.data(), static_cast<int>(frames.size())) > 0;
    };
    std::string buffer;
    bool begun = false;
    while (read(SSL_get_fd(ssl), ssl, buffer)) {
      if (!begun && buffer.size() >= 24) {
        buffer.erase(0, 24);
        write(ssl, frame(4, 0, 0, ""));
        begun = true;
      }
      while (begun && buffer.size() >= 9) {
        const auto byte = [&buffer](std::size_t at) { return static_cast<unsigned char>(buffer[at]); };
        const std::size_t length = std::size_t{byte(0)} << 16U | std::size_t{byte(1)} << 8U | byte(2);
        if (buffer.size() < 9 + length) break;
        const unsigned type = byte(3);
        const bool flag = (byte(4) & 1U) != 0;
        const std::uint32_t stream =
            std::uint32_t{byte(5)} << 24U | std::uint32_t{byte(6)} << 16U | std::uint32_t{byte(7)} << 8U | byte(8);
        if (type == 4 && !flag) write(ssl, frame(4, 1, 0, ""));
        if (type <= 1 && flag) {
          const std::size_t request = ++requests_;
          if (!script_) write(ssl, frame(1, 5, stream, "\x89"));
          if (script_ && !script_(request, stream, send)) return;
        }
        buffer.erase(0, 9 + length);
      }
    }
  }

  bool http2_;
  Http2Script script_{};
  std::function<void(SSL*)> after_{};
  std::atomic<bool> closes_{false};
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  int stop_[2] = {-1, -1};
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<std::size_t> requests_{0}, handshakes_{0}, resumed_{0};
  mutable std::mutex mutex_{};
  std::string protocol_{}, client_{};
  std::vector<std::thread> connections_{};
  std::thread thread_{};
};

#endif
