// SPDX-License-Identifier: MIT
// Events inside a transaction of the host's own: an INSERT on the host's handle, checked before it touches anything.
// It keeps nothing on the handle, and never begins, commits or breaks the host's transaction.
#ifndef WEBHOOK_DETAIL_SQLITE_JOINING_HPP
#define WEBHOOK_DETAIL_SQLITE_JOINING_HPP

#include <cstddef>
#include <span>
#include <string>

#include <sys/stat.h>

#include "../concepts.hpp"
#include "sqlite_connection.hpp"
#include "sqlite_rows.hpp"
#include "sqlite_schema.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// Throws errc::misuse where an INSERT on this handle would not be part of a transaction on the store's file.
inline void check_joinable(sqlite3* host, const std::string& path, bool exclusive) {
  if (exclusive) {
    throw Error(errc::misuse,
                "the store has its file for itself (SqliteOptions::exclusive): in_transaction() needs it shared");
  }
  if (host == nullptr) throw Error(errc::misuse, "in_transaction() was given no handle");
  if (sqlite3_get_autocommit(host) != 0) {
    throw Error(errc::misuse,
                "the handle has no open transaction: BEGIN IMMEDIATE first, or emit without in_transaction()");
  }
  const char* const file = sqlite3_db_filename(host, "main");
  struct stat theirs {
  }, ours{};
  const bool known = file != nullptr && *file != '\0' && stat(file, &theirs) == 0 && stat(path.c_str(), &ours) == 0;
  if (!known || theirs.st_dev != ours.st_dev || theirs.st_ino != ours.st_ino) {
    throw Error(errc::misuse,
                "the handle's main database is another file than the store's; a commit over two files is "
                "not atomic: give the store the host's own file");
  }
  if (sqlite3_db_readonly(host, "main") != 0) throw Error(errc::misuse, "the handle can only read");
}

/// Inserts events that are not routed yet. Throws errc::transient where somebody else writes, and leaves the
/// transaction open and without them.
inline void join_sqlite(sqlite3* host, const std::string& path, bool exclusive, std::span<const NewEvent> events,
                        std::span<Appended> appended) {
  check_joinable(host, path, exclusive);
  SqliteStatement version(host, "SELECT schema FROM main.webhook_store");
  {
    SqliteStatement::Rows rows = version.rows();
    if (!rows.next() || rows.integer(0) > sqlite_schema_version)
      throw Error(errc::misuse, "the file's tables are of a newer version of the library");
  }
  SqliteStatement named(host, sqlite_event_named), next(host, sqlite_next_event), insert(host, sqlite_insert_event);
  const bool many = events.size() > 1;  // all or nothing, without ending the host's transaction
  if (many) SqliteStatement(host, "SAVEPOINT webhook_emit").run();
  try {
    for (std::size_t i = 0; i < events.size(); ++i) {
      const Event& event = *events[i].event;
      appended[i] = Appended::inserted;
      if (events[i].named) {
        SqliteStatement::Rows rows = named.rows(event.id.view(), SqliteBlob{event.tenant});
        if (rows.next()) {
          const bool same = rows.bytes(0) == event.type && rows.bytes(1) == event.payload.view();
          appended[i] = same ? Appended::duplicate : Appended::conflict;
          continue;
        }
      }
      std::int64_t number = 0;
      {
        SqliteStatement::Rows rows = next.rows();
        if (rows.next()) number = rows.integer(0);
      }
      write_event(insert, number, true, events[i].named, event, event.time, events[i].delay);
    }
  } catch (...) {
    if (many && sqlite3_get_autocommit(host) == 0)
      sqlite3_exec(host, "ROLLBACK TO webhook_emit; RELEASE webhook_emit", nullptr, nullptr, nullptr);
    throw;
  }
  if (many) SqliteStatement(host, "RELEASE webhook_emit").run();
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
