// SPDX-License-Identifier: MIT
// The short look at a URL: what is none of the visible ASCII characters is seen wherever it stands, and so is a
// backslash. What check_url() says is tested with the transport.
#include <webhook/detail/curl_url.hpp>

#include <cstddef>
#include <string>

#include <catch2/catch.hpp>

namespace unit_detail_curl_url {
using webhook::detail::is_plain_url_text;

TEST_CASE("one unusual character anywhere makes a URL unusable, and no other byte does") {
  std::size_t wrong = is_plain_url_text("") ? 1 : 0;
  for (std::size_t size = 1; size <= 50; ++size) {
    const std::string usual(size, 'x');
    wrong += is_plain_url_text(usual) ? 0U : 1U;
    for (std::size_t place = 0; place < size; ++place) {
      for (unsigned byte = 0; byte < 256; ++byte) {
        std::string text = usual;
        text[place] = static_cast<char>(byte);
        const bool usable = byte > 0x20 && byte < 0x7F && byte != '\\';
        wrong += is_plain_url_text(text) == usable ? 0U : 1U;
      }
    }
  }
  CHECK(wrong == 0);
  CHECK(is_plain_url_text(std::string(webhook::detail::max_url, 'x')));
  CHECK_FALSE(is_plain_url_text(std::string(webhook::detail::max_url + 1, 'x')));
  static_assert(is_plain_url_text("https://a.example/") && !is_plain_url_text("https://a.example/ x"));
}

}  // namespace unit_detail_curl_url
