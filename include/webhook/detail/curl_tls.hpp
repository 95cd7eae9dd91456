// SPDX-License-Identifier: MIT
// TlsStreams: takes the bytes of a TLS connection past libcurl, which searches all its connections at every call and lets
// OpenSSL ask the socket for each record twice. The session stays libcurl's, made, verified and ended by it.
// Only where libcurl's TLS is the very OpenSSL of this program; elsewhere libcurl carries the bytes.
#ifndef WEBHOOK_DETAIL_CURL_TLS_HPP
#define WEBHOOK_DETAIL_CURL_TLS_HPP

#include <curl/curl.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace webhook {
inline namespace v0 {
namespace detail {

/// What came of moving bytes.
struct Moved {
  enum class How : std::uint8_t { some, blocked, ended, failed } how = How::some;
  std::size_t bytes = 0;
};

/// A session that is read and written here; valid while libcurl has its connection.
class TlsStream {
 public:
  explicit TlsStream(SSL& ssl) noexcept : ssl_(&ssl) {}

  Moved send(std::string_view bytes) noexcept {
    std::size_t sent = 0;
    forget_errors();
    const int done = SSL_write_ex(ssl_, bytes.data(), bytes.size(), &sent);
    return done == 1 ? Moved{Moved::How::some, sent} : unmoved(done);
  }
  Moved receive(std::span<char> buffer) noexcept {
    std::size_t got = 0;
    forget_errors();
    const int done = SSL_read_ex(ssl_, buffer.data(), buffer.size(), &got);
    return done == 1 ? Moved{Moved::How::some, got} : unmoved(done);
  }
  /// Bytes have been taken from the socket that receive() has not returned.
  bool pending() const noexcept { return SSL_has_pending(ssl_) == 1; }

 private:
  // What others left there would be taken for ours, and the other way round; to look is cheaper than to clear.
  static void forget_errors() noexcept {
    if (ERR_peek_error() != 0) ERR_clear_error();
  }
  Moved unmoved(int done) const noexcept {
    const int error = SSL_get_error(ssl_, done);
    forget_errors();
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return {Moved::How::blocked, 0};
    return {error == SSL_ERROR_ZERO_RETURN ? Moved::How::ended : Moved::How::failed, 0};
  }

  SSL* ssl_;
};

/// Outlives libcurl's connections. Not thread-safe.
class TlsStreams {
 public:
  TlsStreams() : way_(ours() ? BIO_meth_new(BIO_TYPE_SOURCE_SINK, "webhook") : nullptr, &BIO_meth_free) {
    if (!way_) return;
    BIO_meth_set_write(way_.get(), &TlsStreams::write);
    BIO_meth_set_read(way_.get(), &TlsStreams::read);
    BIO_meth_set_ctrl(way_.get(), &TlsStreams::control);
  }

  /// Nothing if this session cannot be had, or there is no memory. Once a first answer was read through libcurl, which
  /// keeps the tickets that come with it.
  std::optional<TlsStream> take(CURL* easy, int socket) const noexcept {
    curl_tlssessioninfo* session = nullptr;
    if (!way_ || curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &session) != CURLE_OK || session == nullptr ||
        session->backend != CURLSSLBACKEND_OPENSSL || session->internals == nullptr)
      return std::nullopt;
    SSL& ssl = *static_cast<SSL*>(session->internals);
    // Of the same version there may be a second copy in this process, with sessions of its own.
    if (SSL_CTX_get_ssl_method(SSL_get_SSL_CTX(&ssl)) != TLS_client_method()) return std::nullopt;
    BIO* const bio = BIO_new(way_.get());
    if (bio == nullptr) return std::nullopt;
    BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));
    BIO_set_init(bio, 1);
    SSL_set_bio(&ssl, bio, bio);
    SSL_set_read_ahead(&ssl, 1);
    SSL_set_mode(&ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return TlsStream(ssl);
  }

 private:
  // A libcurl of another TLS, or with an OpenSSL of another version, has sessions that we must not touch.
  static bool ours() {
    const char* const theirs = curl_version_info(CURLVERSION_NOW)->ssl_version;
    return theirs != nullptr && theirs == std::string("OpenSSL/") + OpenSSL_version(OPENSSL_VERSION_STRING);
  }

  static int socket_of(BIO* bio) noexcept {
    return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
  }
  // OpenSSL's own sockets raise SIGPIPE.
  static int write(BIO* bio, const char* bytes, int size) noexcept {
    BIO_clear_retry_flags(bio);
    const ssize_t sent = ::send(socket_of(bio), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && later()) BIO_set_retry_write(bio);
    return static_cast<int>(sent);
  }
  static int read(BIO* bio, char* buffer, int size) noexcept {
    BIO_clear_retry_flags(bio);
    const ssize_t got = ::recv(socket_of(bio), buffer, static_cast<std::size_t>(size), MSG_DONTWAIT);
    if (got < 0 && later()) BIO_set_retry_read(bio);
    return static_cast<int>(got);
  }
  static bool later() noexcept { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }
  static long control(BIO*, int what, long, void*) noexcept { return what == BIO_CTRL_FLUSH ? 1 : 0; }

  std::unique_ptr<BIO_METHOD, void (*)(BIO_METHOD*)> way_;
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
