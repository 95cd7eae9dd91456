// SPDX-License-Identifier: MIT
// One value out of a URL's query, decoded as forms are (WHATWG URL, application/x-www-form-urlencoded).
// It parses no other part of a URL, and keeps none.
#ifndef WEBHOOK_DETAIL_URL_QUERY_HPP
#define WEBHOOK_DETAIL_URL_QUERY_HPP

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace webhook {
inline namespace v0 {
namespace detail {

/// '+' is a blank and %xx a byte; a '%' that begins no such thing stays as it is.
inline std::string decode_query(std::string_view text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const int high = text[at] == '%' && at + 2 < text.size() ? digit(text[at + 1]) : -1;
    const int low = high >= 0 ? digit(text[at + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(static_cast<unsigned char>(high * 16 + low));
      at += 2;
    } else {
      out += text[at] == '+' ? ' ' : text[at];
    }
  }
  return out;
}

/// The first value of that name; nothing if there is none.
inline std::optional<std::string> query_value(std::string_view url, std::string_view name) {
  const std::size_t question = url.find('?');
  if (question == std::string_view::npos) return std::nullopt;
  url = url.substr(0, url.find('#')).substr(question + 1);
  while (!url.empty()) {
    const std::string_view pair = url.substr(0, url.find('&'));
    url.remove_prefix(pair.size() < url.size() ? pair.size() + 1 : pair.size());
    const std::string_view key = pair.substr(0, pair.find('='));
    if (decode_query(key) == name)
      return decode_query(pair.substr(key.size() < pair.size() ? key.size() + 1 : key.size()));
  }
  return std::nullopt;
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
