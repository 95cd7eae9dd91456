// SPDX-License-Identifier: MIT
// A fuzz target for Ed25519 in Standard Webhooks: keys as somebody pastes them, and signature lists as a stranger sends
// them. Input: one byte of mode, then a key; or a line of signatures and the body.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>
#include <webhook/scheme/standard.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using webhook::StandardWebhooks;
  static const StandardWebhooks scheme;
  static std::vector<StandardWebhooks::Key> keys = [] {
    std::vector<StandardWebhooks::Key> made;
    made.push_back(scheme.prepare(webhook::Secret("whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="), ""));
    made.push_back(scheme.prepare(webhook::Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), ""));
    return made;
  }();
  static const webhook::Now now{std::chrono::hours(1), webhook::WallTime(std::chrono::seconds(1614265330))};

  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  if ((data[0] & 1U) != 0) {
    try {
      const webhook::Secret secret(std::string((data[0] & 2U) != 0 ? "whsk_" : "whpk_").append(input));
      std::vector<StandardWebhooks::Key> one;
      one.push_back(scheme.prepare(secret, "standard-v1a"));
      const std::string shown = StandardWebhooks::public_key(secret);
      static_cast<void>(scheme.prepare(webhook::Secret(shown), "standard-v1a"));  // what is shown can be used
    } catch (const webhook::Error& error) {
      if (error.code() != webhook::errc::invalid_secret) std::abort();
      // No word of a sentence is as long as this, so it would be the key.
      const bool telling = input.size() > 16 && input.find(' ') == std::string_view::npos;
      if (telling && std::string_view(error.what()).find(input) != std::string_view::npos) std::abort();
    }
    return 0;
  }
  const std::size_t end = input.find('\n');
  webhook::Request request;
  request.headers = {{"webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"},
                     {"webhook-timestamp", "1614265330"},
                     {"webhook-signature", input.substr(0, end)}};
  request.body = webhook::Bytes(end == std::string_view::npos ? std::string_view() : input.substr(end + 1));
  if (scheme.verify(request, keys, now, std::chrono::minutes(5)) &&
      request.body.view() != R"({"test": 2432232314})") {  // the one published message that fits
    std::abort();
  }
  return 0;
}
