// SPDX-License-Identifier: MIT
// SqliteInbox: the messages that a receiver has handled, marked in the transaction in which the handler writes.
// It neither begins nor ends that transaction, keeps nothing on the host's handle, and knows no other table.
#ifndef WEBHOOK_INBOX_SQLITE_HPP
#define WEBHOOK_INBOX_SQLITE_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include <sqlite3.h>

#include "../concepts.hpp"
#include "../detail/inbox_time.hpp"
#include "../detail/sqlite_connection.hpp"

namespace webhook {
inline namespace v0 {

/// Effectively once, in a SQLite file: the mark that a message was handled commits together with what its handler wrote,
/// or neither does. The host hands its handle on: `BEGIN`, `receiver.handle(request, db)`, then COMMIT after a 2xx and
/// ROLLBACK after anything else; handlers may take the handle as their last parameter. A plain BEGIN is enough: nothing
/// is locked until a request has been verified and its message is marked.
///
/// Stateless: thread-safe, one handle used by one thread at a time. A repetition on another handle waits for the first
/// (the host's busy timeout), and is then told by what became of it.
///
/// There is no form without a transaction: a durable mark that commits before the effect loses the event if the process
/// ends between the two.
class SqliteInbox {
 public:
  using role = webhook::role::inbox;
  using Handle = sqlite3*;  ///< of the host, with an open transaction; it stays the host's

  /// The table, for hosts that keep their migrations themselves; create() runs it.
  static constexpr const char* schema =
      "CREATE TABLE IF NOT EXISTS main.webhook_inbox (key BLOB PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;"
      "CREATE INDEX IF NOT EXISTS main.webhook_inbox_until ON webhook_inbox (until);";

  /// Creates the table where it is missing, in the main database; within the host's transaction if one is open. Throws
  /// Error.
  static void create(sqlite3* host) {
    check(host);
    const int code = sqlite3_exec(host, schema, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) detail::throw_sqlite(host, code, "create the table webhook_inbox");
  }

  /// Whether `key` is new, or its time is over; if so it is marked, for `keep` from the commit of the host's transaction
  /// on. Throws Error: errc::misuse where no transaction is open or the table is missing, errc::transient where others
  /// write for longer than the host's busy timeout.
  bool first(sqlite3* host, std::string_view key, const Now& now, Duration keep) {
    check_open(host);
    detail::SqliteStatement mark(host,
                                 "INSERT INTO main.webhook_inbox (key, until) VALUES (?1, ?2) ON CONFLICT (key)"
                                 " DO UPDATE SET until = excluded.until WHERE until <= ?3 RETURNING 1");
    detail::SqliteStatement::Rows rows =
        mark.rows(detail::SqliteBlob{key}, detail::inbox_until(now, keep), detail::inbox_time(now));
    const bool marked = rows.next();
    while (marked && rows.next()) {
    }
    return marked;
  }

  /// Lets the next message of that key be first. Where the transaction has ended there is nothing to undo: the mark went
  /// with it, or the host committed it.
  void forget(sqlite3* host, std::string_view key) {
    if (host == nullptr || sqlite3_get_autocommit(host) != 0) return;
    detail::SqliteStatement(host, "DELETE FROM main.webhook_inbox WHERE key = ?").run(detail::SqliteBlob{key});
  }

  /// Forgets marks whose time is over, the oldest first, at most `most`; returns how many. In the host's transaction, or
  /// else in one of its own; once an hour is enough. Throws Error.
  static std::size_t prune(sqlite3* host, const Now& now, std::size_t most = 10'000) {
    check(host);
    detail::SqliteStatement forget(host,
                                   "DELETE FROM main.webhook_inbox WHERE key IN (SELECT key FROM main.webhook_inbox"
                                   " WHERE until <= ? ORDER BY until LIMIT ?)");
    check_table(host);
    const auto limit = static_cast<std::int64_t>(
        (std::min)(std::uint64_t{most}, std::uint64_t{(std::numeric_limits<std::int32_t>::max)()}));
    forget.run(detail::inbox_time(now), limit);
    return static_cast<std::size_t>((std::max)(sqlite3_changes(host), 0));
  }

 private:
  static void check(sqlite3* host) {
    if (host == nullptr) throw Error(errc::misuse, "a SqliteInbox was given no handle");
  }
  static void check_open(sqlite3* host) {
    check(host);
    if (sqlite3_get_autocommit(host) != 0) {
      throw Error(errc::misuse,
                  "the handle has no open transaction: BEGIN before Receiver::handle(request, db), COMMIT after a 2xx "
                  "and ROLLBACK after anything else");
    }
    check_table(host);
  }
  static void check_table(sqlite3* host) {
    if (sqlite3_table_column_metadata(host, "main", "webhook_inbox", "until", nullptr, nullptr, nullptr, nullptr,
                                      nullptr) == SQLITE_ERROR) {
      throw Error(errc::misuse,
                  "the file has no table webhook_inbox: call SqliteInbox::create(db) once, or run SqliteInbox::schema "
                  "with the host's own migrations");
    }
  }
};

static_assert(InboxPolicy<SqliteInbox, sqlite3*>);

}  // namespace v0
}  // namespace webhook

#endif
