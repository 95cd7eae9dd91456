// SPDX-License-Identifier: MIT
// MessageSignatures: signs and verifies HTTP message signatures (RFC 9421), with the digest of the body (RFC 9530) always
// covered and always checked.
// How fields are read, the signature base is made and keys compute is in detail/ (signature_*.hpp, content_digest.hpp).
#ifndef WEBHOOK_SCHEME_RFC9421_HPP
#define WEBHOOK_SCHEME_RFC9421_HPP

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../concepts.hpp"
#include "../detail/base64.hpp"
#include "../detail/content_digest.hpp"
#include "../detail/ed25519_text.hpp"
#include "../detail/field.hpp"
#include "../detail/http_fields.hpp"
#include "../detail/key_match.hpp"
#include "../detail/message_id.hpp"
#include "../detail/scheme_checks.hpp"
#include "../detail/secure_random.hpp"
#include "../detail/signature_base.hpp"
#include "../detail/signature_input.hpp"
#include "../detail/signature_key.hpp"
#include "../detail/unix_time.hpp"
#include "../error.hpp"
#include "../secret.hpp"
#include "rfc9421_options.hpp"

namespace webhook {
inline namespace v0 {

/// HTTP message signatures (RFC 9421): Signature-Input, Signature and Content-Digest. A secret is the padded base64 of a
/// shared secret of 24 to 128 bytes ("whsec_" may stand before it; hmac-sha256), an Ed25519 key ("whsk_…", "whpk_…" or
/// PEM; ed25519), or an RSA or P-256 public key in PEM, which verifies (rsa-pss-sha512, ecdsa-p256-sha256). A first line
/// "keyid: NAME" names it: signatures carry the name, and those that carry another are not tried with it.
/// Immutable once made, so thread-safe; a Key belongs to one thread at a time.
class MessageSignatures {
 public:
  using role = webhook::role::signer;
  using Key = detail::SignatureKey;

  /// Throws Error (errc::invalid) for options that name what cannot be covered, or leave the body out.
  explicit MessageSignatures(MessageSignatureOptions options = {}) : options_(std::move(options)) {
    for (const std::string& name : options_.components) components_.push_back(component(name));
    for (std::size_t i = 0; i < components_.size(); ++i) {
      if (std::find(components_.begin(), components_.begin() + static_cast<std::ptrdiff_t>(i), components_[i]) !=
          components_.begin() + static_cast<std::ptrdiff_t>(i)) {
        throw Error(errc::invalid, "the component \"" + components_[i].name + "\" stands there twice");
      }
    }
    for (const std::string& name : options_.required) required_.push_back(component(name));
    if (std::find(options_.components.begin(), options_.components.end(), digest_name) == options_.components.end()) {
      throw Error(errc::invalid,
                  "the components must contain \"content-digest\": without it nobody vouches for the body");
    }
    std::string_view label;
    detail::FieldReader reader(options_.label);
    if (!reader.key(label) || label.size() != options_.label.size() || label.size() > 64) {
      throw Error(
          errc::invalid,
          "a label begins with a lower-case letter and goes on with those, digits, '_', '-' and '.', at most 64");
    }
    if (!detail::is_plain_string(options_.tag) || options_.tag.size() > detail::max_signature_parameter)
      throw Error(errc::invalid, "a tag has at most 256 visible characters, without quotes and backslashes");
    if (options_.expires < Duration::zero() ||
        (options_.expires > Duration::zero() && options_.expires < std::chrono::seconds(1))) {
      throw Error(errc::invalid, "a signature expires after a second at least, or after 0: never");
    }
  }

  /// True for "" and "rfc9421".
  bool signs(std::string_view scheme) const noexcept { return scheme.empty() || scheme == "rfc9421"; }

  /// True for the headers that sign() adds.
  bool writes(std::string_view header, std::string_view) const noexcept {
    return detail::is_one_of(header, {digest_name, id_name, input_name, signature_name});
  }

  /// Throws Error (errc::invalid_secret) with what is wrong.
  Key prepare(const Secret& secret, std::string_view scheme) const {
    detail::require_scheme(signs(scheme), "rfc9421");
    return Key(secret);
  }

  /// Throws Error (errc::invalid_secret) for a public key, which cannot sign.
  void check(const Secret& secret, std::string_view scheme) const {
    if (!prepare(secret, scheme).signs()) throw only_verifies();
  }

  /// A fresh Ed25519 key, "whsk_…": its public half is all that a receiver needs.
  Secret generate(std::string_view scheme) const {
    detail::require_scheme(signs(scheme), "rfc9421");
    return detail::generate_ed25519();
  }

  /// The public half of an Ed25519 key, "whpk_…"; it is no secret. Throws Error (errc::invalid_secret) for other keys.
  static std::string public_key(const Secret& secret) { return Key(secret).public_key(); }

  /// Adds Signature-Input and Signature, with one signature for each key, and Content-Digest and Webhook-Id where they
  /// are covered and not there yet. Throws Error (errc::invalid_header) if the request lacks what is to be covered, or
  /// has a Content-Digest that is not its body's.
  bool sign(const Signing& signing, std::span<Key> keys, Headers& headers) const {
    detail::require_keys(keys.size());
    const Request& request = signing.request;
    if (request.headers.find(input_name) || request.headers.find(signature_name))
      throw Error(errc::invalid_header,
                  "the request has a Signature or Signature-Input already; leave it to the scheme");
    Headers added;
    if (const auto digest = request.headers.find(digest_name)) {
      if (detail::check_content_digest(*digest, request.body.view()) != detail::DigestVerdict::ok)
        throw Error(errc::invalid_header, "the request's own Content-Digest is not that of its body; leave it out");
    } else {
      added.add("Content-Digest", detail::content_digest(request.body.view()));
    }
    const auto names_id = [](const detail::Component& one) { return one.name == id_name; };
    if (std::any_of(components_.begin(), components_.end(), names_id) && !request.headers.find(id_name))
      added.add("Webhook-Id", signing.id);

    const std::int64_t created = detail::unix_seconds(signing.time);  // rounded down: nobody likes the future
    std::string inputs, signatures, base;
    for (std::size_t k = 0; k < keys.size(); ++k) {
      if (!keys[k].signs()) throw only_verifies();
      const std::string label = k == 0 ? options_.label : options_.label + "-" + std::to_string(k + 1);
      const std::string parameters = parameters_of(keys[k], created);
      const detail::CoveredMessage message{request.method, request.url, request.headers, &added};
      if (detail::signature_base(message, components_, parameters, base) != detail::BaseFault::none) {
        throw Error(errc::invalid_header, "the request cannot be signed: " + lacking(message) +
                                              " is to be covered, and is missing or not plain text");
      }
      const std::string signature = keys[k].sign(base);
      std::string text(detail::base64_size(signature.size()), '\0');
      detail::encode_base64({reinterpret_cast<const unsigned char*>(signature.data()), signature.size()}, text.data());
      inputs.append(k == 0 ? "" : ", ").append(label).append("=").append(parameters);
      signatures.append(k == 0 ? "" : ", ").append(label).append("=:").append(text).append(":");
    }
    // `headers` may be the request's own: nothing may be looked up in it any more.
    for (const Header header : added) headers.add(header.name, header.value);
    headers.add("Signature-Input", inputs);
    headers.add("Signature", signatures);
    return true;
  }

  /// Looks for one signature that covers what it must, is fresh (`tolerance` counts both ways, inclusive, in whole seconds,
  /// and "expires" is obeyed), whose digest is the body's, and which is made by one of the keys. Keys are tried last, so
  /// that nothing is done after a MAC was compared but to say so. The id is that of a covered Webhook-Id, or else the
  /// nonce. If none holds, the verdict is that of the one that came furthest.
  Verification verify(const Request& request, std::span<Key> keys, const Now& now, Duration tolerance) const {
    std::size_t found = 0;
    const std::string inputs = detail::joined_field(request.headers, input_name, found);
    if (found == 0) return detail::refused(Verification::missing_header, input_name);
    const std::string values = detail::joined_field(request.headers, signature_name, found);
    if (found == 0) return detail::refused(Verification::missing_header, signature_name);
    const auto signatures = detail::read_signatures(inputs, values);
    if (!signatures) return detail::refused(Verification::malformed, input_name);

    // Of several, the time tells which one held; it says nothing of one that does not.
    if (signatures->size() == 1) return judge(request, signatures->front(), keys, now, tolerance).verdict;
    Judged best{Stage::coverage, detail::refused(Verification::unsupported, input_name)};
    for (const detail::SignatureInput& one : *signatures) {
      const Judged judged = judge(request, one, keys, now, tolerance);
      if (judged.verdict) return judged.verdict;
      if (judged.stage > best.stage) best = judged;
    }
    return best.verdict;
  }

 private:
  static constexpr std::string_view input_name = "signature-input", signature_name = "signature";
  static constexpr std::string_view digest_name = "content-digest", id_name = "webhook-id";

  enum class Stage : std::uint8_t { coverage, time, body, key };  // how far a signature came before it failed
  struct Judged {
    Stage stage = Stage::coverage;
    Verification verdict{};
  };

  static Error only_verifies() {
    return {errc::invalid_secret,
            "a public key verifies and cannot sign; an endpoint needs a shared secret or an Ed25519 private key"};
  }

  static detail::Component component(const std::string& name) {
    constexpr std::array<std::string_view, 7> derived{"@method", "@authority",  "@path",          "@query",
                                                      "@scheme", "@target-uri", "@request-target"};
    const bool known = name.substr(0, 1) == "@" ? std::find(derived.begin(), derived.end(), name) != derived.end()
                                                : detail::is_component_name(name);
    if (!known) {
      throw Error(errc::invalid,
                  "a component is a field's name in lower case, or one of @method, @authority, @path, @query, @scheme, "
                  "@target-uri and @request-target; \"" +
                      name + "\" is not");
    }
    if (name == input_name || name == signature_name)
      throw Error(errc::invalid, "a signature cannot cover the fields that it stands in");
    return {name};
  }

  std::string parameters_of(const Key& key, std::int64_t created) const {
    std::string text = "(";
    for (const detail::Component& one : components_) text.append(text.size() > 1 ? " " : "").append(one.identifier());
    text.append(");created=").append(std::to_string(created));
    if (options_.expires > Duration::zero()) {
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(options_.expires).count();
      text.append(";expires=").append(std::to_string(created + seconds));
    }
    if (options_.nonce) {
      std::array<unsigned char, 16> random{};
      detail::fill_random(random);
      std::array<char, detail::base64_size(random.size())> nonce{};
      detail::encode_base64(random, nonce.data());
      text.append(";nonce=\"").append(nonce.data(), nonce.size()).append("\"");
    }
    if (!key.keyid().empty()) text.append(";keyid=\"").append(key.keyid()).append("\"");
    if (options_.alg) text.append(";alg=\"").append(key.algorithm()).append("\"");
    if (!options_.tag.empty()) text.append(";tag=\"").append(options_.tag).append("\"");
    return text;
  }

  /// The first component that a message lacks, for a sentence.
  std::string lacking(const detail::CoveredMessage& message) const {
    std::string base;
    for (const detail::Component& one : components_) {
      if (detail::signature_base(message, {one}, "", base) != detail::BaseFault::none) return one.identifier();
    }
    return "a component";
  }

  bool covers_enough(const Request& request, const detail::SignatureInput& one) const {
    if (!one.covers(digest_name)) return false;
    for (const detail::Component& wanted : required_) {
      if (!one.covers(wanted.name)) return false;
    }
    if (!options_.require_target) return true;
    const bool query = request.url.find('?') != std::string::npos;
    const bool place = one.covers("@request-target") || (one.covers("@path") && (!query || one.covers("@query")));
    return one.covers("@method") && (one.covers("@target-uri") || (one.covers("@authority") && place));
  }

  Judged judge(const Request& request, const detail::SignatureInput& one, std::span<Key> keys, const Now& now,
               Duration tolerance) const {
    const bool ours = options_.tag.empty() || one.tag == options_.tag;
    if (!ours || !one.created || !covers_enough(request, one))
      return {Stage::coverage, detail::refused(Verification::unsupported, input_name)};
    if (one.expires && *one.expires < *one.created)
      return {Stage::time, detail::refused(Verification::malformed, input_name)};

    Verification verdict = detail::freshness(*one.created, now, tolerance);
    if (verdict && one.expires && detail::unix_seconds(now.wall) > *one.expires) verdict.reason = Verification::too_old;
    if (!verdict) return {Stage::time, verdict};

    const auto fail = [&](Stage stage, Verification::Reason reason, std::string_view header = {}) {
      verdict.reason = reason;
      verdict.header = header;
      return Judged{stage, verdict};
    };
    if (keys.empty()) return fail(Stage::key, Verification::unknown_key);
    std::string base;
    switch (
        detail::signature_base({request.method, request.url, request.headers}, one.components, one.canonical, base)) {
      case detail::BaseFault::none:
        break;
      case detail::BaseFault::missing:
        return fail(Stage::time, Verification::missing_header, one.covers(digest_name) ? missing_of(request, one) : "");
      case detail::BaseFault::malformed:
        return fail(Stage::time, Verification::malformed);
      case detail::BaseFault::unsupported:
        return fail(Stage::time, Verification::unsupported, input_name);
    }
    std::size_t found = 0;
    switch (
        detail::check_content_digest(detail::joined_field(request.headers, digest_name, found), request.body.view())) {
      case detail::DigestVerdict::ok:
        break;
      case detail::DigestVerdict::malformed:
        return fail(Stage::body, Verification::malformed, digest_name);
      case detail::DigestVerdict::unknown:
        return fail(Stage::body, Verification::unsupported, digest_name);
      case detail::DigestVerdict::different:
        return fail(Stage::body, Verification::bad_signature, digest_name);
    }

    bool agrees = false;
    detail::KeyMatch match;
    for (std::size_t k = 0; k < keys.size(); ++k) {
      if (one.alg && *one.alg != keys[k].algorithm()) continue;
      agrees = true;
      if (one.keyid && !keys[k].keyid().empty() && *one.keyid != keys[k].keyid()) continue;
      match.consider(k, keys[k].verify(base, one.signature));
    }
    if (!agrees) return fail(Stage::time, Verification::unsupported, input_name);
    verdict.id = id_of(request, one);
    return {Stage::key, match.verdict(verdict)};
  }

  /// A literal for the verdict: which of the fields that a webhook has is covered and not there.
  static std::string_view missing_of(const Request& request, const detail::SignatureInput& one) {
    for (const std::string_view name :
         {digest_name, id_name, std::string_view("content-type"), std::string_view("host")}) {
      if (one.covers(name) && !request.headers.find(name)) return name;
    }
    return input_name;
  }

  /// A view into the request.
  static std::string_view id_of(const Request& request, const detail::SignatureInput& one) {
    if (one.covers(id_name)) {
      const std::string_view id = detail::trimmed(request.headers.find(id_name).value_or(""));
      if (request.headers.count(id_name) == 1 && detail::is_message_id(id)) return id;
    }
    if (!one.nonce) return {};
    for (const Header header : request.headers) {
      if (!Headers::same_name(header.name, input_name)) continue;
      const std::size_t at = header.value.find('"' + *one.nonce + '"');
      if (at != std::string_view::npos) return header.value.substr(at + 1, (std::min)(one.nonce->size(), longest_id));
    }
    return {};
  }
  static constexpr std::size_t longest_id = 64;  // what an event's id can hold; of a longer nonce the beginning will do

  MessageSignatureOptions options_{};
  std::vector<detail::Component> components_{}, required_{};
};

static_assert(SchemePolicy<MessageSignatures> && Generates<MessageSignatures> && ChecksSecrets<MessageSignatures>);

}  // namespace v0
}  // namespace webhook

#endif
