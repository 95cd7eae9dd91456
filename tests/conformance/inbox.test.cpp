// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <webhook/inbox/memory.hpp>
#include <webhook/inbox/none.hpp>
#include <webhook/inbox/sqlite.hpp>
#include <webhook/testing/inbox_conformance.hpp>

#include "support/database.hpp"
#include "support/joined_inbox.hpp"
#include "support/temporary_folder.hpp"

namespace conformance_inbox {

namespace {
constexpr auto report = [](bool held, std::string_view promise) {
  INFO(std::string(promise));
  CHECK(held);
};

// What the suite must not let pass.
int broken_promises(webhook::InboxPolicy auto inbox) {
  int broken = 0;
  webhook::InboxConformance(inbox, [&](bool held, std::string_view) { broken += held ? 0 : 1; }).run();
  return broken;
}
struct NeverForgets : webhook::MemoryInbox {
  void forget(std::string_view) {}
};
struct NeverExpires : webhook::MemoryInbox {
  bool first(std::string_view key, const webhook::Now& now, webhook::Duration) {
    return MemoryInbox::first(key, now, std::chrono::hours(100));
  }
};

struct SqliteFile {
  std::string path{};

  template <class Call>
  bool commit(const Call& call) const {
    support::Database database(path);
    sqlite3_busy_timeout(database.get(), 30'000);
    const auto must = [&](const char* sql) {  // Catch2's assertions are for one thread
      if (database.run(sql) != SQLITE_OK) throw std::runtime_error(std::string(sql) + " failed");
    };
    must("BEGIN");
    const bool answer = call(database.get());
    must("COMMIT");
    return answer;
  }
};
}  // namespace

TEST_CASE("MemoryInbox keeps what every inbox owes", "[conformance][inbox][G13]") {
  webhook::MemoryInbox inbox;
  webhook::InboxConformance(inbox, report).run();
}

TEST_CASE("SqliteInbox keeps what every inbox owes", "[conformance][inbox][G13]") {
  const support::TemporaryFolder folder = support::TemporaryFolder::in_memory();
  const SqliteFile file{folder.file("host.db")};
  webhook::SqliteInbox::create(support::Database(file.path).get());
  support::Committing<webhook::SqliteInbox, SqliteFile> inbox(file);
  webhook::InboxConformance(inbox, report).run();
}

TEST_CASE("the inbox suite finds an inbox that forgets nothing, everything, or too late", "[conformance][inbox]") {
  CHECK(broken_promises(webhook::MemoryInbox()) == 0);
  CHECK(broken_promises(webhook::NoInbox()) > 0);
  CHECK(broken_promises(NeverForgets()) > 0);
  CHECK(broken_promises(NeverExpires()) > 0);
}

}  // namespace conformance_inbox
