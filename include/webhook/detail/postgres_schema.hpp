// SPDX-License-Identifier: MIT
// The schema of the PostgreSQL store, in versions that only go forward, and the look at a database before anything
// touches it. It does not know what tables and functions mean; what is foreign or newer is refused as it was found.
#ifndef WEBHOOK_DETAIL_POSTGRES_SCHEMA_HPP
#define WEBHOOK_DETAIL_POSTGRES_SCHEMA_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "../error.hpp"
#include "postgres_changes.hpp"
#include "postgres_connection.hpp"
#include "postgres_tables.hpp"
#include "postgres_words.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

// Script n leads from version n to version n + 1. A script that was released is never changed.
inline constexpr std::int64_t postgres_schema_version = 1;
inline std::string postgres_script(std::int64_t from) {
  std::string script;
  if (from == 0) {
    for (const char* const part : {postgres_tables, postgres_lanes, postgres_append, postgres_claim, postgres_settle,
                                   postgres_endpoints, postgres_routes}) {
      script += part;
    }
    script += "INSERT INTO @store (one, schema, identity) VALUES (1, 0, gen_random_uuid()::text);";
  }
  return script;
}

/// A schema's name, checked, and how statements are written for it: "@event" becomes its table event.
class PostgresSchema {
 public:
  /// Throws errc::invalid.
  explicit PostgresSchema(std::string name) : name_(std::move(name)) {
    bool fits = !name_.empty() && name_.size() <= 40;
    for (const char c : name_) fits = fits && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_');
    if (!fits || (name_[0] >= '0' && name_[0] <= '9') || name_.compare(0, 3, "pg_") == 0) {
      throw Error(errc::invalid,
                  "a schema's name has lower-case letters, digits and '_', at most 40 of them, does not"
                  " begin with a digit or pg_");
    }
  }

  const std::string& name() const noexcept { return name_; }
  std::string operator()(std::string_view sql) const {
    std::string text;
    text.reserve(sql.size() + sql.size() / 8);
    for (const char c : sql) {
      if (c == '@') {
        text.append("\"").append(name_).append("\".");
      } else {
        text.push_back(c);
      }
    }
    return text;
  }

 private:
  std::string name_;
};

/// What in_transaction() looks for on the host's handle: the comment of the table of events.
inline std::string postgres_mark(const std::string& identity, std::int64_t version) {
  return "webhook store " + identity + ", tables of version " + std::to_string(version);
}

/// The version of the tables in a database: 0 if it has none of ours. Throws errc::corrupt for a schema that has tables
/// of our names that are not ours, or of a newer version; reads only.
inline std::int64_t postgres_version_of(PostgresConnection& db, const PostgresSchema& schema) {
  PostgresParameters name;
  name.add_text(schema.name());
  const PostgresAnswer tables = db.run(
      "SELECT coalesce(bool_or(relname = 'store'), false), min(relname)::text FROM pg_catalog.pg_class c"
      " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND relname IN"
      " ('store', 'endpoint', 'lane', 'event', 'delivery', 'attempt', 'newest')",
      name, errc::transient);
  if (tables.is_null(0, 1)) return 0;
  std::int64_t version = 0;
  if (tables.integer(0, 0) != 0) {
    try {
      const PostgresAnswer answer =
          db.run(schema("SELECT schema, registry, identity FROM @store WHERE one = 1"), {}, errc::transient);
      if (answer.rows() == 1) version = answer.integer(0, 0);
    } catch (const PostgresError& error) {
      if (error.sqlstate.compare(0, 2, "42") != 0 || error.sqlstate == "42501") throw;  // else it has no such column
    }
  }
  if (version < 1) {
    throw Error(errc::corrupt, "the schema " + schema.name() + " has a table " + std::string(tables.bytes(0, 1)) +
                                   " that is not this store's; it was left as it is: give the store another schema");
  }
  if (version > postgres_schema_version) {
    throw Error(errc::corrupt, "the schema " + schema.name() +
                                   " was written by a newer version of the library (its tables"
                                   " have version " +
                                   std::to_string(version) + ", this library knows up to " +
                                   std::to_string(postgres_schema_version) + "); it was left as it is");
  }
  return version;
}

/// Brings the tables to the newest version, in one transaction; of several hosts at once, one does. Returns which store
/// this is. Where the tables are there it only reads.
inline std::string migrate_postgres(PostgresConnection& db, const PostgresSchema& schema) {
  if (postgres_version_of(db, schema) < postgres_schema_version) {
    db.execute("BEGIN");
    try {
      PostgresParameters key;
      key.add_text(schema.name());
      db.run("SELECT pg_advisory_xact_lock(hashtextextended('webhook ' || $1, 0))", key, errc::transient);
      const PostgresAnswer there =
          db.run("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1", key, errc::transient);
      if (there.rows() == 0) db.execute("CREATE SCHEMA \"" + schema.name() + "\"");
      for (std::int64_t version = postgres_version_of(db, schema); version < postgres_schema_version; ++version) {
        db.execute(schema(postgres_script(version)));
        db.execute(schema("UPDATE @store SET schema = " + std::to_string(version + 1)));
      }
      const PostgresAnswer store = db.run(schema("SELECT identity FROM @store"), {}, errc::transient);
      const std::string mark = postgres_mark(std::string(store.bytes(0, 0)), postgres_schema_version);
      db.execute(schema("COMMENT ON TABLE @event IS '") + mark + "'");
      db.execute("COMMIT");
    } catch (...) {
      if (PQtransactionStatus(db.get()) != PQTRANS_IDLE) PQclear(PQexec(db.get(), "ROLLBACK"));
      throw;
    }
  }
  return std::string(db.run(schema("SELECT identity FROM @store"), {}, errc::transient).bytes(0, 0));
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
