// SPDX-License-Identifier: MIT
// SqliteBook: every delivery that the SQLite store keeps: its place in a queue, in the order of its key, and in the log.
// It works within a transaction that somebody else began, and does not know leases' lengths, fences or words.
#ifndef WEBHOOK_DETAIL_SQLITE_BOOK_HPP
#define WEBHOOK_DETAIL_SQLITE_BOOK_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../concepts.hpp"
#include "sqlite_connection.hpp"
#include "sqlite_counters.hpp"
#include "sqlite_lanes.hpp"
#include "sqlite_rows.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// Where a delivery sits. Behind: in the queue of its group, while another one of it is under way. Active seats of a
/// group come before `behind`, so that one look at an index tells whether there is one.
enum class SqliteSeat : std::int8_t { none = -1, waiting, resent, leased, parked, behind };

struct SqliteDelivery {
  std::int64_t id = 0, endpoint = 0;
  SqliteSeat seat = SqliteSeat::none;
  std::int64_t due = 0;
  State state = State::due;
  State word = State::leased;  // the last one settled under this fence; leased: none yet
  std::int64_t fence = 0;
  std::uint32_t attempts = 0, lost = 0;
  bool resent = false;  // queues behind live traffic until it is over
  bool early = false;   // was under way before its lane had this order: once it is due again, the oldest has the turn
  std::int64_t owner = 0, size = 0;
  std::optional<std::int64_t> ended{};
  std::optional<std::string> grp{}, skey{};

  static constexpr unsigned shift = 20;
  static constexpr std::int64_t most_of_an_event = std::int64_t{1} << shift;
  static constexpr std::int64_t first_of(std::int64_t event) noexcept { return event << shift; }
  std::int64_t event() const noexcept { return id >> shift; }
};

class SqliteBook {
 public:
  SqliteBook(sqlite3* db, SqliteCounters& counters) noexcept : db_(db), counters_(counters) {}

  std::optional<SqliteDelivery> find(std::int64_t id) {
    SqliteStatement::Rows rows = one_.rows(id);
    if (!rows.next()) return std::nullopt;
    return read(rows);
  }

  /// Up to `most` that wait in a queue and are due, by due time.
  void due(std::int64_t endpoint, SqliteSeat seat, std::int64_t at, std::size_t most,
           std::vector<SqliteDelivery>& found) {
    SqliteStatement::Rows rows = due_.rows(endpoint, static_cast<int>(seat), at, static_cast<std::int64_t>(most));
    while (rows.next()) found.push_back(read(rows));
  }

  /// All that are pending in a lane, as the store accepted them.
  std::vector<SqliteDelivery> pending(std::int64_t endpoint) {
    std::vector<SqliteDelivery> found;
    SqliteStatement::Rows rows = pending_.rows(endpoint);
    while (rows.next()) found.push_back(read(rows));
    return found;
  }

  /// One more delivery; `key` is its event's. Over at once, as cancelled, where the endpoint is closed.
  void add(std::int64_t id, SqliteLane& lane, std::string_view key, std::int64_t size, std::int64_t due, bool resent,
           std::int64_t at) {
    SqliteDelivery row;
    row.id = id;
    row.endpoint = lane.endpoint;
    row.due = due;
    row.size = size;
    row.resent = resent;
    if (lane.is_closed()) {
      row.state = State::cancelled;
      row.ended = at;
      row.resent = false;
      return insert(row);
    }
    begin(row);
    tag(row, lane, key);
    enter(row, lane, at);
    insert(row);
    supersede(row, lane, at);
  }

  /// Moves a pending delivery to another seat; it is to be saved.
  static void move(SqliteDelivery& row, SqliteLane& lane, SqliteSeat seat) noexcept {
    const bool counted = row.seat == SqliteSeat::leased || row.seat == SqliteSeat::parked;
    if (row.seat == SqliteSeat::leased) --lane.leased;
    if (row.seat == SqliteSeat::parked) --lane.parked;
    if (seat == SqliteSeat::leased) ++lane.leased;
    if (seat == SqliteSeat::parked) ++lane.parked;
    row.seat = seat;
    if (counted || seat == SqliteSeat::leased || seat == SqliteSeat::parked) SqliteLanes::eased(lane);
  }

  /// Queues a pending delivery, behind the one of its group that is under way if there is another.
  void queue(SqliteDelivery& row, SqliteLane& lane, std::int64_t due, std::int64_t at) {
    const bool early = std::exchange(row.early, false);
    const bool wait = row.grp && (early || is_under_way(lane, *row.grp, row.id));
    move(row, lane, wait ? SqliteSeat::behind : row.resent ? SqliteSeat::resent : SqliteSeat::waiting);
    row.due = due;
    save(row);
    if (!wait) SqliteLanes::soon(lane, due, at);
    if (wait && early) promote(lane, *row.grp, at);
  }

  /// Ends a pending delivery.
  void finish(SqliteDelivery& row, SqliteLane& lane, State state, std::int64_t at) {
    const bool was_behind = row.seat == SqliteSeat::behind;
    move(row, lane, SqliteSeat::none);
    SqliteLanes::eased(lane);
    const std::optional<std::string> grp = std::exchange(row.grp, std::nullopt);
    const std::optional<std::string> skey = std::exchange(row.skey, std::nullopt);
    row.state = state;
    row.resent = row.early = false;
    row.ended = at;
    --counters_.pending;
    if (grp || skey) {
      save(row);
    } else {
      end_.run(static_cast<int>(state), static_cast<int>(row.word), row.attempts, at, row.id);
    }
    if (!has_pending(row)) counters_.bytes -= row.size;
    if (grp && !was_behind) promote(lane, *grp, at);
    if (skey && !any_of_key(lane, *skey)) forget_newest_.run(lane.endpoint, SqliteBlob{*skey});
  }

  /// Makes a delivery that is over due again, with its schedule from the start. False: its endpoint is gone, or a newer
  /// one of its key is pending.
  bool revive(SqliteDelivery& row, SqliteLane& lane, std::string_view key, std::int64_t at) {
    if (lane.is_closed()) return false;
    tag(row, lane, key);
    if (is_overtaken(row)) return false;
    begin(row);
    row.ended.reset();
    restart(row);
    row.due = at;
    enter(row, lane, at);
    save(row);
    supersede(row, lane, at);
    return true;
  }

  /// Makes a parked delivery due again, with its schedule from the start.
  void unpark(SqliteDelivery& row, SqliteLane& lane, std::int64_t at) {
    restart(row);
    queue(row, lane, at, at);
  }

  /// Whether a newer one of its key was accepted.
  bool is_overtaken(const SqliteDelivery& row) { return row.skey && newest(row) > row.id; }

  /// What the keys of a lane mean is changed; everything that is pending finds its place.
  void arrange(SqliteLane& lane, std::int64_t at) {
    forget_all_newest_.run(lane.endpoint);
    std::vector<SqliteDelivery> rows = pending(lane.endpoint);
    for (SqliteDelivery& row : rows) {
      tag(row, lane, key_of(row.event()));
      const bool under_way = row.seat == SqliteSeat::leased || row.seat == SqliteSeat::parked;
      row.early = under_way && row.grp;
      if (!under_way) row.seat = row.grp ? SqliteSeat::behind : row.resent ? SqliteSeat::resent : SqliteSeat::waiting;
      save(row);
    }
    SqliteLanes::touch(lane);
    for (const SqliteDelivery& row : rows) {
      if (row.grp) promote(lane, *row.grp, at);
    }
    for (const SqliteDelivery& known : rows) {  // read again: one may have ended another
      std::optional<SqliteDelivery> row = find(known.id);
      if (row && row->seat != SqliteSeat::none) supersede(*row, lane, at);
    }
  }

  /// Cancels everything of a lane that is not in flight. What is in flight stays, and counts until its lease ends.
  void cancel_waiting(SqliteLane& lane, std::int64_t at) {
    for (const SqliteDelivery& known : pending(lane.endpoint)) {
      std::optional<SqliteDelivery> row = find(known.id);
      if (row->seat == SqliteSeat::leased) continue;
      if (row->state == State::leased) {
        move(*row, lane, SqliteSeat::leased);
        save(*row);
      } else {
        finish(*row, lane, State::cancelled, at);
      }
    }
    SqliteLanes::touch(lane);
  }

  void save(const SqliteDelivery& row) {
    const std::optional<int> seat =
        row.seat == SqliteSeat::none ? std::nullopt : std::optional<int>(static_cast<int>(row.seat));
    save_.run(seat, row.due, static_cast<int>(row.state), static_cast<int>(row.word), row.fence, row.attempts, row.lost,
              (row.resent ? is_resent : 0) | (row.early ? is_early : 0), row.owner, row.ended, blob(row.grp),
              blob(row.skey), row.id);
  }

  /// The same for what a lease or a word changes, where no key is concerned.
  void save_turn(const SqliteDelivery& row) {
    turn_.run(static_cast<int>(row.seat), row.due, static_cast<int>(row.state), static_cast<int>(row.word), row.fence,
              row.attempts, row.lost, row.owner, row.id);
  }

  void log(const SqliteDelivery& row, const Attempt& attempt) {
    log_.run(row.id, row.fence, row.attempts, stored_wall(attempt.at), std::int64_t{attempt.took.count()},
             attempt.status, static_cast<int>(attempt.failure), SqliteBlob{attempt.response},
             SqliteBlob{attempt.reason});
  }
  std::vector<Attempt> attempts(std::int64_t delivery) {
    std::vector<Attempt> found;
    SqliteStatement::Rows rows = attempts_.rows(delivery);
    while (rows.next()) {
      Attempt attempt;
      attempt.fence = static_cast<Fence>(rows.integer(0));
      attempt.at = stored_wall(rows.integer(1));
      attempt.took = Duration(rows.integer(2));
      attempt.status = static_cast<int>(rows.integer(3));
      attempt.failure = static_cast<Failure>(rows.integer(4));
      attempt.response = rows.bytes(5);
      attempt.reason = rows.bytes(6);
      found.push_back(std::move(attempt));
    }
    return found;
  }

  /// The endpoints that an event goes to already, and the id for one more delivery of it.
  std::int64_t next_of(std::int64_t event, std::vector<std::int64_t>& endpoints) {
    std::int64_t next = SqliteDelivery::first_of(event);
    SqliteStatement::Rows rows = of_event_.rows(next, next + SqliteDelivery::most_of_an_event - 1);
    while (rows.next()) {
      next = rows.integer(0) + 1;
      endpoints.push_back(rows.integer(1));
    }
    return next;
  }

  std::string key_of(std::int64_t event) {
    SqliteStatement::Rows rows = key_.rows(event);
    return rows.next() ? std::string(rows.bytes(0)) : std::string();
  }

  /// Forgets what was over at `until` already, the oldest first, with its event if that has no other delivery.
  std::size_t prune(std::int64_t until, std::size_t most) {
    std::vector<std::int64_t> ids;
    {
      SqliteStatement::Rows rows = ended_.rows(until, static_cast<std::int64_t>(most));
      while (rows.next()) ids.push_back(rows.integer(0));
    }
    std::vector<std::int64_t> siblings;
    for (const std::int64_t id : ids) {
      forget_attempts_.run(id);
      forget_.run(id);
      const std::int64_t event = id >> SqliteDelivery::shift;
      siblings.clear();
      next_of(event, siblings);
      if (siblings.empty()) forget_event(event);
    }
    return ids.size();
  }

  void forget_event(std::int64_t event) {
    counters_.last_event = (std::max)(counters_.last_event, event);
    forget_event_.run(event);
  }

 private:
  static constexpr int is_resent = 1, is_early = 2;  // in the column `resent`

  static std::optional<SqliteBlob> blob(const std::optional<std::string>& text) noexcept {
    return text ? std::optional<SqliteBlob>(SqliteBlob{*text}) : std::nullopt;
  }

  static SqliteDelivery read(const SqliteStatement::Rows& row) {
    SqliteDelivery found;
    found.id = row.integer(0);
    found.endpoint = row.integer(1);
    found.seat =
        row.is_null(2) ? SqliteSeat::none : stored_enum(row.integer(2), SqliteSeat::behind, "a delivery's seat");
    found.due = row.integer(3);
    found.state = stored_enum(row.integer(4), State::quarantined, "a delivery's state");
    found.word = stored_enum(row.integer(5), State::quarantined, "a delivery's last word");
    found.fence = row.integer(6);
    found.attempts = static_cast<std::uint32_t>(row.integer(7));
    found.lost = static_cast<std::uint32_t>(row.integer(8));
    found.resent = (row.integer(9) & is_resent) != 0;
    found.early = (row.integer(9) & is_early) != 0;
    found.owner = row.integer(10);
    found.size = row.integer(11);
    if (!row.is_null(12)) found.ended = row.integer(12);
    if (!row.is_null(13)) found.grp = row.bytes(13);
    if (!row.is_null(14)) found.skey = row.bytes(14);
    return found;
  }

  void insert(const SqliteDelivery& row) {
    const std::optional<int> seat =
        row.seat == SqliteSeat::none ? std::nullopt : std::optional<int>(static_cast<int>(row.seat));
    insert_.run(row.id, row.endpoint, seat, row.due, static_cast<int>(row.state), static_cast<int>(row.word),
                row.resent, row.size, row.ended, blob(row.grp), blob(row.skey));
  }

  static void tag(SqliteDelivery& row, const SqliteLane& lane, std::string_view key) {
    row.grp.reset();
    row.skey.reset();
    if (lane.order == Order::complete) row.grp = "";
    if (lane.order == Order::by_key && !key.empty()) row.grp = key;
    if (lane.supersede && !key.empty()) row.skey = key;
  }

  void begin(const SqliteDelivery& row) {  // counts it as pending, before it is in the file as such
    ++counters_.pending;
    if (!has_pending(row)) counters_.bytes += row.size;
  }

  static void restart(SqliteDelivery& row) noexcept {
    row.state = State::due;
    row.attempts = 0;
    row.lost = 0;
    row.resent = true;
  }

  void enter(SqliteDelivery& row, SqliteLane& lane, std::int64_t at) {
    if (row.grp && is_under_way(lane, *row.grp, row.id)) {
      row.seat = SqliteSeat::behind;
      return;
    }
    row.seat = row.resent ? SqliteSeat::resent : SqliteSeat::waiting;
    SqliteLanes::soon(lane, row.due, at);
  }

  bool is_under_way(const SqliteLane& lane, std::string_view grp, std::int64_t beside) {
    SqliteStatement::Rows rows = active_.rows(lane.endpoint, SqliteBlob{grp}, beside);
    return rows.next();
  }

  /// Gives the turn of a group to the oldest behind, if nobody has it.
  void promote(SqliteLane& lane, const std::string& grp, std::int64_t at) {
    if (is_under_way(lane, grp, 0)) return;
    std::optional<SqliteDelivery> next;
    {
      SqliteStatement::Rows rows = behind_.rows(lane.endpoint, SqliteBlob{grp});
      if (rows.next()) next = read(rows);
    }
    if (next) queue(*next, lane, next->due, at);
  }

  /// Ends what a delivery that was just accepted supersedes: those before it of the same key that are not in flight.
  void supersede(const SqliteDelivery& row, SqliteLane& lane, std::int64_t at) {
    if (!row.skey || newest(row) > row.id) return;
    put_newest_.run(lane.endpoint, SqliteBlob{*row.skey}, row.id);
    std::vector<std::int64_t> older;
    {
      SqliteStatement::Rows rows = of_key_.rows(lane.endpoint, SqliteBlob{*row.skey});
      while (rows.next()) {
        if (rows.integer(0) < row.id) older.push_back(rows.integer(0));
      }
    }
    for (const std::int64_t id : older) {
      std::optional<SqliteDelivery> before = find(id);
      if (before->seat != SqliteSeat::leased) finish(*before, lane, State::superseded, at);
    }
  }

  std::int64_t newest(const SqliteDelivery& row) {
    SqliteStatement::Rows rows = newest_.rows(row.endpoint, SqliteBlob{*row.skey});
    return rows.next() ? rows.integer(0) : 0;
  }

  bool any_of_key(const SqliteLane& lane, std::string_view key) {
    SqliteStatement::Rows rows = of_key_.rows(lane.endpoint, SqliteBlob{key});
    return rows.next();
  }

  /// Whether another delivery of the same event is pending.
  bool has_pending(const SqliteDelivery& row) {
    const std::int64_t first = SqliteDelivery::first_of(row.event());
    SqliteStatement::Rows rows = sibling_.rows(first, first + SqliteDelivery::most_of_an_event - 1, row.id);
    return rows.next();
  }

  static std::string select(const char* which) {
    return std::string(
               "SELECT id, endpoint, seat, due, state, word, fence, attempts, lost, resent, owner, size, ended, grp,"
               " skey FROM main.webhook_delivery WHERE ") +
           which;
  }

  sqlite3* db_;
  SqliteCounters& counters_;
  SqliteStatement one_{db_, select("id = ?")};
  SqliteStatement due_{db_, select("endpoint = ? AND seat = ? AND due <= ? ORDER BY due, id LIMIT ?")};
  SqliteStatement pending_{db_, select("endpoint = ? AND seat >= 0 ORDER BY id")};
  SqliteStatement behind_{db_, select("endpoint = ? AND grp = ? AND seat = 4 ORDER BY id LIMIT 1")};
  SqliteStatement active_{
      db_, "SELECT 1 FROM main.webhook_delivery WHERE endpoint = ? AND grp = ? AND seat < 4 AND id <> ? LIMIT 1"};
  SqliteStatement of_key_{db_, "SELECT id FROM main.webhook_delivery WHERE endpoint = ? AND skey = ?"};
  SqliteStatement sibling_{db_,
                           "SELECT 1 FROM main.webhook_delivery WHERE id BETWEEN ? AND ? AND id <> ?"
                           " AND seat IS NOT NULL LIMIT 1"};
  SqliteStatement of_event_{db_, "SELECT id, endpoint FROM main.webhook_delivery WHERE id BETWEEN ? AND ? ORDER BY id"};
  SqliteStatement key_{db_, "SELECT key FROM main.webhook_event WHERE number = ?"};
  SqliteStatement insert_{db_,
                          "INSERT INTO main.webhook_delivery (id, endpoint, seat, due, state, word, fence, attempts,"
                          " lost, resent, owner, size, ended, grp, skey) VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0, ?, 0, ?, ?,"
                          " ?, ?)"};
  SqliteStatement save_{db_,
                        "UPDATE main.webhook_delivery SET seat = ?, due = ?, state = ?, word = ?, fence = ?,"
                        " attempts = ?, lost = ?, resent = ?, owner = ?, ended = ?, grp = ?, skey = ? WHERE id = ?"};
  SqliteStatement turn_{db_,
                        "UPDATE main.webhook_delivery SET seat = ?, due = ?, state = ?, word = ?, fence = ?,"
                        " attempts = ?, lost = ?, owner = ? WHERE id = ?"};
  SqliteStatement end_{db_,
                       "UPDATE main.webhook_delivery SET seat = NULL, state = ?, word = ?, attempts = ?, resent = 0,"
                       " ended = ? WHERE id = ?"};
  SqliteStatement newest_{db_, "SELECT delivery FROM main.webhook_newest WHERE endpoint = ? AND skey = ?"};
  SqliteStatement put_newest_{db_,
                              "INSERT OR REPLACE INTO main.webhook_newest (endpoint, skey, delivery) VALUES (?, ?, ?)"};
  SqliteStatement forget_newest_{db_, "DELETE FROM main.webhook_newest WHERE endpoint = ? AND skey = ?"};
  SqliteStatement forget_all_newest_{db_, "DELETE FROM main.webhook_newest WHERE endpoint = ?"};
  SqliteStatement log_{db_,
                       "INSERT OR REPLACE INTO main.webhook_attempt (delivery, fence, n, at, took, status, failure,"
                       " response, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"};
  SqliteStatement attempts_{db_,
                            "SELECT fence, at, took, status, failure, response, reason FROM main.webhook_attempt"
                            " WHERE delivery = ? ORDER BY fence, n"};
  SqliteStatement ended_{db_, "SELECT id FROM main.webhook_delivery WHERE ended <= ? ORDER BY ended, id LIMIT ?"};
  SqliteStatement forget_{db_, "DELETE FROM main.webhook_delivery WHERE id = ?"};
  SqliteStatement forget_attempts_{db_, "DELETE FROM main.webhook_attempt WHERE delivery = ?"};
  SqliteStatement forget_event_{db_, "DELETE FROM main.webhook_event WHERE number = ?"};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
