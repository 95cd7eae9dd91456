// SPDX-License-Identifier: MIT
// A fuzz target for what Twilio signs: URLs in all their spellings, queries, and forms taken apart.
// Input: one byte of mode, the URL until a line end, then the body.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>
#include <webhook/scheme/twilio.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using webhook::Verification;
  static const webhook::Twilio scheme;
  static std::vector<webhook::Twilio::Key> keys = [] {
    std::vector<webhook::Twilio::Key> made;
    made.push_back(scheme.prepare(webhook::Secret("12345"), ""));
    return made;
  }();
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t end = (std::min)(input.find('\n'), input.size());

  webhook::Request request;
  request.url = std::string(input.substr(0, end));
  request.body = webhook::Bytes(input.substr((std::min)(end + 1, input.size())));
  const auto spellings = webhook::detail::twilio_spellings(request.url);
  if (std::find(spellings.begin(), spellings.end(), request.url) == spellings.end()) std::abort();

  const bool named = (data[0] & 1U) != 0;
  if (named) {
    request.url = webhook::Twilio::url_for(request.url, request.body.view());
  } else {
    request.headers.add("content-type", "application/x-www-form-urlencoded");
  }
  if ((data[0] & 2U) != 0) {
    request.headers.add("X-Twilio-Signature", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    if (scheme.verify(request, keys, {}, {})) std::abort();  // nobody guesses a signature
    return 0;
  }
  webhook::Headers own;
  try {
    scheme.sign({"msg_1", {}, request}, keys, own);
  } catch (const webhook::Error&) {
    return 0;  // the URL names another body
  }
  for (const webhook::Header header : own) request.headers.add(header.name, header.value);
  const Verification verdict = scheme.verify(request, keys, {}, {});
  if (!verdict && request.url.size() <= webhook::Twilio::max_url) std::abort();  // what is signed verifies
  return 0;
}
