// SPDX-License-Identifier: MIT
// What Twilio signs: the URL, in each of the spellings in which Twilio's systems and proxies may have had it, and the
// parameters of a form, sorted. It computes no MAC, and does not know which spelling is the right one.
#ifndef WEBHOOK_DETAIL_TWILIO_MESSAGE_HPP
#define WEBHOOK_DETAIL_TWILIO_MESSAGE_HPP

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "form_parameters.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// The parts of a URL whose spelling varies; views into it.
struct TwilioUrl {
  std::string_view front{};     // up to the port: scheme, user and host
  std::string_view port{};      // ":8080", or nothing
  std::string_view standard{};  // the scheme's own port
  std::string_view path{};
  std::string_view query{};  // with its '?', or nothing
  std::string_view rest{};   // a fragment

  explicit TwilioUrl(std::string_view url) noexcept {
    const std::size_t scheme = url.find("://");
    const std::size_t authority = scheme == std::string_view::npos ? 0 : scheme + 3;
    const std::size_t path_at = (std::min)(url.find_first_of("/?#", authority), url.size());
    const std::size_t rest_at = (std::min)(url.find('#', path_at), url.size());
    const std::size_t query_at = (std::min)(url.find('?', path_at), rest_at);
    path = url.substr(path_at, query_at - path_at);
    query = url.substr(query_at, rest_at - query_at);
    rest = url.substr(rest_at);

    // A colon in the user's part, or within an IPv6 address, begins no port.
    const std::string_view named = url.substr(0, path_at);
    const std::size_t host = (std::max)(authority, named.rfind('@') == std::string_view::npos ? 0 : named.rfind('@'));
    const std::size_t bracket = named.find(']', host);
    const std::size_t colon = named.find(':', bracket == std::string_view::npos ? host : bracket);
    front = named.substr(0, (std::min)(colon, named.size()));
    port = named.substr(front.size());
    if (url.substr(0, 8) == "https://") standard = ":443";
    if (url.substr(0, 7) == "http://") standard = ":80";
  }
};

/// The query as a browser's URL parser writes it: what may not stand there, and the apostrophe, percent-encoded.
inline std::string encoded_query(std::string_view query) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text;
  for (const char c : query) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > ' ' && byte < 0x7F && c != '"' && c != '<' && c != '>' && c != '\'') {
      text += c;
    } else {
      text.append({'%', digits[byte >> 4U], digits[byte & 15U]});
    }
  }
  return text;
}

/// The query with its apostrophes as they are.
inline std::string unquoted_query(std::string_view query) {
  std::string text;
  for (std::size_t at = 0; at < query.size(); ++at) {
    const bool quote = query.substr(at, 3) == "%27";
    text += quote ? '\'' : query[at];
    if (quote) at += 2;
  }
  return text;
}

/// The query taken apart and written again as Twilio's older systems do it: "%20" for a blank, few characters literal.
inline std::string legacy_query(std::string_view query) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  if (query.empty()) return {};
  std::string text;
  const auto write = [&](std::string_view part) {
    for (const char c : decode_form(part)) {
      const auto byte = static_cast<unsigned char>(c);
      if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
          std::string_view("-._~!'()*").find(c) != std::string_view::npos) {
        text += c;
      } else {
        text.append({'%', digits[byte >> 4U], digits[byte & 15U]});
      }
    }
  };
  each_parameter(query.substr(1), [&](std::string_view name, std::string_view value) {
    text += text.empty() ? '?' : '&';
    write(name);
    text += '=';
    write(value);
  });
  return text;
}

/// All spellings of a URL that may have been signed: without a port and with one, times four of the query.
inline std::array<std::string, 8> twilio_spellings(std::string_view url) {
  const TwilioUrl parts(url);
  const std::array<std::string, 4> queries{std::string(parts.query), encoded_query(parts.query),
                                           unquoted_query(parts.query), legacy_query(parts.query)};
  std::array<std::string, 8> spellings{};
  std::size_t next = 0;
  for (const std::string_view port : {std::string_view(), parts.port.empty() ? parts.standard : parts.port}) {
    for (const std::string& query : queries)
      spellings[next++].append(parts.front).append(port).append(parts.path).append(query).append(parts.rest);
  }
  return spellings;
}

/// The value of the query's bodySHA256; nothing if there is none, "" if there are several.
inline std::optional<std::string_view> body_digest_of(std::string_view url) {
  std::optional<std::string_view> digest;
  const std::string_view query = TwilioUrl(url).query;
  if (query.empty()) return digest;
  each_parameter(query.substr(1), [&](std::string_view name, std::string_view value) {
    if (name == "bodySHA256") digest = digest ? std::string_view() : value;
  });
  return digest;
}

/// Text as Java and JavaScript order it: by UTF-16 code units. Bytes of UTF-8 do the same, but that four-byte sequences
/// (surrogate pairs there) come before U+E000 and above.
inline bool utf16_less(std::string_view left, std::string_view right) noexcept {
  const auto rank = [](char c) -> unsigned {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0xF0) return byte - 2U;
    return byte >= 0xEE ? byte + 0x10U : byte;
  };
  return std::lexicographical_compare(left.begin(), left.end(), right.begin(), right.end(),
                                      [&](char a, char b) { return rank(a) < rank(b); });
}

/// The names and values of a form, sorted by name and then by value, each pair once, all run together.
inline std::string twilio_parameters(std::string_view form) {
  std::vector<std::pair<std::string, std::string>> parameters = form_parameters(form);
  std::sort(parameters.begin(), parameters.end(), [](const auto& left, const auto& right) {
    return left.first == right.first ? utf16_less(left.second, right.second) : utf16_less(left.first, right.first);
  });
  parameters.erase(std::unique(parameters.begin(), parameters.end()), parameters.end());
  std::string text;
  for (const auto& [name, value] : parameters) text.append(name).append(value);
  return text;
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
