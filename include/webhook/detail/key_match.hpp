// SPDX-License-Identifier: MIT
// KeyMatch: finds out which key made a signature without telling by its time. Every comparison is made, over all bytes,
// and nothing branches on an outcome; the verdict is the first thing that may be known.
// It does not know how a signature is made.
#ifndef WEBHOOK_DETAIL_KEY_MATCH_HPP
#define WEBHOOK_DETAIL_KEY_MATCH_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <string_view>

#include "../verification.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// 1 if all bytes are equal, else 0; in the same time either way: of all eights of bytes the differences are gathered, and
/// nothing branches on them.
template <std::size_t Size>
unsigned equal_bytes(const std::array<unsigned char, Size>& left,
                     const std::array<unsigned char, Size>& right) noexcept {
  std::uint64_t difference = 0;
  std::size_t at = 0;
  for (; at + sizeof difference <= Size; at += sizeof difference) {
    std::uint64_t one = 0, other = 0;
    std::memcpy(&one, left.data() + at, sizeof one);
    std::memcpy(&other, right.data() + at, sizeof other);
    difference |= one ^ other;
  }
  for (; at < Size; ++at) difference |= static_cast<std::uint64_t>(left[at] ^ right[at]);
  // Only zero has neither itself nor its negative's top bit set.
  return static_cast<unsigned>(1U ^ ((difference | (0U - difference)) >> 63U));
}

class KeyMatch {
 public:
  /// Says whether the key at `index` made one of the signatures (1 or 0); the first key that did is kept.
  void consider(std::size_t index, unsigned same) noexcept {
    const std::size_t take = std::size_t{0} - static_cast<std::size_t>(same & ~found_ & 1U);
    key_ = (index & take) | (key_ & ~take);
    found_ |= same;
  }

  /// `judged`, if ok, becomes ok with the key, or bad_signature.
  Verification verdict(Verification judged) const noexcept {
    judged.reason = static_cast<Verification::Reason>(Verification::bad_signature * (1U - found_));
    judged.key = key_;
    return judged;
  }

 private:
  static_assert(Verification::ok == 0, "the verdict is computed, not chosen");
  std::size_t key_ = 0;
  unsigned found_ = 0;
};

/// Judges one received signature of the parts, one after the other, by every key. `judged` has been found ok so far.
template <class Key>
Verification match_keys(Verification judged, std::span<Key> keys, const typename Key::Mac& received,
                        std::initializer_list<std::string_view> parts) {
  if (keys.empty()) {
    judged.reason = Verification::unknown_key;
    return judged;
  }
  KeyMatch match;
  for (std::size_t k = 0; k < keys.size(); ++k) match.consider(k, equal_bytes(keys[k](parts), received));
  return match.verdict(judged);
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
