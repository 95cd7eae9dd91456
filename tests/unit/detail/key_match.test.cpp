// SPDX-License-Identifier: MIT
#include <array>
#include <catch2/catch.hpp>
#include <cstddef>
#include <webhook/detail/key_match.hpp>

namespace unit_detail_key_match {
using webhook::Verification;
using webhook::detail::equal_bytes;
using webhook::detail::KeyMatch;

TEST_CASE("bytes are equal only if all are", "[detail][key_match]") {
  std::array<unsigned char, 32> left{};
  for (std::size_t i = 0; i < left.size(); ++i) left[i] = static_cast<unsigned char>(i * 7);
  CHECK(equal_bytes(left, left) == 1U);
  for (std::size_t i = 0; i < left.size(); ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      auto right = left;
      right[i] = static_cast<unsigned char>(right[i] ^ (1U << bit));
      REQUIRE(equal_bytes(left, right) == 0U);
    }
  }
}

TEST_CASE("the first key that matches is named, and none is a bad signature", "[detail][key_match]") {
  Verification judged{Verification::ok, "msg_1"};
  CHECK(KeyMatch().verdict(judged).reason == Verification::bad_signature);
  KeyMatch match;
  match.consider(0, 0);
  match.consider(1, 0);
  CHECK(match.verdict(judged).reason == Verification::bad_signature);
  CHECK(match.verdict(judged).key == 0);
  match.consider(2, 1);
  match.consider(3, 1);
  match.consider(4, 0);
  const Verification verdict = match.verdict(judged);
  CHECK(verdict.reason == Verification::ok);
  CHECK(verdict.key == 2);
  CHECK(verdict.id == "msg_1");
}

}  // namespace unit_detail_key_match
