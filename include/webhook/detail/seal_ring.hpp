// SPDX-License-Identifier: MIT
// SealRing: the keys under which a host keeps secrets, and the text that a sealed one becomes:
// "sealed:v1:<key id>:<base64 of nonce, ciphertext and tag>". It does not know what an endpoint is.
#ifndef WEBHOOK_DETAIL_SEAL_RING_HPP
#define WEBHOOK_DETAIL_SEAL_RING_HPP

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../error.hpp"
#include "../secret.hpp"
#include "aes_gcm.hpp"
#include "base64.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

class SealRing {
 public:
  /// Adds a key, the first of which seals. Throws Error: errc::invalid for an id that is malformed or there already,
  /// errc::invalid_secret for a key that is not the base64 of 32 bytes.
  void add(const std::string& id, const Secret& text) {
    if (!is_id(id)) throw Error(errc::invalid, "the id of a sealing key is 1 to 64 of [A-Za-z0-9._-]");
    if (find(id) != nullptr) throw Error(errc::invalid, "there are two sealing keys \"" + id + '"');
    struct Raw {
      std::array<unsigned char, AesGcm::key_size> bytes{};
      char* data() noexcept { return reinterpret_cast<char*>(bytes.data()); }
      ~Raw() { Secret::wipe(data(), bytes.size()); }
    } raw;
    const auto size = decode_base64(text.reveal(), raw.bytes);
    if (size != raw.bytes.size()) {
      throw Error(
          errc::invalid_secret,
          "the sealing key \"" + id + "\" must be the base64 of exactly 32 random bytes (openssl rand -base64 32)");
    }
    keys_.emplace_back(id, AesGcm(Secret(std::string_view(raw.data(), raw.bytes.size()))));
  }

  const std::string& current() const noexcept { return keys_.front().first; }

  static bool is_sealed(std::string_view text) noexcept { return text.substr(0, mark.size()) == mark; }
  bool is_current(std::string_view text) const noexcept { return is_sealed(text) && key_of(text) == current(); }

  /// `context` is what the text belongs to; only there can it be opened again.
  std::string seal(std::string_view text, std::string_view context) const {
    const std::string sealed = keys_.front().second.seal(text, bound(current(), context));
    std::string out(mark);
    out.append(current()).append(1, ':');
    const std::size_t start = out.size();
    out.resize(start + base64_size(sealed.size()));
    encode_base64(std::span(reinterpret_cast<const unsigned char*>(sealed.data()), sealed.size()), out.data() + start);
    return out;
  }

  /// Throws Error, which names the key and `name`: errc::invalid_secret for a key that is not here, errc::corrupt for what
  /// was changed, or belongs elsewhere.
  Secret open(std::string_view text, std::string_view context, std::string_view name) const {
    const std::string_view id = key_of(text);
    const AesGcm* const key = find(id);
    if (key == nullptr) {
      throw Error(errc::invalid_secret, std::string(name) + " is sealed under the key \"" + printable(id) +
                                            "\", which was not given: add it to SealingKeys::older");
    }
    const std::string_view coded = text.substr((std::min)(text.size(), mark.size() + id.size() + 1));
    std::string sealed(coded.size() / 4 * 3, '\0');
    const auto size = decode_base64(coded, std::span(reinterpret_cast<unsigned char*>(sealed.data()), sealed.size()));
    if (size) {
      if (auto opened = key->open(std::string_view(sealed).substr(0, *size), bound(id, context)))
        return *std::move(opened);
    }
    throw Error(errc::corrupt, std::string(name) + " does not open under the key \"" + std::string(id) +
                                   "\": the key is another one of that id, or what is stored was changed or moved");
  }

 private:
  static constexpr std::string_view mark = "sealed:v1:";

  static bool is_id(std::string_view id) noexcept {
    return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
             c == '-';
    });
  }
  /// What stands in a store may have been written by anybody.
  static std::string printable(std::string_view id) { return is_id(id) ? std::string(id) : "(not an id)"; }

  static std::string_view key_of(std::string_view text) noexcept {
    const std::string_view rest = text.substr(mark.size());
    return rest.substr(0, rest.find(':'));
  }
  static std::string bound(std::string_view id, std::string_view context) {
    return std::string(mark).append(id).append(1, '\n').append(context);
  }
  const AesGcm* find(std::string_view id) const noexcept {
    for (const auto& [name, key] : keys_) {
      if (name == id) return &key;
    }
    return nullptr;
  }

  std::vector<std::pair<std::string, AesGcm>> keys_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
