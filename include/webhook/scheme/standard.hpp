// SPDX-License-Identifier: MIT
// StandardWebhooks: signs and verifies as Standard Webhooks 1.0.0 says, with its symmetric kind v1 (HMAC-SHA256) and its
// asymmetric kind v1a (Ed25519), each key in its own kind.
// It does not know the svix-* names of the same headers; entries of other kinds are passed over.
#ifndef WEBHOOK_SCHEME_STANDARD_HPP
#define WEBHOOK_SCHEME_STANDARD_HPP

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "../concepts.hpp"
#include "../detail/base64.hpp"
#include "../detail/ed25519.hpp"
#include "../detail/ed25519_text.hpp"
#include "../detail/field.hpp"
#include "../detail/hmac.hpp"
#include "../detail/http_fields.hpp"
#include "../detail/key_match.hpp"
#include "../detail/message_id.hpp"
#include "../detail/secure_random.hpp"
#include "../detail/unix_time.hpp"
#include "../error.hpp"
#include "../secret.hpp"

namespace webhook {
inline namespace v0 {

/// The Standard Webhooks scheme: headers webhook-id, webhook-timestamp and webhook-signature. A secret is one of three:
/// "whsec_" (or nothing) and the base64 of 24 to 64 bytes, which signs and verifies as v1; "whsk_" and the base64 of an
/// Ed25519 seed and its public key, which signs and verifies as v1a; "whpk_" and the base64 of that public key, which
/// verifies. Keys of both kinds may stand side by side. Stateless, so thread-safe; a Key belongs to one thread at a time.
class StandardWebhooks {
 public:
  using role = webhook::role::signer;

  static constexpr std::size_t max_id = detail::max_message_id;  ///< bytes of a received webhook-id
  static constexpr std::size_t max_signatures = 16;              ///< entries of a received webhook-signature

  /// A decoded secret, made ready. Movable; the decoded bytes themselves are not kept.
  class Key {
    friend class StandardWebhooks;
    explicit Key(detail::HmacSha256 mac) noexcept : how_(std::move(mac)) {}
    explicit Key(detail::Ed25519 pair) noexcept : how_(std::move(pair)) {}
    bool signs() const noexcept {
      const auto* const pair = std::get_if<detail::Ed25519>(&how_);
      return pair == nullptr || pair->signs();
    }
    std::variant<detail::HmacSha256, detail::Ed25519> how_;
  };

  /// True for "", "standard", and "standard-v1a", which is the same with Ed25519 keys alone.
  bool signs(std::string_view scheme) const noexcept {
    return scheme.empty() || scheme == "standard" || scheme == asymmetric;
  }
  /// True for the headers that sign() adds.
  bool writes(std::string_view header, std::string_view) const noexcept {
    return detail::is_one_of(header, {own_names.id, own_names.time, own_names.signature});
  }

  /// Decodes a secret. Only padded, canonical base64 with the standard alphabet is taken: some libraries accept other
  /// spellings, but then two systems could disagree about the key. Throws Error (errc::invalid_secret).
  Key prepare(const Secret& secret, std::string_view scheme) const {
    require_scheme(scheme);
    std::string_view text = secret.reveal();
    if (detail::is_ed25519_text(text)) return Key(detail::read_ed25519(text));
    if (scheme == asymmetric) {
      throw Error(errc::invalid_secret,
                  "the scheme \"standard-v1a\" signs with Ed25519 and wants a whsk_ key; generate one, or choose "
                  "\"standard\" for a whsec_ secret");
    }
    if (text.substr(0, prefix.size()) == prefix) text.remove_prefix(prefix.size());
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

  /// A fresh secret: "whsec_" and the base64 of 32 random bytes, or a "whsk_" key for "standard-v1a". Throws Error
  /// (errc::transient) if there is no randomness.
  Secret generate(std::string_view scheme) const {
    require_scheme(scheme);
    if (scheme == asymmetric) return detail::generate_ed25519();
    KeyBytes bytes;
    const std::span<unsigned char> random = std::span(bytes.data).first(32);
    detail::fill_random(random);
    Text text;
    prefix.copy(text.data.data(), prefix.size());
    const char* end = detail::encode_base64(random, text.data.data() + prefix.size());
    return Secret({text.data.data(), static_cast<std::size_t>(end - text.data.data())});
  }

  /// Throws Error (errc::invalid_secret) for a secret that could only verify, which is no secret for sending.
  void check(const Secret& secret, std::string_view scheme) const {
    if (!prepare(secret, scheme).signs()) throw only_verifies();
  }

  /// The public half of a "whsk_" key, "whpk_…", to be shown to whoever verifies; it is no secret. Throws Error
  /// (errc::invalid_secret) for a "whsec_" secret, which has none.
  static std::string public_key(const Secret& secret) {
    if (!detail::is_ed25519_text(secret.reveal())) {
      throw Error(errc::invalid_secret, "only a whsk_ key has a public half; a whsec_ secret is shared as it is");
    }
    return detail::public_key_text(detail::read_ed25519(secret.reveal()));
  }

 protected:
  /// What the three headers are called: others sign the same way under names of their own.
  struct Names {
    std::string_view id{}, time{}, signature{};
  };
  static constexpr Names own_names{"webhook-id", "webhook-timestamp", "webhook-signature"};

  bool sign_as(const Names& names, const Signing& signing, std::span<Key> keys, Headers& headers) const {
    if (keys.empty()) throw Error(errc::invalid_secret, "every secret has expired: nothing can sign; add a new one");
    for (const Key& key : keys) {
      if (!key.signs()) throw only_verifies();
    }
    std::array<char, 20> digits{};
    const char* const end =
        std::to_chars(digits.data(), digits.data() + digits.size(), detail::unix_seconds(signing.time)).ptr;
    const std::string_view time(digits.data(), static_cast<std::size_t>(end - digits.data()));
    if (signing.id.size() > max_id) throw Error(errc::invalid_id, "a webhook-id has at most 256 bytes");
    const Message message(signing.id, time, signing.request.body.view());
    headers.add(names.id, signing.id);
    headers.add(names.time, time);
    headers.add(names.signature, {});
    std::string whole;  // for v1a only
    for (Key& key : keys) {
      if (&key != &keys.front()) *headers.extend(1) = ' ';
      if (auto* const mac = std::get_if<detail::HmacSha256>(&key.how_)) {
        extend(headers, "v1,", (*mac)({message.head(), message.rest()}));
      } else {
        extend(headers, "v1a,", std::get_if<detail::Ed25519>(&key.how_)->sign(message.joined(whole)));
      }
    }
    return true;
  }

  Verification verify_as(const Names& names, const Request& request, std::span<Key> keys, const Now& now,
                         Duration tolerance) const {
    std::array<std::string_view, 3> values;
    if (const Verification found =
            detail::only_fields(request.headers, std::array{names.id, names.time, names.signature}, values);
        !found)
      return found;
    const auto& [id, time, signatures] = values;
    const std::optional<std::int64_t> sent = detail::parse_unix_seconds(time);
    if (!sent) return detail::refused(Verification::malformed, names.time);
    if (!detail::is_message_id(id, '.')) return detail::refused(Verification::malformed, names.id);

    Candidates candidates;
    if (const Verification::Reason reason = candidates.collect(signatures, keys); reason != Verification::ok) {
      Verification refused = detail::refused(reason, names.signature);
      refused.id = id;
      return refused;
    }

    Verification verdict = detail::freshness(*sent, now, tolerance);
    verdict.id = id;
    if (verdict && keys.empty()) verdict.reason = Verification::unknown_key;
    if (!verdict) return verdict;

    const Message message(id, time, request.body.view());
    detail::KeyMatch match;
    std::string whole;  // for v1a only
    for (std::size_t k = 0; k < keys.size(); ++k) {
      unsigned same = 0;
      if (auto* const key = std::get_if<detail::HmacSha256>(&keys[k].how_)) {
        const detail::HmacSha256::Mac mac = (*key)({message.head(), message.rest()});
        for (const detail::HmacSha256::Mac& candidate : std::span(candidates.macs).first(candidates.count))
          same |= detail::equal_bytes(candidate, mac);
      } else if (candidates.asymmetric) {
        same = fits(*std::get_if<detail::Ed25519>(&keys[k].how_), message.joined(whole), signatures) ? 1U : 0U;
      }
      match.consider(k, same);
    }
    return match.verdict(verdict);
  }

 private:
  static constexpr std::size_t min_key = 24, max_key = 64;  // bytes (Standard Webhooks, "Signature scheme")
  static constexpr std::string_view prefix = "whsec_";
  static constexpr std::string_view asymmetric = "standard-v1a";

  struct KeyBytes {  // do not outlive their use; room for all that base64 of the longest key's length can hold
    std::array<unsigned char, detail::base64_size(max_key) / 4 * 3> data{};
    ~KeyBytes() { OPENSSL_cleanse(data.data(), data.size()); }
  };
  struct Text {
    std::array<char, prefix.size() + detail::base64_size(32)> data{};
    ~Text() { Secret::wipe(data.data(), data.size()); }
  };

  /// What is signed, "id.time.body", in two pieces, of which SHA-256 copies nothing: a head of whole blocks, with the
  /// beginning of the body, and the rest of it where it lies. Ed25519 cannot take pieces.
  class Message {
   public:
    Message(std::string_view id, std::string_view time, std::string_view body) noexcept {
      put(id);
      put(".");
      put(time);
      put(".");
      const std::size_t filling = (std::min)((block - size_ % block) % block, body.size());
      put(body.substr(0, filling));
      rest_ = body.substr(filling);
    }
    std::string_view head() const noexcept { return {text_.data(), size_}; }
    std::string_view rest() const noexcept { return rest_; }
    /// The whole, in `room`, if it is not there yet.
    const std::string& joined(std::string& room) const {
      if (room.empty()) {
        room.reserve(size_ + rest_.size());
        room.append(head()).append(rest_);
      }
      return room;
    }

   private:
    void put(std::string_view part) noexcept {
      part.copy(text_.data() + size_, part.size());
      size_ += part.size();
    }
    static constexpr std::size_t block = detail::Sha256::block;
    std::array<char, max_id + 22 + block> text_;  // the longest id, 20 digits, a block; set as far as `size_` says
    std::size_t size_ = 0;
    std::string_view rest_{};
  };

  /// Takes the first entry off a signature list; false at its end.
  static bool next_entry(std::string_view& list, std::string_view& entry) noexcept {
    while (!list.empty()) {
      const std::size_t end = (std::min)(list.find(' '), list.size());
      entry = list.substr(0, end);
      list.remove_prefix((std::min)(end + 1, list.size()));
      if (!entry.empty()) return true;
    }
    return false;
  }

  /// The entries of a signature list that could match: of kind v1, and the canonical base64 of 32 bytes; and whether
  /// there are any of kind v1a, which are read when a key wants them.
  struct Candidates {
    std::array<detail::HmacSha256::Mac, max_signatures> macs;  // set as far as `count` says
    std::size_t count = 0;
    bool asymmetric = false;

    Verification::Reason collect(std::string_view list, std::span<const Key> keys) noexcept {
      std::size_t entries = 0;
      bool symmetric = false;
      for (std::string_view entry; next_entry(list, entry);) {
        if (++entries > max_signatures) return Verification::malformed;
        if (entry.substr(0, 4) == "v1a,") asymmetric = true;
        if (entry.substr(0, 3) != "v1,") continue;
        symmetric = true;
        // 44 characters may also be 31 bytes, which must not be completed by what the array held before.
        if (detail::decode_base64(entry.substr(3), macs[count]) == detail::HmacSha256::size) ++count;
      }
      if (entries == 0) return Verification::malformed;
      bool known = keys.empty() && (symmetric || asymmetric);
      for (const Key& key : keys) known = known || (key.how_.index() == 0 ? symmetric : asymmetric);
      return known ? Verification::ok : Verification::unsupported;
    }
  };

  /// Whether one of a list's v1a signatures is by this key. All of it is public, so that the first match ends it.
  static bool fits(const detail::Ed25519& key, std::string_view message, std::string_view list) {
    for (std::string_view entry; next_entry(list, entry);) {
      std::array<unsigned char, detail::base64_size(detail::Ed25519::signature_size) / 4 * 3> bytes{};
      if (entry.substr(0, 4) == "v1a," &&
          detail::decode_base64(entry.substr(4), bytes) == detail::Ed25519::signature_size &&
          key.verify(message, std::span(bytes).first<detail::Ed25519::signature_size>())) {
        return true;
      }
    }
    return false;
  }

  template <std::size_t Size>
  static void extend(Headers& headers, std::string_view version, const std::array<unsigned char, Size>& bytes) {
    char* const to = headers.extend(version.size() + detail::base64_size(Size));
    version.copy(to, version.size());
    detail::encode_base64(bytes, to + version.size());
  }

  void require_scheme(std::string_view scheme) const {
    if (!signs(scheme))
      throw Error(errc::unsupported, "this signer knows the schemes \"standard\" and \"standard-v1a\" only");
  }
  static Error only_verifies() {
    return {errc::invalid_secret,
            "a whpk_ key is a public key: it verifies and cannot sign; give the endpoint the whsk_ key it belongs to"};
  }
  static Error wrong_size() {
    return {errc::invalid_secret, "a Standard Webhooks secret has 24 to 64 bytes once decoded; generate one"};
  }
};

static_assert(SchemePolicy<StandardWebhooks> && Generates<StandardWebhooks> && ChecksSecrets<StandardWebhooks>);

}  // namespace v0
}  // namespace webhook

#endif
