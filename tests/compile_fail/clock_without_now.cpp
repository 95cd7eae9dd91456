// error: webhook: Dispatcher's clock \(5th argument\) does not satisfy webhook::ClockPolicy: it lacks .now\(\) const., which returns a Now
#include <webhook/webhook.hpp>

struct Sundial {
  using role = webhook::role::clock;
  int now() const { return 12; }
};

int main() {
  webhook::Dispatcher<webhook::CurlTransport, webhook::JsonSerializer, webhook::StandardWebhooks, webhook::MemoryStore, Sundial> hooks;
}
