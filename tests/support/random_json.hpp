// SPDX-License-Identifier: MIT
// JSON that nobody would write, from a seed: for properties of formats.
#ifndef WEBHOOK_TESTS_SUPPORT_RANDOM_JSON_HPP
#define WEBHOOK_TESTS_SUPPORT_RANDOM_JSON_HPP

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <utility>

namespace support {

class RandomJson {
 public:
  explicit RandomJson(std::uint32_t seed) : random_(seed) {}

  nlohmann::json value(int depth = 0) {
    switch (random_() % (depth < 5 ? 9 : 6)) {
      case 0:
        return nullptr;
      case 1:
        return random_() % 2 == 0;
      case 2:
        return static_cast<std::int64_t>(random_() - (std::uint64_t{1} << 31U));
      case 3:
        return static_cast<double>(random_() % 100'000) / 128.0;
      case 4:
      case 5:
        return text();
      case 6: {
        nlohmann::json list = nlohmann::json::array();
        for (auto left = random_() % 4; left > 0; --left) list.push_back(value(depth + 1));
        return list;
      }
      default: {
        nlohmann::json object = nlohmann::json::object();
        for (auto left = random_() % 5; left > 0; --left) object[text()] = value(depth + 1);
        return object;
      }
    }
  }

  /// Text with everything that some format minds: brackets, markup, controls, line ends, escapes of several kinds.
  std::string text() {
    static const std::string pieces[] = {"a",
                                         "item",
                                         "0",
                                         "1",
                                         "[",
                                         "]",
                                         "%5B",
                                         "%25",
                                         "%",
                                         "&",
                                         "<b>",
                                         "]]>",
                                         "\r\n",
                                         "\t",
                                         " ",
                                         "_x0041_",
                                         "_x_",
                                         "xml",
                                         ":",
                                         "\"",
                                         "'",
                                         "\x01",
                                         "\x7F",
                                         "\xC3\xA9",
                                         "=",
                                         "+",
                                         "true",
                                         "-12",
                                         "1.50",
                                         "",
                                         "\xE2\x82\xAC",
                                         "\xF0\x9F\x98\x80",
                                         "\xEF\xBF\xBE",
                                         "_",
                                         "x",
                                         std::string(1, '\0')};
    std::string made;
    for (auto left = random_() % 4; left > 0; --left) made += pieces[random_() % std::size(pieces)];
    return made;
  }

 private:
  std::mt19937 random_;
};

/// A scalar as JSON writes it, text as it is, null as "".
inline std::string as_text(const nlohmann::json& scalar) {
  if (scalar.is_null()) return "";
  return scalar.is_string() ? scalar.get<std::string>() : scalar.dump();
}

}  // namespace support

#endif
