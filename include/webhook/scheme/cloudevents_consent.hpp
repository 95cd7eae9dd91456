// SPDX-License-Identifier: MIT
// CloudEventsConsent: tells senders that ask by OPTIONS whether they may send here, and how fast (CloudEvents, HTTP 1.1
// Web Hooks for Event Delivery, §4). How deliveries are verified is the business of the scheme inside.
#ifndef WEBHOOK_SCHEME_CLOUDEVENTS_CONSENT_HPP
#define WEBHOOK_SCHEME_CLOUDEVENTS_CONSENT_HPP

#include <algorithm>
#include <charconv>
#include <cstdint>
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
};

/// A scheme that also answers OPTIONS with WebHook-Request-Origin: 200 with WebHook-Allowed-Origin and -Rate for an
/// origin that the rule names, 405 for any other. An origin is what a sender says of itself: consent keeps third
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
    if (request.headers.count("webhook-request-origin") != 1 || !allows(origin)) return answer;
    answer.status = 200;
    answer.headers.add("webhook-allowed-origin", origin);
    answer.headers.add("webhook-allowed-rate", rate_for(request));
    return answer;
  }

 private:
  bool allows(std::string_view origin) const {
    if (origin.empty()) return false;
    for (const char c : origin) {  // it is echoed, so it must be plain
      if (c <= ' ' || c > '~') return false;
    }
    for (const std::string& allowed : rule_.origins) {
      if (allowed == "*" || Headers::same_name(allowed, origin)) return true;
    }
    return false;
  }

  std::string rate_for(const Request& request) const {
    if (!rule_.rate) return "*";
    std::uint32_t asked = 0, granted = *rule_.rate;
    const std::string_view text = request.headers.find("webhook-request-rate").value_or(std::string_view());
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), asked);
    if (error == std::errc() && end == text.data() + text.size() && asked > 0) granted = (std::min)(granted, asked);
    return std::to_string(granted);
  }

  ConsentRule rule_;
};

}  // namespace v0
}  // namespace webhook

#endif
