// SPDX-License-Identifier: MIT
// CloudEventsConsent: tells senders that ask by OPTIONS whether they may send here, and how fast (CloudEvents, HTTP 1.1
// Web Hooks for Event Delivery, §4). How deliveries are verified is the business of the scheme inside.
#ifndef WEBHOOK_SCHEME_CLOUDEVENTS_CONSENT_HPP
#define WEBHOOK_SCHEME_CLOUDEVENTS_CONSENT_HPP

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "../concepts.hpp"
#include "../detail/scheme_layer.hpp"

namespace webhook {
inline namespace v0 {

/// Whom a CloudEventsConsent lets send, and how much.
struct ConsentRule {
  std::vector<std::string> origins{};   ///< DNS names as senders state them, or "*" for everybody; none: nobody
  std::optional<std::uint32_t> rate{};  ///< deliveries a minute; none: as many as the sender asks for

  /// Told of an origin that is not named and that left a callback, so that the host can decide later (grant_consent()):
  /// the origin, the callback, and the rate that was asked for. True: it will be decided, and the sender is answered 200
  /// without consent; false, or none: refused. Anybody can ask as often as they like, so bound what you keep. Called from
  /// any thread.
  std::function<bool(std::string_view origin, std::string_view callback, std::optional<std::uint32_t> rate)>
      undecided{};
};

/// A scheme that also answers OPTIONS with WebHook-Request-Origin: 200 with WebHook-Allowed-Origin and -Rate for an
/// origin that the rule names, 200 without them while the host decides (ConsentRule::undecided), 405 for any other. An origin is what a sender says of itself: consent keeps third
/// parties from turning a well-behaved sender against this server, it authenticates nobody. As thread-safe as the inner
/// scheme.
template <class Scheme>
class CloudEventsConsent : public detail::SchemeLayer<Scheme> {
  using Layer = detail::SchemeLayer<Scheme>;

 public:
  using Key = typename Layer::Key;

  CloudEventsConsent(Scheme inner, ConsentRule rule) : Layer(std::move(inner)), rule_(std::move(rule)) {}

  std::optional<Response> handshake(const Request& request, const Verification& verdict, std::span<Key> keys,
                                    const Fields& fields) const {
    if (request.method != "OPTIONS" || request.headers.count("webhook-request-origin") == 0)
      return this->inner_handshake(request, verdict, keys, fields);
    Response answer;
    answer.status = 405;
    answer.headers.add("allow", "POST");
    const std::string_view origin = request.headers.find("webhook-request-origin").value_or(std::string_view());
    if (request.headers.count("webhook-request-origin") != 1 || !is_plain(origin)) return answer;
    if (!allows(origin)) {
      if (decides_later(request, origin)) answer.status = 200;
      return answer;
    }
    answer.status = 200;
    answer.headers.add("webhook-allowed-origin", origin);
    answer.headers.add("webhook-allowed-rate", rate_for(request));
    return answer;
  }

 private:
  // It is echoed, or kept.
  static bool is_plain(std::string_view text) noexcept {
    for (const char c : text) {
      if (c <= ' ' || c > '~') return false;
    }
    return !text.empty() && text.size() <= longest;
  }

  bool decides_later(const Request& request, std::string_view origin) const {
    const auto callback = request.headers.find("webhook-request-callback");
    if (!rule_.undecided || !callback || request.headers.count("webhook-request-callback") != 1) return false;
    return is_plain(*callback) && rule_.undecided(origin, *callback, asked_rate(request));
  }

  bool allows(std::string_view origin) const {
    for (const std::string& allowed : rule_.origins) {
      if (allowed == "*" || Headers::same_name(allowed, origin)) return true;
    }
    return false;
  }

  std::string rate_for(const Request& request) const {
    if (!rule_.rate) return "*";
    return std::to_string((std::min)(*rule_.rate, asked_rate(request).value_or(*rule_.rate)));
  }

  static std::optional<std::uint32_t> asked_rate(const Request& request) {
    std::uint32_t asked = 0;
    const std::string_view text = request.headers.find("webhook-request-rate").value_or(std::string_view());
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), asked);
    if (error != std::errc() || end != text.data() + text.size() || asked == 0) return std::nullopt;
    return asked;
  }

  static constexpr std::size_t longest = 2048;  // bytes of an origin, or of a callback
  ConsentRule rule_;
};

}  // namespace v0
}  // namespace webhook

#endif
