// SPDX-License-Identifier: MIT
// CurlExchange: libcurl's own exchange: one easy handle that carries one request after another, with its answer.
// It knows when the answer counts; what may be dialled is curl_handle.hpp's, and the multi handle is the session's.
#ifndef WEBHOOK_DETAIL_CURL_EXCHANGE_HPP
#define WEBHOOK_DETAIL_CURL_EXCHANGE_HPP

#include <curl/curl.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../concepts.hpp"
#include "../transport/curl_options.hpp"
#include "answer.hpp"
#include "curl_handle.hpp"
#include "curl_identity.hpp"
#include "curl_url.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

struct CurlContext {  // of a session; its exchanges point to it
  std::shared_ptr<const CurlConfig> config{};
  Exchanges* exchanges = nullptr;  // only during poll()
  const CurlShare* share = nullptr;
};

class CurlExchange {
 public:
  explicit CurlExchange(const CurlContext& context)
      : context_(context),
        handle_(*context.config, *context.share),
        answer_(context.config->options.header_limit, context.config->options.keep_response,
                context.config->options.read_response) {
    configure();
  }
  CurlExchange(const CurlExchange&) = delete;
  CurlExchange& operator=(const CurlExchange&) = delete;

  CURL* easy() const noexcept { return handle_.easy(); }
  Ticket ticket() const noexcept { return ticket_; }

  bool cancelled = false;  // while libcurl was at work, so that its handle could not be removed at once

  /// Takes up a request; the request stays where it is until the exchange is over. What is returned is why it cannot be
  /// sent as it is, or nothing.
  std::string begin(Ticket ticket, const Request& request) {
    ticket_ = ticket;
    cancelled = was_open_ = closed_ = false;
    handle_.forget();
    answer_.reset();

    const std::string_view fault = url_fault(options(), request.url);
    if (!fault.empty()) return std::string(fault);
    if (!is_token(request.method)) return "the method is no HTTP token";
    if (std::string wrong = write_headers(request); !wrong.empty()) return wrong;
    handle_.aim(request.url);
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_HTTPHEADER, nodes_.empty() ? nullptr : nodes_.data());
    set(CURLOPT_HTTP_VERSION, static_cast<long>(request.http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
    set(CURLOPT_TIMEOUT_MS, CurlHandle::milliseconds(request.timeout));
    handle_.set_connect_timeout(request.timeout);
    set(CURLOPT_LOW_SPEED_LIMIT, 0L);
    set(CURLOPT_LOW_SPEED_TIME, 0L);
    set(CURLOPT_FORBID_REUSE, 1L);  // until an answer has begun: over HTTP/2 libcurl would keep one that fell silent
    if (!set_identity(easy(), options(), request.access)) return "libcurl does not take the client certificate";
    set_method(request);
    return {};
  }

  /// The exchange is over; libcurl's handle has been taken out of its multi handle.
  Response finish(CURLcode code) noexcept {
    (void)set_identity(easy(), options(), nullptr);  // what was not copied goes with the request
    const bool complete = answer_.complete();
    Response response = answer_.take();
    // A 2xx whose header block is complete was accepted, whatever happens to its body: sending it again would double it.
    if (complete) return response;
    response.body.clear();
    response.failure = failure_of(code, was_open_);
    try {
      handle_.explain(code, was_open_, response);
      explain(response);
    } catch (...) {  // out of memory: the failure must do without a reason
    }
    return response;
  }

 private:
  void explain(Response& response) {
    if (closed_) {
      // libcurl asks again before it repeats a request on a fresh connection; then something has left already.
      response.failure = was_open_ ? Failure::broken : Failure::not_sent;
      response.reason = was_open_ ? "the connection ended, and the send gate was closed before the repetition"
                                  : "the send gate was closed";
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
    handle_.set(option, value);
  }

  // What holds for every exchange.
  void configure() {
    set(CURLOPT_PRIVATE, static_cast<void*>(this));
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_HTTP09_ALLOWED, 0L);
    set(CURLOPT_USERAGENT, context_.config->user_agent.c_str());
    set(CURLOPT_MAXLIFETIME_CONN, 600L);  // a busy connection still follows its name to a new address
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

  // ---- Callbacks. No exception may pass through libcurl, so each contains all.

  // Stands right before the first byte of the request, on fresh connections and on used ones.
  static int before_request(void* self, char* primary_ip, char*, int primary_port, int) noexcept {
    CurlExchange& exchange = *static_cast<CurlExchange*>(self);
    try {
      const std::optional<IpAddress> ip = IpAddress::parse(primary_ip);
      if (!ip || !exchange.handle_.permits(*ip, static_cast<unsigned long>(primary_port))) {
        exchange.handle_.refuse();
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
        (void)curl_easy_setopt(exchange.easy(), CURLOPT_LOW_SPEED_LIMIT, 10L);
        (void)curl_easy_setopt(exchange.easy(), CURLOPT_LOW_SPEED_TIME, 5L);
        (void)curl_easy_setopt(exchange.easy(), CURLOPT_FORBID_REUSE, 0L);
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
      (void)curl_easy_setopt(exchange.easy(), CURLOPT_FORBID_REUSE, 1L);
      return 0;
    } catch (...) {
      return 0;
    }
  }

  const CurlContext& context_;
  CurlHandle handle_;
  Ticket ticket_{};
  Answer answer_;
  bool was_open_ = false;  // the send gate was: the request may have left
  bool closed_ = false;    // the send gate was
  std::string text_{};     // header lines, each ended by NUL
  std::vector<std::size_t> starts_{};
  std::vector<curl_slist> nodes_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
