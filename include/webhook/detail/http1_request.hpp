// SPDX-License-Identifier: MIT
// The head of an HTTP/1.1 request as it goes over the wire (RFC 9112), and where a URL says that it goes.
// What could be read in two ways is not written: a URL that is not in its plain form is left to others. No I/O.
#ifndef WEBHOOK_DETAIL_HTTP1_REQUEST_HPP
#define WEBHOOK_DETAIL_HTTP1_REQUEST_HPP

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "../address.hpp"
#include "../http.hpp"
#include "http_fields.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// How long the authority is that a text begins with.
constexpr std::size_t authority_size(std::string_view text) noexcept {
  std::size_t size = 0;
  while (size < text.size() && text[size] != '/' && text[size] != '?' && text[size] != '#') ++size;
  return size;
}

/// "https://host:1" of "https://host:1/path?query"; empty where there is no scheme.
constexpr std::string_view http1_origin_of(std::string_view url) noexcept {
  const std::size_t slashes = url.find("://");
  if (slashes == std::string_view::npos) return {};
  return url.substr(0, slashes + 3 + authority_size(url.substr(slashes + 3)));
}

/// An origin in its plain form: what the Host field says of it, and whether it is reached over TLS.
struct Http1Origin {
  std::string host{};
  bool tls = false;

  /// Nothing for one that is written in any other way than lower-case scheme, name or address, and port.
  static std::optional<Http1Origin> read(std::string_view origin) {
    Http1Origin made;
    made.tls = origin.substr(0, 8) == "https://";
    if (!made.tls && origin.substr(0, 7) != "http://") return std::nullopt;
    std::string_view authority = origin.substr(made.tls ? 8 : 7);
    std::string_view host = authority;
    const std::size_t bracket = authority.find(']');
    const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
    if (colon != std::string_view::npos) {
      host = authority.substr(0, colon);
      const std::string_view port = authority.substr(colon + 1);
      if (!is_port(port)) return std::nullopt;
      if (port == (made.tls ? "443" : "80")) authority = host;
    }
    if (!is_host(host)) return std::nullopt;
    made.host = authority;
    return made;
  }

 private:
  static bool is_port(std::string_view text) noexcept {
    unsigned port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc() && end == text.data() + text.size() && text.front() != '0' && port <= 65535;
  }
  // A name whose last label begins with a digit is an address in one of its spellings; only the usual one is plain.
  static bool is_host(std::string_view host) noexcept {
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
      const std::optional<IpAddress> address = IpAddress::parse(host.substr(1, host.size() - 2));
      return address && !address->is_ipv4();
    }
    std::size_t label = 0;
    for (const char c : host) {
      const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
      if (c == '.' ? label == 0 : !letter && (c < '0' || c > '9')) return false;
      label = c == '.' ? 0 : label + 1;
    }
    if (label == 0 || host.size() > 253) return false;
    const char first = host[host.size() - label];
    return first < '0' || first > '9' || IpAddress::parse(host).has_value();
  }
};

/// What goes out in one piece, written into memory that is kept for the next and never cleared.
class WireBuffer {
 public:
  std::string_view view() const noexcept { return std::string_view(memory_).substr(0, size_); }
  void clear() noexcept { size_ = 0; }
  void append(std::string_view text) {
    char* const to = room(text.size());
    end(to + text.copy(to, text.size()));
  }
  /// Where the next bytes go, with room for so many; end() says how far they came. Throws std::bad_alloc.
  char* room(std::size_t most) {
    if (memory_.size() - size_ < most) memory_.resize((std::max)(2 * memory_.size(), size_ + most));
    return memory_.data() + size_;
  }
  void end(const char* at) noexcept { size_ = static_cast<std::size_t>(at - memory_.data()); }

 private:
  std::string memory_{};
  std::size_t size_ = 0;
};

/// Appends the head of a request; returns what is wrong with the request, or nothing, and then `out` is as it was. A
/// fragment is no part of a target.
inline std::string write_http1_head(WireBuffer& out, const Request& request, std::string_view host,
                                    std::string_view target, std::string_view user_agent) {
  if (!is_token(request.method)) return "the method is no HTTP token";
  bool own_agent = false;
  bool own_accept = false;
  for (const Header field : request.headers) {
    if (!is_token(field.name)) return "a header's name is no HTTP token";
    if (is_framing_field(field.name)) return "the header " + std::string(field.name) + " is the transport's own";
    own_agent = own_agent || Headers::same_name(field.name, "user-agent");
    own_accept = own_accept || Headers::same_name(field.name, "accept");
  }
  // All values at once, since names have none.
  if (!is_field_value(request.headers.text())) return "a header's value contains a control character";
  constexpr std::size_t fixed = 128;  // more than all that stands between the others, and the length's 20 digits
  constexpr std::size_t around = 4;   // of each field: ": " and the line's end
  char* to = out.room(fixed + request.method.size() + target.size() + host.size() + user_agent.size() +
                      request.headers.bytes() + around * request.headers.size());
  const auto put = [&to](std::string_view text) { to += text.copy(to, text.size()); };
  const auto say = [&to]<std::size_t Size>(const char(&text)[Size]) {  // of a size that is known: no call
    std::memcpy(to, text, Size - 1);
    to += Size - 1;
  };
  put(request.method);
  say(" ");
  if (target.empty() || target.front() != '/') say("/");
  put(target);
  say(" HTTP/1.1\r\nHost: ");
  put(host);
  say("\r\n");
  for (const Header field : request.headers) {
    put(field.name);
    say(": ");
    put(trimmed(field.value));
    say("\r\n");
  }
  if (!own_agent) {
    say("User-Agent: ");
    put(user_agent);
    say("\r\n");
  }
  if (!own_accept) say("Accept: */*\r\n");
  if (!request.body.empty() || (request.method != "GET" && request.method != "HEAD")) {
    say("Content-Length: ");
    to = std::to_chars(to, to + 20, request.body.size()).ptr;
    say("\r\n");
  }
  say("\r\n");
  out.end(to);
  return {};
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
