// SPDX-License-Identifier: MIT
#include "support/virtual_host.hpp"

template class webhook::Dispatcher<webhook::RecordingTransport, webhook::JsonSerializer, webhook::StandardWebhooks,
                                   webhook::MemoryStore, webhook::ManualClock>;

namespace support {

std::vector<webhook::StandardWebhooks::Key> keys(const webhook::Secret& secret) {
  std::vector<webhook::StandardWebhooks::Key> prepared;
  prepared.push_back(webhook::StandardWebhooks().prepare(secret, ""));
  return prepared;
}

VirtualHost::VirtualHost(webhook::Options options) : hooks(clock, transport, watched(std::move(options))) {}
VirtualHost::~VirtualHost() = default;

void VirtualHost::settle() {
  for (int i = 0; i < 1000; ++i) {
    const std::size_t before = transport.requests().size();
    if (hooks.run_once() == 0 && transport.requests().size() == before && i > 1) return;
  }
}

void VirtualHost::pass(webhook::Duration time, webhook::Duration step) {
  for (webhook::Duration passed{}; passed < time; passed += step) {
    clock.advance(step);
    settle();
  }
}

int VirtualHost::count(webhook::Notice::Kind kind) const {
  int found = 0;
  for (const Told& notice : told) found += notice.kind == kind ? 1 : 0;
  return found;
}

std::vector<webhook::Delivery> VirtualHost::all() { return hooks.deliveries(webhook::Query{.most = 1000}); }

webhook::Options VirtualHost::watched(webhook::Options options) {
  options.seed = 1;
  if (!options.on_notice) {
    options.on_notice = [this](const webhook::Notice& notice) {
      told.push_back({notice.kind, notice.endpoint, notice.delivery,
                      notice.attempt != nullptr ? notice.attempt->status : 0, std::string(notice.text)});
    };
  }
  return options;
}

}  // namespace support
