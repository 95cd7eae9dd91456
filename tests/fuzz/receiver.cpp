// SPDX-License-Identifier: MIT
// A fuzz target for everything that a stranger's request passes through: headers, signature list, body, JSON,
// diagnosis. Input: one byte of mode, then lines "name: value" until an empty line, then the body. In the signed modes
// the body gets a valid signature, so that the fuzzer also reaches what lies behind the verification.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>
#include <webhook/inbox/none.hpp>
#include <webhook/receiver.hpp>
#include <webhook/scheme/standard.hpp>
#include <webhook/serializer/json.hpp>
#include <webhook/testing/manual_clock.hpp>

#include "../support/fuzzed_request.hpp"

struct Order {
  std::string customer{};
  double price = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Order, customer, price)
template <>
inline constexpr std::string_view webhook::event_type<Order> = "order.created";

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const webhook::ManualClock clock;
  static const webhook::Secret secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  static webhook::Receiver inbox{secret, clock, webhook::NoInbox{},
                                 webhook::ReceiverOptions{.diagnoses_per_second = 4'000'000'000}};
  static const bool ready = [] {
    inbox.on<Order>([](const Order&) {});
    inbox.on("order.*", [](const nlohmann::json& value) {
      (void)value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    });
    return true;
  }();
  (void)ready;

  if (size == 0) return 0;
  const bool sign = (data[0] & 1U) != 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  webhook::Request request = support::fuzzed_request(input);
  request.url = "http://10.0.0.7/hooks";

  if (sign) {
    request.headers.clear();
    const webhook::StandardWebhooks scheme;
    static std::vector<webhook::StandardWebhooks::Key> keys = [&] {
      std::vector<webhook::StandardWebhooks::Key> made;
      made.push_back(scheme.prepare(secret, ""));
      return made;
    }();
    scheme.sign({"evt_1", clock.now().wall, request}, keys, request.headers);
    if (!inbox.verify(request)) std::abort();  // what is signed verifies
  } else if (inbox.verify(request)) {
    std::abort();  // nobody guesses a signature
  }
  const int status = inbox.handle(request).status;
  if (status != 204 && status != 400 && status != 401 && status != 413) std::abort();
  return 0;
}
