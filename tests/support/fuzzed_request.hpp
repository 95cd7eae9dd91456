// SPDX-License-Identifier: MIT
// A request out of a fuzzer's bytes: lines "name: value" until an empty line, then the body.
#ifndef WEBHOOK_TESTS_SUPPORT_FUZZED_REQUEST_HPP
#define WEBHOOK_TESTS_SUPPORT_FUZZED_REQUEST_HPP

#include <webhook/http.hpp>

#include <cstddef>
#include <string_view>

namespace support {

inline webhook::Request fuzzed_request(std::string_view input) {
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
  return request;
}

}  // namespace support

#endif
