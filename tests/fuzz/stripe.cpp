// SPDX-License-Identifier: MIT
// A fuzz target for Stripe-Signature: whatever stands in the header, nobody guesses a signature; and what is signed
// verifies, however much else of what is well-formed is added to it.
// Input: one byte of mode, then the header's value.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>
#include <webhook/scheme/stripe.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using webhook::Verification;
  static const webhook::Stripe scheme;
  static std::vector<webhook::Stripe::Key> keys = [] {
    std::vector<webhook::Stripe::Key> made;
    made.push_back(scheme.prepare(webhook::Secret("whsec_test"), ""));
    return made;
  }();
  const webhook::Now now{{}, webhook::WallTime(std::chrono::seconds(1700000000))};
  if (size == 0) return 0;
  const std::string_view value(reinterpret_cast<const char*>(data) + 1, size - 1);

  webhook::Request request;
  request.body = webhook::Bytes("{}");
  if ((data[0] & 1U) == 0) {
    request.headers.add("Stripe-Signature", value);
    const Verification verdict = scheme.verify(request, keys, now, std::chrono::seconds(300));
    if (verdict || verdict.reason == Verification::unknown_key) std::abort();
    return 0;
  }
  webhook::Headers own;
  scheme.sign({"msg_1", now.wall, request}, keys, own);
  const std::string list = std::string(own[0].value) + "," + std::string(value);
  request.headers.add("Stripe-Signature", list);
  const Verification verdict = scheme.verify(request, keys, now, std::chrono::seconds(300));
  if (!verdict && verdict.reason != Verification::malformed) std::abort();
  return 0;
}
