// SPDX-License-Identifier: MIT
// Asks a receiver whether it wants our events, as CloudEvents' web hooks demand of senders (HTTP 1.1 Web Hooks for
// Event Delivery, §4): by OPTIONS, before anything is delivered; and hears and gives the consent that comes later, by a
// callback. What answers OPTIONS is scheme/cloudevents_consent.hpp.
#ifndef WEBHOOK_CONSENT_HPP
#define WEBHOOK_CONSENT_HPP

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "concepts.hpp"
#include "detail/http_fields.hpp"
#include "detail/one_exchange.hpp"
#include "endpoint.hpp"
#include "error.hpp"

namespace webhook {
inline namespace v0 {

/// Who asks, and for how much.
struct ConsentRequest {
  std::string origin{};                 ///< a DNS name that stands for the sending system: "shop.example"
  std::optional<std::uint32_t> rate{};  ///< deliveries a minute that are wished for
  /// A URL of ours at which the receiver may grant later, by GET or POST; "": it must say so now. Whoever knows it can
  /// grant: make it unguessable (UniqueUrls::mint), and hear it with consent_by_callback().
  std::string callback{};
  Headers headers{};  ///< sent along: an authorization, say
  Duration timeout = std::chrono::seconds{15};
};

/// What a receiver said.
struct Consent {
  enum class State : std::uint8_t {
    granted,     ///< the receiver named our origin, or all
    refused,     ///< it answered, and did not: a 200 alone is no consent
    pending,     ///< not yet; it may still call back
    unanswered,  ///< there was no usable answer: ask again
  } state = State::unanswered;
  std::string origin{};                 ///< ours, as it was stated
  std::optional<std::uint32_t> rate{};  ///< deliveries a minute at most; none: no limit was named
  int status = 0;
  Failure failure = Failure::none;

  explicit operator bool() const noexcept { return state == State::granted; }

  /// Puts the consent into an endpoint: at most so many deliveries a minute, and WebHook-Request-Origin with each of
  /// them. Throws Error (errc::misuse) if there is none.
  void apply(Endpoint& endpoint) const {
    if (state != State::granted) throw Error(errc::misuse, "this receiver did not consent: nothing may be sent to it");
    if (rate) {
      const Duration minute = std::chrono::minutes{1};
      endpoint.spacing = (std::max)(endpoint.spacing, (minute + Duration(*rate - 1)) / *rate);
    }
    if (endpoint.headers.count("webhook-request-origin") == 0) endpoint.headers.add("WebHook-Request-Origin", origin);
  }
};

namespace detail {

/// Takes the rate that a receiver names, if it names one; false if one could not keep to it.
inline bool take_allowed_rate(const Headers& headers, std::optional<std::uint32_t>& rate) {
  const auto named = headers.find("webhook-allowed-rate");
  if (!named) return true;
  const std::string_view text = trimmed(*named);
  if (text == "*") {
    rate.reset();
    return true;
  }
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number == 0) return false;
  rate = number;
  return true;
}

}  // namespace detail

/// Asks the receiver at `url`, through a transport (hooks.transport(), with its guards) or a function
/// `Response(const Request&)`; takes as long as the answer takes. Throws Error: errc::invalid for an origin that is
/// none.
template <class Send>
Consent ask_for_consent(Send&& send, std::string_view url, const ConsentRequest& ask) {
  if (!detail::is_token(ask.origin) || !detail::is_field_value(ask.callback))
    throw Error(errc::invalid,
                "the origin of a consent request is a DNS name that stands for the sender: shop.example");
  Request request;
  request.method = "OPTIONS";
  request.url = std::string(url);
  request.timeout = ask.timeout;
  request.headers = ask.headers;
  request.headers.add("WebHook-Request-Origin", ask.origin);
  if (ask.rate) request.headers.add("WebHook-Request-Rate", std::to_string(*ask.rate));
  if (!ask.callback.empty()) request.headers.add("WebHook-Request-Callback", ask.callback);
  const Response answer = detail::one_exchange(send, request);

  Consent consent;
  consent.origin = ask.origin;
  consent.status = answer.status;
  consent.failure = answer.failure;
  if (answer.failure != Failure::none || answer.status == 0 || answer.status >= 500 || answer.status == 429)
    return consent;
  consent.state = Consent::State::refused;
  if (answer.status < 200 || answer.status > 299) return consent;
  const auto origin = answer.headers.find("webhook-allowed-origin");
  if (!origin) {
    if (!ask.callback.empty()) consent.state = Consent::State::pending;
    return consent;
  }
  const std::string_view named = detail::trimmed(*origin);
  if (named != "*" && !Headers::same_name(named, ask.origin)) return consent;
  consent.rate = ask.rate;  // a receiver that names no rate grants what was asked for
  if (detail::take_allowed_rate(answer.headers, consent.rate)) consent.state = Consent::State::granted;
  return consent;
}

/// What a request means that arrived at ConsentRequest::callback, of the same `ask`: a GET (a person's browser, perhaps)
/// or a POST grants, at the rate that its WebHook-Allowed-Rate names, or else the one that was asked for; anything else
/// leaves the consent pending, and a rate that nobody could keep to refuses it. That the URL is the right one is for the
/// caller to see. Answer 200.
inline Consent consent_by_callback(const Request& request, const ConsentRequest& ask) {
  Consent consent;
  consent.origin = ask.origin;
  consent.rate = ask.rate;
  if (request.method != "GET" && request.method != "POST") {
    consent.state = Consent::State::pending;
  } else {
    const bool kept = detail::take_allowed_rate(request.headers, consent.rate);
    consent.state = kept ? Consent::State::granted : Consent::State::refused;
  }
  return consent;
}

/// Grants consent to a sender that asked earlier and left a callback (ConsentRule::undecided), at most `rate` deliveries
/// a minute, none for no limit: POST to `callback`, through a transport (hooks.transport(), whose guards keep a
/// stranger's URL from leading inside) or a function. True if the sender took it; else try again later.
template <class Send>
bool grant_consent(Send&& send, std::string_view callback, std::optional<std::uint32_t> rate,
                   Duration timeout = std::chrono::seconds{15}) {
  Request request;
  request.url = std::string(callback);
  request.timeout = timeout;
  request.headers.add("WebHook-Allowed-Rate", rate ? std::to_string(*rate) : "*");
  const Response answer = detail::one_exchange(send, request);
  return answer.failure == Failure::none && answer.status >= 200 && answer.status <= 299;
}

}  // namespace v0
}  // namespace webhook

#endif
