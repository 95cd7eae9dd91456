// SPDX-License-Identifier: MIT
// Hmac: the scheme of everyone who signs with an HMAC in a way of their own: what is hashed, how it is written and in
// which headers it travels are options, checked when it is constructed.
// It knows no system by name; those that many people use have files of their own beside this one.
#ifndef WEBHOOK_SCHEME_HMAC_HPP
#define WEBHOOK_SCHEME_HMAC_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../concepts.hpp"
#include "../detail/field.hpp"
#include "../detail/key_match.hpp"
#include "../detail/message_id.hpp"
#include "../detail/scheme_checks.hpp"
#include "../detail/text_key.hpp"
#include "../detail/unix_time.hpp"
#include "hmac_key.hpp"
#include "hmac_options.hpp"
#include "hmac_template.hpp"

namespace webhook {
inline namespace v0 {

/// A scheme made of options. Stateless once made, so thread-safe; a Key belongs to one thread at a time.
class Hmac {
 public:
  using role = webhook::role::signer;
  using Key = detail::HmacKey;

  static constexpr std::size_t max_signatures = 16;  ///< of a received header

  /// Throws Error (errc::invalid) that names the option that is wrong, and what to do about it.
  explicit Hmac(HmacOptions options) : options_(std::move(options)), content_(options_.content) { check(); }

  const HmacOptions& options() const noexcept { return options_; }

  /// True for "" and HmacOptions::name.
  bool signs(std::string_view scheme) const noexcept { return scheme.empty() || scheme == options_.name; }

  /// True for the headers that sign() adds.
  bool writes(std::string_view header, std::string_view) const noexcept {
    return detail::is_one_of(header, {options_.header, options_.id_header, options_.timestamp_header});
  }

  /// Throws Error (errc::invalid_secret) for an empty text, white space around it, or, where keys are base64, for
  /// anything but padded base64 of 1 to 256 bytes.
  Key prepare(const Secret& secret, std::string_view scheme) const {
    detail::require_scheme(signs(scheme), options_.name);
    const std::span<const unsigned char> text = detail::text_key(secret, "a secret of this scheme");
    if (options_.key == HmacOptions::KeyText::text) return Key(options_.hash, text);
    detail::DecodedKey decoded(secret.reveal());
    if (decoded.bytes().empty()) {
      throw Error(errc::invalid_secret,
                  "a secret of this scheme is the padded base64, with + and /, of 1 to 256 bytes; this one is not");
    }
    return Key(options_.hash, decoded.bytes());
  }
  /// A fresh secret: 64 hexadecimal digits, or the base64 of 32 bytes.
  Secret generate(std::string_view scheme) const {
    detail::require_scheme(signs(scheme), options_.name);
    return options_.key == HmacOptions::KeyText::text ? detail::generate_text_key() : detail::generate_base64_key();
  }

  /// Adds the headers; with a signature for each key if there is a separator, else by the first key. Throws Error
  /// (errc::invalid_header) if a header that is signed along is absent, or stands there twice.
  bool sign(const Signing& signing, std::span<Key> keys, Headers& headers) const {
    detail::require_keys(keys.size());
    const std::string time = std::to_string(detail::unix_seconds(signing.time));
    std::vector<std::string_view> parts;
    if (const Verification built = content_.build(signing.request, signing.id, time, parts); !built) {
      throw Error(errc::invalid_header, "the header \"" + std::string(built.header) +
                                            "\" is signed along, so the request must have it, once");
    }
    std::string value;
    if (!options_.timestamp_prefix.empty()) value = options_.timestamp_prefix + time;
    for (Key& key : keys.first(options_.separator.empty() ? 1 : keys.size())) {
      if (!value.empty()) value += options_.separator;
      value += options_.prefix;
      key.append(parts, options_.encoding, value);
    }
    if (!options_.id_header.empty()) headers.add(options_.id_header, signing.id);
    if (!options_.timestamp_header.empty()) headers.add(options_.timestamp_header, time);
    headers.add(options_.header, value);
    return true;
  }

  /// Judges the headers, then the timestamp if there is one (`tolerance` counts both ways, inclusive, in whole seconds),
  /// then the signatures: every key is compared with every one. The verdict's id is the id header's value.
  Verification verify(const Request& request, std::span<Key> keys, const Now& now, Duration tolerance) const {
    std::string_view value, id, time;
    const auto look = [&](const std::string& name, std::string_view& found) {
      return name.empty() ? Verification{Verification::ok} : detail::only_field(request.headers, name, found);
    };
    if (const Verification found = look(options_.header, value); !found) return found;
    if (const Verification found = look(options_.timestamp_header, time); !found) return found;
    if (const Verification found = look(options_.id_header, id); !found) return found;
    if (!options_.id_header.empty() && !detail::is_message_id(id, content_.after_id()))
      return detail::refused(Verification::malformed, options_.id_header);

    std::vector<std::string_view> candidates;
    if (!take_apart(value, time, candidates)) return detail::refused(Verification::malformed, options_.header);
    Verification verdict{Verification::ok};
    if (has_time()) {
      const std::optional<std::int64_t> sent = detail::parse_unix_seconds(time);
      if (!sent) return detail::refused(Verification::malformed, time_header());
      verdict = detail::freshness(*sent, now, options_.any_age ? (Duration::max)() : tolerance);
    }
    verdict.id = id;
    if (!verdict) return verdict;
    std::vector<std::string_view> parts;
    if (const Verification built = content_.build(request, id, time, parts); !built) return built;
    if (candidates.empty()) verdict = detail::refused(Verification::unsupported, options_.header);
    if (verdict && keys.empty()) verdict.reason = Verification::unknown_key;
    if (!verdict) return verdict;

    // A single signature that is none is malformed; among several it is passed over, as one of another kind would be.
    const detail::HmacCandidates received(options_.hash, options_.encoding, candidates);
    if (received.count() == 0 && options_.separator.empty())
      return detail::refused(Verification::malformed, options_.header);
    detail::KeyMatch match;
    for (std::size_t k = 0; k < keys.size(); ++k) match.consider(k, keys[k].made(parts, received));
    return match.verdict(verdict);
  }

 private:
  bool has_time() const noexcept { return !options_.timestamp_header.empty() || !options_.timestamp_prefix.empty(); }
  std::string_view time_header() const noexcept {
    return options_.timestamp_header.empty() ? options_.header : options_.timestamp_header;
  }

  /// The signatures of the header's value, and the timestamp if it stands there; false if it is not well-formed.
  bool take_apart(std::string_view value, std::string_view& time, std::vector<std::string_view>& signatures) const {
    std::size_t entries = 0;
    bool timed = options_.timestamp_prefix.empty();
    if (options_.separator.empty()) {
      if (value.substr(0, options_.prefix.size()) != options_.prefix) return false;
      signatures.push_back(value.substr(options_.prefix.size()));
      return true;
    }
    for (;;) {
      const std::size_t end = (std::min)(value.find(options_.separator), value.size());
      const std::string_view entry = value.substr(0, end);
      if (entry.empty() || ++entries > max_signatures) return false;
      if (!options_.timestamp_prefix.empty() &&
          entry.substr(0, options_.timestamp_prefix.size()) == options_.timestamp_prefix) {
        if (timed) return false;
        timed = true;
        time = entry.substr(options_.timestamp_prefix.size());
      } else if (entry.substr(0, options_.prefix.size()) == options_.prefix) {
        signatures.push_back(entry.substr(options_.prefix.size()));
      }
      if (end == value.size()) return timed;
      value.remove_prefix(end + options_.separator.size());
    }
  }

  void check() const {
    check_options(options_);
    const auto invalid = [](const char* sentence) { throw Error(errc::invalid, sentence); };
    if (!content_.covers_body()) invalid("HmacOptions::content lacks \"{body}\": the body would travel unsigned");
    if (content_.covers_time() && !has_time())
      invalid(
          "HmacOptions::content signs \"{timestamp}\", but no header carries it: set timestamp_header, or "
          "timestamp_prefix where it stands before the signature");
    if (!content_.covers_time() && has_time())
      invalid(
          "a timestamp is sent but not signed, so anybody could change it: write \"{timestamp}\" into "
          "HmacOptions::content, for example \"{timestamp}.{body}\"");
    if (content_.covers_id() && options_.id_header.empty())
      invalid("HmacOptions::content signs \"{id}\", but no header carries it: set id_header");
    if (content_.covers_id() && content_.after_id() == '\0')
      invalid(
          "HmacOptions::content has something else right after \"{id}\"; put a character between them, or bytes "
          "could move from one to the other under one signature");
  }

  HmacOptions options_;
  detail::HmacTemplate content_;
};

static_assert(SchemePolicy<Hmac> && Generates<Hmac>);

}  // namespace v0
}  // namespace webhook

#endif
