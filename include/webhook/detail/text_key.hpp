// SPDX-License-Identifier: MIT
// Keys that are the secret's text as it stands, not something decoded from it: what such a text must be, and fresh ones.
// It does not know which MAC a key is for.
#ifndef WEBHOOK_DETAIL_TEXT_KEY_HPP
#define WEBHOOK_DETAIL_TEXT_KEY_HPP

#include <openssl/crypto.h>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "../error.hpp"
#include "../secret.hpp"
#include "hex.hpp"
#include "secure_random.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// The bytes of a text key. Throws Error (errc::invalid_secret) for a text that is empty, or that was copied with the
/// blank or line end beside it: it would be another key than the one that was meant. `what` names the key.
inline std::span<const unsigned char> text_key(const Secret& secret, std::string_view what) {
  const std::string_view text = secret.reveal();
  const auto blank = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  if (text.empty() || blank(text.front()) || blank(text.back())) {
    throw Error(errc::invalid_secret, std::string(what) + " is any text without white space around it; this one is " +
                                          (text.empty() ? "empty" : "not: was it copied with a blank or a line end?"));
  }
  return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

/// A fresh text key: `prefix` and 64 hexadecimal digits of 32 random bytes. Throws Error (errc::transient) if there is no
/// randomness.
inline Secret generate_text_key(std::string_view prefix = {}) {
  struct Material {
    std::array<unsigned char, 32> bytes{};
    std::array<char, 16 + 64> text{};
    ~Material() {
      OPENSSL_cleanse(bytes.data(), bytes.size());
      OPENSSL_cleanse(text.data(), text.size());
    }
  } material;
  fill_random(material.bytes);
  prefix = prefix.substr(0, 16);
  prefix.copy(material.text.data(), prefix.size());
  const char* end = encode_hex(material.bytes, material.text.data() + prefix.size());
  return Secret({material.text.data(), static_cast<std::size_t>(end - material.text.data())});
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
