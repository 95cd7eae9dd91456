// SPDX-License-Identifier: MIT
// UniqueUrls: unguessable paths, one or more for each source, as receiving applications hand out: /in/<22 characters>.
// It mints, finds and revokes them; it keeps digests only, so whoever reads its list cannot send to any of them. What
// is done with a request is the receiver's affair, which the host looks up by the source's name.
#ifndef WEBHOOK_ADAPTER_UNIQUE_URLS_HPP
#define WEBHOOK_ADAPTER_UNIQUE_URLS_HPP

#include <array>
#include <cstddef>
#include <cstring>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "../detail/base64.hpp"
#include "../detail/hex.hpp"
#include "../detail/secure_random.hpp"
#include "../detail/sha256.hpp"
#include "../error.hpp"

namespace webhook {
inline namespace v0 {

/// Paths that are secrets: 128 random bits in URL-safe base64. What is presented is hashed first and the digest looked
/// up, so how long a lookup takes says nothing about the paths there are. Thread-safe.
/// A path authenticates as a password does: it is in the sender's settings and in access logs, so verify a signature
/// too where the sender has one.
class UniqueUrls {
 public:
  static constexpr std::size_t token_size = 22;  ///< characters of [A-Za-z0-9_-]

  /// What a host keeps of a path, to bring it back after a restart.
  struct Entry {
    std::string source{};
    std::string digest{};  ///< SHA-256 of the token, in hex
    friend bool operator==(const Entry&, const Entry&) = default;
  };

  /// Makes a new path for a source and returns its token: show it once, it cannot be shown again. A source may have
  /// several, so that one can be replaced without a gap. Throws Error (errc::transient) if there is no randomness.
  std::string mint(std::string_view source) {
    std::array<unsigned char, 16> bytes{};
    detail::fill_random(bytes);
    std::array<char, detail::base64_size(16)> text{};
    detail::encode_base64(bytes, text.data());
    std::string token(text.data(), token_size);  // without its padding
    for (char& c : token) c = c == '+' ? '-' : c == '/' ? '_' : c;
    const std::unique_lock lock(mutex_);
    sources_.insert_or_assign(detail::sha256(token), std::string(source));
    return token;
  }

  /// Whose path it is; takes the token alone, or a path or URL that ends with it. Nothing for one that is not there.
  std::optional<std::string> find(std::string_view url) const {
    const std::string_view token = token_of(url);
    if (token.size() != token_size) return std::nullopt;
    const detail::Sha256Digest digest = detail::sha256(token);
    const std::shared_lock lock(mutex_);
    const auto found = sources_.find(digest);
    if (found == sources_.end()) return std::nullopt;
    return found->second;
  }

  /// Ends one path; false if it was not there.
  bool revoke(std::string_view url) {
    const detail::Sha256Digest digest = detail::sha256(token_of(url));
    const std::unique_lock lock(mutex_);
    return sources_.erase(digest) != 0;
  }

  /// Ends all paths of a source, or all but the one with `but`. Returns how many.
  std::size_t revoke_all(std::string_view source, std::string_view but = {}) {
    const detail::Sha256Digest kept = detail::sha256(token_of(but));
    const std::unique_lock lock(mutex_);
    return std::erase_if(sources_, [&](const auto& entry) { return entry.second == source && entry.first != kept; });
  }

  /// All paths, in no particular order, as a host may keep them.
  std::vector<Entry> list() const {
    const std::shared_lock lock(mutex_);
    std::vector<Entry> entries;
    entries.reserve(sources_.size());
    for (const auto& [digest, source] : sources_) entries.push_back({source, hex(digest)});
    return entries;
  }

  /// Adds what list() gave. Throws Error (errc::corrupt) for a digest that is none; then nothing was added.
  void restore(std::span<const Entry> entries) {
    std::vector<std::pair<detail::Sha256Digest, std::string>> read;
    read.reserve(entries.size());
    for (const Entry& entry : entries) read.emplace_back(unhex(entry.digest), entry.source);
    const std::unique_lock lock(mutex_);
    for (auto& [digest, source] : read) sources_.insert_or_assign(digest, std::move(source));
  }

 private:
  struct Hash {
    std::size_t operator()(const detail::Sha256Digest& digest) const noexcept {
      std::size_t bits = 0;
      std::memcpy(&bits, digest.data(), sizeof bits);  // as well mixed as can be
      return bits;
    }
  };

  static std::string_view token_of(std::string_view url) noexcept {
    url = url.substr(0, url.find_first_of("?#"));
    return url.substr(url.find_last_of('/') + 1);
  }

  static std::string hex(const detail::Sha256Digest& digest) {
    std::string text(2 * digest.size(), '0');
    detail::encode_hex(digest, text.data());
    return text;
  }
  static detail::Sha256Digest unhex(std::string_view text) {
    detail::Sha256Digest digest{};
    if (!detail::decode_hex(text, digest))
      throw Error(errc::corrupt, "the digest of a unique URL has 64 digits of [0-9a-f]; this one does not");
    return digest;
  }

  mutable std::shared_mutex mutex_{};
  std::unordered_map<detail::Sha256Digest, std::string, Hash> sources_{};
};

}  // namespace v0
}  // namespace webhook

#endif
