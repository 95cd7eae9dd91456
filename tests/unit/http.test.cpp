// SPDX-License-Identifier: MIT
#include <webhook/http.hpp>

#include <catch2/catch.hpp>

#include <clocale>
#include <cstdio>
#include <string>

namespace unit_http {
using webhook::Headers;

// No locale can have a say in what the compiler computes.
static_assert(Headers::same_name("WEBHOOK-ID", "webhook-id"));
static_assert(Headers::same_name("TITLE", "title"));
static_assert(!Headers::same_name("T\xC4\xB0TLE", "title"));  // a capital i with a dot
static_assert(!Headers::same_name("t\xC4\xB1tle", "TITLE"));  // a small one without
static_assert(!Headers::same_name("a_b", "a-b"));
static_assert(!Headers::same_name("[", "{"));

TEST_CASE("header names are compared as ASCII, in a Turkish locale too", "[F11]") {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  const bool turkish = std::setlocale(LC_ALL, "tr_TR.UTF-8") != nullptr || std::setlocale(LC_ALL, "tr_TR") != nullptr;
  const Headers headers{{"Webhook-Id", "1"}, {"TITLE", "2"}};
  const bool same =
      headers.find("WEBHOOK-ID") == "1" && headers.find("title") == "2" && headers.count("t\xC4\xB1tle") == 0;
  std::setlocale(LC_ALL, before.c_str());
  CHECK(same);
  if (!turkish) std::puts("there is no Turkish locale here: only what the compiler computed was tested");
}

TEST_CASE("a field may be added that is a view into the same headers, however often they grow") {
  Headers headers{{"x-first", "a value that is longer than what a string keeps inside itself"}};
  for (int i = 0; i < 100; ++i) {
    const std::size_t last = headers.size() - 1;
    headers.add(headers[last].name, *headers.find("x-first"));
    REQUIRE(headers[last + 1].name == "x-first");
    REQUIRE(headers[last + 1].value == "a value that is longer than what a string keeps inside itself");
  }
  CHECK(headers.count("x-first") == 101);
  CHECK(headers.bytes() == 101 * (headers[0].name.size() + headers[0].value.size()));
}

TEST_CASE("all fields of other headers are appended in their order, and of the same ones, too") {
  Headers headers{{"a", "1"}};
  headers.add(Headers{{"b", ""}, {"a", "a value that is longer than what a string keeps inside itself"}});
  headers.add(Headers());
  headers.add(headers);
  REQUIRE(headers.size() == 6);
  for (std::size_t i : {0U, 3U}) {
    CHECK(headers[i].name == "a");
    CHECK(headers[i].value == "1");
    CHECK(headers[i + 1].name == "b");
    CHECK(headers[i + 1].value.empty());
    CHECK(headers[i + 2].name == "a");
    CHECK(headers[i + 2].value == "a value that is longer than what a string keeps inside itself");
  }
  *headers.extend(1) = '!';
  CHECK(headers[5].value == "a value that is longer than what a string keeps inside itself!");
}

}  // namespace unit_http
