// error: webhook: Dispatcher's transport \(1st argument\) does not satisfy webhook::TransportPolicy: it lacks .open\(\)., which returns a session
#include <webhook/webhook.hpp>

struct CarrierPigeons {
  using role = webhook::role::transport;
};

int main() { webhook::Dispatcher<CarrierPigeons> hooks; }
