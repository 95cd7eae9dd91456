// SPDX-License-Identifier: MIT
// The tables of the SQLite store, in versions that only go forward, and the look at a file before anything touches it.
// It does not know what the rows mean; a file that is foreign, newer or corrupt is refused as it was found.
#ifndef WEBHOOK_DETAIL_SQLITE_SCHEMA_HPP
#define WEBHOOK_DETAIL_SQLITE_SCHEMA_HPP

#include <cstddef>
#include <cstdint>
#include <string>

#include "../error.hpp"
#include "sqlite_connection.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

// Script n leads from version n to version n + 1. A script that was released is never changed.
//   store      one row: counters, the newest registry version, and how store time follows from the steady clock
//   endpoint   the registry; lane: the queue of each, as it is served now (turn: its place while it may be served; next:
//              from when on it may; at most one of the two)
//   event      delay and unrouted: until it is routed. Ids of deliveries are number * 2^20 + n
//   delivery   seat: 0 waiting, 1 waiting behind live traffic, 2 leased, 3 parked, 4 behind another of its group, null
//              over. grp, skey: what it is ordered and superseded by, while it is pending
//   newest     the newest event of a key, while one of that key is pending
inline constexpr const char* sqlite_migrations[] = {
    "CREATE TABLE webhook_store (one INTEGER PRIMARY KEY CHECK (one = 1), schema INTEGER NOT NULL,"
    " registry INTEGER NOT NULL DEFAULT 0, fence INTEGER NOT NULL DEFAULT 0, serving INTEGER NOT NULL DEFAULT 0,"
    " last_event INTEGER NOT NULL DEFAULT 0, over_until INTEGER NOT NULL DEFAULT 0,"
    " pending INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0, last_owner INTEGER NOT NULL DEFAULT 0,"
    " boot TEXT NOT NULL DEFAULT '', shift INTEGER NOT NULL DEFAULT 0, mark INTEGER NOT NULL DEFAULT 0,"
    " wall INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE webhook_endpoint (id INTEGER PRIMARY KEY, version INTEGER NOT NULL UNIQUE, state INTEGER NOT NULL,"
    " url TEXT NOT NULL, tenant BLOB NOT NULL, filter BLOB NOT NULL, format TEXT NOT NULL, scheme TEXT NOT NULL,"
    " description BLOB NOT NULL, cap INTEGER NOT NULL, spacing INTEGER NOT NULL, timeout INTEGER NOT NULL,"
    " http2 INTEGER NOT NULL, ordering INTEGER NOT NULL, when_exhausted INTEGER NOT NULL, supersede INTEGER NOT NULL,"
    " events BLOB NOT NULL, channels BLOB NOT NULL, headers BLOB NOT NULL, secrets BLOB NOT NULL, retry BLOB);"
    "CREATE TABLE webhook_lane (endpoint INTEGER PRIMARY KEY, version INTEGER NOT NULL, state INTEGER NOT NULL,"
    " ordering INTEGER NOT NULL, supersede INTEGER NOT NULL, own_cap INTEGER NOT NULL, spacing INTEGER NOT NULL,"
    " cap INTEGER NOT NULL, rests INTEGER NOT NULL, spaced INTEGER NOT NULL, failing INTEGER NOT NULL,"
    " failures INTEGER NOT NULL, served INTEGER NOT NULL, leased INTEGER NOT NULL, parked INTEGER NOT NULL,"
    " turn INTEGER, next INTEGER);"
    "CREATE INDEX webhook_lane_turn ON webhook_lane (turn) WHERE turn IS NOT NULL;"
    "CREATE INDEX webhook_lane_next ON webhook_lane (next) WHERE next IS NOT NULL;"
    "CREATE TABLE webhook_event (number INTEGER PRIMARY KEY, unrouted INTEGER, named INTEGER NOT NULL,"
    " id TEXT NOT NULL, type TEXT NOT NULL, tenant BLOB NOT NULL, key BLOB NOT NULL, channel BLOB NOT NULL,"
    " traceparent TEXT NOT NULL, time INTEGER NOT NULL, expires INTEGER, created INTEGER NOT NULL,"
    " delay INTEGER NOT NULL, payload BLOB NOT NULL);"
    "CREATE INDEX webhook_event_id ON webhook_event (id);"
    "CREATE INDEX webhook_event_unrouted ON webhook_event (unrouted) WHERE unrouted IS NOT NULL;"
    "CREATE TABLE webhook_delivery (id INTEGER PRIMARY KEY, endpoint INTEGER NOT NULL, seat INTEGER,"
    " due INTEGER NOT NULL, state INTEGER NOT NULL, word INTEGER NOT NULL, fence INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL, lost INTEGER NOT NULL, resent INTEGER NOT NULL, owner INTEGER NOT NULL,"
    " size INTEGER NOT NULL, ended INTEGER, grp BLOB, skey BLOB);"
    "CREATE INDEX webhook_delivery_queue ON webhook_delivery (endpoint, seat, due) WHERE seat IS NOT NULL;"
    "CREATE INDEX webhook_delivery_ended ON webhook_delivery (ended) WHERE ended IS NOT NULL;"
    "CREATE INDEX webhook_delivery_group ON webhook_delivery (endpoint, grp, seat) WHERE grp IS NOT NULL;"
    "CREATE INDEX webhook_delivery_key ON webhook_delivery (endpoint, skey) WHERE skey IS NOT NULL;"
    "CREATE TABLE webhook_attempt (delivery INTEGER NOT NULL, fence INTEGER NOT NULL, n INTEGER NOT NULL,"
    " at INTEGER NOT NULL,"
    " took INTEGER NOT NULL, status INTEGER NOT NULL, failure INTEGER NOT NULL, response BLOB NOT NULL,"
    " reason BLOB NOT NULL, PRIMARY KEY (delivery, fence, n)) WITHOUT ROWID;"
    "CREATE TABLE webhook_newest (endpoint INTEGER NOT NULL, skey BLOB NOT NULL, delivery INTEGER NOT NULL,"
    " PRIMARY KEY (endpoint, skey)) WITHOUT ROWID;"
    "CREATE TABLE webhook_owner (id INTEGER PRIMARY KEY);"
    "INSERT INTO webhook_store (one, schema) VALUES (1, 0);",
    "ALTER TABLE webhook_endpoint ADD COLUMN access BLOB;"};
inline constexpr std::int64_t sqlite_schema_version = sizeof(sqlite_migrations) / sizeof(sqlite_migrations[0]);

/// The version of the tables in a file: 0 if it has none of ours. Throws errc::corrupt for a file that has tables of our
/// names that are not ours, or of a newer version; reads only.
inline std::int64_t sqlite_version_of(SqliteConnection& file) {
  const bool ours = !file.ask("SELECT 1 FROM main.sqlite_master WHERE name = 'webhook_store'").empty();
  if (!ours) {
    const std::string foreign = file.ask(
        "SELECT name FROM main.sqlite_master WHERE name IN ('webhook_endpoint', 'webhook_lane', 'webhook_event',"
        " 'webhook_delivery', 'webhook_attempt', 'webhook_newest', 'webhook_owner') LIMIT 1");
    if (foreign.empty()) return 0;
    throw Error(errc::corrupt, "the file has a table " + foreign +
                                   " that is not this store's; it was left as it is: give the store another file");
  }
  std::int64_t version = 0;
  try {
    SqliteStatement ask(file.get(), "SELECT schema FROM main.webhook_store WHERE one = 1");
    SqliteStatement::Rows rows = ask.rows();
    if (rows.next()) version = rows.integer(0);
  } catch (const SqliteError& error) {
    if (error.sqlite_code != SQLITE_ERROR) throw;  // else it has no such column
  }
  if (version < 1) {
    throw Error(
        errc::corrupt,
        "the file's table webhook_store is not this store's; it was left as it is: give the store another file");
  }
  if (version > sqlite_schema_version) {
    throw Error(errc::corrupt, "the file was written by a newer version of the library (its tables have version " +
                                   std::to_string(version) + ", this library knows up to " +
                                   std::to_string(sqlite_schema_version) + "); it was left as it is");
  }
  return version;
}

/// Brings the tables to the newest version, in one transaction.
inline void migrate_sqlite(SqliteConnection& file) {
  if (sqlite_version_of(file) == sqlite_schema_version) return;
  file.execute("BEGIN IMMEDIATE");
  try {
    for (std::int64_t version = sqlite_version_of(file); version < sqlite_schema_version; ++version) {
      file.execute(sqlite_migrations[static_cast<std::size_t>(version)]);
      SqliteStatement(file.get(), "UPDATE webhook_store SET schema = ?").run(version + 1);
    }
    file.execute("COMMIT");
  } catch (...) {
    sqlite3_exec(file.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    throw;
  }
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
