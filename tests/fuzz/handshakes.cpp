// SPDX-License-Identifier: MIT
// A fuzz target for what senders ask before they send: challenges, consent, confirmation, and typed bodies behind them.
// Input: one byte for the method, a line for the URL's target, then the request as fuzzed_request() takes it.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <webhook/inbox/memory.hpp>
#include <webhook/receiver.hpp>
#include <webhook/scheme/cloudevents_consent.hpp>
#include <webhook/scheme/crc_challenge.hpp>
#include <webhook/scheme/hook_secret.hpp>
#include <webhook/scheme/okta_challenge.hpp>
#include <webhook/scheme/standard.hpp>
#include <webhook/serializer/json.hpp>
#include <webhook/testing/manual_clock.hpp>

#include "../support/fuzzed_request.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace webhook;
  static const ManualClock clock;
  static Receiver inbox{
      CloudEventsConsent{HookSecret{OktaChallenge{CrcChallenge{StandardWebhooks{}, "webhook-signature"}},
                                    [](std::string_view secret, const Request&) { return secret == "awaited"; }},
                         {.origins = {"shop.example"}, .rate = 100}},
      Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), clock};
  static const std::array<std::string, 5> methods{"GET", "POST", "OPTIONS", "PUT", "HEAD"};

  if (size == 0) return 0;
  std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string_view target = input.substr(0, input.find('\n'));
  input.remove_prefix((std::min)(target.size() + 1, input.size()));
  Request request = support::fuzzed_request(input);
  request.method = methods[data[0] % methods.size()];
  request.url = "https://shop.example/" + std::string(target);

  const Response answer = inbox.handle(request);
  for (const int known : {200, 204, 400, 401, 403, 405, 413, 500}) {
    if (answer.status != known) continue;
    for (const Header field : answer.headers) {  // nothing that is echoed may end a header
      if (field.value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) std::abort();
    }
    if (answer.headers.find("content-type") == std::string_view("application/json"))
      (void)nlohmann::json::parse(answer.body, nullptr, false);
    return 0;
  }
  std::abort();
}
