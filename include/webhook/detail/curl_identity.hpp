// SPDX-License-Identifier: MIT
// Who we are and whom we trust on a TLS connection: the client certificate and the authorities of an endpoint, or else
// those of the transport. libcurl keeps connections and TLS sessions of different identities apart.
// It knows nothing of tokens: those are fetched above the transport (transport/oauth2.hpp).
#ifndef WEBHOOK_DETAIL_CURL_IDENTITY_HPP
#define WEBHOOK_DETAIL_CURL_IDENTITY_HPP

#include <curl/curl.h>

#include <string>
#include <string_view>

#include "../access.hpp"
#include "../error.hpp"
#include "../transport/curl_options.hpp"
#include "pem.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// Throws Error (errc::invalid) for certificates that cannot be used; `where` stands before the name of what is wrong.
inline void check_identity(std::string_view authorities, std::string_view certificate, const Secret& key,
                           const std::string& where) {
  if (!authorities.empty()) check_certificates(authorities, where + "authorities");
  if (certificate.empty() != key.empty())
    throw Error(errc::invalid,
                where + "certificate and " + where + "certificate_key go together; one of them is empty");
  if (!certificate.empty()) check_private_key(certificate, key.reveal(), where);
}

/// Gives a handle the identity of its next exchange; the texts stay where they are until it is over. False: libcurl
/// would not have it.
inline bool set_identity(CURL* easy, const CurlOptions& options, const Access* access) noexcept {
  const auto set = [easy](CURLoption option, std::string_view text) {
    if (text.empty()) {  // a TLS library that knows no such thing says so even then
      (void)curl_easy_setopt(easy, option, static_cast<curl_blob*>(nullptr));
      return true;
    }
    curl_blob blob{const_cast<char*>(text.data()), text.size(), CURL_BLOB_NOCOPY};
    return curl_easy_setopt(easy, option, &blob) == CURLE_OK;
  };
  const bool own = access != nullptr && !access->certificate.empty();
  const std::string_view certificate = own ? std::string_view(access->certificate) : options.certificate;
  return set(CURLOPT_CAINFO_BLOB, access == nullptr ? std::string_view() : access->authorities) &&
         set(CURLOPT_SSLCERT_BLOB, certificate) &&
         set(CURLOPT_SSLKEY_BLOB, own ? access->certificate_key.reveal() : options.certificate_key.reveal()) &&
         // An encrypted key is an error: nobody sits at a terminal to be asked.
         (certificate.empty() || curl_easy_setopt(easy, CURLOPT_KEYPASSWD, "") == CURLE_OK);
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
