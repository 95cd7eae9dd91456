// SPDX-License-Identifier: MIT
// Parsing a JSON text that a stranger wrote: bounded in depth, refused by position, never quoted.
// It knows no event and no envelope.
#ifndef WEBHOOK_SERIALIZER_JSON_PARSE_HPP
#define WEBHOOK_SERIALIZER_JSON_PARSE_HPP

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "../detail/json_check.hpp"
#include "../error.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// Throws Error (errc::invalid_payload) with the byte that is wrong; nothing of the text is in it.
inline nlohmann::json parse_json(std::string_view text) {
  if (const std::size_t at = find_too_deep(text); at != std::string_view::npos) {
    throw Error(errc::invalid_payload, "the body nests more than " + std::to_string(max_json_depth) +
                                           " levels deep at byte " + std::to_string(at + 1));
  }
  // The parser takes a NUL for the end of its input, and would let anything follow it.
  if (const std::size_t at = text.find('\0'); at != std::string_view::npos) {
    throw Error(errc::invalid_payload, "the body is not valid JSON at byte " + std::to_string(at + 1));
  }
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::parse_error& problem) {  // its text quotes the body
    throw Error(errc::invalid_payload, "the body is not valid JSON at byte " + std::to_string(problem.byte));
  } catch (const nlohmann::json::exception&) {
    throw Error(errc::invalid_payload, "the body has a number that is out of range");
  }
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
