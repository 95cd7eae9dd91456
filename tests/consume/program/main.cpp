// SPDX-License-Identifier: MIT
// A host that sends, in one source file, and receives in another; both include the umbrella.
#include <webhook/webhook.hpp>

int receive(const webhook::Request& request, const webhook::Secret& secret);

int main() {
  webhook::Secret secret{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"};
  webhook::Request request;
  int answered = 0;
  webhook::Dispatcher hooks{[&](const webhook::Request& sent) {
    answered = receive(sent, secret);
    webhook::Response response;
    response.status = answered;
    return response;
  }};
  webhook::Endpoint endpoint;
  endpoint.url = "https://receiver.example/hooks";
  endpoint.secrets = {secret};
  hooks.add(endpoint);
  hooks.emit("customer.created", {{"name", "Smith"}});
  for (int turn = 0; turn < 1000 && answered == 0; ++turn) hooks.run_once(std::chrono::milliseconds{10});
  return answered == 204 ? 0 : 1;
}
