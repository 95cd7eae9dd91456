// SPDX-License-Identifier: MIT
// How a scheme looks up the headers that it judges: one that stands there twice is refused, because two readers of the
// same request could take different ones for the real one.
// It does not know what the values mean.
#ifndef WEBHOOK_DETAIL_FIELD_HPP
#define WEBHOOK_DETAIL_FIELD_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "../http.hpp"
#include "../verification.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// A verdict that names the header it is about; `name` must be a literal, or live as long as the scheme.
inline Verification refused(Verification::Reason reason, std::string_view name) noexcept {
  Verification verdict{reason};
  verdict.header = name;
  return verdict;
}

/// Finds the field of a name that has to be there exactly once; the verdict is ok if it is.
inline Verification only_field(const Headers& headers, std::string_view name, std::string_view& value) noexcept {
  std::size_t found = 0;
  for (const Header header : headers) {
    if (Headers::same_name(header.name, name) && ++found == 1) value = header.value;
  }
  if (found == 0) return refused(Verification::missing_header, name);
  return found == 1 ? Verification{Verification::ok} : refused(Verification::malformed, name);
}

/// The same for several names at once, in one pass: the verdict is that of the first name that is not there exactly once.
template <std::size_t Count>
Verification only_fields(const Headers& headers, const std::array<std::string_view, Count>& names,
                         std::array<std::string_view, Count>& values) noexcept {
  std::array<std::size_t, Count> found{};
  std::uint64_t sizes = 0;  // of the names, as bits: most other headers are passed over by their length alone
  for (const std::string_view name : names) sizes |= std::uint64_t{1} << (name.size() & 63U);
  for (const Header header : headers) {
    if ((sizes >> (header.name.size() & 63U) & 1U) == 0) continue;
    for (std::size_t i = 0; i < Count; ++i) {
      if (!Headers::same_name(header.name, names[i])) continue;
      if (++found[i] == 1) values[i] = header.value;
      break;
    }
  }
  for (std::size_t i = 0; i < Count; ++i) {
    if (found[i] == 0) return refused(Verification::missing_header, names[i]);
    if (found[i] > 1) return refused(Verification::malformed, names[i]);
  }
  return Verification{Verification::ok};
}

/// The same for a field that need not be there; then `value` stays as it is.
inline Verification at_most_one_field(const Headers& headers, std::string_view name, std::string_view& value) noexcept {
  Verification verdict = only_field(headers, name, value);
  if (verdict.reason == Verification::missing_header) return Verification{Verification::ok};
  return verdict;
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
