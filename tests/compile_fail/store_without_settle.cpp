// error: webhook: Dispatcher's store \(4th argument\) does not satisfy webhook::StorePolicy: it lacks .settle\(now, words, settled\).
#include <webhook/webhook.hpp>

struct Shoebox {
  using role = webhook::role::store;
  void append(const webhook::Now&, std::span<const webhook::NewEvent>, std::span<webhook::Appended>) {}
  webhook::Found claim(const webhook::Claim&, std::vector<webhook::Claimed>&) { return {}; }
  void tune(const webhook::Now&, webhook::EndpointId, const webhook::Lane&) {}
  webhook::Version put(const webhook::Endpoint&) { return 1; }
  std::vector<webhook::Endpoint> endpoints(webhook::Version) { return {}; }
};

int main() { webhook::Dispatcher<webhook::CurlTransport, webhook::JsonSerializer, webhook::StandardWebhooks, Shoebox> hooks; }
