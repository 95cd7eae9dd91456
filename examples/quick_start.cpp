// SPDX-License-Identifier: MIT
// The smallest host that sends webhooks. Nobody answers at invoicing.example, so it ends with a delivery that waits for
// its next attempt; a durable store would make that attempt after a restart.
#include <webhook/webhook.hpp>

#include <iostream>

struct OrderCreated {
  std::string customer, item;
  double price;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(OrderCreated, customer, item, price)
template <>
inline constexpr std::string_view webhook::event_type<OrderCreated> = "order.created";

int main() {
  webhook::Dispatcher hooks;  // libcurl, JSON, Standard Webhooks, in memory
  webhook::Endpoint invoicing = hooks.add({.url = "https://invoicing.example/hooks", .events = {"order.*"}});
  // invoicing.secrets.front() was generated: show it once to whoever runs the endpoint
  hooks.start();
  hooks.emit(OrderCreated{"Smith", "a book", 12.5});    // typed
  hooks.emit("customer.created", {{"name", "Smith"}});  // or any JSON
  hooks.stop(std::chrono::seconds{10});                 // deliver what is due, then end, within the deadline

  for (const webhook::Delivery& delivery : hooks.deliveries({.endpoint = invoicing.id})) {
    std::cout << delivery.type << ": " << webhook::to_string(delivery.state) << " after " << delivery.attempts
              << " attempt(s)\n";
  }
}
