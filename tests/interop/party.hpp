// SPDX-License-Identifier: MIT
// Party: our side of a comparison, a scheme of the library behind one interface, and the message that both sides judge.
// It does not know what the other side is.
#ifndef WEBHOOK_TESTS_INTEROP_PARTY_HPP
#define WEBHOOK_TESTS_INTEROP_PARTY_HPP

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <webhook/concepts.hpp>
#include <webhook/scheme/discord.hpp>

namespace interop {

/// A request under way, and what both sides know beside it.
struct Message {
  std::string secret{}, other_secret{};
  std::string id{}, type{};
  std::int64_t time = 0, now = 0;  // seconds: when it was signed, and when it is verified
  webhook::Request request{};
};

struct Party {
  Party() = default;
  Party(const Party&) = delete;
  Party& operator=(const Party&) = delete;
  virtual ~Party() = default;
  virtual void sign(Message& message, const std::vector<std::string>& secrets) = 0;
  virtual webhook::Verification verify(const Message& message) = 0;
};

template <class Scheme>
class Ours final : public Party {
 public:
  void sign(Message& message, const std::vector<std::string>& secrets) override {
    std::vector<typename Scheme::Key> keys;
    for (const std::string& secret : secrets) keys.push_back(scheme_.prepare(webhook::Secret(secret), ""));
    const webhook::WallTime time{std::chrono::seconds{message.time}};
    webhook::Headers added;
    scheme_.sign({message.id, time, message.request, message.type}, keys, added);
    for (const webhook::Header header : added) message.request.headers.add(header.name, header.value);
  }
  webhook::Verification verify(const Message& message) override {
    std::vector<typename Scheme::Key> keys;
    keys.push_back(scheme_.prepare(webhook::Secret(public_half(message.secret)), ""));
    const webhook::Now now{std::chrono::hours{1}, webhook::WallTime{std::chrono::seconds{message.now}}};
    return scheme_.verify(message.request, keys, now, std::chrono::seconds{300});
  }

 private:
  /// A receiver holds the public half of a key that has one.
  static std::string public_half(const std::string& secret) {
    if constexpr (requires { Scheme::public_key(webhook::Secret(secret)); }) {
      const bool pair = std::is_same_v<Scheme, webhook::Discord> || secret.rfind("whsk_", 0) == 0;
      return pair ? Scheme::public_key(webhook::Secret(secret)) : secret;
    } else {
      return secret;
    }
  }
  Scheme scheme_{};
};

}  // namespace interop

#endif
