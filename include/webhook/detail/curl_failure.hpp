// SPDX-License-Identifier: MIT
// What a libcurl result means in the library's own words.
// It knows only the code: whether an answer counts nevertheless is judged by whoever collected it (answer.hpp).
#ifndef WEBHOOK_DETAIL_CURL_FAILURE_HPP
#define WEBHOOK_DETAIL_CURL_FAILURE_HPP

#include <curl/curl.h>

#include "../http.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// `sent`: the request had begun to leave, so whatever went wrong, went wrong with the answer.
inline Failure failure_of(CURLcode code, bool sent) noexcept {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return Failure::dns;
    case CURLE_COULDNT_CONNECT:
    case CURLE_INTERFACE_FAILED:
    case CURLE_PROXY:
      return Failure::connect;
    case CURLE_OPERATION_TIMEDOUT:
      return Failure::timeout;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_USE_SSL_FAILED:
      return Failure::tls;
    // libcurl calls HTTP/0.9 an unsupported protocol, and one endless header line out of memory.
    case CURLE_UNSUPPORTED_PROTOCOL:
      return sent ? Failure::broken : Failure::invalid_request;
    case CURLE_OUT_OF_MEMORY:
      return sent ? Failure::too_large : Failure::internal;
    case CURLE_URL_MALFORMAT:
      return Failure::invalid_request;
    case CURLE_FAILED_INIT:
    case CURLE_NOT_BUILT_IN:
    case CURLE_BAD_FUNCTION_ARGUMENT:
    case CURLE_UNKNOWN_OPTION:
      return Failure::internal;
    default:
      return Failure::broken;
  }
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
