// SPDX-License-Identifier: MIT
// Which URLs are sent to: parsed by libcurl, so that what is judged is what is dialled, and refused when libcurl would
// read them differently from how they are written. Never resolves a name: the address itself is judged when it is dialled.
// Sentences name the host at most: the rest of a URL may hold a token.
#ifndef WEBHOOK_DETAIL_CURL_URL_HPP
#define WEBHOOK_DETAIL_CURL_URL_HPP

#include <curl/curl.h>
#include <netdb.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "../transport/curl_options.hpp"
#include "http1_request.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

inline constexpr std::size_t max_url = 2048;  // bytes

inline std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

/// Visible ASCII only, so that no locale and no IDNA library has a say in it; no backslash, which some parsers read as '/'.
constexpr bool is_plain_url_text(std::string_view text) noexcept {
  if (text.empty() || text.size() > max_url) return false;
  return !any_of_text(text, [](auto bytes) { return (bytes <= 0x20) | (bytes >= 0x7F) | (bytes == '\\'); });
}

/// "https://user@host:1/path" is cut into its scheme (with "://", lower case), its authority and the rest.
struct UrlParts {
  std::string scheme{};
  std::string_view authority{}, rest{};
};
inline UrlParts cut_url(std::string_view url) {
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos) return {};
  const std::string_view after = url.substr(colon + 3);
  const std::size_t end = authority_size(after);
  return {lower_case(url.substr(0, colon + 3)), after.substr(0, end), after.substr(end)};
}

/// The short look before each sending; empty if the URL may go out.
inline std::string_view url_fault(const CurlOptions& options, std::string_view url) noexcept {
  const auto begins = [&](std::string_view scheme) {
    return url.size() > scheme.size() && Headers::same_name(url.substr(0, scheme.size()), scheme);
  };
  if (!is_plain_url_text(url)) return "the URL is empty, too long, or contains other than visible ASCII characters";
  const std::size_t scheme = begins("https://") ? 8 : begins("http://") ? 7 : 0;
  if (scheme == 0) return "the URL is neither https:// nor http://";
  if (scheme == 7 && !options.allow_http) return "the URL is http, and only https is allowed";
  const std::string_view after = url.substr(scheme);
  const std::string_view authority = after.substr(0, authority_size(after));
  if (authority.empty()) return "the URL has no host";
  if (authority.find('@') != std::string_view::npos) return "the URL contains a user name";
  return {};
}

/// The address that a host is, in whatever spelling inet_aton and the resolver take; nothing if it is a name.
inline std::optional<IpAddress> literal_address(std::string host) {
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  while (!host.empty() && host.back() == '.') host.pop_back();
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST;  // never asks a name server
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (host.empty() || getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return std::nullopt;
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, &freeaddrinfo);
  return IpAddress::from(found->ai_addr, found->ai_addrlen);
}

inline bool is_local_name(std::string_view host) {
  while (!host.empty() && host.back() == '.') host.remove_suffix(1);
  constexpr std::string_view suffix = ".localhost";
  if (host.size() > suffix.size() && host.substr(host.size() - suffix.size()) == suffix) return true;  // RFC 6761 §6.3
  return host == "localhost" || host == "localhost.localdomain" || host == "ip6-localhost" || host == "ip6-loopback";
}

inline bool is_host_name(std::string_view host) noexcept {
  std::size_t label = 0;
  for (const char c : host) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
      continue;
    }
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_') || ++label > 63) return false;
  }
  return !host.empty() && host.size() <= 253;
}

/// libcurl's own reading of a URL.
class ParsedUrl {
 public:
  explicit ParsedUrl(const std::string& url) : handle_(curl_url(), &curl_url_cleanup) {
    if (!handle_) throw Error(errc::transient, "out of memory while a URL was parsed");
    // https and http are known to every libcurl here; the flags that guess or fill in are left out.
    fault_ = curl_url_set(handle_.get(), CURLUPART_URL, url.c_str(), CURLU_DISALLOW_USER | CURLU_PATH_AS_IS);
  }

  CURLUcode fault() const noexcept { return fault_; }
  std::string part(CURLUPart part, unsigned flags = 0) const {
    char* text = nullptr;
    if (curl_url_get(handle_.get(), part, &text, flags) != CURLUE_OK || text == nullptr) return {};
    const std::unique_ptr<char, void (*)(void*)> owner(text, &curl_free);
    return text;
  }

 private:
  std::unique_ptr<CURLU, void (*)(CURLU*)> handle_;
  CURLUcode fault_ = CURLUE_OK;
};

/// Throws Error: errc::invalid_url, or errc::address_refused where the host is an address, or a name for this host.
inline void check_url(const CurlOptions& options, std::string_view url) {
  const auto refuse = [](const std::string& why) { throw Error(errc::invalid_url, why); };
  if (url.empty()) refuse("the URL is empty");
  if (url.size() > max_url) refuse("the URL is longer than " + std::to_string(max_url) + " bytes");
  if (!is_plain_url_text(url)) {
    refuse(
        "the URL contains a blank, a control character, a backslash or a character outside ASCII; percent-encode it, "
        "and write an international host name in its xn-- form");
  }
  const UrlParts parts = cut_url(url);
  if (parts.scheme.empty()) refuse("the URL has no scheme; write https:// in front of the host");
  if (parts.scheme == "http://" && !options.allow_http) {
    refuse(
        "the URL is plain http, which anyone on the way can read and change; use https, or allow it in code: "
        "webhook::CurlTransport{{.allow_http = true}}");
  }
  if (parts.scheme != "https://" && parts.scheme != "http://") refuse("the URL's scheme is neither https nor http");
  if (parts.authority.empty()) refuse("the URL has no host");
  if (parts.authority.find('@') != std::string_view::npos) {
    refuse("the URL contains a user name or an @ before its path; credentials belong into the endpoint's headers");
  }
  if (url.find('#') != std::string_view::npos) refuse("the URL contains a fragment, which is never sent");

  const ParsedUrl parsed{std::string(url)};
  if (parsed.fault() != CURLUE_OK) refuse(std::string("the URL is malformed: ") + curl_url_strerror(parsed.fault()));
  if (!parsed.part(CURLUPART_ZONEID).empty()) refuse("the URL's address contains a zone id");

  const std::string host = lower_case(parsed.part(CURLUPART_HOST));
  const bool plain = parts.scheme == "http://";
  const std::optional<IpAddress> address = literal_address(host);
  if (address && !address_rules(options).allows(*address)) {
    throw Error(errc::address_refused, address_refusal(address->text(), address->kind(), plain));
  }
  if (!address && is_local_name(host) && !options.allow_loopback && !options.allow_private) {
    throw Error(errc::address_refused, address_refusal("\"" + host + "\"", AddressKind::loopback, plain));
  }
  if (host.front() != '[' && !is_host_name(host))
    refuse("the URL's host is not a host name: letters, digits, - and . only");

  // What libcurl makes of the URL must be what was written, or the two of us would speak of different hosts.
  const std::string path = parts.rest.empty() || parts.rest.front() == '?' ? "/" : "";
  const std::string written = parts.scheme + lower_case(parts.authority) + path + std::string(parts.rest);
  std::string understood = parsed.part(CURLUPART_URL);
  const UrlParts again = cut_url(understood);
  understood = again.scheme + lower_case(again.authority) + std::string(again.rest);
  if (understood != written) {
    refuse("the URL is ambiguous: its host is read as \"" + host +
           "\"; write host, port and path in their usual form, an address as a.b.c.d or [a:b::c]");
  }

  const std::string port = parsed.part(CURLUPART_PORT, CURLU_DEFAULT_PORT);
  const unsigned long number = port.empty() ? 0 : std::stoul(port);
  if (!port_allowed(options, number)) refuse(port_refusal(number));
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
