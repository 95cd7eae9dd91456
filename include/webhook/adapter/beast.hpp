// SPDX-License-Identifier: MIT
// Mounts a Receiver in a Boost.Beast server: `webhook::respond(inbox, request)` for a server of any kind, and
// `webhook::serve(stream, buffer, inbox)` for one that reads a connection itself, request by request.
// It copies a request in and an answer out, and judges nothing; threads, TLS and timeouts are the server's.
#ifndef WEBHOOK_ADAPTER_BEAST_HPP
#define WEBHOOK_ADAPTER_BEAST_HPP

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <string>
#include <string_view>

#include "../http.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

inline std::string_view from_beast(boost::beast::string_view text) noexcept { return {text.data(), text.size()}; }
inline boost::beast::string_view to_beast(std::string_view text) noexcept { return {text.data(), text.size()}; }

/// What a server that is mounted behind a proxy cannot see is told to it as `origin`; else the Host header stands in.
template <class Fields>
Request from_beast(const boost::beast::http::request<boost::beast::http::string_body, Fields>& from,
                   std::string_view origin) {
  Request to;
  to.method = std::string(from_beast(from.method_string()));
  to.url = std::string(origin);
  if (origin.empty()) to.url.append("http://").append(from_beast(from[boost::beast::http::field::host]));
  to.url.append(from_beast(from.target()));
  for (const auto& field : from) to.headers.add(from_beast(field.name_string()), from_beast(field.value()));
  to.body = Bytes(from.body());
  return to;
}

inline boost::beast::http::response<boost::beast::http::string_body> to_beast(const Response& from, unsigned version,
                                                                              bool keep_alive) {
  boost::beast::http::response<boost::beast::http::string_body> to;
  to.version(version);
  to.result(static_cast<unsigned>(from.status));
  for (const Header header : from.headers) to.insert(to_beast(header.name), to_beast(header.value));
  to.body() = from.body;
  to.keep_alive(keep_alive);
  to.prepare_payload();
  return to;
}

}  // namespace detail

/// Hands a request that was read whole to `inbox`, and returns the answer, ready to be written. Read it with a parser
/// whose body_limit is inbox.body_limit(). `origin` ("https://shop.example") is how senders reach this server, for
/// schemes that sign the URL; without it the URL is made of the Host header and http.
template <class Inbox, class Fields>
boost::beast::http::response<boost::beast::http::string_body> respond(
    Inbox& inbox, const boost::beast::http::request<boost::beast::http::string_body, Fields>& request,
    std::string_view origin = {}) {
  return detail::to_beast(inbox.handle(detail::from_beast(request, origin)), request.version(), request.keep_alive());
}

/// Reads one request from a connection, hands it to `inbox` and writes the answer; blocks meanwhile. Returns whether
/// the connection may go on; `error` is what the stream said, end_of_stream when the other side is done. A body over
/// the limit is answered with 413 as soon as that is known, and the connection ends; nothing more of it is read.
template <class Stream, class Inbox>
bool serve(Stream& stream, boost::beast::flat_buffer& buffer, Inbox& inbox, boost::system::error_code& error,
           std::string_view origin = {}) {
  namespace http = boost::beast::http;
  http::request_parser<http::string_body> parser;
  parser.body_limit(inbox.body_limit());
  http::read_header(stream, buffer, parser, error);
  if (!error && !parser.is_done()) {
    const auto expected = parser.get().find(http::field::expect);
    if (expected != parser.get().end() && Headers::same_name(detail::from_beast(expected->value()), "100-continue")) {
      http::response<http::empty_body> go_on(http::status::continue_, parser.get().version());
      http::write(stream, go_on, error);
    }
    if (!error) http::read(stream, buffer, parser, error);
  }
  Response refusal;
  if (error == http::error::body_limit) {
    refusal.status = 413;
  } else if (error == http::error::header_limit) {
    refusal.status = 431;
  } else if (error && error.category() == http::make_error_code(http::error::bad_method).category() &&
             error != http::error::end_of_stream && error != http::error::partial_message) {
    refusal.status = 400;
  } else if (error) {
    return false;
  }
  if (refusal.status != 0) {
    boost::system::error_code ignored;
    http::write(stream, detail::to_beast(refusal, 11, false), ignored);
    return false;
  }
  const auto answer = respond(inbox, parser.get(), origin);
  http::write(stream, answer, error);
  return !error && answer.keep_alive();
}

}  // namespace v0
}  // namespace webhook

#endif
