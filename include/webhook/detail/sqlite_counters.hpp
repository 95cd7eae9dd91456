// SPDX-License-Identifier: MIT
// The one row in which the SQLite store counts, and store time: how moments in the file follow from the clock readings
// that calls bring. It knows neither lanes nor deliveries.
#ifndef WEBHOOK_DETAIL_SQLITE_COUNTERS_HPP
#define WEBHOOK_DETAIL_SQLITE_COUNTERS_HPP

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "../time.hpp"
#include "sqlite_connection.hpp"
#include "sqlite_rows.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// Which boot of the machine this is; "" where the system does not say.
inline std::string boot_of_this_machine() {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/sys/kernel/random/boot_id", "re"),
                                                             [](std::FILE* open) { return std::fclose(open); });
  char text[64]{};
  if (file == nullptr) return {};
  std::string id(text, std::fread(text, 1, sizeof text, file.get()));
  while (!id.empty() && id.back() == '\n') id.pop_back();
  return id;
}

/// The counters of a file, read when a transaction begins and written back at its end.
///
/// Moments in the file are store time: the steady clock, which all processes of a host share, plus a shift. The steady
/// clock starts anew with the machine, so then the shift is chosen afresh: store time goes on from the last mark by what
/// the wall clock says has passed, and never back. While the machine runs, the wall clock may jump as it likes: nothing
/// is measured on it.
class SqliteCounters {
 public:
  explicit SqliteCounters(sqlite3* db) noexcept : db_(db) {}

  std::int64_t registry = 0, fence = 0, serving = 0, last_event = 0, over_until = 0, pending = 0, bytes = 0;

  void read() {
    SqliteStatement::Rows row = read_.rows();
    if (!row.next()) throw_bad_row("no row in webhook_store");
    registry = row.integer(0);
    fence = row.integer(1);
    serving = row.integer(2);
    last_event = row.integer(3);
    over_until = row.integer(4);
    pending = row.integer(5);
    bytes = row.integer(6);
    shift_ = row.integer(7);
    mark_ = row.integer(8);
    wall_ = row.integer(9);
    latest_ = (std::max)(latest_, mark_);
    was_ = {registry, fence, serving, last_event, over_until, pending, bytes};
  }

  /// What store time is at a reading; never earlier than before.
  std::int64_t at(const Now& now) noexcept { return latest_ = (std::max)(latest_, now.steady.count() + shift_); }
  std::int64_t latest() const noexcept { return latest_; }

  /// To be called within a transaction, before the first at() of a connection: whether the steady clock still is the one
  /// that the file knows.
  void recognise(const Now& now) {
    const std::string boot = boot_of_this_machine();
    SqliteStatement ask(db_, "SELECT boot FROM main.webhook_store");
    std::string known;
    {
      SqliteStatement::Rows row = ask.rows();
      if (row.next()) known = row.bytes(0);
    }
    const bool fresh = mark_ == 0;
    const bool went_back = now.steady.count() + shift_ < mark_ - slack;
    if (!fresh && known == boot && !went_back) return;
    const std::int64_t passed = (std::max)(std::int64_t{0}, stored_wall(now.wall) - wall_);
    const std::int64_t store = fresh ? stored_wall(now.wall) * 1000 : sqlite_after_microseconds(mark_, passed);
    shift_ = store - now.steady.count();
    latest_ = store;
    SqliteStatement(db_, "UPDATE main.webhook_store SET boot = ?, shift = ?, mark = ?, wall = ?")
        .run(std::string_view(boot), shift_, store, stored_wall(now.wall));
    mark_ = store;
    wall_ = stored_wall(now.wall);
  }

  /// Remembers now and then what the wall clock says, for the day after the next boot.
  void mark(const Now& now) {
    const std::int64_t store = now.steady.count() + shift_;
    const std::int64_t wall = stored_wall(now.wall);
    const std::int64_t drift = (wall - wall_) - (store - mark_) / 1000;
    if (store - mark_ < slack && drift < 1'000'000 && drift > -1'000'000) return;
    if (store < mark_) return;
    mark_write_.run(store, wall);
    mark_ = store;
    wall_ = wall;
  }

  void write() {
    const Values now{registry, fence, serving, last_event, over_until, pending, bytes};
    if (now == was_) return;
    write_.run(registry, fence, serving, last_event, over_until, pending, bytes);
    was_ = now;
  }

 private:
  struct Values {
    std::int64_t registry = 0, fence = 0, serving = 0, last_event = 0, over_until = 0, pending = 0, bytes = 0;
    friend bool operator==(const Values&, const Values&) = default;
  };
  static constexpr std::int64_t slack = 60'000'000'000;  // a minute
  static constexpr std::int64_t sqlite_after_microseconds(std::int64_t mark, std::int64_t passed) noexcept {
    constexpr std::int64_t most = 3'000'000'000'000'000;  // 95 years
    return mark + (std::min)(passed, most) * 1000;
  }

  sqlite3* db_;
  std::int64_t shift_ = 0, mark_ = 0, wall_ = 0, latest_ = 0;
  Values was_{};
  SqliteStatement read_{db_,
                        "SELECT registry, fence, serving, last_event, over_until, pending, bytes, shift, mark, wall"
                        " FROM main.webhook_store WHERE one = 1"};
  SqliteStatement write_{db_,
                         "UPDATE main.webhook_store SET registry = ?, fence = ?, serving = ?, last_event = ?,"
                         " over_until = ?, pending = ?, bytes = ? WHERE one = 1"};
  SqliteStatement mark_write_{db_, "UPDATE main.webhook_store SET mark = ?, wall = ? WHERE one = 1"};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
