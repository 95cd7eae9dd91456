// SPDX-License-Identifier: MIT
#include <webhook/detail/json_walk.hpp>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <string_view>

#include "support/thrown.hpp"

namespace unit_detail_json_walk {

namespace {
using namespace std::string_literals;

// Writes what it is told, so that a walk can be compared with its text.
struct Scribe {
  std::string text{};
  bool first = true;
  void begin(char c) {
    comma();
    text += c;
    first = true;
  }
  void end(char c) {
    text += c;
    first = false;
  }
  void comma() {
    if (!first) text += ',';
    first = false;
  }
  void begin_object() { begin('{'); }
  void end_object() { end('}'); }
  void begin_array() { begin('['); }
  void end_array() { end(']'); }
  void key(std::string_view name) {
    comma();
    text += nlohmann::json(name).dump() + ":";
    first = true;
  }
  void string(std::string_view value) {
    comma();
    text += nlohmann::json(value).dump();
  }
  void number(std::string_view value) {
    comma();
    text += value;
  }
  void literal(std::string_view value) { number(value); }
};

std::string walked(std::string_view text) {
  Scribe scribe;
  webhook::detail::walk_json(text, scribe);
  return scribe.text;
}
// A number beyond a double is JSON all the same.
bool is_json(std::string_view text) {
  try {
    return !nlohmann::json::parse(text).is_discarded();
  } catch (const nlohmann::json::out_of_range&) {
    return true;
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}
bool accepted(std::string_view text) {
  return support::thrown([&] { walked(text); }) == std::error_code();
}
}  // namespace

TEST_CASE("a walk tells members in their order, repeated ones too, and numbers as they are written", "[json_walk]") {
  const std::string text =
      R"({"z":19.99,"a":12345678901234567890123,"z":1e400,"m":[-0,1.50,1E+2,[],{}],"t":[true,false,null]})";
  CHECK(walked(text) == text);
  CHECK(walked(" \t{ \"a\" :\r\n[ 1 , 2 ] } ") == R"({"a":[1,2]})");
}

TEST_CASE("a walk takes escapes apart", "[json_walk]") {
  CHECK(walked(R"("\"\\\/\b\f\n\r\t")") == nlohmann::json("\"\\/\b\f\n\r\t").dump());
  CHECK(walked(R"("a\u0000\u00e9\u20AC\ud83d\ude00z")") ==
        nlohmann::json("a\0\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z"s).dump());
  for (const char* wrong : {R"("\ud83d")", R"("\ude00")", R"("\ud83dx")", R"("\ud83d\u0041")", R"("\u12")", R"("\x")",
                            R"("\)", R"("\u00g0")"}) {
    CHECK_FALSE(accepted(wrong));
  }
}

TEST_CASE("a walk refuses what is no JSON by its position, and what nests too deep", "[json_walk]") {
  for (const std::string& wrong : {""s,         " "s,        "{"s,        "[1,]"s,         "{\"a\"}"s,
                                   "{\"a\":}"s, "{a:1}"s,    "01"s,       "1."s,           ".5"s,
                                   "+1"s,       "1e"s,       "-"s,        "NaN"s,          "nul"s,
                                   "truex"s,    "1 2"s,      "\"\xFF\""s, "\"\xC0\xAF\""s, "\"\xED\xA0\x80\""s,
                                   "\"a\nb\""s, "\"a\0b\""s, "[1}"s,      "{\"a\":1,}"s,   "\xEF\xBB\xBF{}"s,
                                   "\"a"s}) {
    INFO(wrong);
    CHECK(support::thrown([&] { walked(wrong); }) == webhook::errc::invalid_payload);
  }
  CHECK_THROWS_WITH(walked("[1,]"), Catch::Contains("at byte 4"));
  CHECK(accepted(std::string(512, '[') + std::string(512, ']')));
  CHECK_FALSE(accepted(std::string(513, '[') + std::string(513, ']')));
  CHECK_FALSE(accepted(std::string(1'000'000, '[')));
}

// A byte-order mark is the one thing that the parser lets pass and the walk does not; no text here begins with one.
TEST_CASE("a walk accepts exactly what a JSON parser accepts", "[json_walk]") {
  const std::string seeds[] = {R"({"a":[1,2.5,-3e2,"x\u00e9\n",true,null],"b":{"c":"\ud83d\ude00"}})",
                               "[[],{},\"\",0,\"\xC3\xA9\xF0\x9F\x98\x80\"]", R"({"k":"v","k":false})"};
  const std::string_view bytes = "{}[]\",:\\u0019eE+-.tfn \n\xC3\xA9\xFF";
  std::mt19937 random(7);
  int valid = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = seeds[random() % 3];
    for (auto changes = random() % 3; changes > 0; --changes) {
      const std::size_t at = random() % text.size();
      const char byte = bytes[random() % bytes.size()];
      switch (random() % 3) {
        case 0:
          text[at] = byte;
          break;
        case 1:
          text.insert(at, 1, byte);
          break;
        default:
          text.erase(at, 1);
      }
      if (text.empty()) text = " ";
    }
    INFO(text);
    CHECK(accepted(text) == is_json(text));
    if (!nlohmann::json::accept(text)) continue;
    ++valid;
    CHECK(nlohmann::ordered_json::parse(walked(text)) == nlohmann::ordered_json::parse(text));
  }
  CHECK(valid > 3'000);
}

}  // namespace unit_detail_json_walk
