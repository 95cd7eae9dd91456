// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <cstddef>
#include <string>
#include <webhook/detail/message_id.hpp>

namespace unit_detail_message_id {

TEST_CASE("one byte decides whether an id is one, wherever it stands", "[detail][message_id]") {
  for (std::size_t size = 1; size <= 27; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        for (const char end : {'.', '\0'}) {
          std::string id(size, 'a');
          id[at] = static_cast<char>(byte);
          const bool fits = byte >= '!' && byte <= '~' && (end == '\0' || byte != end);
          if (webhook::detail::is_message_id(id, end) != fits) FAIL("byte " << byte << " at " << at << " of " << size);
        }
      }
    }
  }
  CHECK_FALSE(webhook::detail::is_message_id(""));
  CHECK(webhook::detail::is_message_id(std::string(256, '~')));
  CHECK_FALSE(webhook::detail::is_message_id(std::string(257, '~')));
}

}  // namespace unit_detail_message_id
