// SPDX-License-Identifier: MIT
// HmacKey: a key whose hash is chosen when the program runs, and the received signatures that it is compared with.
// It does not know what is signed, nor in which header a signature came.
#ifndef WEBHOOK_SCHEME_HMAC_KEY_HPP
#define WEBHOOK_SCHEME_HMAC_KEY_HPP

#include <openssl/crypto.h>

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "../detail/base64.hpp"
#include "../detail/hex.hpp"
#include "../detail/hmac.hpp"
#include "../detail/key_match.hpp"
#include "../detail/secure_random.hpp"
#include "../error.hpp"
#include "../secret.hpp"
#include "hmac_options.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// The bytes of a key whose secret is base64; they do not outlive their use. Empty if the text is no base64.
class DecodedKey {
 public:
  explicit DecodedKey(std::string_view text) noexcept {
    if (const std::optional<std::size_t> size = decode_base64(text, bytes_)) size_ = *size;
  }
  DecodedKey(const DecodedKey&) = delete;
  DecodedKey& operator=(const DecodedKey&) = delete;
  ~DecodedKey() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }
  std::span<const unsigned char> bytes() const noexcept { return std::span(bytes_).first(size_); }

 private:
  std::array<unsigned char, 256> bytes_{};
  std::size_t size_ = 0;
};

inline Secret generate_base64_key() {
  struct Material {
    std::array<unsigned char, 32> bytes{};
    std::array<char, base64_size(32)> text{};
    ~Material() {
      OPENSSL_cleanse(bytes.data(), bytes.size());
      OPENSSL_cleanse(text.data(), text.size());
    }
  } material;
  fill_random(material.bytes);
  encode_base64(material.bytes, material.text.data());
  return Secret({material.text.data(), material.text.size()});
}

/// Received signatures, decoded into the size of the widest hash; those that are none are left out.
class HmacCandidates {
 public:
  using Bytes = std::array<unsigned char, HmacSha512::size>;

  HmacCandidates(HmacOptions::Hash hash, HmacOptions::Encoding encoding, const std::vector<std::string_view>& texts) {
    const std::size_t size = size_of(hash);
    for (const std::string_view text : texts) {
      Bytes bytes{};
      const std::span<unsigned char> to = std::span(bytes).first(size);
      const bool decoded = encoding == HmacOptions::Encoding::base64 ? decode_base64(text, to) == size
                                                                     : decode_hex(text, to, spelling(encoding));
      if (decoded) macs_.push_back(bytes);
    }
  }
  std::size_t count() const noexcept { return macs_.size(); }

  /// 1 if one of them is this MAC, else 0.
  template <std::size_t Size>
  unsigned contain(const std::array<unsigned char, Size>& mac) const noexcept {
    unsigned same = 0;
    for (const Bytes& received : macs_) {
      std::array<unsigned char, Size> candidate{};
      for (std::size_t i = 0; i < Size; ++i) candidate[i] = received[i];
      same |= equal_bytes(candidate, mac);
    }
    return same;
  }

  static HexCase spelling(HmacOptions::Encoding encoding) noexcept {
    return encoding == HmacOptions::Encoding::hex_upper ? HexCase::upper : HexCase::lower;
  }

 private:
  static std::size_t size_of(HmacOptions::Hash hash) noexcept {
    if (hash == HmacOptions::Hash::sha1) return HmacSha1::size;
    return hash == HmacOptions::Hash::sha256 ? HmacSha256::size : HmacSha512::size;
  }
  std::vector<Bytes> macs_{};
};

class HmacKey {
 public:
  HmacKey(HmacOptions::Hash hash, std::span<const unsigned char> key) : mac_(chosen(hash, key)) {}

  /// Appends the signature of the parts in this spelling.
  void append(std::span<const std::string_view> parts, HmacOptions::Encoding encoding, std::string& to) {
    std::visit(
        [&](auto& mac) {
          const auto made = mac(parts);
          std::array<char, 2 * HmacSha512::size> text{};
          const char* end = encoding == HmacOptions::Encoding::base64
                                ? encode_base64(made, text.data())
                                : encode_hex(made, text.data(), HmacCandidates::spelling(encoding));
          to.append(text.data(), static_cast<std::size_t>(end - text.data()));
        },
        mac_);
  }

  /// 1 if this key made one of the received signatures of the parts, else 0.
  unsigned made(std::span<const std::string_view> parts, const HmacCandidates& received) {
    return std::visit([&](auto& mac) { return received.contain(mac(parts)); }, mac_);
  }

 private:
  using Any = std::variant<HmacSha1, HmacSha256, HmacSha512>;
  static Any chosen(HmacOptions::Hash hash, std::span<const unsigned char> key) {
    if (hash == HmacOptions::Hash::sha1) return Any(std::in_place_type<HmacSha1>, key);
    if (hash == HmacOptions::Hash::sha256) return Any(std::in_place_type<HmacSha256>, key);
    return Any(std::in_place_type<HmacSha512>, key);
  }
  Any mac_;
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
