// SPDX-License-Identifier: MIT
// A fuzz target for the subscription API: whatever a stranger posts or deletes, the answer is JSON or empty, and of a kind
// that is documented. Input: one byte for the method, a line for the URL's target, then the request.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <webhook/clock/system.hpp>
#include <webhook/dispatcher.hpp>
#include <webhook/rest_hooks.hpp>
#include <webhook/scheme/standard.hpp>
#include <webhook/serializer/json.hpp>
#include <webhook/store/memory.hpp>
#include <webhook/testing/recording_transport.hpp>

#include "../support/fuzzed_request.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace webhook;
  static Dispatcher hooks{RecordingTransport{}, Options{.max_endpoints = 20, .seed = 1}};
  static const JsonSerializer serializer;
  static RestHooks rest{hooks,
                        serializer,
                        {.authenticate = [](const Request&) { return std::optional<std::string>("tenant"); },
                         .events = {"order.*", "user_created"},
                         .show_secret = true}};
  static const std::array<std::string, 4> methods{"POST", "DELETE", "GET", "POST"};

  if (size == 0) return 0;
  std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string_view target = input.substr(0, input.find('\n'));
  input.remove_prefix((std::min)(target.size() + 1, input.size()));
  Request request = support::fuzzed_request(input);
  request.method = methods[data[0] % methods.size()];
  request.url = "https://shop.example/" + std::string(target);

  const Response answer = rest.handle(request);
  if (!answer.body.empty() && !nlohmann::json::accept(answer.body)) std::abort();
  for (const int known : {201, 204, 400, 404, 405, 413, 415, 422, 429}) {
    if (answer.status == known) return 0;
  }
  std::abort();
}
