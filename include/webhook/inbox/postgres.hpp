// SPDX-License-Identifier: MIT
// PostgresInbox: the messages that receivers of many hosts have handled, marked in the transaction in which the handler
// writes. It neither begins nor ends that transaction, keeps nothing on the host's connection, and knows no other table.
#ifndef WEBHOOK_INBOX_POSTGRES_HPP
#define WEBHOOK_INBOX_POSTGRES_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include <libpq-fe.h>

#include "../concepts.hpp"
#include "../detail/inbox_time.hpp"
#include "../detail/postgres_connection.hpp"
#include "../detail/postgres_parameters.hpp"

namespace webhook {
inline namespace v0 {

/// Effectively once, in PostgreSQL: the mark that a message was handled commits together with what its handler wrote, or
/// neither does. The host hands its connection on: `BEGIN`, `receiver.handle(request, db)`, then COMMIT after a 2xx and
/// ROLLBACK after anything else; handlers may take the connection as their last parameter.
///
/// Thread-safe, one connection used by one thread at a time. A repetition on another connection, of any host, waits until
/// the first has committed or rolled back, and is then told by that. Above READ COMMITTED it may get errc::transient
/// instead: its sender tries again. Statements are not prepared, so poolers are no obstacle.
class PostgresInbox {
 public:
  using role = webhook::role::inbox;
  using Handle = PGconn*;  ///< of the host, with an open transaction; it stays the host's

  /// The table is webhook_inbox in that schema, which exists. Throws Error (errc::invalid) for a name that is not of
  /// lower-case letters, digits and '_'.
  explicit PostgresInbox(const std::string& schema = "public") : table_("\"" + schema + "\".webhook_inbox") {
    const bool fits = std::all_of(schema.begin(), schema.end(),
                                  [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
    if (schema.empty() || schema.size() > 63 || !fits)
      throw Error(errc::invalid, "a schema's name has lower-case letters, digits and '_', at most 63 of them");
  }

  /// The table, for hosts that keep their migrations themselves; create() runs it. Roles that handle messages need
  /// SELECT, INSERT, UPDATE and DELETE on it.
  std::string schema() const {
    return "DO $$ BEGIN PERFORM pg_catalog.pg_advisory_xact_lock(8603219174413);"  // several processes may start at once
           " IF pg_catalog.to_regclass('" +
           table_ +
           "') IS NULL THEN"
           " CREATE TABLE " +
           table_ +
           " (key bytea PRIMARY KEY, until bigint NOT NULL);"
           " CREATE INDEX webhook_inbox_until ON " +
           table_ +
           " (until);"
           " END IF; END $$";
  }

  /// Creates the table where it is missing; within the host's transaction if one is open. Throws Error.
  void create(PGconn* host) const {
    check(host);
    ask(host, schema(), {});
  }

  /// Whether `key` is new, or its time is over; if so it is marked, for `keep` from the commit of the host's transaction
  /// on. Throws Error: errc::misuse, without a word to the server, where no transaction is open or the connection is
  /// busy, in a COPY or in pipeline mode; errc::misuse, too, where the table is missing.
  bool first(PGconn* host, std::string_view key, const Now& now, Duration keep) {
    check(host);
    if (PQtransactionStatus(host) != PQTRANS_INTRANS) {
      throw Error(errc::misuse,
                  PQtransactionStatus(host) == PQTRANS_INERROR
                      ? "the connection's transaction has failed and can only be rolled back"
                      : "the connection has no open transaction: BEGIN before Receiver::handle(request, db), COMMIT "
                        "after a 2xx and ROLLBACK after anything else");
    }
    detail::PostgresParameters with;
    with.add_bytes(key).add(detail::inbox_until(now, keep)).add(detail::inbox_time(now));
    return ask(host,
               "INSERT INTO " + table_ +
                   " AS mark (key, until) VALUES ($1, $2) ON CONFLICT (key)"
                   " DO UPDATE SET until = EXCLUDED.until WHERE mark.until <= $3 RETURNING 1",
               with)
               .rows() == 1;
  }

  /// Lets the next message of that key be first. Where the transaction has ended or failed there is nothing to undo: the
  /// mark goes with it, or the host committed it.
  void forget(PGconn* host, std::string_view key) {
    if (host == nullptr || PQtransactionStatus(host) != PQTRANS_INTRANS) return;
    detail::PostgresParameters with;
    with.add_bytes(key);
    ask(host, "DELETE FROM " + table_ + " WHERE key = $1", with);
  }

  /// Forgets marks whose time is over, the oldest first, at most `most`; returns how many. In the host's transaction, or
  /// else in one of its own; several hosts may do it at once. Throws Error.
  std::size_t prune(PGconn* host, const Now& now, std::size_t most = 10'000) const {
    check(host);
    detail::PostgresParameters with;
    with.add(detail::inbox_time(now));
    with.add(static_cast<std::int64_t>(
        (std::min)(std::uint64_t{most}, std::uint64_t{(std::numeric_limits<std::int32_t>::max)()})));
    const detail::PostgresAnswer answer =
        ask(host,
            "WITH old AS (DELETE FROM " + table_ + " WHERE key IN (SELECT key FROM " + table_ +
                " WHERE until <= $1"
                " ORDER BY until LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING 1) SELECT count(*) FROM old",
            with);
    return static_cast<std::size_t>(answer.integer(0, 0));
  }

 private:
  static void check(PGconn* host) {
    if (host == nullptr) throw Error(errc::misuse, "a PostgresInbox was given no connection");
    if (PQstatus(host) != CONNECTION_OK) throw Error(errc::misuse, "the connection is not open");
    if (PQpipelineStatus(host) != PQ_PIPELINE_OFF)
      throw Error(errc::misuse, "the connection is in pipeline mode: PQexitPipelineMode first");
    if (PQtransactionStatus(host) == PQTRANS_ACTIVE)
      throw Error(errc::misuse, "the connection is busy: end the COPY, or fetch the results that are pending, first");
  }

  static detail::PostgresAnswer ask(PGconn* host, const std::string& sql, const detail::PostgresParameters& with) {
    detail::PostgresAnswer answer(
        PQexecParams(host, sql.c_str(), with.count(), with.types(), with.values(), with.lengths(), with.formats(), 1));
    if (answer && (answer.status() == PGRES_TUPLES_OK || answer.status() == PGRES_COMMAND_OK)) return answer;
    const std::string state = answer ? answer.field(PG_DIAG_SQLSTATE) : std::string();
    if (state == "42P01" || state == "3F000") {
      throw Error(errc::misuse,
                  "the database has no table webhook_inbox there: call PostgresInbox::create(db) once, or run "
                  "PostgresInbox::schema() with the host's own migrations");
    }
    if (!state.empty()) detail::throw_postgres(answer);
    throw Error(errc::transient, "the host's connection to PostgreSQL was lost, and its transaction with it");
  }

  std::string table_;
};

static_assert(InboxPolicy<PostgresInbox, PGconn*>);

}  // namespace v0
}  // namespace webhook

#endif
