// SPDX-License-Identifier: MIT
// Which connections a request may use is decided by its origin: what only begins like another one is another one.
#include <webhook/detail/curl_direct_pool.hpp>

#include <string>

#include <catch2/catch.hpp>

namespace unit_detail_curl_direct_pool {
using webhook::detail::DirectOrigin;
using webhook::detail::DirectPool;

TEST_CASE("an origin is found again by every URL that has it, and by none that only begins like it") {
  DirectPool pool(8);
  DirectOrigin* const origin = pool.origin("https://a.example/orders");
  REQUIRE(origin != nullptr);
  pool.join(*origin);
  CHECK(origin->key == "https://a.example");
  for (const char* const same :
       {"https://a.example", "https://a.example/", "https://a.example/x?y", "https://a.example?x"})
    CHECK(pool.origin(same) == origin);
  for (const std::string other : {"https://a.example.evil.example/", "https://a.examples", "https://a.example:8443/",
                                  "https://a.exampl/", "https://b.example/", "http://a.example/"}) {
    CAPTURE(other);
    static_cast<void>(pool.origin("https://a.example/"));  // so that it is the one that was asked for last
    DirectOrigin* const found = pool.origin(other);
    REQUIRE(found != nullptr);
    CHECK(found != origin);
    CHECK(other.compare(0, found->key.size(), found->key) == 0);
    pool.join(*found);
    pool.leave(*found);
  }
  for (const char* const none :
       {"https://a.example@evil.example/", "https://a.example:x/", "https://A.example:0/", "//"}) {
    static_cast<void>(pool.origin("https://a.example/"));
    CHECK(pool.origin(none) == nullptr);
  }
  pool.leave(*origin);
}

TEST_CASE("an origin that nobody uses any more is forgotten, and made anew") {
  DirectPool pool(8);
  for (int i = 0; i < 3; ++i) {
    DirectOrigin* const origin = pool.origin("http://a.example:81/" + std::to_string(i));
    REQUIRE(origin != nullptr);
    CHECK(origin->users == 0);
    CHECK(origin->plain.host == "a.example:81");
    pool.join(*origin);
    pool.leave(*origin);
  }
}

}  // namespace unit_detail_curl_direct_pool
