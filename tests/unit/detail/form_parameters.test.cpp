// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>
#include <webhook/detail/form_parameters.hpp>

namespace unit_detail_form_parameters {

namespace {
using Pairs = std::vector<std::pair<std::string, std::string>>;
using webhook::detail::decode_form;
using webhook::detail::form_parameters;
using webhook::detail::query_value;
}  // namespace

TEST_CASE("a form is decoded byte by byte, and a '%' that begins no byte stands for itself", "[detail][form]") {
  CHECK(decode_form("a+b%20c%2Bd") == "a b c+d");
  CHECK(decode_form("%C3%a9%00") == std::string("\xC3\xA9\0", 3));
  for (const char* text : {"%", "%4", "%zz", "%4g", "100%", "%%%"}) CHECK(decode_form(text) == text);
  CHECK(decode_form("%%41") == "%A");
}

TEST_CASE("parameters come in order, empty ones are left out, and only the first '=' parts", "[detail][form]") {
  CHECK(form_parameters("b=2&a=1") == Pairs{{"b", "2"}, {"a", "1"}});
  CHECK(form_parameters("&&a&&=&b==c&") == Pairs{{"a", ""}, {"", ""}, {"b", "=c"}});
  CHECK(form_parameters("").empty());
  CHECK(form_parameters("a%3Db=c%26d") == Pairs{{"a=b", "c&d"}});
}

TEST_CASE("a URL's query is read up to the fragment, and the first value of a name counts", "[detail][form]") {
  CHECK(query_value("https://a.example/x?a=1&b%20c=2+3&a=4", "a") == "1");
  CHECK(query_value("https://a.example/x?a=1&b%20c=2+3&a=4", "b c") == "2 3");
  CHECK(query_value("https://a.example/x?a", "a") == "");
  CHECK(query_value("https://a.example/x?a=1#?b=2&b=3", "a") == "1");
  for (const char* url :
       {"https://a.example/x", "https://a.example/#?b=1", "https://a.example/x?a=1#b=1", "", "?", "#"})
    CHECK_FALSE(query_value(url, "b"));
}

}  // namespace unit_detail_form_parameters
