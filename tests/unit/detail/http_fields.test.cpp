// SPDX-License-Identifier: MIT
// Field values: a control character is seen wherever it stands, whatever the length, and nothing else is taken for one.
#include <cstddef>
#include <string>

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

}  // namespace unit_detail_http_fields
