// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <webhook/detail/json_rewriter.hpp>

namespace unit_detail_json_rewriter {
using webhook::detail::JsonRewriter;
using webhook::detail::JsonStyle;

namespace {
std::string written(std::string_view text, JsonStyle style) { return JsonRewriter(style)(text); }
constexpr std::string_view odd = "{ \"a\" : [ 1.50 , \"x , : y\" , { } , [ ] ],\n\t\"b\": null }";
}  // namespace

TEST_CASE("spaces change, but never inside strings, and digits and order stay", "[detail][json]") {
  CHECK(written(odd, {}) == R"({"a":[1.50,"x , : y",{},[]],"b":null})");
  CHECK(written(odd, {", ", ": "}) == R"({"a": [1.50, "x , : y", {}, []], "b": null})");
  CHECK(written(R"({"a":[1,{"b":2}],"c":{}})", {",", ": ", 2}) ==
        "{\n  \"a\": [\n    1,\n    {\n      \"b\": 2\n    }\n  ],\n  \"c\": {}\n}");
  CHECK(written(R"("a\"b\\" )", {}) == R"("a\"b\\")");
}

TEST_CASE("escapes are written as the languages write them", "[detail][json]") {
  const std::string_view raw = "{\"url\":\"https://a/b\",\"name\":\"M\xC3\xBCller \xF0\x9F\x93\x95 \xE2\x82\xAC\"}";
  const std::string_view python = R"({"url": "https://a/b", "name": "M\u00fcller \ud83d\udcd5 \u20ac"})";
  const std::string_view php = R"({"url":"https:\/\/a\/b","name":"M\u00fcller \ud83d\udcd5 \u20ac"})";
  CHECK(written(raw, {", ", ": ", 0, JsonStyle::ascii}) == python);
  CHECK(written(raw, {",", ":", 0, JsonStyle::ascii_slash}) == php);
  CHECK(written(python, {",", ":", 0, JsonStyle::none}) == raw);
  CHECK(written(php, {",", ":", 0, JsonStyle::none}) == raw);
  CHECK(written(php, {",", ":", 0, JsonStyle::ascii}) == written(raw, {",", ":", 0, JsonStyle::ascii}));
  CHECK(written(R"("\n\u0001\u001f\"")", {",", ":", 0, JsonStyle::none}) == R"("\n\u0001\u001f\"")");
}

TEST_CASE("what is no JSON comes out somehow, and nothing is read past its end", "[detail][json]") {
  for (const std::string_view text : {"", "\"", "\"\\", "\"\\u", "\"\\u12", "\"\\ud83d", "\"\\ud83d\\u0041\"", "}",
                                      "]]]}", "\"\xC3", "\"\xF0\x9F\"", "\"\xFF\"", ",,,:::"}) {
    for (const auto escapes : {JsonStyle::as_they_are, JsonStyle::none, JsonStyle::ascii, JsonStyle::ascii_slash}) {
      const std::string exact(text);  // so that a sanitizer sees its end
      CHECK(written(exact, {",", ": ", 2, escapes}).size() <= 8 * text.size() + 8);
    }
  }
}

}  // namespace unit_detail_json_rewriter
