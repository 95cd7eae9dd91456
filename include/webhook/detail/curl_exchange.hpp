// SPDX-License-Identifier: MIT
// CurlExchange: one easy handle that carries one exchange after another, with the callbacks that guard it.
// It knows what may be dialled and when the answer counts; the multi handle that drives it belongs to the session.
#ifndef WEBHOOK_DETAIL_CURL_EXCHANGE_HPP
#define WEBHOOK_DETAIL_CURL_EXCHANGE_HPP

#include <curl/curl.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../concepts.hpp"
#include "../transport/curl_options.hpp"
#include "answer.hpp"
#include "curl_failure.hpp"
#include "curl_identity.hpp"
#include "curl_proxy.hpp"
#include "curl_url.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

struct CurlConfig {  // of a transport; its sessions share it
  CurlOptions options{};
  AddressRules rules{};
  std::string ca_file{};
  std::string user_agent{};
};

struct CurlContext {  // of a session; its exchanges point to it
  std::shared_ptr<const CurlConfig> config{};
  Exchanges* exchanges = nullptr;  // only during poll()
};

class CurlExchange {
 public:
  explicit CurlExchange(const CurlContext& context)
      : context_(context),
        easy_(curl_easy_init(), &curl_easy_cleanup),
        answer_(context.config->options.header_limit, context.config->options.keep_response,
                context.config->options.read_response) {
    if (!easy_) throw Error(errc::transient, "libcurl could not make a handle: out of memory");
    configure();
  }
  CurlExchange(const CurlExchange&) = delete;
  CurlExchange& operator=(const CurlExchange&) = delete;

  CURL* easy() const noexcept { return easy_.get(); }
  Ticket ticket() const noexcept { return ticket_; }

  bool cancelled = false;  // while libcurl was at work, so that its handle could not be removed at once

  /// Takes up a request; the request stays where it is until the exchange is over. What is returned is why it cannot be
  /// sent as it is, or nothing.
  std::string begin(Ticket ticket, const Request& request) {
    ticket_ = ticket;
    cancelled = dialled_ = was_open_ = closed_ = out_of_sockets_ = false;
    refusal_.clear();
    error_[0] = '\0';
    answer_.reset();

    const std::string_view fault = url_fault(options(), request.url);
    if (!fault.empty()) return std::string(fault);
    if (!is_token(request.method)) return "the method is no HTTP token";
    if (std::string wrong = write_headers(request); !wrong.empty()) return wrong;
    url_ = &request.url;
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_HTTPHEADER, nodes_.empty() ? nullptr : nodes_.data());
    set(CURLOPT_HTTP_VERSION, static_cast<long>(request.http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
    set(CURLOPT_TIMEOUT_MS, milliseconds(request.timeout));
    set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds((std::min)(request.timeout, options().connect_timeout)));
    set(CURLOPT_LOW_SPEED_LIMIT, 0L);
    set(CURLOPT_LOW_SPEED_TIME, 0L);
    set(CURLOPT_FORBID_REUSE, 0L);
    if (!set_identity(easy_.get(), options(), request.access)) return "libcurl does not take the client certificate";
    set_method(request);
    return {};
  }

  /// The exchange is over; libcurl's handle has been taken out of its multi handle.
  Response finish(CURLcode code) noexcept {
    (void)set_identity(easy_.get(), options(), nullptr);  // what was not copied goes with the request
    const bool complete = answer_.complete();
    Response response = answer_.take();
    // A 2xx whose header block is complete was accepted, whatever happens to its body: sending it again would double it.
    if (complete) return response;
    response.body.clear();
    response.failure = failure_of(code, was_open_);
    try {
      explain(code, response);
    } catch (...) {  // out of memory: the failure must do without a reason
    }
    return response;
  }

 private:
  void explain(CURLcode code, Response& response) {
    response.reason = error_[0] != '\0' ? error_ : curl_easy_strerror(code);
    if (closed_) {
      // libcurl asks again before it repeats a request on a fresh connection; then something has left already.
      response.failure = was_open_ ? Failure::broken : Failure::not_sent;
      response.reason = was_open_ ? "the connection ended, and the send gate was closed before the repetition"
                                  : "the send gate was closed";
    } else if (!refusal_.empty() && !dialled_) {
      response.failure = Failure::address_refused;
      response.reason = std::move(refusal_);
    } else if (std::string proxy = proxy_answer(easy_.get()); !proxy.empty() && !was_open_) {
      response.failure = Failure::connect;
      response.reason = std::move(proxy);
    } else if (out_of_sockets_ && !dialled_) {
      response.failure = Failure::internal;
      response.reason = "no socket could be opened: out of descriptors or of memory";
    } else if (answer_.fault() == Answer::Fault::headers_too_large) {
      response.failure = Failure::too_large;
      response.reason = "the answer's header block is over its limit";
    } else if (answer_.fault() == Answer::Fault::malformed) {
      response.failure = Failure::broken;
      response.reason = "the answer does not begin with a usable HTTP status line";
    }
  }

  const CurlOptions& options() const noexcept { return context_.config->options; }

  template <class Value>
  void set(CURLoption option, Value value) {
    require(curl_easy_setopt(easy_.get(), option, value));
  }
  static void require(CURLcode code) {
    if (code == CURLE_OK) return;
    throw Error(code == CURLE_OUT_OF_MEMORY ? errc::transient : errc::unsupported,
                std::string("libcurl refused an option: ") + curl_easy_strerror(code));
  }

  // What holds for every exchange.
  void configure() {
    const CurlConfig& config = *context_.config;
    set(CURLOPT_PRIVATE, static_cast<void*>(this));
    set(CURLOPT_ERRORBUFFER, static_cast<char*>(error_));
    set(CURLOPT_NOSIGNAL, 1L);
    require(set_proxy(easy_.get(), config.options));
    set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_PATH_AS_IS, 1L);  // what was checked, and perhaps signed, is what is asked for
    set(CURLOPT_PROTOCOLS_STR, config.options.allow_http ? "http,https" : "https");
    set(CURLOPT_HTTP09_ALLOWED, 0L);
    set(CURLOPT_USERAGENT, config.user_agent.c_str());
    set(CURLOPT_MAXLIFETIME_CONN, 600L);  // a busy connection still follows its name to a new address
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    if (!config.ca_file.empty()) {
      // With a CAPATH libcurl parses the whole bundle for every connection (20 ms); without, the multi handle caches it.
      set(CURLOPT_CAINFO, config.ca_file.c_str());
      set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
    }
    // Without it, a name server that does not answer holds up the whole session when the exchange is given up. It is
    // advice to older versions that do not know it (before 7.87), so the result does not matter.
#if LIBCURL_VERSION_NUM >= 0x075700
    (void)curl_easy_setopt(easy_.get(), CURLOPT_QUICK_EXIT, 1L);
#endif
    set(CURLOPT_OPENSOCKETFUNCTION, &CurlExchange::open_socket);
    set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
    set(CURLOPT_PREREQFUNCTION, &CurlExchange::before_request);
    set(CURLOPT_PREREQDATA, static_cast<void*>(this));
    set(CURLOPT_HEADERFUNCTION, &CurlExchange::on_header);
    set(CURLOPT_HEADERDATA, static_cast<void*>(this));
    set(CURLOPT_WRITEFUNCTION, &CurlExchange::on_body);
    set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  }

  void set_method(const Request& request) {
    const bool get = request.method == "GET" && request.body.empty();
    const bool head = request.method == "HEAD";
    set(CURLOPT_NOBODY, head ? 1L : 0L);
    set(CURLOPT_CUSTOMREQUEST, get || head || request.method == "POST" ? nullptr : request.method.c_str());
    if (get) set(CURLOPT_HTTPGET, 1L);
    if (get || head) return;
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.view().data());  // not copied: the request stays
  }

  // The list that libcurl wants, in two allocations that are used again, instead of two for each field.
  std::string write_headers(const Request& request) {
    text_.clear();
    starts_.clear();
    bool has_type = false;
    for (const Header field : request.headers) {
      if (!is_token(field.name)) return "a header's name is no HTTP token";
      if (!is_field_value(field.value)) return "a header's value contains a control character";
      if (is_framing_field(field.name)) return "the header " + std::string(field.name) + " is the transport's own";
      has_type = has_type || Headers::same_name(field.name, "content-type");
      // To libcurl, "name:" means: leave it out; "name;" means: send it empty.
      add_line(field.name, trimmed(field.value).empty() ? ";" : ": ", trimmed(field.value));
    }
    if (!has_type) add_line("Content-Type", ":", {});
    // Only a large body would make libcurl ask for leave first (1 MiB), which costs a second where nobody answers.
    if (request.body.size() > 65536) add_line("Expect", ":", {});
    nodes_.resize(starts_.size());
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      nodes_[i] = {text_.data() + starts_[i], i + 1 < nodes_.size() ? &nodes_[i + 1] : nullptr};
    }
    return {};
  }
  void add_line(std::string_view name, std::string_view colon, std::string_view value) {
    starts_.push_back(text_.size());
    text_.append(name).append(colon).append(value).push_back('\0');
  }

  static long milliseconds(Duration time) noexcept {
    const auto whole = std::chrono::ceil<std::chrono::milliseconds>((std::min)(time, Duration(std::chrono::hours(24))));
    return static_cast<long>((std::max)(whole.count(), std::chrono::milliseconds::rep{1}));
  }

  // ---- Callbacks. No exception may pass through libcurl, so each contains all.

  // Sees the very address that is about to be dialled, before anything is sent to it; not called for a connection that
  // is used again.
  static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* target) noexcept {
    CurlExchange& exchange = *static_cast<CurlExchange*>(self);
    try {
      const auto* address = reinterpret_cast<const sockaddr*>(reinterpret_cast<const char*>(target) +
                                                              offsetof(curl_sockaddr, addr));  // longer than declared
      const std::optional<IpAddress> ip = IpAddress::from(address, target->addrlen);
      if (!ip || !exchange.permits(*ip, port_of(address, target->addrlen))) return CURL_SOCKET_BAD;
      int type = target->socktype;
#ifdef SOCK_CLOEXEC
      type |= SOCK_CLOEXEC;
#endif
      const int socket_fd = ::socket(target->family, type, target->protocol);
      if (socket_fd < 0) {
        exchange.out_of_sockets_ = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
        return CURL_SOCKET_BAD;
      }
#ifndef SOCK_CLOEXEC
      (void)::fcntl(socket_fd, F_SETFD, FD_CLOEXEC);
#endif
      exchange.dialled_ = true;
      return socket_fd;
    } catch (...) {
      return CURL_SOCKET_BAD;
    }
  }

  // Stands right before the first byte of the request, on fresh connections and on used ones.
  static int before_request(void* self, char* primary_ip, char*, int primary_port, int) noexcept {
    CurlExchange& exchange = *static_cast<CurlExchange*>(self);
    try {
      const std::optional<IpAddress> ip = IpAddress::parse(primary_ip);
      if (!ip || !exchange.permits(*ip, static_cast<unsigned long>(primary_port))) {
        exchange.dialled_ = false;  // the refusal is the verdict
        return CURL_PREREQFUNC_ABORT;
      }
      Exchanges* const exchanges = exchange.context_.exchanges;
      const bool open = exchanges != nullptr && exchanges->may_send(exchange.ticket_) && !exchange.cancelled;
      (open ? exchange.was_open_ : exchange.closed_) = true;
      return open ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
    } catch (...) {
      exchange.closed_ = true;
      return CURL_PREREQFUNC_ABORT;
    }
  }

  static std::size_t on_header(char* line, std::size_t, std::size_t size, void* self) noexcept {
    CurlExchange& exchange = *static_cast<CurlExchange*>(self);
    try {
      const bool begun = exchange.answer_.begun();
      const bool more = exchange.answer_.line({line, size});
      // A peer may think as long as the timeout allows, but once it has begun its final answer it must not drip.
      if (!begun && exchange.answer_.begun()) {
        (void)curl_easy_setopt(exchange.easy_.get(), CURLOPT_LOW_SPEED_LIMIT, 10L);
        (void)curl_easy_setopt(exchange.easy_.get(), CURLOPT_LOW_SPEED_TIME, 5L);
      }
      return more ? size : 0;
    } catch (...) {
      return 0;
    }
  }

  static std::size_t on_body(char* part, std::size_t, std::size_t size, void* self) noexcept {
    CurlExchange& exchange = *static_cast<CurlExchange*>(self);
    try {
      if (exchange.answer_.body({part, size})) return size;
      // Over HTTP/2 libcurl would keep the connection, and the next exchange would have to read what still comes.
      (void)curl_easy_setopt(exchange.easy_.get(), CURLOPT_FORBID_REUSE, 1L);
      return 0;
    } catch (...) {
      return 0;
    }
  }

  bool permits(const IpAddress& address, unsigned long port) {
    if (!options().proxy.empty()) {  // the address is the proxy's, which the host has named
      refusal_ = proxied_refusal(options(), *url_);
      return refusal_.empty();
    }
    if (!context_.config->rules.allows(address)) {
      refusal_ = address_refusal(address.text(), address.kind(), options().allow_http);
      return false;
    }
    if (!port_allowed(options(), port)) {
      refusal_ = port_refusal(port);
      return false;
    }
    return true;
  }

  static unsigned long port_of(const sockaddr* address, std::size_t size) noexcept {
    sockaddr_in6 any{};  // the port stands at the same place in both families
    static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
    std::memcpy(&any, static_cast<const void*>(address), (std::min)(size, sizeof any));
    return ntohs(any.sin6_port);
  }

  const CurlContext& context_;
  std::unique_ptr<CURL, void (*)(CURL*)> easy_;
  Ticket ticket_{};
  Answer answer_;
  bool dialled_ = false;   // a socket was opened towards an address that is allowed
  bool was_open_ = false;  // the send gate was: the request may have left
  bool closed_ = false;    // the send gate was
  bool out_of_sockets_ = false;
  const std::string* url_ = nullptr;  // of the request under way
  std::string refusal_{};             // why an address was not dialled
  std::string text_{};                // header lines, each ended by NUL
  std::vector<std::size_t> starts_{};
  std::vector<curl_slist> nodes_{};
  char error_[CURL_ERROR_SIZE]{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
