// SPDX-License-Identifier: MIT
// A fuzz target for everything that a stranger's request passes through: headers, signature list, body, JSON.
// Input: one byte of mode, then lines "name: value" until an empty line, then the body. In the signed modes the body gets
// a valid signature, so that the fuzzer also reaches what lies behind the verification.
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
  static webhook::Receiver inbox{secret, clock, webhook::NoInbox{}};
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
  std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  webhook::Request request;
  while (!input.empty()) {
    const std::size_t end = input.find('\n');
    const std::string_view line = input.substr(0, end);
    input.remove_prefix(end == std::string_view::npos ? input.size() : end + 1);
    if (line.empty()) break;
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos) continue;
    request.headers.add(line.substr(0, colon), line.substr(colon + 2));
  }
  request.body = webhook::Bytes(input);

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
