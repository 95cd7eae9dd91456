// SPDX-License-Identifier: MIT
// What GitHub, Slack, Shopify and Twilio compute before they send, by OpenSSL alone: the examples that receive from
// them play the sender with it, so that they agree with the sender and not only with themselves.
#ifndef WEBHOOK_EXAMPLES_HMAC_HPP
#define WEBHOOK_EXAMPLES_HMAC_HPP

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <string>
#include <string_view>

inline std::string hmac(const EVP_MD* digest, std::string_view key, std::string_view message) {
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(digest, key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(message.data()),
       message.size(), mac, &size);
  return {reinterpret_cast<const char*>(mac), size};
}

inline std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

inline std::string base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // OpenSSL ends it with a NUL
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), reinterpret_cast<const unsigned char*>(bytes.data()),
                  static_cast<int>(bytes.size()));
  text.pop_back();
  return text;
}

#endif
