// SPDX-License-Identifier: MIT
// tests/vectors/handshakes.json: what senders ask before they send, and which answers they take.
#ifndef WEBHOOK_TESTS_SUPPORT_HANDSHAKE_VECTORS_HPP
#define WEBHOOK_TESTS_SUPPORT_HANDSHAKE_VECTORS_HPP

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

namespace support {

inline nlohmann::json handshake(std::string_view name) {
  std::ifstream file(WEBHOOK_TEST_VECTORS "/handshakes.json");
  for (auto& vector : nlohmann::json::parse(file)) {
    if (vector.at("name") == name) return vector;
  }
  throw std::runtime_error("there is no handshake vector " + std::string(name));
}

/// A vector's text with its placeholder ("<t>") replaced.
inline std::string filled(std::string text, std::string_view placeholder, std::string_view value) {
  for (std::size_t at = text.find(placeholder); at != std::string::npos; at = text.find(placeholder))
    text.replace(at, placeholder.size(), value);
  return text;
}

}  // namespace support

#endif
