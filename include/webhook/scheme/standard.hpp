// SPDX-License-Identifier: MIT
// StandardWebhooks: signs and verifies as Standard Webhooks 1.0.0 says, with its symmetric kind v1 (HMAC-SHA256).
// It does not know v1a (Ed25519), nor the svix-* names of the same headers; entries of other kinds are passed over.
#ifndef WEBHOOK_SCHEME_STANDARD_HPP
#define WEBHOOK_SCHEME_STANDARD_HPP

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "../concepts.hpp"
#include "../detail/base64.hpp"
#include "../detail/field.hpp"
#include "../detail/hmac.hpp"
#include "../detail/key_match.hpp"
#include "../detail/message_id.hpp"
#include "../detail/unix_time.hpp"
#include "../error.hpp"
#include "../secret.hpp"

namespace webhook {
inline namespace v0 {

/// The Standard Webhooks scheme: headers webhook-id, webhook-timestamp and webhook-signature; a secret is the base64 of
/// 24 to 64 bytes, with or without "whsec_" before it. Stateless, so thread-safe; a Key belongs to one thread at a time.
class StandardWebhooks {
 public:
  using role = webhook::role::signer;

  static constexpr std::size_t max_id = detail::max_message_id;  ///< bytes of a received webhook-id
  static constexpr std::size_t max_signatures = 16;              ///< entries of a received webhook-signature

  /// A decoded secret, made ready. Movable; the decoded bytes themselves are not kept.
  class Key {
    friend class StandardWebhooks;
    explicit Key(detail::HmacSha256 mac) noexcept : mac_(std::move(mac)) {}
    detail::HmacSha256 mac_;
  };

  /// True for "" and "standard".
  bool signs(std::string_view scheme) const noexcept { return scheme.empty() || scheme == "standard"; }

  /// Decodes a secret. Only padded, canonical base64 with the standard alphabet is taken: some libraries accept other
  /// spellings, but then two systems could disagree about the key. Throws Error (errc::invalid_secret).
  Key prepare(const Secret& secret, std::string_view scheme) const {
    require_scheme(scheme);
    std::string_view text = secret.reveal();
    if (text.substr(0, prefix.size()) == prefix) text.remove_prefix(prefix.size());
    if (text.substr(0, 5) == "whsk_" || text.substr(0, 5) == "whpk_") {
      throw Error(errc::invalid_secret,
                  "a whsk_ or whpk_ key is for Ed25519 signatures (v1a); this scheme wants a whsec_ secret");
    }
    KeyBytes bytes;
    // A text that is too long must not be called bad base64, so it is measured first.
    if (text.size() > detail::base64_size(max_key)) throw wrong_size();
    const std::optional<std::size_t> size = detail::decode_base64(text, bytes.data);
    if (!size) {
      throw Error(errc::invalid_secret,
                  "a Standard Webhooks secret is \"whsec_\" and padded base64 with + and /; this one is not "
                  "(is it cut off, unpadded, or URL-safe base64?)");
    }
    if (*size < min_key || *size > max_key) throw wrong_size();
    return Key(detail::HmacSha256(std::span(bytes.data).first(*size)));
  }

  /// Adds the three headers, with one signature for each key. Throws Error (errc::invalid_secret) if there is no key.
  bool sign(const Signing& signing, std::span<Key> keys, Headers& headers) const {
    return sign_as(own_names, signing, keys, headers);
  }

  /// Judges headers first, then the timestamp (`tolerance` counts both ways, inclusive, in whole seconds), then the
  /// signature. Every key is compared with every signature, in constant time. The body may be empty.
  Verification verify(const Request& request, std::span<Key> keys, const Now& now, Duration tolerance) const {
    return verify_as(own_names, request, keys, now, tolerance);
  }

  /// A fresh secret: "whsec_" and the base64 of 32 random bytes. Throws Error (errc::transient) if there is no randomness.
  Secret generate(std::string_view scheme) const {
    require_scheme(scheme);
    KeyBytes bytes;
    const std::span<unsigned char> random = std::span(bytes.data).first(32);
    if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) {
      throw Error(errc::transient, "the system gave no random bytes for a secret");
    }
    Text text;
    prefix.copy(text.data.data(), prefix.size());
    const char* end = detail::encode_base64(random, text.data.data() + prefix.size());
    return Secret({text.data.data(), static_cast<std::size_t>(end - text.data.data())});
  }

 protected:
  /// What the three headers are called: others sign the same way under names of their own.
  struct Names {
    std::string_view id{}, time{}, signature{};
  };
  static constexpr Names own_names{"webhook-id", "webhook-timestamp", "webhook-signature"};

  bool sign_as(const Names& names, const Signing& signing, std::span<Key> keys, Headers& headers) const {
    if (keys.empty()) throw Error(errc::invalid_secret, "every secret has expired: nothing can sign; add a new one");
    const std::string time = std::to_string(detail::unix_seconds(signing.time));
    std::string signatures;
    signatures.reserve(keys.size() * (entry_size + 1));
    for (Key& key : keys) {
      const detail::HmacSha256::Mac mac = key.mac_({signing.id, ".", time, ".", signing.request.body.view()});
      std::array<char, entry_size> entry{'v', '1', ','};
      detail::encode_base64(mac, entry.data() + 3);
      if (!signatures.empty()) signatures += ' ';
      signatures.append(entry.data(), entry.size());
    }
    headers.add(names.id, signing.id);
    headers.add(names.time, time);
    headers.add(names.signature, signatures);
    return true;
  }

  Verification verify_as(const Names& names, const Request& request, std::span<Key> keys, const Now& now,
                         Duration tolerance) const {
    std::string_view id, time, signatures;
    for (const auto& [name, value] :
         {Wanted{names.id, &id}, Wanted{names.time, &time}, Wanted{names.signature, &signatures}}) {
      if (const Verification found = detail::only_field(request.headers, name, *value); !found) return found;
    }
    const std::optional<std::int64_t> sent = detail::parse_unix_seconds(time);
    if (!sent) return detail::refused(Verification::malformed, names.time);
    if (!detail::is_message_id(id, '.')) return detail::refused(Verification::malformed, names.id);

    Candidates candidates;
    Verification verdict = detail::refused(candidates.collect(signatures), names.signature);
    verdict.id = id;
    if (!verdict) return verdict;

    verdict = detail::freshness(*sent, now, tolerance);
    verdict.id = id;
    if (verdict && keys.empty()) verdict.reason = Verification::unknown_key;
    if (!verdict) return verdict;

    detail::KeyMatch match;
    for (std::size_t k = 0; k < keys.size(); ++k) {
      const detail::HmacSha256::Mac mac = keys[k].mac_({id, ".", time, ".", request.body.view()});
      unsigned same = 0;
      for (const detail::HmacSha256::Mac& candidate : std::span(candidates.macs).first(candidates.count))
        same |= detail::equal_bytes(candidate, mac);
      match.consider(k, same);
    }
    return match.verdict(verdict);
  }

 private:
  static constexpr std::size_t min_key = 24, max_key = 64;  // bytes (Standard Webhooks, "Signature scheme")
  static constexpr std::string_view prefix = "whsec_";
  static constexpr std::size_t entry_size = 3 + detail::base64_size(detail::HmacSha256::size);  // "v1,<base64>"

  struct Wanted {
    std::string_view name{};
    std::string_view* value = nullptr;
  };
  struct KeyBytes {  // do not outlive their use; room for all that base64 of the longest key's length can hold
    std::array<unsigned char, detail::base64_size(max_key) / 4 * 3> data{};
    ~KeyBytes() { OPENSSL_cleanse(data.data(), data.size()); }
  };
  struct Text {
    std::array<char, prefix.size() + detail::base64_size(32)> data{};
    ~Text() { Secret::wipe(data.data(), data.size()); }
  };

  /// The entries of a signature list that could match: of kind v1, and the canonical base64 of 32 bytes.
  struct Candidates {
    std::array<detail::HmacSha256::Mac, max_signatures> macs{};
    std::size_t count = 0;

    Verification::Reason collect(std::string_view list) noexcept {
      std::size_t entries = 0;
      bool known = false;
      while (!list.empty()) {
        const std::size_t end = (std::min)(list.find(' '), list.size());
        const std::string_view entry = list.substr(0, end);
        list.remove_prefix((std::min)(end + 1, list.size()));
        if (entry.empty()) continue;
        if (++entries > max_signatures) return Verification::malformed;
        if (entry.substr(0, 3) != "v1,") continue;
        known = true;
        // 44 characters may also be 31 bytes, which must not be completed by what the array held before.
        if (detail::decode_base64(entry.substr(3), macs[count]) == detail::HmacSha256::size) ++count;
      }
      if (entries == 0) return Verification::malformed;
      return known ? Verification::ok : Verification::unsupported;
    }
  };

  void require_scheme(std::string_view scheme) const {
    if (!signs(scheme)) throw Error(errc::unsupported, "this signer knows the scheme \"standard\" only");
  }
  static Error wrong_size() {
    return {errc::invalid_secret, "a Standard Webhooks secret has 24 to 64 bytes once decoded; generate one"};
  }
};

static_assert(SchemePolicy<StandardWebhooks> && Generates<StandardWebhooks>);

}  // namespace v0
}  // namespace webhook

#endif
