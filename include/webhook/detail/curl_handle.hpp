// SPDX-License-Identifier: MIT
// CurlHandle: an easy handle that makes connections as the transport's options say: whom it may dial, whom it trusts, how
// long it tries. Whatever concerns a connection rather than a request is set here, once for every exchange there is.
// It knows what became of the dialling; requests and answers are others'.
#ifndef WEBHOOK_DETAIL_CURL_HANDLE_HPP
#define WEBHOOK_DETAIL_CURL_HANDLE_HPP

#include <curl/curl.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "../error.hpp"
#include "../http.hpp"
#include "../transport/curl_options.hpp"
#include "curl_failure.hpp"
#include "curl_proxy.hpp"
#include "curl_share.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

struct CurlConfig {  // of a transport; its sessions share it
  CurlOptions options{};
  AddressRules rules{};
  std::string ca_file{};
  std::string user_agent{};
};

/// libcurl points into it: it stays where it is.
class CurlHandle {
 public:
  /// Throws Error: errc::transient without memory, errc::unsupported for an option that this libcurl does not know.
  CurlHandle(const CurlConfig& config, const CurlShare& share)
      : config_(config), easy_(curl_easy_init(), &curl_easy_cleanup) {
    if (!easy_) throw Error(errc::transient, "libcurl could not make a handle: out of memory");
    set(CURLOPT_SHARE, share.get());
    configure();
  }
  CurlHandle(const CurlHandle&) = delete;
  CurlHandle& operator=(const CurlHandle&) = delete;

  CURL* easy() const noexcept { return easy_.get(); }

  template <class Value>
  void set(CURLoption option, Value value) {
    require(curl_easy_setopt(easy_.get(), option, value));
  }
  static void require(CURLcode code) {
    if (code == CURLE_OK) return;
    throw Error(code == CURLE_OUT_OF_MEMORY ? errc::transient : errc::unsupported,
                std::string("libcurl refused an option: ") + curl_easy_strerror(code));
  }

  /// What is left of the time for name, connection and handshake, of an exchange that may take `most` in all.
  void set_connect_timeout(Duration most) {
    set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds((std::min)(most, config_.options.connect_timeout)));
  }

  /// What the next exchange asks for, which stays where it is as long as the exchange lasts.
  void aim(const std::string& url) noexcept { url_ = &url; }

  /// Ready for the next exchange: nothing has been dialled for it.
  void forget() noexcept {
    url_ = nullptr;
    dialled_ = out_of_sockets_ = false;
    refusal_.clear();
    error_[0] = '\0';
  }

  /// May this address be talked to? If not, why is kept for explain().
  bool permits(const IpAddress& address, unsigned long port) {
    if (!config_.options.proxy.empty()) {  // the address is the proxy's, which the host has named
      refusal_ = url_ != nullptr ? proxied_refusal(config_.options, *url_) : "nothing is asked of the proxy";
      return refusal_.empty();
    }
    if (!config_.rules.allows(address)) {
      refusal_ = address_refusal(address.text(), address.kind(), config_.options.allow_http);
      return false;
    }
    if (!port_allowed(config_.options, port)) {
      refusal_ = port_refusal(port);
      return false;
    }
    return true;
  }
  /// What permits() refused is the verdict, though a connection stands.
  void refuse() noexcept { dialled_ = false; }

  /// Fills in why there was no connection, or why it ended; `sent`: the request had begun to leave.
  void explain(CURLcode code, bool sent, Response& response) {
    response.failure = failure_of(code, sent);
    if (!refusal_.empty() && !dialled_) {
      response.failure = Failure::address_refused;
      response.reason = std::move(refusal_);
    } else if (std::string proxy = proxy_answer(easy_.get()); !proxy.empty() && !sent) {
      response.failure = Failure::connect;
      response.reason = std::move(proxy);
    } else if (out_of_sockets_ && !dialled_) {
      response.failure = Failure::internal;
      response.reason = "no socket could be opened: out of descriptors or of memory";
    } else {
      response.reason = error_[0] != '\0' ? error_ : curl_easy_strerror(code);
    }
  }

  static long milliseconds(Duration time) noexcept {
    const auto whole = std::chrono::ceil<std::chrono::milliseconds>((std::min)(time, Duration(std::chrono::hours(24))));
    return static_cast<long>((std::max)(whole.count(), std::chrono::milliseconds::rep{1}));
  }

  static unsigned long port_of(const sockaddr* address, std::size_t size) noexcept {
    sockaddr_in6 any{};  // the port stands at the same place in both families
    static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
    std::memcpy(&any, static_cast<const void*>(address), (std::min)(size, sizeof any));
    return ntohs(any.sin6_port);
  }

 private:
  void configure() {
    set(CURLOPT_ERRORBUFFER, static_cast<char*>(error_));
    set(CURLOPT_NOSIGNAL, 1L);
    require(set_proxy(easy_.get(), config_.options));
    set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    set(CURLOPT_PROTOCOLS_STR, config_.options.allow_http ? "http,https" : "https");
    set(CURLOPT_PATH_AS_IS, 1L);  // what was checked, and perhaps signed, is what is asked for
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    if (!config_.ca_file.empty()) {
      // With a CAPATH libcurl parses the whole bundle for every connection (20 ms); without, the multi handle caches it.
      set(CURLOPT_CAINFO, config_.ca_file.c_str());
      set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
    }
    // Without it, a name server that does not answer holds up the whole session when the exchange is given up. It is
    // advice to older versions that do not know it (before 7.87), so the result does not matter.
#if LIBCURL_VERSION_NUM >= 0x075700
    (void)curl_easy_setopt(easy_.get(), CURLOPT_QUICK_EXIT, 1L);
#endif
    set(CURLOPT_OPENSOCKETFUNCTION, &CurlHandle::open_socket);
    set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
  }

  // Sees the very address that is about to be dialled, before anything is sent to it; not called for a connection that
  // is used again. No exception may pass through libcurl.
  static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* target) noexcept {
    CurlHandle& handle = *static_cast<CurlHandle*>(self);
    try {
      const auto* address = reinterpret_cast<const sockaddr*>(reinterpret_cast<const char*>(target) +
                                                              offsetof(curl_sockaddr, addr));  // longer than declared
      const std::optional<IpAddress> ip = IpAddress::from(address, target->addrlen);
      if (!ip || !handle.permits(*ip, port_of(address, target->addrlen))) return CURL_SOCKET_BAD;
      int type = target->socktype;
#ifdef SOCK_CLOEXEC
      type |= SOCK_CLOEXEC;
#endif
      const int socket_fd = ::socket(target->family, type, target->protocol);
      if (socket_fd < 0) {
        handle.out_of_sockets_ = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
        return CURL_SOCKET_BAD;
      }
#ifndef SOCK_CLOEXEC
      (void)::fcntl(socket_fd, F_SETFD, FD_CLOEXEC);
#endif
      handle.dialled_ = true;
      return socket_fd;
    } catch (...) {
      return CURL_SOCKET_BAD;
    }
  }

  const CurlConfig& config_;
  std::unique_ptr<CURL, void (*)(CURL*)> easy_;
  const std::string* url_ = nullptr;  // of the exchange under way
  bool dialled_ = false;              // a socket was opened towards an address that is allowed
  bool out_of_sockets_ = false;
  std::string refusal_{};  // why an address was not dialled
  char error_[CURL_ERROR_SIZE]{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
