// SPDX-License-Identifier: MIT
// A host with a database of its own, and dispatchers over the same file, in virtual time.
#ifndef WEBHOOK_TESTS_SUPPORT_SQLITE_HOST_HPP
#define WEBHOOK_TESTS_SUPPORT_SQLITE_HOST_HPP

#include <webhook/clock/system.hpp>
#include <webhook/dispatcher.hpp>
#include <webhook/scheme/standard.hpp>
#include <webhook/serializer/json.hpp>
#include <webhook/store/sqlite.hpp>
#include <webhook/testing/manual_clock.hpp>
#include <webhook/testing/recording_transport.hpp>

#include <string>
#include <vector>

#include "database.hpp"
#include "temporary_folder.hpp"

namespace support {

/// One dispatcher over a file; several of them are as several processes.
struct SqliteHost {
  SqliteHost(const std::string& path, webhook::ManualClock time, webhook::Options options = {})
      : clock(time), hooks(clock, transport, webhook::SqliteStore(path), told(options)) {}

  webhook::Options told(webhook::Options options) {
    options.on_notice = [this](const webhook::Notice& notice) { notices.emplace_back(notice.text); };
    return options;
  }
  void settle() {
    for (int i = 0; i < 20; ++i) hooks.run_once();
  }
  std::vector<std::string> sent() const {
    std::vector<std::string> urls;
    for (const auto& request : transport.requests()) urls.push_back(request.url);
    return urls;
  }

  webhook::ManualClock clock;
  webhook::RecordingTransport transport{};
  std::vector<std::string> notices{};
  webhook::Dispatcher<webhook::RecordingTransport, webhook::JsonSerializer, webhook::StandardWebhooks,
                      webhook::SqliteStore, webhook::ManualClock>
      hooks;
};

}  // namespace support

#endif
