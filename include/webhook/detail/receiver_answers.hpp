// SPDX-License-Identifier: MIT
// What a Receiver answers, in words that show nothing of the request, of a key or of the host's exceptions.
// Which answer is due is decided elsewhere (receiver.hpp).
#ifndef WEBHOOK_DETAIL_RECEIVER_ANSWERS_HPP
#define WEBHOOK_DETAIL_RECEIVER_ANSWERS_HPP

#include <string_view>

#include "../http.hpp"
#include "../verification.hpp"

namespace webhook {
inline namespace v0 {
namespace detail::receiving {

inline Response answer(int status, std::string_view text = {}) {
  Response response;
  response.status = status;
  if (text.empty()) return response;
  response.headers.add("content-type", "text/plain; charset=utf-8");
  response.body = text;
  return response;
}

inline Response not_posted() {
  Response refusal = answer(405, "webhooks are posted");
  refusal.headers.add("allow", "POST");
  return refusal;
}

inline Response refuse(Verification::Reason reason) {
  switch (reason) {
    case Verification::too_large:
      return answer(413, to_string(reason));
    case Verification::missing_header:
    case Verification::malformed:
      return answer(400, to_string(reason));
    case Verification::expired_key:  // whoever found an old key is not told that it was one
      return answer(401, to_string(Verification::bad_signature));
    default:
      return answer(401, to_string(reason));
  }
}

}  // namespace detail::receiving
}  // namespace v0
}  // namespace webhook

#endif
