// SPDX-License-Identifier: MIT
// A receiver without a server: the request that any framework hands over, verified, routed and answered. The dispatcher
// beside it sends through a plain function, straight into the receiver: useful in tests of one's own handlers.
#include <webhook/webhook.hpp>

#include <iostream>

#include "order.hpp"

int main() {
  const webhook::Secret secret = webhook::StandardWebhooks{}.generate("");  // what the sender shows once

  webhook::Receiver inbox{webhook::StandardWebhooks{}, secret};
  double total = 0;
  inbox.on<OrderCreated>([&](const OrderCreated& order, const webhook::Event&) { total += order.price; });
  inbox.on("customer.*", [](const nlohmann::json& customer, const webhook::Event& event) {
    std::cout << event.type << ": " << customer.at("name") << '\n';
  });

  webhook::Dispatcher hooks{[&](const webhook::Request& request) { return inbox.handle(request); }};
  hooks.add({.url = "https://this.example/hooks", .secrets = {secret}});
  hooks.emit(OrderCreated{"Smith", "a book", 12.5});
  hooks.emit("customer.created", {{"name", "Smith"}});
  for (int step = 0; step < 3; ++step) hooks.run_once();

  webhook::Request forged;
  forged.headers = {{"webhook-id", "msg_1"}, {"webhook-timestamp", "1"}, {"webhook-signature", "v1,AAAA"}};
  const webhook::Verification verdict = inbox.verify(forged);
  std::cout << "total " << total << ", and the forged one: " << to_string(verdict.reason) << '\n';
  return total == 12.5 && !verdict ? 0 : 1;
}
