// SPDX-License-Identifier: MIT
// SQLite behind two small types: a connection that closes itself, and a prepared statement that is bound, stepped and
// reset. Result codes become webhook::Error here and nowhere else. It knows no table and no word of the store.
#ifndef WEBHOOK_DETAIL_SQLITE_CONNECTION_HPP
#define WEBHOOK_DETAIL_SQLITE_CONNECTION_HPP

#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <sqlite3.h>

#include "../error.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// What a result code of SQLite means to whoever called the store.
inline errc sqlite_errc(int code) noexcept {
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_INTERRUPT:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      return errc::transient;
    case SQLITE_FULL:
      return errc::full;
    case SQLITE_TOOBIG:
      return errc::too_large;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return errc::unsupported;
    default:  // NOTADB, CORRUPT, and what cannot be unless somebody changed the tables
      return errc::corrupt;
  }
}

/// Whether a connection that met this is to be opened afresh: what it believes of the file may be wrong.
inline bool sqlite_breaks(int code) noexcept {
  const int kind = code & 0xFF;
  return kind == SQLITE_IOERR || kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB || kind == SQLITE_CANTOPEN;
}

/// An Error that remembers SQLite's own code.
class SqliteError : public Error {
 public:
  SqliteError(errc what, const std::string& sentence, int code) : Error(what, sentence), sqlite_code(code) {}
  int sqlite_code;
};

[[noreturn]] inline void throw_sqlite(sqlite3* db, int code, std::string_view doing) {
  if ((code & 0xFF) == SQLITE_NOMEM) throw std::bad_alloc();
  std::string sentence("SQLite could not ");
  sentence.append(doing).append(": ").append(db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code));
  sentence.append(" (").append(std::to_string(code)).append(")");
  throw SqliteError(sqlite_errc(code), sentence, code);
}

/// Bytes that are bound as they are, whatever the file's text encoding.
struct SqliteBlob {
  std::string_view bytes{};
};

/// One statement, prepared when it is first used. Values are bound in their order; it resets when the Rows end.
class SqliteStatement {
 public:
  SqliteStatement(sqlite3* db, std::string sql) noexcept : db_(db), sql_(std::move(sql)) {}
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;
  ~SqliteStatement() { sqlite3_finalize(statement_); }

  /// The answer under way; the statement is free again when this ends.
  class Rows {
   public:
    explicit Rows(SqliteStatement& statement) noexcept : statement_(statement) {}
    Rows(const Rows&) = delete;
    Rows& operator=(const Rows&) = delete;
    ~Rows() {
      sqlite3_reset(statement_.statement_);
      sqlite3_clear_bindings(statement_.statement_);
    }

    /// Moves to the next row; false at the end. Throws Error.
    bool next() {
      const int code = sqlite3_step(statement_.statement_);
      if (code == SQLITE_ROW) return true;
      if (code == SQLITE_DONE) return false;
      throw_sqlite(statement_.db_, code, statement_.sql_);
    }
    bool is_null(int column) const noexcept {
      return sqlite3_column_type(statement_.statement_, column) == SQLITE_NULL;
    }
    std::int64_t integer(int column) const noexcept { return sqlite3_column_int64(statement_.statement_, column); }
    std::string_view bytes(int column) const {  // until the next row
      sqlite3_stmt* const statement = statement_.statement_;
      const void* const data = sqlite3_column_type(statement, column) == SQLITE_TEXT
                                   ? static_cast<const void*>(sqlite3_column_text(statement, column))
                                   : sqlite3_column_blob(statement, column);
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
      if (data == nullptr) return {};
      return {static_cast<const char*>(data), size};
    }

   private:
    SqliteStatement& statement_;
  };

  template <class... Values>
  Rows rows(const Values&... values) {
    prepare();
    int index = 0;
    (check(bind(++index, values)), ...);
    return Rows(*this);
  }

  /// Runs it to its end.
  template <class... Values>
  void run(const Values&... values) {
    Rows all = rows(values...);
    while (all.next()) {
    }
  }

 private:
  void prepare() {
    if (statement_ != nullptr) return;
    const int code = sqlite3_prepare_v3(db_, sql_.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr);
    if (code != SQLITE_OK) throw_sqlite(db_, code, sql_);
  }
  void check(int code) {
    if (code == SQLITE_OK) return;
    sqlite3_clear_bindings(statement_);
    throw_sqlite(db_, code, sql_);
  }
  int bind(int index, std::int64_t value) noexcept { return sqlite3_bind_int64(statement_, index, value); }
  int bind(int index, std::uint64_t value) noexcept { return bind(index, static_cast<std::int64_t>(value)); }
  int bind(int index, std::uint32_t value) noexcept { return bind(index, std::int64_t{value}); }
  int bind(int index, int value) noexcept { return bind(index, std::int64_t{value}); }
  int bind(int index, bool value) noexcept { return bind(index, std::int64_t{value}); }
  int bind(int index, std::nullptr_t) noexcept { return sqlite3_bind_null(statement_, index); }
  // The bytes outlive the step: Rows lets go of them before the call that owns them returns.
  int bind(int index, std::string_view text) noexcept {
    return sqlite3_bind_text64(statement_, index, text.empty() ? "" : text.data(), text.size(), SQLITE_STATIC,
                               SQLITE_UTF8);
  }
  int bind(int index, const SqliteBlob& blob) noexcept {
    if (blob.bytes.empty()) return sqlite3_bind_zeroblob(statement_, index, 0);
    return sqlite3_bind_blob64(statement_, index, blob.bytes.data(), blob.bytes.size(), SQLITE_STATIC);
  }
  template <class Value>
  int bind(int index, const std::optional<Value>& value) noexcept {
    return value ? bind(index, *value) : bind(index, nullptr);
  }

  sqlite3* db_;
  std::string sql_;
  sqlite3_stmt* statement_ = nullptr;
};

/// An open file. Used by one thread at a time.
class SqliteConnection {
 public:
  /// Throws Error.
  SqliteConnection(const std::string& path, int flags) {
    const int code = sqlite3_open_v2(path.c_str(), &db_, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
    if (code == SQLITE_OK) return;
    const std::string said = db_ != nullptr ? sqlite3_errmsg(db_) : sqlite3_errstr(code);
    sqlite3_close(db_);
    if ((code & 0xFF) == SQLITE_NOMEM) throw std::bad_alloc();
    throw SqliteError(sqlite_errc(code), "SQLite could not open " + path + ": " + said, code);
  }
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;
  ~SqliteConnection() { sqlite3_close(db_); }

  sqlite3* get() const noexcept { return db_; }

  /// Runs statements that have no parameters. Throws Error.
  void execute(const char* sql) {
    const int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) throw_sqlite(db_, code, sql);
  }

  /// The first column of the first row, as text; "" if there is none. Throws Error.
  std::string ask(const char* sql) {
    SqliteStatement statement(db_, sql);
    SqliteStatement::Rows rows = statement.rows();
    return rows.next() ? std::string(rows.bytes(0)) : std::string();
  }

 private:
  sqlite3* db_ = nullptr;
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
