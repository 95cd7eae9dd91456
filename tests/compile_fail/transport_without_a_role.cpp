// error: webhook: Dispatcher's transport \(1st argument\) does not satisfy webhook::TransportPolicy: it lacks .using role = webhook::role::transport;.
#include <webhook/webhook.hpp>

struct CarrierPigeons {};

int main() { webhook::Dispatcher<CarrierPigeons> hooks; }
