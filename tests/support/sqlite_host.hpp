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

#include <stdexcept>
#include <string>
#include <vector>

#include <sqlite3.h>

#include "temporary_folder.hpp"

namespace support {

/// A plain handle on a database, as a host has one.
class Database {
 public:
  explicit Database(const std::string& path) {
    if (sqlite3_open(path.c_str(), &db_) != SQLITE_OK) throw std::runtime_error("cannot open " + path);
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database() { sqlite3_close(db_); }

  sqlite3* get() const noexcept { return db_; }
  int run(const std::string& sql) { return sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr); }
  std::int64_t number(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK)
      throw std::runtime_error(sqlite3_errmsg(db_));
    const std::int64_t value = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : -1;
    sqlite3_finalize(statement);
    return value;
  }

 private:
  sqlite3* db_ = nullptr;
};

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
