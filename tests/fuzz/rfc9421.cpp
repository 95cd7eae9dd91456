// SPDX-License-Identifier: MIT
// A fuzz target for message signatures: structured fields, signature bases, digests and targets, as a stranger writes them.
// Input: one byte of mode, then lines: the URL, then "name: value" until an empty line, then the body. In the signed mode
// the request is signed as far as it can be, and must verify then; otherwise nobody guesses a signature.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>
#include <webhook/scheme/rfc9421.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const webhook::MessageSignatures scheme{
      {.components = {"@method", "@target-uri", "content-digest"}, .nonce = true, .alg = true}};
  static std::vector<webhook::MessageSignatures::Key> keys = [] {
    std::vector<webhook::MessageSignatures::Key> made;
    made.push_back(scheme.prepare(webhook::Secret("keyid: a\nwhsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), ""));
    made.push_back(scheme.prepare(scheme.generate(""), ""));
    return made;
  }();
  static const webhook::Now now{std::chrono::hours(1), webhook::WallTime(std::chrono::seconds(1618884473))};

  if (size == 0) return 0;
  const bool sign = (data[0] & 1U) != 0;
  std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto line = [&input] {
    const std::size_t end = input.find('\n');
    const std::string_view found = input.substr(0, end);
    input.remove_prefix(end == std::string_view::npos ? input.size() : end + 1);
    return found;
  };
  webhook::Request request;
  request.url = line();
  while (!input.empty()) {
    const std::string_view field = line();
    if (field.empty()) break;
    const std::size_t colon = field.find(": ");
    if (colon == std::string_view::npos) continue;
    request.headers.add(field.substr(0, colon), field.substr(colon + 2));
  }
  request.body = webhook::Bytes(input);
  if (!sign) {
    if (scheme.verify(request, keys, now, std::chrono::minutes(5))) std::abort();
    return 0;
  }
  try {
    scheme.sign({"evt_1", now.wall, request}, keys, request.headers);
  } catch (const webhook::Error&) {
    return 0;  // it lacks what is to be covered
  }
  if (!scheme.verify(request, keys, now, std::chrono::minutes(5))) std::abort();
  return 0;
}
