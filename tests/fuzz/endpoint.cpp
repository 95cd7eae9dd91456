// SPDX-License-Identifier: MIT
// A fuzz target for the rules of endpoints: what is accepted can be sent as it is, and brings no header that is not its
// own. Input: lines "name: value" until an empty line, the endpoint's headers; then its URL, its patterns and a scope,
// a line each.
#include <webhook/endpoint_rules.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "../support/fuzzed_request.hpp"

namespace {
void require(bool holds) {
  if (!holds) std::abort();
}
bool printable(std::string_view text, bool tabs) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && !(tabs && c == '\t')) || byte == 0x7F) return false;
  }
  return true;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const webhook::Request request = support::fuzzed_request({reinterpret_cast<const char*>(data), size});
  webhook::Endpoint endpoint;
  endpoint.headers = request.headers;
  std::string_view rest = request.body.view();
  const auto line = [&rest] {
    const std::size_t end = rest.find('\n');
    const std::string_view taken = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return std::string(taken);
  };
  endpoint.url = line();
  endpoint.events = {line()};
  if (!rest.empty()) {
    endpoint.access.emplace();
    endpoint.access->scope = line();
    endpoint.access->token_url = endpoint.access->client_id = line();
    endpoint.access->client_secret = webhook::Secret(line());
  }
  try {
    webhook::check_endpoint(endpoint);
  } catch (const webhook::Error& error) {
    require(printable(error.what(), false));
    return 0;
  }
  std::string wire;
  for (const webhook::Header header : endpoint.headers) {
    require(!header.name.empty() && header.name.find_first_of(" \t:\r\n\"(),/;<=>?@[\\]{}") == std::string_view::npos);
    require(printable(header.name, false) && printable(header.value, true));
    for (const std::string_view own : {"host", "content-length", "transfer-encoding", "connection", "te", "upgrade",
                                       "webhook-id", "webhook-signature", "webhook-timestamp", "content-type"})
      require(!webhook::Headers::same_name(header.name, own));
    require(endpoint.headers.count(header.name) == 1);
    wire.append(header.name).append(": ").append(header.value).append("\r\n");
  }
  std::size_t lines = 0;
  for (std::size_t at = 0; (at = wire.find('\n', at)) != std::string::npos; ++at) ++lines;
  require(lines == endpoint.headers.size() && lines <= 32);
  require(!endpoint.url.empty() && endpoint.url.size() <= 2048 && printable(endpoint.url, false));
  if (endpoint.access) require(printable(endpoint.access->scope + endpoint.access->client_id, false));
  return 0;
}
