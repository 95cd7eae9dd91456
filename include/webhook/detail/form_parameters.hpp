// SPDX-License-Identifier: MIT
// The parameters of a form or of a query, taken apart and decoded (application/x-www-form-urlencoded, as in the URL
// standard: '+' is a blank, a '%' that begins no byte stands for itself).
// It does not know what the names mean, nor nested ones.
#ifndef WEBHOOK_DETAIL_FORM_PARAMETERS_HPP
#define WEBHOOK_DETAIL_FORM_PARAMETERS_HPP

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace webhook {
inline namespace v0 {
namespace detail {

inline std::string decode_form(std::string_view text) {
  const auto value = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '%' && at + 2 < text.size() && value(text[at + 1]) >= 0 && value(text[at + 2]) >= 0) {
      decoded += static_cast<char>(value(text[at + 1]) * 16 + value(text[at + 2]));
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

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
