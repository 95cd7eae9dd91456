// SPDX-License-Identifier: MIT
// The parameters of a form or of a query, taken apart and decoded (application/x-www-form-urlencoded, as in the URL
// standard: '+' is a blank, a '%' that begins no byte stands for itself).
// It does not know what the names mean, nor nested ones.
#ifndef WEBHOOK_DETAIL_FORM_PARAMETERS_HPP
#define WEBHOOK_DETAIL_FORM_PARAMETERS_HPP

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace webhook {
inline namespace v0 {
namespace detail {

/// The byte that the '%' at a place of a text begins; nothing if no two hexadecimal digits follow.
inline std::optional<char> percent_byte(std::string_view text, std::size_t at) noexcept {
  const auto digit = [](char c) -> unsigned {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? static_cast<unsigned>(lower - 'a' + 10) : 255U;
  };
  if (text.size() - at < 3) return std::nullopt;
  const unsigned high = digit(text[at + 1]), low = digit(text[at + 2]);
  if (high == 255U || low == 255U) return std::nullopt;
  return static_cast<char>(static_cast<unsigned char>(high * 16U + low));
}

inline std::string decode_form(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (const auto byte = text[at] == '%' ? percent_byte(text, at) : std::nullopt) {
      decoded += *byte;
      at += 2;
    } else {
      decoded += text[at] == '+' ? ' ' : text[at];
    }
  }
  return decoded;
}

/// Calls `each(name, value)` with the undecoded halves of each parameter, in order; empty ones are left out.
template <class Each>
void each_parameter(std::string_view form, Each each) {
  while (!form.empty()) {
    const std::size_t end = (std::min)(form.find('&'), form.size());
    const std::string_view item = form.substr(0, end);
    form.remove_prefix((std::min)(end + 1, form.size()));
    if (item.empty()) continue;
    const std::size_t equals = (std::min)(item.find('='), item.size());
    each(item.substr(0, equals), item.substr((std::min)(equals + 1, item.size())));
  }
}

inline std::vector<std::pair<std::string, std::string>> form_parameters(std::string_view form) {
  std::vector<std::pair<std::string, std::string>> parameters;
  each_parameter(form, [&](std::string_view name, std::string_view value) {
    parameters.emplace_back(decode_form(name), decode_form(value));
  });
  return parameters;
}

/// The first value of that name in a URL's query, decoded.
inline std::optional<std::string> query_value(std::string_view url, std::string_view name) {
  url = url.substr(0, url.find('#'));
  const std::size_t question = url.find('?');
  std::optional<std::string> found;
  if (question == std::string_view::npos) return found;
  each_parameter(url.substr(question + 1), [&](std::string_view key, std::string_view value) {
    if (!found && decode_form(key) == name) found = decode_form(value);
  });
  return found;
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
