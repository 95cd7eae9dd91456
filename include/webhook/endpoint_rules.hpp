// SPDX-License-Identifier: MIT
// What an endpoint must be, whatever the policies: bounded, well-formed, and without headers that are not the host's.
// Whether its URL can be reached, its keys decoded or its format rendered is asked of the policies (registry.hpp).
#ifndef WEBHOOK_ENDPOINT_RULES_HPP
#define WEBHOOK_ENDPOINT_RULES_HPP

#include <cstddef>
#include <string>
#include <string_view>

#include "detail/http_fields.hpp"
#include "endpoint.hpp"
#include "error.hpp"
#include "pattern.hpp"

namespace webhook {
inline namespace v0 {

inline constexpr std::size_t max_url = 2048;            ///< bytes
inline constexpr std::size_t max_patterns = 100;        ///< of one endpoint
inline constexpr std::size_t max_secrets = 10;          ///< of one endpoint, expired ones included
inline constexpr std::size_t max_headers = 32;          ///< of one endpoint
inline constexpr std::size_t max_header_value = 4096;   ///< bytes
inline constexpr std::size_t max_header_bytes = 16384;  ///< of all names and values together
inline constexpr std::size_t max_pem = 65536;           ///< bytes of each PEM text of an endpoint's access
inline constexpr std::size_t max_channels = 10;         ///< of one endpoint
inline constexpr std::size_t max_label =
    256;  ///< bytes of a tenant, a key or a channel; descriptions may have 16 times that

namespace detail {

/// Names that the transport, the format or the scheme writes itself.
inline bool is_reserved_header(std::string_view name) noexcept {
  if (is_framing_field(name)) return true;
  if (is_one_of(name, {"content-type", "content-encoding", "proxy-connection", "user-agent", "accept-encoding",
                       "traceparent", "ce-specversion", "ce-id", "ce-source", "ce-type", "ce-time"})) {
    return true;
  }
  if (Headers::same_name(name, "webhook-request-origin")) return false;  // CloudEvents wants it; see consent.hpp
  constexpr std::string_view ours = "webhook-";
  return name.size() >= ours.size() && Headers::same_name(name.substr(0, ours.size()), ours);
}

}  // namespace detail

/// Throws Error (errc::invalid_header) unless the header may be sent along with deliveries.
inline void check_header(std::string_view name, std::string_view value) {
  if (!detail::is_token(name) || name.size() > max_label) {
    throw Error(errc::invalid_header, "a header's name is malformed: use letters, digits and '-', at most 256 bytes");
  }
  if (detail::is_reserved_header(name)) {
    throw Error(errc::invalid_header,
                "the header \"" + std::string(name) + "\" is written by the library itself; choose another name");
  }
  if (value.size() > max_header_value || !detail::is_field_value(value)) {
    throw Error(errc::invalid_header,
                "the value of the header \"" + std::string(name) +
                    "\" has control characters or more than 4096 bytes");  // the value may be a key
  }
}

/// Throws Error (errc::invalid) for an Access that is out of bounds or half complete; what it means, a transport knows.
inline void check_access(const Access& access) {
  const auto require = [](bool holds, const char* sentence) {
    if (!holds) throw Error(errc::invalid, sentence);
  };
  const auto visible = [](std::string_view text) {
    for (const char c : text) {
      if (c < ' ' || c >= 0x7F) return false;
    }
    return true;
  };
  require(access.authorities.size() <= max_pem && access.certificate.size() <= max_pem &&
              access.certificate_key.reveal().size() <= max_pem,
          "an endpoint's authorities, certificate and key have at most 65536 bytes each");
  require(access.certificate.empty() == access.certificate_key.empty(),
          "an endpoint's client certificate and its key go together; one of them is empty");
  const bool token = !access.token_url.empty();
  require(token == !access.client_id.empty() && token == !access.client_secret.empty(),
          "an endpoint's token_url, client_id and client_secret go together; one of them is empty");
  require(token || access.scope.empty(), "an endpoint's scope is of the token that its token_url gives; it has none");
  require(access.token_url.size() <= max_url && access.client_id.size() <= max_label &&
              access.client_secret.reveal().size() <= max_header_value && access.scope.size() <= max_header_value,
          "an endpoint's token_url, client_id, client_secret or scope is too long");
  require(visible(access.client_id) && visible(access.client_secret.reveal()) && visible(access.scope),
          "an endpoint's client_id, client_secret and scope are visible ASCII and blanks");
}

/// Throws Error with the first thing that is wrong with an endpoint, and what to do about it.
inline void check_endpoint(const Endpoint& endpoint) {
  if (endpoint.url.empty() || endpoint.url.size() > max_url) {
    throw Error(errc::invalid_url,
                "an endpoint's URL has 1 to 2048 bytes, this one has " + std::to_string(endpoint.url.size()));
  }
  for (const char c : endpoint.url) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7F) {
      throw Error(errc::invalid_url, "an endpoint's URL contains a space or a control character; percent-encode it");
    }
  }
  if (endpoint.events.empty() || endpoint.events.size() > max_patterns) {
    throw Error(errc::invalid_pattern, "an endpoint has 1 to 100 event patterns; write \"*\" for every event");
  }
  for (const std::string& pattern : endpoint.events) check_pattern(pattern);
  if (endpoint.tenant.size() > max_label || endpoint.format.size() > max_label || endpoint.scheme.size() > max_label ||
      endpoint.description.size() > 16 * max_label || endpoint.filter.size() > 64 * max_label) {
    throw Error(errc::invalid, "an endpoint's tenant, format, scheme, description or filter is too long");
  }
  if (endpoint.channels.size() > max_channels)
    throw Error(errc::invalid, "an endpoint has at most 10 channels; name none to have the events of all");
  for (const std::string& channel : endpoint.channels) {
    if (channel.empty() || channel.size() > max_label) throw Error(errc::invalid, "a channel has 1 to 256 bytes");
  }
  if (endpoint.retry && endpoint.retry->first() != Duration::zero()) {
    throw Error(errc::invalid,
                "an endpoint's own schedule begins with a wait of 0; EmitOptions::delay delays first attempts");
  }
  if (endpoint.secrets.size() > max_secrets) {
    throw Error(errc::invalid_secret, "an endpoint has at most 10 secrets; remove those that have expired");
  }
  if (endpoint.headers.size() > max_headers || endpoint.headers.bytes() > max_header_bytes) {
    throw Error(errc::invalid_header, "an endpoint has at most 32 headers, of 16384 bytes together");
  }
  for (const Header header : endpoint.headers) {
    check_header(header.name, header.value);
    if (endpoint.headers.count(header.name) > 1) {
      throw Error(errc::invalid_header, "the header \"" + std::string(header.name) + "\" stands there twice");
    }
  }
  if (endpoint.access) check_access(*endpoint.access);
  if (endpoint.cap == 0)
    throw Error(errc::invalid, "an endpoint's cap is at least 1; pause the endpoint to stop deliveries");
  if (endpoint.spacing < Duration::zero() || endpoint.timeout < Duration::zero()) {
    throw Error(errc::invalid, "an endpoint's spacing and timeout are not negative");
  }
}

}  // namespace v0
}  // namespace webhook

#endif
