// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webhook/detail/hmac.hpp>

namespace {
using webhook::detail::HmacSha256;

std::string hex(const HmacSha256::Mac& mac) {
  std::string text;
  for (const unsigned char byte : mac) {
    text += "0123456789abcdef"[byte >> 4U];
    text += "0123456789abcdef"[byte & 15U];
  }
  return text;
}
HmacSha256 keyed(std::string_view key) {
  return HmacSha256({reinterpret_cast<const unsigned char*>(key.data()), key.size()});
}
}  // namespace

TEST_CASE("HMAC-SHA256 agrees with RFC 4231", "[detail][hmac]") {
  CHECK(hex(keyed(std::string(20, '\x0b'))({"Hi There"})) ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(hex(keyed("Jefe")({"what do ya want for nothing?"})) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(hex(keyed(std::string(20, '\xaa'))({std::string(50, '\xdd')})) ==
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  SECTION("with a key longer than a block") {
    const std::string key(131, '\xaa');
    CHECK(hex(keyed(key)({"Test Using Larger Than Block-Size Key - Hash Key First"})) ==
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  }
}

TEST_CASE("a key can be used again and again, in parts, and after a move", "[detail][hmac]") {
  HmacSha256 key = keyed("Jefe");
  const std::string expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
  CHECK(hex(key({"what do ya ", "", "want for nothing", "?"})) == expected);
  CHECK(hex(key({"something else"})) != expected);
  HmacSha256 moved = std::move(key);
  CHECK(hex(moved({"what do ya want for nothing?"})) == expected);
}

TEST_CASE("an empty key and an empty message have a MAC", "[detail][hmac]") {
  CHECK(hex(keyed("")({})) == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}
