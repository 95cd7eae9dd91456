// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webhook/detail/hmac.hpp>

namespace unit_detail_hmac {

namespace {
using webhook::detail::HmacSha256;

template <class Mac>
std::string hex(const Mac& mac) {
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

TEST_CASE("HMAC-SHA1 and HMAC-SHA512 agree with RFC 2202 and RFC 4231", "[detail][hmac]") {
  using webhook::detail::HmacSha1;
  using webhook::detail::HmacSha512;
  const auto bytes = [](std::string_view key) {
    return std::span(reinterpret_cast<const unsigned char*>(key.data()), key.size());
  };
  CHECK(hex(HmacSha1(bytes("Jefe"))({"what do ya want for nothing?"})) == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  CHECK(hex(HmacSha512(bytes("Jefe"))({"what do ya want for nothing?"})) ==
        "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
        "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
  const std::string longer(80, '\xaa'), longest(131, '\xaa');  // than a block of each
  CHECK(hex(HmacSha1(bytes(longer))({"Test Using Larger Than Block-Size Key - Hash Key First"})) ==
        "aa4ae5e15272d00e95705637ce8a3b55ed402112");
  CHECK(hex(HmacSha512(bytes(longest))({"Test Using Larger Than Block-Size Key - Hash Key First"})) ==
        "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
        "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598");
}

}  // namespace unit_detail_hmac
