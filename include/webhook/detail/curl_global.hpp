// SPDX-License-Identifier: MIT
// What concerns libcurl as a whole: that it is initialised, new enough, and where the system's authorities lie.
// Neither libcurl nor OpenSSL is cleaned up, not even at exit: the host, and workers at work, may be using them.
#ifndef WEBHOOK_DETAIL_CURL_GLOBAL_HPP
#define WEBHOOK_DETAIL_CURL_GLOBAL_HPP

#include <curl/curl.h>
#include <openssl/crypto.h>
#include <unistd.h>

#include <string>

#include "../error.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// Initialises libcurl; thread-safe, and harmless when the host has done so too. Throws Error (errc::unsupported).
inline void initialise_curl() {
  // A libcurl of this age counts its initialisations under a lock (7.84), and takes protocols by name (7.85).
  static_assert(LIBCURL_VERSION_NUM >= 0x075500, "webhook::CurlTransport needs the headers of libcurl 7.85 or newer");
  const curl_version_info_data* version = curl_version_info(CURLVERSION_NOW);
  if (version == nullptr || version->version_num < 0x075500) {
    throw Error(errc::unsupported, std::string("libcurl ") + (version == nullptr ? "" : version->version) +
                                       " is loaded, but webhook::CurlTransport needs 7.85 or newer");
  }
  if ((version->features & CURL_VERSION_SSL) == 0) {
    throw Error(errc::unsupported, "the libcurl that is loaded was built without TLS");
  }
  // A host may call exit() while workers are at it: OpenSSL must not be taken from under them. The system takes its memory
  // back anyway. Without effect if the host has used OpenSSL before.
  OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);
  static const CURLcode result = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (result != CURLE_OK) {
    throw Error(errc::unsupported, std::string("libcurl could not be initialised: ") + curl_easy_strerror(result));
  }
}

/// The file with the authorities that the system trusts; "" if there is none where systems keep it.
inline std::string system_ca_file() {
  const curl_version_info_data* version = curl_version_info(CURLVERSION_NOW);
  for (const char* file : {version->cainfo, "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                           "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"}) {
    if (file != nullptr && access(file, R_OK) == 0) return file;
  }
  return {};
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
