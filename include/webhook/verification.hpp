// SPDX-License-Identifier: MIT
// Verification: the verdict on a received request, ok or the reason why not.
// A bad signature is not an error: it is what a receiver exists to find. explain.hpp words a verdict for a log.
#ifndef WEBHOOK_VERIFICATION_HPP
#define WEBHOOK_VERIFICATION_HPP

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "time.hpp"

namespace webhook {
inline namespace v0 {

/// What happened to a request on its way: had it not, its signature would match. Found by a diagnosis, which a host
/// asks for (ReceiverOptions::diagnoses_per_second); the request stays refused.
enum class Clue : std::uint8_t {
  none,                ///< nothing was found, or nobody looked
  json_rewritten,      ///< the body was parsed and written again: its spaces or its escapes differ
  line_ends_changed,   ///< LF became CRLF in the body, or the other way round
  end_changed,         ///< white space at the body's end was removed or added
  byte_order_mark,     ///< a byte-order mark was put before the body, or removed
  url_scheme_changed,  ///< http became https in the URL, or the other way round
  url_host_changed,    ///< a proxy in between has another host name; what it says the public one is, matches
  url_path_changed     ///< a proxy in between shortened or lengthened the path; what it says the public one is, matches
};

/// Whether a request is what it claims to be, and if not, which check failed first.
struct [[nodiscard]] Verification {
  enum Reason : std::uint8_t {
    ok,
    missing_header,  ///< a header that the scheme requires is absent
    malformed,       ///< a header that the scheme reads is not well-formed, or stands there twice
    too_old,         ///< the signed timestamp is older than the tolerance
    too_new,         ///< the signed timestamp is further in the future than the tolerance
    unknown_key,     ///< every key has expired, or none was given
    bad_signature,   ///< no signature matches: another key, or the body or a signed header was changed
    unsupported,     ///< signatures are there, but none of a kind that this scheme verifies
    too_large,       ///< the body is over the limit; nothing was computed
    expired_key      ///< signed with a key that has expired; found by a diagnosis, else it is bad_signature
  };
  Reason reason = unsupported;
  std::string_view
      id{};  ///< what makes this message a duplicate of another, a view into the request; "": the scheme has none
  std::size_t key = 0;        ///< which of the keys matched, if ok or expired_key
  std::string_view header{};  ///< which header is missing or malformed, if one is; a literal of the scheme
  Duration age{};             ///< of the signed timestamp; negative: it lies in the future
  Clue clue = Clue::none;     ///< of a bad signature

  explicit operator bool() const noexcept { return reason == ok; }
};

/// The reason in words that anybody may see; contains nothing of the request or of a key.
constexpr std::string_view to_string(Verification::Reason reason) noexcept {
  switch (reason) {
    case Verification::ok:
      return "ok";
    case Verification::missing_header:
      return "a required header is missing";
    case Verification::malformed:
      return "a required header is malformed or repeated";
    case Verification::too_old:
      return "the timestamp is too old: a replay, or the clocks differ";
    case Verification::too_new:
      return "the timestamp is in the future: the clocks differ";
    case Verification::unknown_key:
      return "no key is valid now";
    case Verification::bad_signature:
      return "no signature matches: the key differs, or the body was changed on its way";
    case Verification::unsupported:
      return "no signature is of a supported kind";
    case Verification::too_large:
      return "the body is over the limit";
    case Verification::expired_key:
      return "the key has expired";
  }
  return "unknown";
}

}  // namespace v0
}  // namespace webhook

#endif
