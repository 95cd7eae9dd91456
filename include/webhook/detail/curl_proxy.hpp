// SPDX-License-Identifier: MIT
// The way out through an egress proxy that the host named in code, and no other. The proxy resolves names and dials, so
// it must guard addresses; here a URL's port, and an address that it names itself, are judged as ever, before it is
// asked. It knows nothing of what goes through: always a tunnel, for http too, so that no proxy can answer in a
// receiver's place.
#ifndef WEBHOOK_DETAIL_CURL_PROXY_HPP
#define WEBHOOK_DETAIL_CURL_PROXY_HPP

#include <curl/curl.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "../error.hpp"
#include "../transport/curl_options.hpp"
#include "curl_url.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// Throws Error (errc::invalid) for a proxy that cannot be used.
inline void check_proxy(const CurlOptions& options) {
  const auto refuse = [](const char* why) { throw Error(errc::invalid, std::string("CurlTransport: proxy ") + why); };
  const std::string_view login = options.proxy_login.reveal();
  for (const char c : login) {
    if (c < ' ' || c == 0x7F) refuse("_login contains a control character");
  }
  if (options.proxy.empty()) {
    if (!login.empty()) refuse("_login is given, but no proxy");
    return;
  }
  if (!login.empty() && login.find(':') == std::string_view::npos) refuse("_login is \"user:password\"");
  const UrlParts parts = cut_url(options.proxy);
  if (parts.scheme == "socks5://" || parts.scheme == "socks4://")
    refuse("would have names resolved here, and dial addresses that nobody judges: write socks5h://");
  const std::size_t colon = parts.authority.rfind(':');
  bool digits = colon != std::string_view::npos && colon + 1 < parts.authority.size();
  for (std::size_t i = colon + 1; digits && i < parts.authority.size(); ++i)
    digits = parts.authority[i] >= '0' && parts.authority[i] <= '9';
  const bool plain = is_plain_url_text(options.proxy) && parts.authority.find('@') == std::string_view::npos;
  if ((parts.scheme != "http://" && parts.scheme != "socks5h://") || !digits || !plain || !parts.rest.empty())
    refuse("is \"http://host:port\" (asked by CONNECT) or \"socks5h://host:port\", a user and password in proxy_login");
}

/// Sets the proxy of a handle, or that there is none: else the environment could lead every request past the guard.
inline CURLcode set_proxy(CURL* easy, const CurlOptions& options) {
  CURLcode code = curl_easy_setopt(easy, CURLOPT_PROXY, options.proxy.c_str());
  if (code != CURLE_OK || options.proxy.empty()) return code;
  code = curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
  if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
  if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (code != CURLE_OK || options.proxy_login.empty()) return code;
  const std::string_view login = options.proxy_login.reveal();
  const std::size_t colon = login.find(':');
  std::string text(login.substr(0, colon));
  code = curl_easy_setopt(easy, CURLOPT_PROXYUSERNAME, text.c_str());
  text.assign(login.substr(colon + 1));
  if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_PROXYPASSWORD, text.c_str());
  Secret::wipe(text.data(), text.size());
  return code;
}

/// Why a URL is not asked of the proxy, for the operator; empty: it is.
inline std::string proxied_refusal(const CurlOptions& options, const std::string& url) {
  try {
    check_url(options, url);
    return {};
  } catch (const Error& error) {
    return error.what();
  }
}

/// Why the proxy did not let an exchange through; empty: it did, or was not asked.
inline std::string proxy_answer(CURL* easy) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &status);
  if (status == 0 || (status >= 200 && status < 300)) return {};
  return "the proxy answered " + std::to_string(status) + (status == 407 ? ": it asks for proxy_login" : "");
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
