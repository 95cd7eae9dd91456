// SPDX-License-Identifier: MIT
// CurlShare: the TLS sessions that the handles of one worker have in common, so that any of them can take up again what
// another one had with the same receiver.
// It does not know the handles; they are told of it (curl_handle.hpp), and end before it does.
#ifndef WEBHOOK_DETAIL_CURL_SHARE_HPP
#define WEBHOOK_DETAIL_CURL_SHARE_HPP

#include <curl/curl.h>

#include <memory>

#include "../error.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// Used by one thread at a time, as its handles are: there are no locks in it.
class CurlShare {
 public:
  /// Throws Error (errc::transient).
  CurlShare() : share_(curl_share_init()) {
    if (!share_ || curl_share_setopt(share_.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) != CURLSHE_OK)
      throw Error(errc::transient, "libcurl could not make a share handle: out of memory");
  }

  CURLSH* get() const noexcept { return share_.get(); }

 private:
  struct Close {
    void operator()(CURLSH* share) const noexcept { curl_share_cleanup(share); }
  };
  std::unique_ptr<CURLSH, Close> share_;
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
