// SPDX-License-Identifier: MIT
// CurlOptions: what a host may say about CurlTransport, and the rules of address and port that follow from it.
// It includes nothing of libcurl.
#ifndef WEBHOOK_TRANSPORT_CURL_OPTIONS_HPP
#define WEBHOOK_TRANSPORT_CURL_OPTIONS_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../address.hpp"
#include "../detail/http_fields.hpp"
#include "../error.hpp"
#include "../secret.hpp"
#include "../time.hpp"

namespace webhook {
inline namespace v0 {

/// How CurlTransport sends; the defaults are those for a public network.
struct CurlOptions {
  bool allow_http = false;             ///< send over plain http too
  bool allow_loopback = false;         ///< dial this host (127.0.0.0/8, ::1): for development and tests
  bool allow_private = false;          ///< dial private networks and this host; metadata addresses never
  std::vector<Network> allow{};        ///< dial these networks too, such as {"10.20.0.0/16"}
  std::vector<std::uint16_t> ports{};  ///< empty: 80, 443, 8080, 8443 while only public addresses are allowed, else any
  std::string ca_file{};               ///< PEM file of the authorities to trust; empty: the system's
  std::string certificate{};  ///< PEM, shown to whoever asks: ours, followed by those that lead to its authority
  Secret certificate_key{};   ///< PEM: its private key, not encrypted
  std::string proxy{};        ///< "http://host:port" (CONNECT) or "socks5h://host:port": the only way out. It
                              ///< resolves names and dials, so it must refuse private addresses itself
  Secret proxy_login{};       ///< "user:password", if it asks for them
  Duration connect_timeout = std::chrono::seconds{5};  ///< name, connection and TLS handshake
  std::size_t keep_response = 16 * 1024;               ///< bytes of an answer's body that are kept
  std::size_t read_response = 64 * 1024;               ///< bytes of it that are read before the connection is closed
  std::size_t header_limit = 32 * 1024;                ///< bytes of all header blocks of an answer together
  std::size_t max_in_flight = 256;                     ///< exchanges at once, per worker
  std::size_t keep_connections = 512;  ///< idle connections kept, per worker: above the number of live hosts
  std::string user_agent{};            ///< empty: "webhook/" and the version
  bool direct = true;  ///< HTTP/1.1 is written and read here, over libcurl's connections; false: all of it by libcurl
};

namespace detail {

inline AddressRules address_rules(const CurlOptions& options) {
  return {options.allow_loopback, options.allow_private, options.allow};
}

inline bool port_allowed(const CurlOptions& options, unsigned long port) noexcept {
  if (port == 0 || port > 65535) return false;
  if (!options.ports.empty()) {
    for (const std::uint16_t allowed : options.ports) {
      if (port == allowed) return true;
    }
    return false;
  }
  const bool only_public = !options.allow_loopback && !options.allow_private && options.allow.empty();
  return !only_public || port == 80 || port == 443 || port == 8080 || port == 8443;
}

/// Why an address is not dialled, and what to write so that it is. For the operator: it may name the address.
inline std::string address_refusal(const std::string& what, AddressKind kind, bool plain_http) {
  const std::string http = plain_http ? ".allow_http = true, " : "";
  const auto advice = [&](const std::string& option) {
    return what + " is a " + std::string(to_string(kind)) +
           " address, and only public ones are dialled; if deliveries may go there, allow it in code: "
           "webhook::CurlTransport{{" +
           http + option + "}}";
  };
  switch (kind) {
    case AddressKind::loopback:
      return advice(".allow_loopback = true");
    case AddressKind::private_network:
      return advice(".allow_private = true");
    case AddressKind::special:
    case AddressKind::global:
      return advice(".allow = {\"a network in CIDR notation\"}");
    case AddressKind::metadata:
      break;
  }
  return what + " is a cloud metadata address: it hands out credentials and is never dialled";
}

inline std::string port_refusal(unsigned long port) {
  return "port " + std::to_string(port) +
         " is not among the allowed ports (by default 80, 443, 8080 and 8443); allow it in code: "
         "webhook::CurlTransport{{.ports = {443, " +
         std::to_string(port) + "}}}";
}

/// Throws Error (errc::invalid) for options that cannot work.
inline void check_options(const CurlOptions& options) {
  const auto require = [](bool holds, const char* sentence) {
    if (!holds) throw Error(errc::invalid, std::string("CurlTransport: ") + sentence);
  };
  require(options.connect_timeout > Duration::zero(), "connect_timeout must be more than zero");
  require(options.max_in_flight > 0, "max_in_flight must be at least 1");
  require(options.header_limit >= 1024, "header_limit must be at least 1024 bytes");
  require(options.read_response >= options.keep_response, "read_response must not be less than keep_response");
  require(is_field_value(options.user_agent), "user_agent contains a control character");
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
