// SPDX-License-Identifier: MIT
// Standard Webhooks with Ed25519 (v1a): the sender signs with a whsk_ key that never leaves it, and the receiver knows
// its public half alone (whpk_), which is no secret: with it nobody can sign, and it may be published in the
// documentation.
#include <webhook/webhook.hpp>

#include <iostream>
#include <string>
#include <vector>

#include "order.hpp"

int main() {
  std::vector<webhook::Request> sent;
  webhook::Dispatcher hooks{[&](const webhook::Request& request) {
    sent.push_back(request);
    return webhook::Response{.status = 204};
  }};
  // The key pair is generated, as a whsec_ secret is for "standard"; one whsk_ key may also serve all endpoints.
  const webhook::Endpoint endpoint = hooks.add({.url = "https://this.example/hooks", .scheme = "standard-v1a"});
  const std::string published = webhook::StandardWebhooks::public_key(endpoint.secrets.front());

  // The receiver's side, which has nothing but the public key.
  webhook::Receiver inbox{webhook::StandardWebhooks{}, webhook::Secret{published}};
  double total = 0;
  inbox.on<OrderCreated>([&](const OrderCreated& order) { total += order.price; });

  hooks.emit(OrderCreated{"Smith", "a book", 12.5});
  for (int step = 0; step < 2; ++step) hooks.run_once();
  if (sent.size() != 1) return 1;
  std::cout << "whoever receives is given " << published << '\n'
            << "webhook-signature: " << sent[0].headers.find("webhook-signature").value_or("(none)") << '\n';
  const int answer = inbox.handle(sent[0]).status;

  webhook::Request changed = sent[0];
  std::string body(changed.body.view());
  changed.body = webhook::Bytes(body.replace(body.find("12.5"), 4, "0.01"));
  const webhook::Verification verdict = inbox.verify(changed);
  std::cout << "a changed price: " << explain(verdict) << '\n';

  // Whoever steals the receiver's configuration cannot send in the sender's name.
  std::error_code error;
  hooks.add({.url = "https://victim.example/hooks", .secrets = {webhook::Secret{published}}}, error);
  std::cout << "an endpoint with the public key: " << error.message() << '\n';

  return answer == 204 && total == 12.5 && sent[0].headers.find("webhook-signature")->substr(0, 4) == "v1a," &&
                 published.substr(0, 5) == "whpk_" && verdict.reason == webhook::Verification::bad_signature &&
                 error == webhook::errc::invalid_secret
             ? 0
             : 1;
}
