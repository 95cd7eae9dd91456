// SPDX-License-Identifier: MIT
// A dispatcher in virtual time: a manual clock, a recording transport, and a loop that moves both. It is compiled once
// (virtual_host.cpp), because a dispatcher in every test's source file is most of what compiling the tests takes.
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

extern template class webhook::Dispatcher<webhook::RecordingTransport, webhook::JsonSerializer,
                                          webhook::StandardWebhooks, webhook::MemoryStore, webhook::ManualClock>;

namespace support {

struct Told {  // a notice, kept
  webhook::Notice::Kind kind{};
  webhook::EndpointId endpoint{};
  webhook::DeliveryId delivery{};
  int status = 0;
  std::string text{};
};

/// One key, made ready; a Key can only be moved.
std::vector<webhook::StandardWebhooks::Key> keys(const webhook::Secret& secret);

class VirtualHost {
 public:
  explicit VirtualHost(webhook::Options options = {});
  VirtualHost(const VirtualHost&) = delete;
  VirtualHost& operator=(const VirtualHost&) = delete;
  ~VirtualHost();

  /// Steps until nothing happens any more at this moment.
  void settle();

  /// Lets time pass in small steps, doing what becomes due.
  void pass(webhook::Duration time, webhook::Duration step = std::chrono::seconds{1});

  int count(webhook::Notice::Kind kind) const;
  std::vector<webhook::Delivery> all();

  webhook::ManualClock clock{};
  webhook::RecordingTransport transport{};
  std::vector<Told> told{};
  webhook::Dispatcher<webhook::RecordingTransport, webhook::JsonSerializer, webhook::StandardWebhooks,
                      webhook::MemoryStore, webhook::ManualClock>
      hooks;

 private:
  webhook::Options watched(webhook::Options options);
};

}  // namespace support

#endif
