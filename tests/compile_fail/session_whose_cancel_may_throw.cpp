// error: webhook: Dispatcher's transport \(1st argument\) does not satisfy webhook::TransportPolicy: what .open\(\). returns is no webhook::TransportSession
#include <webhook/webhook.hpp>

struct CarrierPigeons {
  using role = webhook::role::transport;
  struct Session {
    std::size_t room() { return 1; }
    void start(webhook::Ticket, const webhook::Request&) {}
    void poll(webhook::Duration, webhook::Exchanges&) {}
    void cancel(webhook::Ticket) {}
    void wake() noexcept {}
  };
  Session open() { return {}; }
};

int main() { webhook::Dispatcher<CarrierPigeons> hooks; }
