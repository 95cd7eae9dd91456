// SPDX-License-Identifier: MIT
// prefetch: asks for memory that will be looked at soon, so that nobody waits for it then. What has not been touched for
// thousands of deliveries is in no cache: a first look at it takes as long as hashing half a kilobyte.
// It does not know what the memory is for.
#ifndef WEBHOOK_DETAIL_PREFETCH_HPP
#define WEBHOOK_DETAIL_PREFETCH_HPP

#include <cstddef>
#include <cstdint>

namespace webhook {
inline namespace v0 {
namespace detail {

/// Any address will do, even one where nothing is any more: nothing is read, and nothing can fail. It, and whatever does
/// nothing else, has to be inlined: g++ takes a call of it for one that does nothing, and leaves it out.
[[gnu::always_inline]] inline void prefetch(const void* from, std::size_t bytes) noexcept {
  constexpr std::size_t line = 64;
  const auto first = reinterpret_cast<std::uintptr_t>(from);  // a number, since there need not be an object
  for (std::size_t at = 0; at < bytes; at += line) __builtin_prefetch(reinterpret_cast<const void*>(first + at), 1);
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
