// SPDX-License-Identifier: MIT
// SqliteFile: the store's file, opened, recognised, and kept an eye on: its journal mode, its owner's lock, its
// transactions, and a fresh connection after one that broke. It knows nothing of what is written within them.
#ifndef WEBHOOK_DETAIL_SQLITE_FILE_HPP
#define WEBHOOK_DETAIL_SQLITE_FILE_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <sys/stat.h>

#include "../error.hpp"
#include "../time.hpp"
#include "fork_guard.hpp"
#include "sqlite_connection.hpp"
#include "sqlite_owner.hpp"
#include "sqlite_schema.hpp"

namespace webhook {
inline namespace v0 {

/// How a SqliteStore keeps its file.
struct SqliteOptions {
  bool exclusive = false;  ///< the file is this store's alone: no other process, no handle of the host's, no
                           ///< in_transaction(); much faster where the linked SQLite is older than 3.51.3
  Duration busy_timeout =
      std::chrono::seconds{5};  ///< how long a call waits for others who write; then errc::transient
  std::size_t max_deliveries = (std::numeric_limits<std::size_t>::max)();  ///< pending; more is errc::full
  std::size_t max_bytes = (std::numeric_limits<std::size_t>::max)();  ///< of pending payload, each event counted once
};

namespace detail {

/// Whether two connections may write to one file in WAL mode without the chance that a checkpoint damages it
/// (the WAL-reset bug, https://sqlite.org/wal.html#walresetbug: fixed in 3.51.3, and in 3.50.7 and 3.44.6).
/// With an older one nothing that this store does makes WAL safe beside handles of the host: a checkpoint goes wrong when
/// another connection starts the log afresh meanwhile, and every connection does both by itself (wal_autocheckpoint).
constexpr bool sqlite_shares_wal(int version) noexcept {
  return version >= 3'051'003 || (version >= 3'050'007 && version < 3'051'000) ||
         (version >= 3'044'006 && version < 3'045'000);
}

class SqliteFile {
 public:
  /// Throws errc::corrupt for what is not a store's file, and leaves it as it is; errc::invalid, errc::transient.
  SqliteFile(const std::string& path, const SqliteOptions& options)
      : path_(path), options_(options), db_(path, flags(path)) {
    const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(options.busy_timeout).count();
    sqlite3_busy_timeout(db_.get(), static_cast<int>((std::min)(wait, decltype(wait){0x7FFFFFFF})));
    if (options.exclusive) db_.execute("PRAGMA locking_mode = EXCLUSIVE");
    sqlite_version_of(db_);  // before anything is written
    choose_journal();
    db_.execute("PRAGMA synchronous = FULL");
    db_.execute("PRAGMA cache_size = -16000");
    migrate_sqlite(db_);
    if (stat(path.c_str(), &identity_) != 0) throw_replaced();
  }

  SqliteConnection& db() noexcept { return db_; }
  const std::string& journal() const noexcept { return journal_; }
  const std::string& notice() const noexcept { return notice_; }
  const struct stat& identity() const noexcept { return identity_; }
  bool is_shared() const noexcept { return !options_.exclusive; }
  bool is_broken() const noexcept { return broken_; }
  void mark_broken() noexcept { broken_ = true; }

  /// Throws errc::corrupt if the file was deleted or replaced: what would be written would be lost.
  void check() const {
    if (guard_.in_child()) {
      throw Error(errc::forked, "this process is a fork of the one that opened " + path_ + "; open a store of its own");
    }
    struct stat now {};
    if (stat(path_.c_str(), &now) != 0 || now.st_dev != identity_.st_dev || now.st_ino != identity_.st_ino)
      throw_replaced();
  }

  /// Begins, calls `work` and commits; rolls back if it throws. Not durable: the commit may be undone by a power failure
  /// (never by the end of the process).
  template <class Work>
  void transact(bool durable, const Work& work) {
    sync(durable || journal_ != "wal");
    contain([&] { begin_.run(); });
    try {
      contain(work);
      commit();
    } catch (...) {
      roll_back();
      throw;
    }
  }

  /// Runs something that reads, on one snapshot.
  template <class Work>
  void read(const Work& work) {
    contain([&] { read_.run(); });
    try {
      contain(work);
    } catch (...) {
      roll_back();
      throw;
    }
    roll_back();
  }

 private:
  static int flags(const std::string& path) {
    if (path.empty() || path == ":memory:") {
      throw Error(errc::invalid,
                  "SqliteStore keeps a file and needs its path; webhook::MemoryStore keeps all in memory");
    }
    struct stat there {};
    if (stat(path.c_str(), &there) == 0 && there.st_size > 0) return SQLITE_OPEN_READWRITE;
    return SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  }

  void choose_journal() {
    const bool wal = options_.exclusive || sqlite_shares_wal(sqlite3_libversion_number());
    // A rollback journal that is overwritten in its place is synced without its size, which is the dearer half. What is
    // left are five syncs for each commit where WAL has one.
    journal_ = db_.ask(wal ? "PRAGMA journal_mode = WAL" : "PRAGMA journal_mode = PERSIST");
    if (!wal) db_.execute("PRAGMA journal_size_limit = 4194304");
    if (!wal) {
      notice_ = std::string("the linked SQLite ") + sqlite3_libversion() +
                " can damage a file in WAL mode that has several connections (fixed in 3.51.3), so a rollback journal "
                "is kept instead, which is slower; SqliteOptions::exclusive or a newer SQLite allow WAL";
      if (journal_ == "wal") {
        notice_ = std::string("the file is in WAL mode, others use it, and the linked SQLite ") + sqlite3_libversion() +
                  " can damage such a file (fixed in 3.51.3): use a newer SQLite, or PRAGMA journal_mode = TRUNCATE";
      }
    } else if (journal_ != "wal") {
      notice_ = "the file system does not allow WAL mode; the journal is " + journal_;
    }
  }

  void sync(bool full) {
    if (full == full_) return;
    db_.execute(full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    full_ = full;
  }

  void commit() {
    try {
      commit_.run();
    } catch (const SqliteError& error) {
      if (!sqlite_breaks(error.sqlite_code)) throw;
      broken_ = true;
      throw Error(errc::unknown_commit, error.what());
    }
  }

  template <class Work>
  void contain(const Work& work) {
    try {
      work();
    } catch (const SqliteError& error) {
      broken_ = broken_ || sqlite_breaks(error.sqlite_code);
      throw;
    }
  }

  void roll_back() noexcept {
    if (sqlite3_get_autocommit(db_.get()) != 0) return;
    if (sqlite3_exec(db_.get(), "ROLLBACK", nullptr, nullptr, nullptr) != SQLITE_OK) broken_ = true;
  }

  [[noreturn]] void throw_replaced() const {
    throw Error(errc::corrupt, "the file " + path_ +
                                   " was deleted or replaced while the store had it open; nothing more is written. "
                                   "Restart with the file in place");
  }

  std::string path_;
  SqliteOptions options_;
  SqliteConnection db_;
  ForkGuard guard_{};
  struct stat identity_ {};
  std::string journal_{}, notice_{};
  bool full_ = true, broken_ = false;
  SqliteStatement begin_{db_.get(), "BEGIN IMMEDIATE"};
  SqliteStatement read_{db_.get(), "BEGIN"};
  SqliteStatement commit_{db_.get(), "COMMIT"};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
