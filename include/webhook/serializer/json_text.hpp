// SPDX-License-Identifier: MIT
// What XML and forms have in common: payloads are JSON, and what is read has leaves that are all text, from which a type
// of the host is decoded. It knows neither of them; how text is made to fit is detail/fitted.hpp's.
#ifndef WEBHOOK_SERIALIZER_JSON_TEXT_HPP
#define WEBHOOK_SERIALIZER_JSON_TEXT_HPP

#include <exception>
#include <new>
#include <nlohmann/json.hpp>
#include <optional>
#include <type_traits>

#include "../detail/fitted.hpp"
#include "json.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// What a default value of the type looks like in JSON; nothing if it has none.
template <class T>
std::optional<nlohmann::json> shape_of() {
  if constexpr (std::is_default_constructible_v<T> && BecomesJson<T, nlohmann::json>) {
    try {
      return std::optional<nlohmann::json>(std::in_place, T());
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception&) {  // a conversion of the host's own that minds an empty value
    }
  }
  return std::nullopt;
}

/// Reads text as a type: as its shape says, and where the shape says nothing, in each way that the text allows, at most
/// 64. Throws what JsonSerializer::decode throws of the first way.
template <ComesFromJson<nlohmann::json> T>
T decode_text(const JsonSerializer& json, const nlohmann::json& data) {
  if constexpr (std::is_same_v<T, nlohmann::json>) {
    return data;
  } else {
    const std::optional<nlohmann::json> shape = shape_of<T>();
    std::optional<Error> problem;
    for (unsigned kept = 0;; ++kept) {
      Fit<nlohmann::json> fit(kept);
      const nlohmann::json fitted = fit(data, shape ? &*shape : nullptr);
      try {
        return json.decode<T>(fitted);
      } catch (const Error& error) {
        if (!problem) problem.emplace(error);
      }
      if (kept + 1 >= 1U << fit.guesses()) throw Error(*problem);
    }
  }
}

/// Encodes, filters and looks up as JsonSerializer does, and decodes from text.
class TextSerializer : protected JsonSerializer {
 public:
  using role = webhook::role::serializer;
  using Value = JsonSerializer::Value;
  using Filter = JsonSerializer::Filter;
  using JsonSerializer::compile;
  using JsonSerializer::encode;
  using JsonSerializer::find;
  using JsonSerializer::matches;

  /// Reads data as a type of the host, whose default value tells what is a number, a boolean or a list. Throws Error
  /// (errc::invalid_payload) as JsonSerializer::decode does.
  template <ComesFromJson<nlohmann::json> T>
  T decode(const Value& data) const {
    return decode_text<T>(*this, data);
  }
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
