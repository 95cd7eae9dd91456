// SPDX-License-Identifier: MIT
// OpenSSL notes failures in a queue of the thread, and other users of that thread (TLS) read them as their own: whoever
// fails on purpose, as a verifier does, takes them out again.
// It does not look at what they say.
#ifndef WEBHOOK_DETAIL_OPENSSL_ERRORS_HPP
#define WEBHOOK_DETAIL_OPENSSL_ERRORS_HPP

#include <openssl/err.h>

namespace webhook {
inline namespace v0 {
namespace detail {

/// What was noted since this was made is forgotten when it goes; what was there before stays.
class ForgetErrors {
 public:
  ForgetErrors() noexcept { ERR_set_mark(); }
  ForgetErrors(const ForgetErrors&) = delete;
  ForgetErrors& operator=(const ForgetErrors&) = delete;
  ~ForgetErrors() { ERR_pop_to_mark(); }
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
