// SPDX-License-Identifier: MIT
// CurlTransport: HTTP by libcurl, guarded. Public addresses only, decided on the address that is dialled; https unless http
// is allowed; TLS 1.2 or newer, verified; no redirects, no proxies from the environment, answers capped.
// It knows nothing of retries, endpoints or what an answer means.
#ifndef WEBHOOK_TRANSPORT_CURL_HPP
#define WEBHOOK_TRANSPORT_CURL_HPP

#include <curl/curl.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "../concepts.hpp"
#include "../detail/curl_global.hpp"
#include "../detail/curl_identity.hpp"
#include "../detail/curl_proxy.hpp"
#include "../detail/curl_session.hpp"
#include "../detail/curl_url.hpp"
#include "../version.hpp"
#include "curl_options.hpp"

namespace webhook {
inline namespace v0 {

/// Sends with libcurl: `CurlTransport{}`, or for development `CurlTransport{{.allow_http = true, .allow_loopback = true}}`.
/// Thread safety: any number of threads may call open() and check().
class CurlTransport {
 public:
  using role = role::transport;

  /// Sends over https to public addresses; throws as below.
  CurlTransport() : CurlTransport(CurlOptions{}) {}

  /// Initialises libcurl if nobody has. Throws Error: errc::invalid for options that cannot work, errc::unsupported for a
  /// libcurl older than 7.85 or without TLS.
  explicit CurlTransport(CurlOptions options) : config_(configure(std::move(options))) {}

  /// A session for one worker, with connections of its own; it may outlive the transport. Throws Error (errc::transient).
  CurlSession open() const { return CurlSession(config_); }

  /// Throws Error (errc::invalid_url or errc::address_refused) for a URL that is never sent to. Resolves no names: an
  /// address behind a name is judged when it is dialled.
  void check(std::string_view url) const { detail::check_url(config_->options, url); }

  /// Throws Error: errc::invalid for certificates or a key that cannot be used, errc::unsupported for tokens, which
  /// webhook::OAuth2 fetches.
  void check(const Access& access) const {
    detail::check_identity(access.authorities, access.certificate, access.certificate_key, "access.");
    require_identity(config_->options, &access);
    if (!access.token_url.empty()) {
      throw Error(
          errc::unsupported,
          "CurlTransport fetches no tokens by itself; put webhook::OAuth2 around it: "
          "webhook::Dispatcher hooks{webhook::OAuth2{webhook::CurlTransport{}}} (webhook/transport/oauth2.hpp)");
    }
  }

 private:
  static void require_identity(const CurlOptions& options, const Access* access) {
    const std::unique_ptr<CURL, void (*)(CURL*)> easy(curl_easy_init(), &curl_easy_cleanup);
    if (!easy) throw Error(errc::transient, "libcurl could not make a handle: out of memory");
    if (!detail::set_identity(easy.get(), options, access)) {
      throw Error(errc::unsupported,
                  "the libcurl that is loaded takes no certificates from memory; it does with OpenSSL");
    }
  }

  static std::shared_ptr<const detail::CurlConfig> configure(CurlOptions options) {
    detail::initialise_curl();
    detail::check_options(options);
    detail::check_proxy(options);
    detail::check_identity({}, options.certificate, options.certificate_key, "CurlOptions::");
    require_identity(options, nullptr);
    auto config = std::make_shared<detail::CurlConfig>();
    config->rules = detail::address_rules(options);
    config->ca_file = options.ca_file.empty() ? detail::system_ca_file() : options.ca_file;
    if (!options.ca_file.empty() && access(options.ca_file.c_str(), R_OK) != 0) {
      throw Error(errc::invalid, "CurlTransport: ca_file names no readable file");
    }
    config->user_agent = options.user_agent;
    if (config->user_agent.empty()) {
      config->user_agent = "webhook/" + std::to_string(WEBHOOK_VERSION_MAJOR) + "." +
                           std::to_string(WEBHOOK_VERSION_MINOR) + "." + std::to_string(WEBHOOK_VERSION_PATCH);
    }
    config->options = std::move(options);
    return config;
  }

  std::shared_ptr<const detail::CurlConfig> config_;
};

static_assert(TransportPolicy<CurlTransport>);
static_assert(ChecksUrls<CurlTransport> && ChecksAccess<CurlTransport>);

}  // namespace v0
}  // namespace webhook

#endif
