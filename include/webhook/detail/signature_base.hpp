// SPDX-License-Identifier: MIT
// The signature base (RFC 9421 §2.5): what is really signed, made of a message and a list of components.
// Both sides make it here, so that they cannot disagree. It knows no keys, and it does not decide what must be covered.
#ifndef WEBHOOK_DETAIL_SIGNATURE_BASE_HPP
#define WEBHOOK_DETAIL_SIGNATURE_BASE_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "../http.hpp"
#include "form_parameters.hpp"
#include "http_fields.hpp"
#include "signature_input.hpp"
#include "structured_fields.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// What can be covered of a message. `added` are fields that are about to be added to it.
struct CoveredMessage {
  std::string_view method{}, url{};
  const Headers& headers;
  const Headers* added = nullptr;
  int status = 0;  // of a response; 0: it is a request
};

enum class BaseFault : std::uint8_t { none, missing, malformed, unsupported };

/// The parts of a URL that can be covered; of "/path?query" alone, those that are there.
struct TargetParts {
  std::string scheme{}, authority{};
  std::string_view path{}, query{};  // the query with its '?'
};

inline std::string ascii_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

/// Lower case, without the port that is the scheme's own (RFC 9421 §2.2.3); nothing if that is no authority.
inline std::optional<std::string> normal_authority(std::string_view text, std::string_view scheme) {
  if (text.empty() || text.find_first_of("@/?# \t\\,") != std::string_view::npos) return std::nullopt;
  std::string authority = ascii_lower(text);
  // A request that does not say its scheme came over https: so do webhooks.
  const std::string_view port = scheme == "http" ? ":80" : ":443";
  if (authority.size() > port.size() && authority.compare(authority.size() - port.size(), port.size(), port) == 0)
    authority.resize(authority.size() - port.size());
  return authority;
}

inline std::optional<TargetParts> target_parts(const CoveredMessage& message) {
  TargetParts parts;
  std::string_view rest = message.url.substr(0, message.url.find('#'));
  if (rest.substr(0, 1) != "/") {
    const std::size_t colon = rest.find("://");
    if (colon == std::string_view::npos || colon == 0) return std::nullopt;
    parts.scheme = ascii_lower(rest.substr(0, colon));
    rest.remove_prefix(colon + 3);
    const std::size_t end = (std::min)(rest.find_first_of("/?"), rest.size());
    const auto authority = normal_authority(rest.substr(0, end), parts.scheme);
    if (!authority) return std::nullopt;
    parts.authority = *authority;
    rest.remove_prefix(end);
  } else {
    std::size_t found = 0;
    const std::string host = joined_field(message.headers, "host", found);
    if (found > 1) return std::nullopt;
    if (found == 1) {
      const auto authority = normal_authority(host, "");
      if (!authority) return std::nullopt;
      parts.authority = *authority;
    }
  }
  const std::size_t question = (std::min)(rest.find('?'), rest.size());
  parts.path = question == 0 ? "/" : rest.substr(0, question);
  parts.query = rest.substr(question);
  return parts;
}

/// A piece of a query as RFC 9421 §2.2.8 writes it: decoded as a form, and encoded again in one way.
inline std::string recoded_query_text(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string recoded;
  for (const char c : decode_form(text)) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                       byte == '*' || byte == '-' || byte == '.' || byte == '_';
    if (plain) {
      recoded += static_cast<char>(byte);
    } else {
      recoded.append(1, '%').append(1, digits[byte >> 4U]).append(1, digits[byte & 15U]);
    }
  }
  return recoded;
}

/// The value of the one query parameter of that name; nothing if there is none, or more than one, which no signature over
/// one of them would tell apart.
inline std::optional<std::string> query_parameter(std::string_view query, std::string_view wanted) {
  std::optional<std::string> value;
  if (!query.empty()) query.remove_prefix(1);
  while (!query.empty()) {
    const std::size_t end = (std::min)(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix((std::min)(end + 1, query.size()));
    const std::size_t equals = (std::min)(pair.find('='), pair.size());
    if (pair.empty() || recoded_query_text(pair.substr(0, equals)) != wanted) continue;
    if (value) return std::nullopt;
    value = recoded_query_text(pair.substr((std::min)(equals + 1, pair.size())));
  }
  return value;
}

/// The value of one component.
inline BaseFault component_value(const CoveredMessage& message, const Component& component, std::string& value) {
  if (!component.known || (component.name == "@query-param") != component.parameter.has_value())
    return BaseFault::unsupported;
  if (component.name.front() != '@') {
    std::size_t found = 0, more = 0;
    value = joined_field(message.headers, component.name, found);
    if (message.added != nullptr && message.added != &message.headers) {
      const std::string rest = joined_field(*message.added, component.name, more);
      if (found > 0 && more > 0) value += ", ";
      value += rest;
    }
    return found + more > 0 ? BaseFault::none : BaseFault::missing;
  }
  if (component.name == "@status") {
    if (message.status == 0) return BaseFault::missing;
    value = std::to_string(message.status);
    return BaseFault::none;
  }
  if (message.status != 0) return BaseFault::missing;  // everything below is of a request
  if (component.name == "@method") {
    value = message.method;
    return value.empty() ? BaseFault::missing : BaseFault::none;
  }
  const std::optional<TargetParts> target = target_parts(message);
  if (!target) return BaseFault::malformed;
  if (component.name == "@authority") {
    value = target->authority;
  } else if (component.name == "@scheme") {
    value = target->scheme;
  } else if (component.name == "@path") {
    value = target->path;
  } else if (component.name == "@query") {
    value = target->query.empty() ? "?" : std::string(target->query);
  } else if (component.name == "@request-target") {
    value.assign(target->path).append(target->query);
  } else if (component.name == "@target-uri") {
    if (target->scheme.empty()) return BaseFault::missing;
    value.assign(target->scheme).append("://").append(target->authority).append(target->path).append(target->query);
  } else if (component.name == "@query-param") {
    const auto found = query_parameter(target->query, *component.parameter);
    if (!found) return BaseFault::missing;
    value = *found;
    return BaseFault::none;  // may be empty
  } else {
    return BaseFault::unsupported;
  }
  return value.empty() ? BaseFault::missing : BaseFault::none;
}

/// Writes the signature base; `canonical` is the value of "@signature-params".
inline BaseFault signature_base(const CoveredMessage& message, const std::vector<Component>& components,
                                std::string_view canonical, std::string& base) {
  base.clear();
  std::string value;
  for (const Component& component : components) {
    if (const BaseFault fault = component_value(message, component, value); fault != BaseFault::none) return fault;
    for (const char c : value) {  // a line end would start a line of the attacker's own; and the base is ASCII
      if ((c < 0x20 && c != '\t') || c > 0x7E) return BaseFault::malformed;
    }
    base.append(component.identifier()).append(": ").append(value).append(1, '\n');
  }
  base.append("\"@signature-params\": ").append(canonical);
  return BaseFault::none;
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
