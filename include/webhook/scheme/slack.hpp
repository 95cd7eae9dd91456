// SPDX-License-Identifier: MIT
// Slack: signs and verifies as Slack's Events API, commands and interactions do (X-Slack-Signature, v0), and answers
// Slack's url_verification and ssl_check.
// It does not know Slack's message format (that is a serializer's), nor older verification tokens.
#ifndef WEBHOOK_SCHEME_SLACK_HPP
#define WEBHOOK_SCHEME_SLACK_HPP

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
#include "../detail/described.hpp"
#include "../detail/field.hpp"
#include "../detail/hex.hpp"
#include "../detail/hmac.hpp"
#include "../detail/http_fields.hpp"
#include "../detail/key_match.hpp"
#include "../detail/scheme_checks.hpp"
#include "../detail/text_key.hpp"
#include "../detail/unix_time.hpp"

namespace webhook {
inline namespace v0 {

/// The scheme of Slack: X-Slack-Signature, HMAC-SHA256 of "v0:<time>:<body>" under the signing secret's text, and
/// X-Slack-Request-Timestamp. Stateless, so thread-safe; a Key belongs to one thread at a time.
/// Only one signature fits on a request: the first key signs, so during a rotation the receiver must know both.
class Slack {
 public:
  using role = webhook::role::signer;
  using Key = detail::HmacSha256;

  /// True for "" and "slack".
  bool signs(std::string_view scheme) const noexcept { return scheme.empty() || scheme == "slack"; }

  /// True for the headers that sign() adds.
  bool writes(std::string_view header, std::string_view) const noexcept {
    return detail::is_one_of(header, {time_header, signature_header});
  }

  /// Throws Error (errc::invalid_secret) for an empty text, or white space around it.
  Key prepare(const Secret& secret, std::string_view scheme) const {
    detail::require_scheme(signs(scheme), "slack");
    return Key(detail::text_key(secret, "a Slack signing secret"));
  }
  /// A fresh secret: 64 hexadecimal digits.
  Secret generate(std::string_view scheme) const {
    detail::require_scheme(signs(scheme), "slack");
    return detail::generate_text_key();
  }

  /// Adds both headers. Slack has no header for an id: it is in the body, if anywhere.
  bool sign(const Signing& signing, std::span<Key> keys, Headers& headers) const {
    detail::require_keys(keys.size());
    const std::string time = std::to_string(detail::unix_seconds(signing.time));
    std::array<char, prefix.size() + 2 * Key::size> signature{};
    prefix.copy(signature.data(), prefix.size());
    detail::encode_hex(keys.front()({"v0:", time, ":", signing.request.body.view()}), signature.data() + prefix.size());
    headers.add(time_header, time);
    headers.add(signature_header, {signature.data(), signature.size()});
    return true;
  }

  /// Judges the headers, then the timestamp (`tolerance` counts both ways, inclusive, in whole seconds), then the
  /// signature, by every key.
  Verification verify(const Request& request, std::span<Key> keys, const Now& now, Duration tolerance) const {
    std::string_view signature, time;
    if (const Verification found = detail::only_field(request.headers, signature_header, signature); !found)
      return found;
    if (const Verification found = detail::only_field(request.headers, time_header, time); !found) return found;
    const std::optional<std::int64_t> sent = detail::parse_unix_seconds(time);
    if (!sent) return detail::refused(Verification::malformed, time_header);
    Key::Mac received{};
    if (signature.substr(0, prefix.size()) != prefix) {
      const bool versioned = signature.find('=') != std::string_view::npos;
      return detail::refused(versioned ? Verification::unsupported : Verification::malformed, signature_header);
    }
    if (!detail::decode_hex(signature.substr(prefix.size()), received))
      return detail::refused(Verification::malformed, signature_header);
    const Verification fresh = detail::freshness(*sent, now, tolerance);
    if (!fresh) return fresh;
    return detail::match_keys(fresh, keys, received, {"v0:", time, ":", request.body.view()});
  }

  /// Gives a verified url_verification its challenge back, and answers ssl_check, which Slack does not sign, with 200
  /// and nothing else.
  std::optional<Response> handshake(const Request& request, const Verification& verdict, std::span<Key>,
                                    const Fields& fields) const {
    if (request.method != "POST") return std::nullopt;
    Response answer;
    answer.status = 200;
    if (is_ssl_check(request)) return answer;
    if (!verdict || fields.find("/type") != "url_verification") return std::nullopt;
    std::optional<std::string> challenge = fields.find("/challenge");
    if (!challenge) return std::nullopt;
    answer.headers.add("content-type", "text/plain; charset=utf-8");
    answer.body = *std::move(challenge);
    return answer;
  }

  /// Of the Events API: the inner event's type ("app_mention"), event_id, and event_time. Of a slash command ("/deploy"),
  /// which is a form: "slash_command.deploy", or "slash_command" if its name is no event type; of an interaction
  /// ("block_actions") its type; of both the trigger_id.
  void describe(const Request&, const Fields& fields, Event& event) const {
    std::optional<std::string> type = fields.find("/event/type");
    if (!type) type = fields.find("/type");
    if (const auto command = fields.find("/command"); !type && command && command->substr(0, 1) == "/") {
      type = detail::described_type("slash_command." + command->substr(1));
      if (type->empty()) type = "slash_command";
    }
    detail::describe_type(event, type);
    detail::describe_id(event, fields.find("/trigger_id"));
    detail::describe_id(event, fields.find("/event_id"));
    detail::describe_unix_time(event, fields.find("/event_time"));
  }

 private:
  static constexpr std::string_view signature_header = "X-Slack-Signature";
  static constexpr std::string_view time_header = "X-Slack-Request-Timestamp";
  static constexpr std::string_view prefix = "v0=";

  // Looks at the bytes of a short form only: nothing of an unsigned body is parsed.
  static bool is_ssl_check(const Request& request) noexcept {
    constexpr std::string_view form = "application/x-www-form-urlencoded";
    constexpr std::size_t longest = 4096;
    const std::string_view type = request.headers.find("content-type").value_or("");
    if (!Headers::same_name(type.substr(0, form.size()), form) || request.body.size() > longest) return false;
    std::string_view rest = request.body.view();
    while (!rest.empty()) {
      const std::size_t end = (std::min)(rest.find('&'), rest.size());
      if (rest.substr(0, end) == "ssl_check=1") return true;
      rest.remove_prefix((std::min)(end + 1, rest.size()));
    }
    return false;
  }
};

static_assert(ShakesHands<Slack> && Describes<Slack> && Generates<Slack>);

}  // namespace v0
}  // namespace webhook

#endif
