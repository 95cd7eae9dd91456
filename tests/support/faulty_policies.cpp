// SPDX-License-Identifier: MIT
#include "support/faulty_policies.hpp"

template class webhook::Dispatcher<support::FaultyTransport, webhook::JsonSerializer, support::FaultySigner,
                                   support::SharedStore, support::FaultyClock>;

namespace support {

FaultyHost::FaultyHost(webhook::Options options, std::shared_ptr<webhook::MemoryStore> shared)
    : store(std::move(shared)),
      hooks(FaultyTransport{faults, transport}, signer, SharedStore{faults, store}, FaultyClock{faults},
            watched(std::move(options))) {}
FaultyHost::~FaultyHost() = default;

int FaultyHost::count(webhook::Notice::Kind kind) const {
  const std::lock_guard lock(mutex_);
  int found = 0;
  for (const webhook::Notice::Kind one : told_) found += one == kind ? 1 : 0;
  return found;
}

std::vector<webhook::Delivery> FaultyHost::all() { return hooks.deliveries(webhook::Query{.most = 1000}); }

bool FaultyHost::all_are(webhook::State state) {
  bool same = true;
  for (const webhook::Delivery& delivery : all()) same = same && delivery.state == state;
  return same;
}

bool FaultyHost::stopping() {
  webhook::EmitOptions to_nobody;
  to_nobody.tenant = "nobody";
  try {
    hooks.emit("a.b", {}, to_nobody);
  } catch (const webhook::Error& error) {
    return error.code() == webhook::errc::stopped;
  }
  return false;
}

webhook::Options FaultyHost::watched(webhook::Options options) {
  options.seed = 1;
  options.on_notice = [this, own = std::move(options.on_notice)](const webhook::Notice& notice) {
    {
      const std::lock_guard lock(mutex_);
      told_.push_back(notice.kind);
    }
    if (own) own(notice);
  };
  return options;
}

FaultyVirtualHost::FaultyVirtualHost(webhook::ManualClock time, std::shared_ptr<webhook::MemoryStore> shared)
    : FaultyHost({}, std::move(shared)), clock(std::move(time)) {
  faults->now = [this] { return clock.now(); };
}

void FaultyVirtualHost::pass(webhook::Duration time, webhook::Duration step) {
  for (webhook::Duration passed{}; passed < time; passed += step) {
    clock.advance(step);
    for (int i = 0; i < 3; ++i) hooks.run_once();
  }
}

}  // namespace support
