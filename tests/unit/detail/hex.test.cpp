// SPDX-License-Identifier: MIT
#include <array>
#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <webhook/detail/hex.hpp>

namespace unit_detail_hex {

namespace {
using namespace std::string_literals;
using webhook::detail::HexCase;
}  // namespace

TEST_CASE("every byte has one hexadecimal spelling of each case", "[detail][hex]") {
  for (const HexCase spelling : {HexCase::lower, HexCase::upper}) {
    const std::string_view digits = spelling == HexCase::lower ? "0123456789abcdef" : "0123456789ABCDEF";
    for (unsigned value = 0; value < 256; ++value) {
      const std::array<unsigned char, 1> byte{static_cast<unsigned char>(value)};
      std::array<char, 2> text{};
      CHECK(webhook::detail::encode_hex(byte, text.data(), spelling) == text.data() + 2);
      REQUIRE(text[0] == digits[value / 16]);
      REQUIRE(text[1] == digits[value % 16]);
      std::array<unsigned char, 1> back{};
      REQUIRE(webhook::detail::decode_hex({text.data(), 2}, back, spelling));
      REQUIRE(back == byte);
    }
  }
}

TEST_CASE("hexadecimal of another length, case or alphabet is refused", "[detail][hex]") {
  std::array<unsigned char, 2> to{};
  CHECK(webhook::detail::decode_hex("0aff", to));
  for (const std::string& text : {"0afF"s, "0aff0"s, "0af"s, ""s, "0afg"s, " aff"s, "0xff"s, "0af\0"s, "0a\xC3\xA9"s})
    CHECK_FALSE(webhook::detail::decode_hex(text, to));
  CHECK_FALSE(webhook::detail::decode_hex("0aff", to, HexCase::upper));
  CHECK(webhook::detail::decode_hex("", std::span<unsigned char>()));
}

}  // namespace unit_detail_hex
