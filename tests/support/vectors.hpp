// SPDX-License-Identifier: MIT
// The test vectors of tests/vectors, and what every test of a scheme does with keys.
#ifndef WEBHOOK_TESTS_SUPPORT_VECTORS_HPP
#define WEBHOOK_TESTS_SUPPORT_VECTORS_HPP

#include <webhook/concepts.hpp>
#include <webhook/secret.hpp>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

/// Those of one scheme; all of them for "".
inline std::vector<nlohmann::json> vectors(std::string_view scheme) {
  std::ifstream file(WEBHOOK_TEST_VECTORS "/vectors.json");
  if (!file.good()) throw std::runtime_error("the test vectors are not there");
  std::vector<nlohmann::json> chosen;
  for (auto& vector : nlohmann::json::parse(file)) {
    if (scheme.empty() || vector.at("scheme") == scheme) chosen.push_back(vector);
  }
  return chosen;
}

/// The request that a vector describes; where it gives form parameters and no body, they become a form.
inline webhook::Request request_of(const nlohmann::json& vector) {
  const auto encoded = [](const std::string& text) {
    std::string form;
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      if (plain) {
        form += c;
      } else {
        form.append({'%', "0123456789ABCDEF"[byte >> 4U], "0123456789ABCDEF"[byte & 15U]});
      }
    }
    return form;
  };
  webhook::Request request;
  if (vector.at("url").is_string()) request.url = vector.at("url").get<std::string>();
  for (const auto& [name, value] : vector.at("headers").items()) request.headers.add(name, value.get<std::string>());
  std::string body = vector.at("body").is_string() ? vector.at("body").get<std::string>() : "";
  if (vector.at("params").is_object()) {
    std::string form;
    for (const auto& [name, values] : vector.at("params").items()) {
      for (const auto& value : values.is_array() ? values : nlohmann::json::array({values}))
        form += (form.empty() ? "" : "&") + encoded(name) + "=" + encoded(value.get<std::string>());
    }
    if (!form.empty() || body.empty()) {
      request.headers.add("content-type", "application/x-www-form-urlencoded");
      if (body.empty()) body = form;
    } else {
      request.headers.add("content-type", "application/json");
    }
  }
  request.body = webhook::Bytes(body);
  return request;
}

inline webhook::Now at(std::int64_t seconds) {
  return {std::chrono::hours(1), webhook::WallTime(std::chrono::seconds(seconds))};
}

/// Keys made ready; they can only be moved.
template <class Scheme>
std::vector<typename Scheme::Key> prepared(const Scheme& scheme, const std::vector<std::string_view>& secrets) {
  std::vector<typename Scheme::Key> keys;
  for (const std::string_view secret : secrets) keys.push_back(scheme.prepare(webhook::Secret(secret), ""));
  return keys;
}

template <class Scheme>
webhook::Verification verify(const Scheme& scheme, const webhook::Request& request,
                             const std::vector<std::string_view>& secrets, std::int64_t now) {
  std::vector<typename Scheme::Key> keys = prepared(scheme, secrets);
  return scheme.verify(request, keys, at(now), std::chrono::seconds(300));
}

template <class Scheme>
webhook::Headers sign(const Scheme& scheme, const webhook::Request& request,
                      const std::vector<std::string_view>& secrets, std::int64_t now, std::string_view id = "msg_1",
                      std::string_view type = {}) {
  std::vector<typename Scheme::Key> keys = prepared(scheme, secrets);
  webhook::Headers headers;
  if (!scheme.sign({id, webhook::WallTime(std::chrono::seconds(now)), request, type}, keys, headers))
    throw std::runtime_error("the scheme was not ready to sign");
  return headers;
}

/// The sentence with which a scheme refuses a secret; nothing if it takes it.
template <class Scheme>
std::optional<std::string> refusal(const Scheme& scheme, std::string_view secret) {
  try {
    static_cast<void>(scheme.prepare(webhook::Secret(secret), ""));
    return std::nullopt;
  } catch (const webhook::Error& error) {
    if (error.code() != webhook::errc::invalid_secret) throw;
    return error.what();
  }
}

/// A body that was read, as a scheme sees it.
struct KnownFields final : webhook::Fields {
  std::map<std::string, std::string, std::less<>> values{};
  KnownFields() = default;
  KnownFields(std::initializer_list<std::pair<const std::string, std::string>> known) : values(known) {}
  std::optional<std::string> find(std::string_view path) const override {
    const auto found = values.find(path);
    if (found == values.end()) return std::nullopt;
    return found->second;
  }
};

}  // namespace support

#endif
