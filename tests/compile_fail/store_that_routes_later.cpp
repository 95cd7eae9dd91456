// error: webhook: this version routes every event when it is emitted, a store that keeps events unrouted
#include <webhook/webhook.hpp>

struct Shoebox {
  using role = webhook::role::store;
  void append(const webhook::Now&, std::span<const webhook::NewEvent>, std::span<webhook::Appended>) {}
  webhook::Found claim(const webhook::Claim&, std::vector<webhook::Claimed>&) { return {}; }
  void settle(const webhook::Now&, std::span<const webhook::Settlement>, std::span<webhook::Settled>) {}
  void tune(const webhook::Now&, webhook::EndpointId, const webhook::Lane&) {}
  webhook::Version put(const webhook::Endpoint&) { return 1; }
  std::vector<webhook::Endpoint> endpoints(webhook::Version) { return {}; }
  std::vector<webhook::KeptEvent> unrouted(std::size_t) { return {}; }
  bool route(const webhook::Now&, std::span<const webhook::Route>, webhook::Version) { return true; }
};

int main() {
  webhook::Dispatcher<webhook::CurlTransport, webhook::JsonSerializer, webhook::StandardWebhooks, Shoebox> hooks;
}
