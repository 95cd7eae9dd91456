// SPDX-License-Identifier: MIT
// A fuzz target for CloudEvents in both modes. Input: lines "name: value" until an empty line, then the body.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <webhook/serializer/cloudevents.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const webhook::CloudEventsSerializer serializer("/fuzz");
  std::string_view input(reinterpret_cast<const char*>(data), size);
  webhook::Request request;
  while (!input.empty()) {
    const std::size_t end = input.find('\n');
    const std::string_view line = input.substr(0, end);
    input.remove_prefix(end == std::string_view::npos ? input.size() : end + 1);
    if (line.empty()) break;
    const std::size_t colon = line.find(": ");
    if (colon != std::string_view::npos) request.headers.add(line.substr(0, colon), line.substr(colon + 2));
  }
  request.body = webhook::Bytes(input);
  webhook::Event event;
  nlohmann::json value;
  (void)serializer.recognises(request);
  try {
    value = serializer.read(request, event);
  } catch (const webhook::Error& error) {
    const bool expected = error.code() == webhook::errc::invalid_payload || error.code() == webhook::errc::unsupported;
    if (!expected || !event.type.empty()) std::abort();
    return 0;
  }
  event.payload = webhook::Bytes(value.dump());
  for (const char* format : {"cloudevents", "cloudevents-binary"}) {
    const webhook::Rendering rendering = serializer.render(event, format);
    request.headers = rendering.headers;
    request.body = rendering.body;
    webhook::Event again;
    if (serializer.read(request, again) != value || again.type != event.type || again.time != event.time ||
        again.traceparent != event.traceparent) {
      std::abort();
    }
  }
  return 0;
}
