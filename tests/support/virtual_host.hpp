// SPDX-License-Identifier: MIT
// A dispatcher in virtual time: a manual clock, a recording transport, and a loop that moves both.
#ifndef WEBHOOK_TESTS_SUPPORT_VIRTUAL_HOST_HPP
#define WEBHOOK_TESTS_SUPPORT_VIRTUAL_HOST_HPP

#include <webhook/clock/system.hpp>
#include <webhook/dispatcher.hpp>
#include <webhook/scheme/standard.hpp>
#include <webhook/serializer/json.hpp>
#include <webhook/store/memory.hpp>
#include <webhook/testing/manual_clock.hpp>
#include <webhook/testing/recording_transport.hpp>

#include <string>
#include <utility>
#include <vector>

namespace support {

struct Told {  // a notice, kept
  webhook::Notice::Kind kind{};
  webhook::EndpointId endpoint{};
  webhook::DeliveryId delivery{};
  int status = 0;
  std::string text{};
};

/// One key, made ready; a Key can only be moved.
inline std::vector<webhook::StandardWebhooks::Key> keys(const webhook::Secret& secret) {
  std::vector<webhook::StandardWebhooks::Key> prepared;
  prepared.push_back(webhook::StandardWebhooks().prepare(secret, ""));
  return prepared;
}

class VirtualHost {
 public:
  explicit VirtualHost(webhook::Options options = {}) : hooks(clock, transport, watched(std::move(options))) {}
  VirtualHost(const VirtualHost&) = delete;
  VirtualHost& operator=(const VirtualHost&) = delete;

  /// Steps until nothing happens any more at this moment.
  void settle() {
    for (int i = 0; i < 1000; ++i) {
      const std::size_t before = transport.requests().size();
      if (hooks.run_once() == 0 && transport.requests().size() == before && i > 1) return;
    }
  }

  /// Lets time pass in small steps, doing what becomes due.
  void pass(webhook::Duration time, webhook::Duration step = std::chrono::seconds{1}) {
    for (webhook::Duration passed{}; passed < time; passed += step) {
      clock.advance(step);
      settle();
    }
  }

  int count(webhook::Notice::Kind kind) const {
    int found = 0;
    for (const Told& notice : told) found += notice.kind == kind ? 1 : 0;
    return found;
  }

  std::vector<webhook::Delivery> all() { return hooks.deliveries(webhook::Query{.most = 1000}); }

  webhook::ManualClock clock{};
  webhook::RecordingTransport transport{};
  std::vector<Told> told{};
  webhook::Dispatcher<webhook::RecordingTransport, webhook::JsonSerializer, webhook::StandardWebhooks,
                      webhook::MemoryStore, webhook::ManualClock>
      hooks;

 private:
  webhook::Options watched(webhook::Options options) {
    options.seed = 1;
    if (!options.on_notice) {
      options.on_notice = [this](const webhook::Notice& notice) {
        told.push_back({notice.kind, notice.endpoint, notice.delivery,
                        notice.attempt != nullptr ? notice.attempt->status : 0, std::string(notice.text)});
      };
    }
    return options;
  }
};

}  // namespace support

#endif
