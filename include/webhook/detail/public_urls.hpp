// SPDX-License-Identifier: MIT
// Under which other URLs a request may have been sent, if a proxy stands before this server: a short list of guesses.
// For a diagnosis only: what a proxy's headers say can be forged, so nothing is ever accepted because of it.
#ifndef WEBHOOK_DETAIL_PUBLIC_URLS_HPP
#define WEBHOOK_DETAIL_PUBLIC_URLS_HPP

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../http.hpp"
#include "../verification.hpp"
#include "http_fields.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

struct PublicUrl {
  std::string url{};
  Clue clue = Clue::none;
};

class PublicUrls {
 public:
  static constexpr std::size_t most = 8;

  /// At most `most` URLs that are not the request's own, the likeliest first.
  static std::vector<PublicUrl> of(const Request& request) {
    PublicUrls guesses(request.url);
    const std::string_view url = request.url;
    const std::size_t colon = url.find("://");
    if (colon == std::string_view::npos) return {};
    const std::string_view scheme = url.substr(0, colon);
    const std::size_t path_at = (std::min)(url.find('/', colon + 3), url.size());
    const std::string_view host = url.substr(colon + 3, path_at - colon - 3), path = url.substr(path_at);
    const std::string_view other = scheme == "https" ? "http" : "https";

    guesses.add(Clue::url_scheme_changed, {other, "://", host, path});
    std::string forwarded = forwarded_pair(request.headers, "host");
    if (forwarded.empty()) forwarded = first_of(request.headers, "x-forwarded-host");
    if (forwarded.empty()) forwarded = first_of(request.headers, "host");
    if (!forwarded.empty()) {
      guesses.add(Clue::url_host_changed, {scheme, "://", forwarded, path});
      guesses.add(Clue::url_host_changed, {other, "://", forwarded, path});
    } else {
      forwarded = host;
    }
    std::string whole = first_of(request.headers, "x-original-uri");
    if (whole.empty()) whole = first_of(request.headers, "x-envoy-original-path");
    if (whole.empty()) {
      const std::string prefix = first_of(request.headers, "x-forwarded-prefix");
      if (!prefix.empty()) whole = prefix + std::string(path);
    }
    if (!whole.empty() && whole.front() == '/') {
      guesses.add(Clue::url_path_changed, {"https://", forwarded, whole});
      guesses.add(Clue::url_path_changed, {"http://", forwarded, whole});
    }
    const std::size_t query = (std::min)(path.find('?'), path.size());
    if (query > 0 && path[query - 1] == '/') {
      guesses.add(Clue::url_path_changed, {scheme, "://", host, path.substr(0, query - 1), path.substr(query)});
    } else {
      guesses.add(Clue::url_path_changed, {scheme, "://", host, path.substr(0, query), "/", path.substr(query)});
    }
    return std::move(guesses.urls_);
  }

 private:
  explicit PublicUrls(std::string_view own) noexcept : own_(own) {}

  void add(Clue clue, std::initializer_list<std::string_view> parts) {
    std::string url;
    for (const std::string_view part : parts) url += part;
    if (url == own_ || urls_.size() == most) return;
    for (const PublicUrl& known : urls_) {
      if (known.url == url) return;
    }
    urls_.push_back({std::move(url), clue});
  }

  // The first of a list is what the proxy nearest to the sender said.
  static std::string first_of(const Headers& headers, std::string_view name) {
    const std::string_view value = headers.find(name).value_or(std::string_view());
    return usable(value.substr(0, value.find(',')));
  }
  // Forwarded: for=…;host="shop.example";proto=https (RFC 7239 §4)
  static std::string forwarded_pair(const Headers& headers, std::string_view wanted) {
    std::string_view value = headers.find("forwarded").value_or(std::string_view());
    value = value.substr(0, value.find(','));
    while (!value.empty()) {
      const std::string_view pair = value.substr(0, value.find(';'));
      value.remove_prefix((std::min)(pair.size() + 1, value.size()));
      const std::size_t equals = pair.find('=');
      if (equals == std::string_view::npos || !Headers::same_name(trimmed(pair.substr(0, equals)), wanted)) continue;
      std::string_view text = trimmed(pair.substr(equals + 1));
      if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
      return usable(text);
    }
    return {};
  }
  static std::string usable(std::string_view text) {
    text = trimmed(text);
    return text.size() <= 1024 ? std::string(text) : std::string();
  }

  std::string_view own_;
  std::vector<PublicUrl> urls_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
