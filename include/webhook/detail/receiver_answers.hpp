// SPDX-License-Identifier: MIT
// What a Receiver answers, in words that show nothing of the request, of a key or of the host's exceptions; and whether
// what a handler words can be sent. Which answer is due is decided elsewhere (receiver.hpp).
#ifndef WEBHOOK_DETAIL_RECEIVER_ANSWERS_HPP
#define WEBHOOK_DETAIL_RECEIVER_ANSWERS_HPP

#include <string>
#include <string_view>

#include "../error.hpp"
#include "../http.hpp"
#include "../verification.hpp"
#include "http_fields.hpp"

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

/// Throws Error for an answer of a handler's that no server can send as it is: errc::invalid for its status,
/// errc::invalid_header for a header, which a line break would make two of.
inline void require_sendable(const Response& worded) {
  if (worded.status < 200 || worded.status > 599) {
    throw Error(errc::invalid, "the handler answers with the status " + std::to_string(worded.status) +
                                   "; a final one is 200 to 599, or 0 to leave it to the receiver");
  }
  for (const Header header : worded.headers) {
    if (!is_token(header.name) || !is_field_value(header.value))
      throw Error(errc::invalid_header, "the handler answers with a header whose name or value cannot be sent");
    if (is_framing_field(header.name))
      throw Error(errc::invalid_header,
                  "the handler answers with a header that is the server's own: " + std::string(header.name));
  }
}

}  // namespace detail::receiving
}  // namespace v0
}  // namespace webhook

#endif
