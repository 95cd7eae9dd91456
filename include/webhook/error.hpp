// SPDX-License-Identifier: MIT
// What can go wrong on the caller's thread, as an exception (Error) and as a condition to branch on (errc).
// A failed delivery is not here: that is data (delivery.hpp); nor is a bad signature (verification.hpp).
#ifndef WEBHOOK_ERROR_HPP
#define WEBHOOK_ERROR_HPP

// Without exceptions nobody could be told what went wrong. No compiler reads on after a file that is not there, so that
// this sentence is not lost among hundreds.
#ifndef __cpp_exceptions
#error "webhook reports what goes wrong as exceptions: compile this file without -fno-exceptions"
#include "webhook/needs_exceptions"
#endif

#include <string>
#include <string_view>
#include <system_error>

namespace webhook {
inline namespace v0 {

/// Why a call was refused; compare a std::error_code with it: `if (error.code() == webhook::errc::full)`.
/// `invalid` is the family: every invalid_* equals it too.
enum class errc {
  transient = 1,    ///< a passing failure of a store or of the system; the same call may succeed later
  full,             ///< a bound on count or bytes was reached
  conflict,         ///< the id exists with other content, or someone changed the endpoint in between
  corrupt,          ///< a store's data cannot be trusted; nothing was touched
  unknown_commit,   ///< it may have happened; repeating the same call is harmless
  unsupported,      ///< this policy cannot do that
  not_found,        ///< no such endpoint or delivery
  stopped,          ///< after stop(): nothing is accepted any more
  forked,           ///< this process is a fork of the one that started the dispatcher
  misuse,           ///< the calls came in an order that cannot work
  invalid,          ///< the family of everything below
  invalid_url,      ///< not a URL that can be delivered to
  invalid_pattern,  ///< an event pattern is malformed
  invalid_header,   ///< a header's name or value is malformed or reserved
  invalid_secret,   ///< a secret is malformed, too short or too long
  invalid_id,       ///< an event id contains what it may not
  invalid_type,     ///< an event type is malformed
  invalid_filter,   ///< an endpoint's filter names a field or an operator that does not exist
  invalid_payload,  ///< a payload cannot be encoded or decoded
  too_large,        ///< a payload or request is over its limit
  address_refused   ///< a private, local or metadata address that the host has not allowed
};

/// The category of the library's error codes. Codes compare by the category's name and not by its address, because each
/// shared library that includes this header with hidden visibility has a category object of its own.
inline const std::error_category& category() noexcept {
  struct Category final : std::error_category {
    const char* name() const noexcept override { return "webhook"; }
    std::string message(int code) const override {
      switch (static_cast<errc>(code)) {
        case errc::transient:
          return "a passing failure; try again";
        case errc::full:
          return "a bound was reached";
        case errc::conflict:
          return "conflicts with what is stored";
        case errc::corrupt:
          return "stored data is corrupt";
        case errc::unknown_commit:
          return "the outcome of the commit is unknown";
        case errc::unsupported:
          return "not supported by this policy";
        case errc::not_found:
          return "not found";
        case errc::stopped:
          return "stopped";
        case errc::forked:
          return "this process is a fork; make a dispatcher of its own";
        case errc::misuse:
          return "called in an order that cannot work";
        case errc::invalid:
          return "invalid";
        case errc::invalid_url:
          return "invalid URL";
        case errc::invalid_pattern:
          return "invalid event pattern";
        case errc::invalid_header:
          return "invalid header";
        case errc::invalid_secret:
          return "invalid secret";
        case errc::invalid_id:
          return "invalid event id";
        case errc::invalid_type:
          return "invalid event type";
        case errc::invalid_filter:
          return "invalid filter";
        case errc::invalid_payload:
          return "invalid payload";
        case errc::too_large:
          return "too large";
        case errc::address_refused:
          return "address not allowed";
      }
      return "unknown";
    }
    bool equivalent(int code, const std::error_condition& condition) const noexcept override {
      if (std::string_view(condition.category().name()) != name()) return false;
      return condition.value() == code ||
             (condition.value() == static_cast<int>(errc::invalid) && code > static_cast<int>(errc::invalid));
    }
    bool equivalent(const std::error_code& code, int condition) const noexcept override {
      return std::string_view(code.category().name()) == name() &&
             equivalent(code.value(), std::error_condition(condition, *this));
    }
  };
  static const Category instance{};
  return instance;
}

inline std::error_condition make_error_condition(errc what) noexcept { return {static_cast<int>(what), category()}; }
inline std::error_code make_error_code(errc what) noexcept { return {static_cast<int>(what), category()}; }

/// What the library throws: an errc, and a sentence that names what is wrong and what to do. Never contains a secret.
class Error : public std::system_error {
 public:
  Error(errc what, const std::string& sentence) : std::system_error(make_error_code(what), sentence) {}
};

}  // namespace v0
}  // namespace webhook

template <>
struct std::is_error_condition_enum<webhook::errc> : std::true_type {};

#endif
