// SPDX-License-Identifier: MIT
// Requests as a receiver gets them: signed by Standard Webhooks, or by a scheme of two names that is easy to read.
#ifndef WEBHOOK_TESTS_SUPPORT_RECEIVED_HPP
#define WEBHOOK_TESTS_SUPPORT_RECEIVED_HPP

#include <webhook/clock/system.hpp>
#include <webhook/inbox/memory.hpp>
#include <webhook/inbox/none.hpp>
#include <webhook/receiver.hpp>
#include <webhook/scheme/standard.hpp>
#include <webhook/serializer/json.hpp>
#include <webhook/testing/manual_clock.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace support {

inline webhook::Secret secret() { return webhook::Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"); }
inline webhook::Secret other_secret() { return webhook::Secret("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"); }

inline webhook::Request signed_request(std::string_view body, const webhook::ManualClock& clock,
                                       std::string_view id = "evt_1", const webhook::Secret& by = secret()) {
  const webhook::StandardWebhooks scheme;
  webhook::Request request;
  request.url = "https://shop.example/hooks";
  request.body = webhook::Bytes(body);
  std::vector<webhook::StandardWebhooks::Key> keys;
  keys.push_back(scheme.prepare(by, ""));
  scheme.sign({id, clock.now().wall, request}, keys, request.headers);
  return request;
}

inline std::string envelope(std::string_view type, std::string_view data = "{}") {
  return "{\"type\":\"" + std::string(type) + "\",\"data\":" + std::string(data) + "}";
}

/// The same request with another body, which nobody signed.
inline webhook::Request with_body(webhook::Request request, std::string_view body) {
  request.body = webhook::Bytes(body);
  return request;
}

/// Two schemes in one, "red" and "blue": x-red or x-blue is the secret's text, the URL and the body. Nothing to send
/// with, but everything that a receiver can ask of a scheme: it verifies, describes and shakes hands.
struct Coloured {
  using role = webhook::role::signer;
  struct Key {
    std::string header{}, text{};
  };

  bool signs(std::string_view name) const { return name.empty() || name == "red" || name == "blue"; }
  Key prepare(const webhook::Secret& secret, std::string_view name) const {
    if (secret.empty()) throw webhook::Error(webhook::errc::invalid_secret, "empty");
    return {"x-" + std::string(name.empty() ? "red" : name), std::string(secret.reveal())};
  }
  bool sign(const webhook::Signing& signing, std::span<Key> keys, webhook::Headers& headers) const {
    headers.add("x-id", signing.id);
    for (const Key& key : keys) headers.add(key.header, mac(key, signing.request));
    return true;
  }
  webhook::Verification verify(const webhook::Request& request, std::span<Key> keys, const webhook::Now&,
                               webhook::Duration) const {
    using webhook::Verification;
    Verification verdict{Verification::missing_header};
    verdict.header = "x-red";
    verdict.id = request.headers.find("x-id").value_or(std::string_view());
    if (keys.empty()) verdict.reason = Verification::unknown_key;
    for (std::size_t k = 0; k < keys.size(); ++k) {
      const auto sent = request.headers.find(keys[k].header);
      if (!sent) continue;
      verdict.reason = Verification::bad_signature;
      if (*sent != mac(keys[k], request)) continue;
      verdict.reason = Verification::ok;
      verdict.key = k;
      break;
    }
    return verdict;
  }
  void describe(const webhook::Request& request, const webhook::Fields& fields, webhook::Event& event) const {
    if (const auto type = request.headers.find("x-event")) {
      event.type = std::string(*type);
      if (const auto action = fields.find("/action")) event.type += "." + *action;
    }
    if (const auto id = fields.find("/event_id")) event.id = webhook::EventId(*id);
  }
  std::optional<webhook::Response> handshake(const webhook::Request& request, const webhook::Verification& verdict,
                                             std::span<Key> keys, const webhook::Fields& fields) const {
    if (request.method == "GET") {  // with the key
      webhook::Response response;
      response.status = 200;
      response.body = keys.empty() ? "no key" : keys.front().text;
      return response;
    }
    const auto challenge = fields.find("/challenge");
    if (!verdict || !challenge) return std::nullopt;
    webhook::Response response;
    response.status = 200;
    response.body = *challenge;
    return response;
  }

  static std::string mac(const Key& key, const webhook::Request& request) {
    return key.text + "|" + request.url + "|" + std::string(request.body.view());
  }
};

inline webhook::Request coloured_request(std::string_view body, std::string_view colour, std::string_view text,
                                         std::string_view id = "1") {
  webhook::Request request;
  request.url = "https://shop.example/hooks?a=1";
  request.body = webhook::Bytes(body);
  std::vector<Coloured::Key> keys{Coloured().prepare(webhook::Secret(text), colour)};
  Coloured().sign({id, {}, request}, keys, request.headers);
  return request;
}

}  // namespace support

static_assert(webhook::ShakesHands<support::Coloured> && webhook::Describes<support::Coloured>);

#endif
