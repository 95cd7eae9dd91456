// SPDX-License-Identifier: MIT
// Events inside a transaction of the host's own: an INSERT on the host's handle, checked before it touches anything.
// It keeps nothing on the handle, and never begins, commits or breaks the host's transaction.
#ifndef WEBHOOK_DETAIL_POSTGRES_JOINING_HPP
#define WEBHOOK_DETAIL_POSTGRES_JOINING_HPP

#include <cstddef>
#include <span>
#include <string>

#include <libpq-fe.h>

#include "../concepts.hpp"
#include "postgres_connection.hpp"
#include "postgres_parameters.hpp"
#include "postgres_rows.hpp"
#include "postgres_schema.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// Throws errc::misuse, without a word to the server, where a statement on this handle would not be part of a
/// transaction.
inline void check_joinable(PGconn* host) {
  if (host == nullptr) throw Error(errc::misuse, "in_transaction() was given no handle");
  if (PQstatus(host) != CONNECTION_OK) throw Error(errc::misuse, "the handle's connection is not open");
  if (PQpipelineStatus(host) != PQ_PIPELINE_OFF)
    throw Error(errc::misuse, "the handle is in pipeline mode: PQexitPipelineMode first");
  switch (PQtransactionStatus(host)) {
    case PQTRANS_INTRANS:
      return;
    case PQTRANS_IDLE:
      throw Error(errc::misuse, "the handle has no open transaction: BEGIN first, or emit without in_transaction()");
    case PQTRANS_INERROR:
      throw Error(errc::misuse, "the handle's transaction has failed and can only be rolled back");
    case PQTRANS_ACTIVE:
      throw Error(errc::misuse, "the handle is busy: end the COPY, or fetch the results that are pending, first");
    case PQTRANS_UNKNOWN:
      break;
  }
  throw Error(errc::misuse, "the handle's connection is not open");
}

inline PostgresAnswer ask_host(PGconn* host, const std::string& sql, const PostgresParameters& with) {
  PostgresAnswer answer(
      PQexecParams(host, sql.c_str(), with.count(), with.types(), with.values(), with.lengths(), with.formats(), 1));
  if (answer && (answer.status() == PGRES_TUPLES_OK || answer.status() == PGRES_COMMAND_OK)) return answer;
  if (answer && !answer.field(PG_DIAG_SQLSTATE).empty()) throw_postgres(answer);
  throw PostgresError(errc::transient, "the host's connection to PostgreSQL was lost, and its transaction with it", "");
}

/// Throws errc::misuse where the handle's database does not have this store, or its role may not write to it; asks in a
/// way that cannot fail, since an error would end the host's transaction.
inline void check_store_of(PGconn* host, const PostgresSchema& schema, const std::string& identity) {
  PostgresParameters which;
  which.add_text(schema.name());
  const PostgresAnswer answer = ask_host(
      host,
      "SELECT pg_catalog.obj_description(c.oid, 'pg_class'), pg_catalog.has_schema_privilege(n.oid, 'USAGE')"
      " AND pg_catalog.has_table_privilege(c.oid, 'INSERT') AND pg_catalog.has_table_privilege(c.oid, 'SELECT'),"
      " pg_catalog.current_setting('transaction_read_only') = 'on' FROM pg_catalog.pg_class c"
      " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = 'event'",
      which);
  if (answer.rows() != 1 || answer.bytes(0, 0) != postgres_mark(identity, postgres_schema_version)) {
    throw Error(
        errc::misuse,
        "the handle's database is another than the store's, or its tables are of a newer version of the library;"
        " a commit over two databases is not atomic: give the store the host's own database");
  }
  if (answer.integer(0, 1) == 0) {
    throw Error(errc::misuse, "the handle's role may not write to the store: GRANT USAGE ON SCHEMA " + schema.name() +
                                  " and GRANT INSERT, SELECT ON " + schema.name() + ".event to it");
  }
  if (answer.integer(0, 2) != 0) throw Error(errc::misuse, "the handle's transaction can only read");
}

/// Inserts events that are not routed yet, in one statement. An id that is there already does not end the transaction.
inline void join_postgres(PGconn* host, const PostgresSchema& schema, const std::string& identity,
                          std::span<const NewEvent> events, std::span<Appended> appended) {
  check_joinable(host);
  PostgresEvents columns;
  for (const NewEvent& one : events) columns.add(one);
  PostgresParameters with;
  columns.pass(with);
  check_store_of(host, schema, identity);
  const PostgresAnswer made = ask_host(
      host,
      schema("INSERT INTO @event (id, type, tenant, key, channel, traceparent, time, expires, created, delay, payload)"
             " SELECT u.id, u.type, u.tenant, u.key, u.channel, u.trace, u.time, u.expiry,"
             " (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::bigint, u.delay, u.payload"
             " FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[], $5::bytea[], $6::text[], $7::bigint[],"
             " $8::bigint[], $9::bigint[], $10::bytea[]) WITH ORDINALITY AS u (id, type, tenant, key, channel, trace,"
             " time, expiry, delay, payload, n) ORDER BY u.n ON CONFLICT (id, tenant) DO NOTHING RETURNING number, id,"
             " tenant"),
      with);
  if (static_cast<std::size_t>(made.rows()) == events.size()) {
    for (Appended& answer : appended) answer = Appended::inserted;
    return;
  }
  int next = 0;  // they come back in their order
  for (std::size_t i = 0; i < events.size(); ++i) {
    const Event& event = *events[i].event;
    if (next < made.rows() && made.bytes(next, 1) == event.id.view() && made.bytes(next, 2) == event.tenant) {
      appended[i] = Appended::inserted;
      ++next;
      continue;
    }
    PostgresParameters which;
    which.add_text(event.id.view()).add_bytes(std::string_view(event.tenant));
    which.add_text(event.type).add_bytes(event.payload.view());
    const PostgresAnswer there =
        ask_host(host, schema("SELECT type = $3 AND payload = $4 FROM @event WHERE id = $1 AND tenant = $2"), which);
    appended[i] = there.rows() == 1 && there.integer(0, 0) != 0 ? Appended::duplicate : Appended::conflict;
  }
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
