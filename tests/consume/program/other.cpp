// SPDX-License-Identifier: MIT
// The other source file of the host.
#include <webhook/webhook.hpp>

int receive(const webhook::Request& request, const webhook::Secret& secret) {
  webhook::Receiver inbox{webhook::StandardWebhooks{}, secret};
  return inbox.handle(request).status;
}
