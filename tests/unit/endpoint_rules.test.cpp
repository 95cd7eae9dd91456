// SPDX-License-Identifier: MIT
// Section A of the table of bad inputs, as far as no policy is needed to judge it.
#include <webhook/endpoint_rules.hpp>

#include <catch2/catch.hpp>
#include <string>

namespace unit_endpoint_rules {
using webhook::check_endpoint;
using webhook::Endpoint;
using webhook::errc;
using webhook::Error;

namespace {
Endpoint good() {
  Endpoint endpoint;
  endpoint.url = "https://example.com/hooks";
  return endpoint;
}
std::error_code refusal(const Endpoint& endpoint) {
  try {
    check_endpoint(endpoint);
  } catch (const Error& error) {
    return error.code();
  }
  return {};
}
std::error_code with_header(std::string_view name, std::string_view value) {
  Endpoint endpoint = good();
  endpoint.headers.add(name, value);
  return refusal(endpoint);
}
}  // namespace

TEST_CASE("a plain endpoint is accepted") { CHECK_FALSE(refusal(good())); }

TEST_CASE("an empty, endless or broken URL is refused", "[A1][A10]") {
  for (const std::string& url :
       {std::string(), std::string(1 << 20, 'a'), std::string("https://a/\0b", 11), std::string("https://a/ b"),
        std::string("https://a/\r\nb"), std::string("https://a/\tb")}) {
    Endpoint endpoint = good();
    endpoint.url = url;
    CHECK(refusal(endpoint) == errc::invalid_url);
  }
}

TEST_CASE("header names and values cannot smuggle another header in", "[A13][A14]") {
  for (const std::string& name : {std::string(), std::string("a b"), std::string("a:"), std::string("a\r\n"),
                                  std::string("a\0", 2), std::string("\xc3\xa9")}) {
    CHECK(with_header(name, "x") == errc::invalid_header);
  }
  for (const std::string& value : {std::string("a\r\nX-Injected: 1"), std::string("a\n"), std::string("a\0b", 3),
                                   std::string("\x7f"), std::string("\x1b[31m")}) {
    CHECK(with_header("X-Mine", value) == errc::invalid_header);
  }
  CHECK_FALSE(with_header("X-Mine", "fine, with\ttab and caf\xc3\xa9"));
  CHECK_FALSE(with_header("Authorization", "Bearer abc"));
}

TEST_CASE("names that the library writes itself are refused in any case", "[A15]") {
  for (const char* name : {"Host", "CONTENT-LENGTH", "Transfer-Encoding", "connection", "TE", "Upgrade", "Expect",
                           "Content-Encoding", "webhook-id", "Webhook-Anything", "WEBHOOK-SIGNATURE", "Ce-Id"}) {
    CHECK(with_header(name, "x") == errc::invalid_header);
  }
}

TEST_CASE("headers are bounded and do not repeat", "[A16][A17]") {
  CHECK_FALSE(with_header("X-Long", std::string(4096, 'v')));
  CHECK(with_header("X-Long", std::string(4097, 'v')) == errc::invalid_header);
  Endpoint many = good();
  for (int i = 0; i < 33; ++i) many.headers.add("X-" + std::to_string(i), "v");
  CHECK(refusal(many) == errc::invalid_header);
  Endpoint large = good();
  for (int i = 0; i < 5; ++i) large.headers.add("X-" + std::to_string(i), std::string(4000, 'v'));
  CHECK(refusal(large) == errc::invalid_header);
  Endpoint twice = good();
  twice.headers.add("X-Key", "1");
  twice.headers.add("x-key", "2");
  CHECK(refusal(twice) == errc::invalid_header);
}

TEST_CASE("a refused header's value is not repeated in the message") {
  Endpoint endpoint = good();
  endpoint.headers.add("Authorization", "Bearer s3cret\n");
  CHECK_THROWS_WITH(check_endpoint(endpoint), !Catch::Contains("s3cret"));
}

TEST_CASE("patterns are bounded", "[A20]") {
  Endpoint endpoint = good();
  endpoint.events = {};
  CHECK(refusal(endpoint) == errc::invalid_pattern);
  endpoint.events.assign(101, "a.b");
  CHECK(refusal(endpoint) == errc::invalid_pattern);
  endpoint.events = {std::string(1000, '*')};
  CHECK(refusal(endpoint) == errc::invalid_pattern);
  endpoint.events.assign(100, "a.b");
  CHECK_FALSE(refusal(endpoint));
}

TEST_CASE("numbers that make no sense are refused") {
  Endpoint endpoint = good();
  endpoint.cap = 0;
  CHECK(refusal(endpoint) == errc::invalid);
  endpoint = good();
  endpoint.spacing = std::chrono::seconds(-1);
  CHECK(refusal(endpoint) == errc::invalid);
  endpoint = good();
  endpoint.secrets.assign(11, webhook::Secret("x"));
  CHECK(refusal(endpoint) == errc::invalid_secret);
}

}  // namespace unit_endpoint_rules
