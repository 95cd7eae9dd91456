// SPDX-License-Identifier: MIT
// Mounts a Receiver in a cpp-httplib server: server.Post("/hooks", webhook::mount(inbox));
// It copies a request in and an answer out, and judges nothing; threads, TLS and timeouts are the server's.
#ifndef WEBHOOK_ADAPTER_HTTPLIB_HPP
#define WEBHOOK_ADAPTER_HTTPLIB_HPP

#include <httplib.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "../http.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// What a server that is mounted behind a proxy cannot see is told to it as `origin`; else the Host header stands in.
template <class HttplibRequest>
Request from_httplib(const HttplibRequest& from, const std::string& origin, std::string_view body) {
  Request to;
  to.method = from.method;
  if (origin.empty()) {
    bool tls = false;
    if constexpr (requires { from.ssl != nullptr; }) tls = from.ssl != nullptr;
    to.url = (tls ? "https://" : "http://") + from.get_header_value("Host") + from.target;
  } else {
    to.url = origin + from.target;
  }
  for (const auto& [name, value] : from.headers) to.headers.add(name, value);
  to.body = Bytes(body);
  return to;
}

inline void to_httplib(const Response& from, httplib::Response& to) {
  to.status = from.status;
  std::string type;
  for (const Header header : from.headers) {
    if (Headers::same_name(header.name, "content-type")) {
      type = header.value;  // set_content() adds it; twice would be wrong
    } else {
      to.headers.emplace(std::string(header.name), std::string(header.value));
    }
  }
  if (!from.body.empty()) to.set_content(from.body, type.empty() ? "text/plain" : type.c_str());
}

}  // namespace detail

/// A handler for httplib::Server::Post, and for Put and Patch, that hands each request to `inbox`, which must outlive the
/// server. It reads the body as it comes (forms too, since the signature covers the raw bytes) and keeps no more of it
/// than the receiver's limit; multipart is answered with 415, as httplib never shows its raw bytes. `origin` ("https://shop.example") is how senders reach this server, for
/// schemes that sign the URL; without it the URL is made of the Host header, which a proxy may have changed.
template <class Inbox>
auto mount(Inbox& inbox, std::string origin = {}) {
  return [&inbox, origin = std::move(origin)](const httplib::Request& request, httplib::Response& response,
                                              const httplib::ContentReader& reader) {
    if (request.is_multipart_form_data()) {
      const bool dropped = reader([](const auto&) { return true; }, [](const char*, std::size_t) { return true; });
      if (dropped) response.status = 415;
      return;
    }
    const std::size_t keep = inbox.body_limit() + 1;  // one more shows the receiver that it is too much
    std::string body;
    // The rest of a body that is too long is read and dropped: left on the connection, it would be taken for a request.
    const bool whole = reader([&](const char* data, std::size_t size) {
      body.append(data, (std::min)(size, keep - body.size()));
      return true;
    });
    if (!whole) {
      if (response.status < 400) response.status = 400;
      return;
    }
    detail::to_httplib(inbox.handle(detail::from_httplib(request, origin, body)), response);
  };
}

/// The same for httplib::Server::Get, Delete and Options: for schemes that prove an endpoint by a request without a body,
/// and for subscriptions that end (RestHooks).
template <class Inbox>
auto mount_bodiless(Inbox& inbox, std::string origin = {}) {
  return [&inbox, origin = std::move(origin)](const httplib::Request& request, httplib::Response& response) {
    detail::to_httplib(inbox.handle(detail::from_httplib(request, origin, request.body)), response);
  };
}

}  // namespace v0
}  // namespace webhook

#endif
