// SPDX-License-Identifier: MIT
#include <array>
#include <catch2/catch.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <webhook/detail/base64.hpp>

namespace unit_detail_base64 {

namespace {
using namespace std::string_literals;

std::string encoded(std::string_view text) {
  std::string out(webhook::detail::base64_size(text.size()), '?');
  const char* end =
      webhook::detail::encode_base64({reinterpret_cast<const unsigned char*>(text.data()), text.size()}, out.data());
  CHECK(end == out.data() + out.size());
  return out;
}
std::optional<std::string> decoded(std::string_view text, std::size_t room = 64) {
  std::vector<unsigned char> out(room);
  const auto size = webhook::detail::decode_base64(text, out);
  if (!size) return std::nullopt;
  return std::string(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(*size));
}
}  // namespace

TEST_CASE("base64 agrees with the vectors of RFC 4648", "[detail][base64]") {
  const std::vector<std::pair<std::string, std::string>> vectors{{"", ""},
                                                                 {"f", "Zg=="},
                                                                 {"fo", "Zm8="},
                                                                 {"foo", "Zm9v"},
                                                                 {"foob", "Zm9vYg=="},
                                                                 {"fooba", "Zm9vYmE="},
                                                                 {"foobar", "Zm9vYmFy"}};
  for (const auto& [text, base64] : vectors) {
    CHECK(encoded(text) == base64);
    CHECK(decoded(base64) == text);
  }
}

TEST_CASE("every byte survives encoding and decoding, at every length", "[detail][base64]") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) {
    all += static_cast<char>(byte);
    CHECK(decoded(encoded(all), 256) == all);
  }
}

TEST_CASE("only canonical base64 is decoded", "[detail][base64]") {
  for (const std::string& text : {"Zg"s, "Zg="s, "Zg==="s, "Zh=="s, "Zm9="s, "Z==="s, "===="s, "Zg==Zg=="s, "Zm9v\n"s,
                                  "Zm 9"s, "Zm9-"s, "Zm9_"s, "=Zm9"s, "Zm=v"s, "Zm9\0"s, "Zm9\xFF"s, "Z"s}) {
    INFO(text);
    CHECK_FALSE(decoded(text));
  }
}

TEST_CASE("every text that decodes is the one that encoding gives", "[detail][base64]") {
  const std::string_view symbols = "AQgw/+=Zz09";
  std::string text(4, ' ');
  int taken = 0;
  for (const char a : symbols)
    for (const char b : symbols)
      for (const char c : symbols)
        for (const char d : symbols) {
          text = {a, b, c, d};
          if (const auto bytes = decoded(text)) {
            ++taken;
            REQUIRE(encoded(*bytes) == text);
          }
        }
  CHECK(taken > 10'000);
}

TEST_CASE("what does not fit is not decoded", "[detail][base64]") {
  CHECK(decoded("Zm9v", 3));
  CHECK_FALSE(decoded("Zm9v", 2));
  CHECK(decoded("Zm8=", 2));
  CHECK(decoded("", 0));
}

}  // namespace unit_detail_base64
