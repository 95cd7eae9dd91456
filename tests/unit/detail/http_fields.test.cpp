// SPDX-License-Identifier: MIT
// Fields: a control character in a value is seen wherever it stands, whatever the length, and nothing else is taken for
// one; names are tokens, and those that frame a message are known however they are written.
#include <cstddef>
#include <string>
#include <string_view>

#include "webhook/detail/http_fields.hpp"

#include <catch2/catch.hpp>

namespace unit_detail_http_fields {
using webhook::detail::is_field_value;

TEST_CASE("one control character anywhere makes a field value unusable, and no other byte does") {
  std::size_t wrong = 0;
  for (std::size_t size = 0; size <= 50; ++size) {
    const std::string usual(size, 'x');
    wrong += is_field_value(usual) ? 0U : 1U;
    for (std::size_t place = 0; place < size; ++place) {
      for (unsigned byte = 0; byte < 256; ++byte) {
        std::string value = usual;
        value[place] = static_cast<char>(byte);
        const bool usable = byte == '\t' || (byte >= 0x20 && byte != 0x7F);
        wrong += is_field_value(value) == usable ? 0U : 1U;
      }
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("field values are judged at compile time, too") {
  static_assert(is_field_value(""));
  static_assert(is_field_value("a value of more than sixteen characters"));
  static_assert(!is_field_value("a value of more than sixteen characters\r\nx: y"));
  static_assert(!is_field_value("cut\nshort"));
  SUCCEED();
}

TEST_CASE("a token has one character or more of those that RFC 9110 names, and no other") {
  const std::string_view marks = "!#$%&'*+-.^_`|~";
  CHECK_FALSE(webhook::detail::is_token(""));
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool known = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       marks.find(c) != std::string_view::npos;
    CAPTURE(byte);
    CHECK(webhook::detail::is_token(std::string(1, c)) == known);
    CHECK(webhook::detail::is_token("x-a" + std::string(1, c) + "b") == known);
  }
}

TEST_CASE("fields that frame a message are known in any case, and their neighbours are not taken for them") {
  using webhook::detail::is_framing_field;
  for (const char* const name : {"Host", "content-length", "Transfer-Encoding", "CONNECTION", "keep-alive", "te",
                                 "Trailer", "upgrade", "Expect"}) {
    CAPTURE(name);
    CHECK(is_framing_field(name));
    CHECK_FALSE(is_framing_field(std::string(name) + "s"));
    CHECK_FALSE(is_framing_field(std::string_view(name).substr(1)));
    CHECK_FALSE(is_framing_field("x" + std::string(name).substr(1)));
  }
  CHECK_FALSE(is_framing_field(""));
  CHECK_FALSE(is_framing_field("webhook-signature"));
}

}  // namespace unit_detail_http_fields
