// SPDX-License-Identifier: MIT
// Discord: verifies and signs as Discord does (X-Signature-Ed25519), and answers its PING, of interactions and of webhook
// events.
// It does not answer commands: what a handler wants to say to an interaction, it says through Discord's API.
#ifndef WEBHOOK_SCHEME_DISCORD_HPP
#define WEBHOOK_SCHEME_DISCORD_HPP

#include <openssl/crypto.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "../concepts.hpp"
#include "../detail/described.hpp"
#include "../detail/ed25519.hpp"
#include "../detail/field.hpp"
#include "../detail/hex.hpp"
#include "../detail/http_fields.hpp"
#include "../detail/scheme_checks.hpp"
#include "../detail/unix_time.hpp"
#include "../error.hpp"
#include "../secret.hpp"

namespace webhook {
inline namespace v0 {

/// The scheme of Discord: X-Signature-Timestamp, and X-Signature-Ed25519 over that and the body. A key is the
/// application's public key as Discord shows it (64 hexadecimal digits), which verifies; or the 128 digits of an Ed25519
/// seed and its public key, which also signs, so that a test can play Discord. Stateless, so thread-safe; a Key belongs
/// to one thread at a time. Only one signature fits on a request: the first key signs.
class Discord {
 public:
  using role = webhook::role::signer;
  using Key = detail::Ed25519;

  /// True for "" and "discord".
  bool signs(std::string_view scheme) const noexcept { return scheme.empty() || scheme == "discord"; }

  /// True for the headers that sign() adds.
  bool writes(std::string_view header, std::string_view) const noexcept {
    return detail::is_one_of(header, {time_header, signature_header});
  }

  /// Throws Error (errc::invalid_secret) for what is not 64 or 128 lower-case digits, or not a key.
  Key prepare(const Secret& secret, std::string_view scheme) const {
    detail::require_scheme(signs(scheme), "discord");
    return read(secret);
  }

  /// Throws Error (errc::invalid_secret) for a public key, which cannot sign.
  void check(const Secret& secret, std::string_view scheme) const {
    if (!prepare(secret, scheme).signs()) throw only_verifies();
  }

  /// A fresh private key. Throws Error (errc::transient) if there is no randomness.
  Secret generate(std::string_view scheme) const {
    detail::require_scheme(signs(scheme), "discord");
    struct Room {
      Key::PrivateKey key{};
      std::array<char, 2 * Key::private_size> text{};
      ~Room() {
        OPENSSL_cleanse(key.data(), key.size());
        Secret::wipe(text.data(), text.size());
      }
    } room;
    Key::generate(room.key);
    detail::encode_hex(room.key, room.text.data());
    return Secret({room.text.data(), room.text.size()});
  }

  /// The public half of a private key, 64 digits, to be given to whoever verifies; it is no secret.
  static std::string public_key(const Secret& secret) {
    const Key::PublicKey key = read(secret).public_key();
    std::string text(2 * key.size(), '\0');
    detail::encode_hex(key, text.data());
    return text;
  }

  /// Adds both headers. Discord has no header for an id.
  bool sign(const Signing& signing, std::span<Key> keys, Headers& headers) const {
    detail::require_keys(keys.size());
    if (!keys.front().signs()) throw only_verifies();
    std::string message = std::to_string(detail::unix_seconds(signing.time));
    const std::size_t time = message.size();
    message += signing.request.body.view();
    std::array<char, 2 * Key::signature_size> signature{};
    detail::encode_hex(keys.front().sign(message), signature.data());
    headers.add(time_header, std::string_view(message).substr(0, time));
    headers.add(signature_header, {signature.data(), signature.size()});
    return true;
  }

  /// Judges the headers, then the timestamp (`tolerance` counts both ways, inclusive, in whole seconds; Discord's own
  /// libraries bound nothing), then the signature, by every key. Discord probes with wrong signatures: answer them 401.
  Verification verify(const Request& request, std::span<Key> keys, const Now& now, Duration tolerance) const {
    std::string_view text, time;
    if (const Verification found = detail::only_field(request.headers, signature_header, text); !found) return found;
    if (const Verification found = detail::only_field(request.headers, time_header, time); !found) return found;
    const std::optional<std::int64_t> sent = detail::parse_unix_seconds(time);
    if (!sent) return detail::refused(Verification::malformed, time_header);
    Key::Signature signature{};
    if (!detail::decode_hex(text, signature)) return detail::refused(Verification::malformed, signature_header);
    Verification verdict = detail::freshness(*sent, now, tolerance);
    if (!verdict) return verdict;
    if (keys.empty()) {
      verdict.reason = Verification::unknown_key;
      return verdict;
    }
    std::string message;
    message.reserve(time.size() + request.body.size());
    message.append(time).append(request.body.view());
    for (std::size_t k = 0; k < keys.size(); ++k) {
      if (!keys[k].verify(message, signature)) continue;
      verdict.key = k;
      return verdict;
    }
    verdict.reason = Verification::bad_signature;
    return verdict;
  }

  /// Answers a verified PING: of interactions (type 1) with {"type":1}, of webhook events (type 0) with 204.
  std::optional<Response> handshake(const Request& request, const Verification& verdict, std::span<Key>,
                                    const Fields& fields) const {
    if (request.method != "POST" || !verdict) return std::nullopt;
    const std::optional<std::string> type = fields.find("/type");
    // A webhook event is of type 1 too; it has an event inside.
    if ((type != "0" && type != "1") || fields.find("/event/type")) return std::nullopt;
    Response answer;
    if (type == "0") {
      answer.status = 204;
    } else {
      answer.status = 200;
      answer.headers.add("content-type", "application/json");
      answer.body = R"({"type":1})";
    }
    return answer;
  }

  /// Of webhook events: the event's type ("APPLICATION_AUTHORIZED") and time. Of interactions: the id, and what kind it
  /// is ("application_command", "message_component", "application_command_autocomplete", "modal_submit").
  void describe(const Request&, const Fields& fields, Event& event) const {
    if (const std::optional<std::string> type = fields.find("/event/type")) {
      detail::describe_type(event, type);
      std::optional<std::string> time = fields.find("/event/timestamp");
      if (time && time->find_last_of("Zz+") == std::string::npos) *time += 'Z';  // Discord means UTC and leaves it out
      detail::describe_rfc3339(event, time);
      return;
    }
    constexpr std::array<std::string_view, 4> kinds{"application_command", "message_component",
                                                    "application_command_autocomplete", "modal_submit"};
    const std::optional<std::string> type = fields.find("/type");
    if (type && type->size() == 1 && type->front() >= '2' && type->front() <= '5')
      event.type = kinds[static_cast<std::size_t>(type->front() - '2')];
    detail::describe_id(event, fields.find("/id"));
  }

 private:
  static constexpr std::string_view signature_header = "X-Signature-Ed25519";
  static constexpr std::string_view time_header = "X-Signature-Timestamp";

  static Key read(const Secret& secret) {
    const std::string_view text = secret.reveal();
    if (Key::PublicKey key{}; detail::decode_hex(text, key)) return Key::verifier(key);
    struct Room {
      Key::PrivateKey key{};
      ~Room() { OPENSSL_cleanse(key.data(), key.size()); }
    } room;
    if (detail::decode_hex(text, room.key)) return Key::signer(room.key);
    throw Error(
        errc::invalid_secret,
        "a Discord key is the application's public key, 64 lower-case hexadecimal digits, as its page shows it; "
        "or, to sign, 128 digits: seed and public key");
  }
  static Error only_verifies() {
    return {errc::invalid_secret,
            "a Discord public key verifies and cannot sign; an endpoint needs the private key, 128 digits"};
  }
};

static_assert(ShakesHands<Discord> && Describes<Discord> && Generates<Discord> && ChecksSecrets<Discord>);

}  // namespace v0
}  // namespace webhook

#endif
