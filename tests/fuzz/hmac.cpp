// SPDX-License-Identifier: MIT
// A fuzz target for the configurable HMAC: templates that a host may write, and headers that a stranger may.
// Input: one byte of mode, the template until a line end, then the header's value.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <webhook/scheme/hmac.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using webhook::HmacOptions;
  if (size == 0) return 0;
  const unsigned mode = data[0];
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t end = (std::min)(input.find('\n'), input.size());

  HmacOptions options;
  options.content = std::string(input.substr(0, end));
  options.hash = static_cast<HmacOptions::Hash>(mode % 3);
  options.encoding = static_cast<HmacOptions::Encoding>(mode / 3 % 3);
  if ((mode & 64U) != 0) {
    options.prefix = "v1=";
    options.separator = ",";
    options.timestamp_prefix = "t=";
  }
  if ((mode & 128U) != 0) options.id_header = "X-Id";
  std::optional<webhook::Hmac> scheme;
  try {
    scheme.emplace(options);
  } catch (const webhook::Error& error) {
    if (error.code() != webhook::errc::invalid) std::abort();
    return 0;
  }
  std::vector<webhook::Hmac::Key> keys;
  keys.push_back(scheme->prepare(webhook::Secret("key"), ""));
  const webhook::Now now{{}, webhook::WallTime(std::chrono::seconds(1700000000))};
  webhook::Request request;
  request.url = "https://receiver.example/hooks";
  request.body = webhook::Bytes("{}");

  webhook::Request forged = request;
  forged.headers.add("X-Id", "msg_1");
  forged.headers.add("X-Signature", input.substr((std::min)(end + 1, input.size())));
  if (scheme->verify(forged, keys, now, std::chrono::seconds(300))) std::abort();  // nobody guesses a signature

  webhook::Headers own;
  try {
    if (!scheme->sign({"id-of-1", now.wall, request}, keys, own)) std::abort();
  } catch (const webhook::Error&) {
    return 0;  // a header that is signed along is not there
  }
  for (const webhook::Header header : own) request.headers.add(header.name, header.value);
  const webhook::Verification verdict = scheme->verify(request, keys, now, std::chrono::seconds(300));
  // An id that contains what ends it in the template is refused; everything else that is signed verifies.
  if (!verdict && verdict.header != "X-Id") std::abort();
  return 0;
}
