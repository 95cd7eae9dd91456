// SPDX-License-Identifier: MIT
// The lanes of the SQLite store: each endpoint's queue as it is served now, read once per transaction and written back
// at its end. It decides which lane may be served when; who is in a queue is sqlite_book.hpp's.
#ifndef WEBHOOK_DETAIL_SQLITE_LANES_HPP
#define WEBHOOK_DETAIL_SQLITE_LANES_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <unordered_map>
#include <vector>

#include "../endpoint.hpp"
#include "sqlite_connection.hpp"
#include "sqlite_rows.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// A moment in store time, in nanoseconds; `sqlite_never` is later than all of them.
inline constexpr std::int64_t sqlite_never = (std::numeric_limits<std::int64_t>::max)();

/// `at + wait`, where a negative wait is none and an endless one ends at `sqlite_never`.
constexpr std::int64_t sqlite_after(std::int64_t at, Duration wait) noexcept {
  if (wait.count() <= 0) return at;
  return at > sqlite_never - wait.count() ? sqlite_never : at + wait.count();
}

struct SqliteLane {
  std::int64_t endpoint = 0;
  Version version = 0;
  EndpointState state = EndpointState::active;
  Order order = Order::none;
  bool supersede = false;
  std::uint32_t own_cap = 4;  // the endpoint's
  std::int64_t spacing = 0;
  std::uint32_t cap = 4;                // in force
  std::int64_t rests = 0, spaced = 0;   // until: tuned; by the endpoint's own spacing
  std::int64_t failing = 0;             // since
  std::uint32_t failures = 0;           // without a success between
  std::int64_t served = 0;              // the number of its last serving, of all lanes; 0: never
  std::int64_t leased = 0, parked = 0;  // how many deliveries
  std::optional<std::int64_t> turn{}, next{};
  bool changed = false;    // to be written
  bool misplaced = false;  // turn and next are to be found out anew

  bool is_active() const noexcept { return state == EndpointState::active; }
  bool is_closed() const noexcept { return state == EndpointState::gone || state == EndpointState::removed; }
  bool has_keys() const noexcept { return order != Order::none || supersede; }
  bool is_full() const noexcept { return leased >= std::int64_t{cap}; }
};

class SqliteLanes {
 public:
  explicit SqliteLanes(sqlite3* db) noexcept : db_(db) {}

  /// A transaction begins: what another process changed is read again.
  void forget() noexcept { known_.clear(); }

  SqliteLane* find(std::int64_t endpoint) {
    const auto there = known_.find(endpoint);
    if (there != known_.end()) return &there->second;
    SqliteStatement::Rows rows = one_.rows(endpoint);
    return rows.next() ? &keep(rows) : nullptr;
  }

  /// A lane that is not in the file yet.
  SqliteLane& add(std::int64_t endpoint) {
    SqliteLane& lane = known_[endpoint];
    lane = SqliteLane{};
    lane.endpoint = endpoint;
    insert_.run(endpoint);
    return lane;
  }

  static void touch(SqliteLane& lane) noexcept { lane.changed = lane.misplaced = true; }

  /// A delivery waits in the lane from `due` on: what that means for the lane, without looking at its queue.
  static void soon(SqliteLane& lane, std::int64_t due, std::int64_t at) noexcept {
    if (lane.misplaced || lane.turn || !lane.is_active() || lane.is_full()) return;
    const std::int64_t moment = (std::max)({due, lane.rests, lane.spaced});
    if (moment <= at) {
      lane.turn = lane.served;
      lane.next.reset();
      lane.changed = true;
    } else if (!lane.next || moment < *lane.next) {
      lane.next = moment;
      lane.changed = true;
    }
  }

  /// A delivery left the lane or gave up its place: a lane whose turn it is may keep it, since a claim looks closer.
  static void eased(SqliteLane& lane) noexcept {
    lane.changed = true;
    lane.misplaced = lane.misplaced || !lane.turn;
  }

  /// Puts a lane where it belongs after something about it changed.
  void place(SqliteLane& lane, std::int64_t at) {
    lane.misplaced = false;
    const std::int64_t ready = ready_at(lane);
    std::optional<std::int64_t> turn, next;
    if (ready == sqlite_never) {  // nothing to do here until somebody says so
    } else if (ready <= at && !lane.is_closed()) {
      turn = lane.served;
    } else {
      next = ready;
    }
    if (turn == lane.turn && next == lane.next) return;
    lane.turn = turn;
    lane.next = next;
    lane.changed = true;
  }

  /// Writes back what changed.
  void flush(std::int64_t at) {
    for (auto& [endpoint, lane] : known_) {
      if (lane.misplaced) place(lane, at);
      if (!lane.changed) continue;
      write_.run(lane.version, static_cast<int>(lane.state), static_cast<int>(lane.order), lane.supersede, lane.own_cap,
                 lane.spacing, lane.cap, lane.rests, lane.spaced, lane.failing, lane.failures, lane.served, lane.leased,
                 lane.parked, lane.turn, lane.next, lane.endpoint);
      lane.changed = false;
    }
  }

  /// Those that time made ready, or whose leases ran out.
  std::vector<std::int64_t> due(std::int64_t at) { return list(due_, at); }

  /// Up to 64 whose turn it is, least recently served first, after the one given.
  std::vector<std::int64_t> ready(std::int64_t turn, std::int64_t endpoint) { return list(ready_, turn, endpoint); }

  /// Every lane that has something leased.
  std::vector<std::int64_t> leasing() { return list(leasing_); }

  /// When the first lane becomes ready by time alone, or `sqlite_never`.
  std::int64_t next() {
    SqliteStatement::Rows rows = next_.rows();
    return rows.next() && !rows.is_null(0) ? rows.integer(0) : sqlite_never;
  }

  /// Whether a claim at that moment would have anything to look at.
  bool any(std::int64_t at) {
    if (next() <= at) return true;
    SqliteStatement::Rows rows = any_.rows();
    return rows.next();
  }

 private:
  std::int64_t ready_at(const SqliteLane& lane) {
    SqliteStatement::Rows rows = tops_.rows(lane.endpoint);
    rows.next();
    const auto top = [&](int column) { return rows.is_null(column) ? sqlite_never : rows.integer(column); };
    const std::int64_t lapse = top(2);
    if (lane.is_closed()) return lapse;  // what nobody settles in time becomes cancelled
    if (!lane.is_active() || lane.cap == 0) return sqlite_never;
    const std::int64_t due = lane.is_full() ? lapse : (std::min)({lapse, top(0), top(1)});
    return due == sqlite_never ? sqlite_never : (std::max)({due, lane.rests, lane.spaced});
  }

  SqliteLane& keep(const SqliteStatement::Rows& row) {
    SqliteLane lane;
    lane.endpoint = row.integer(0);
    lane.version = static_cast<Version>(row.integer(1));
    lane.state = stored_enum(row.integer(2), EndpointState::removed, "a lane's state");
    lane.order = stored_enum(row.integer(3), Order::complete, "a lane's order");
    lane.supersede = row.integer(4) != 0;
    lane.own_cap = static_cast<std::uint32_t>(row.integer(5));
    lane.spacing = row.integer(6);
    lane.cap = static_cast<std::uint32_t>(row.integer(7));
    lane.rests = row.integer(8);
    lane.spaced = row.integer(9);
    lane.failing = row.integer(10);
    lane.failures = static_cast<std::uint32_t>(row.integer(11));
    lane.served = row.integer(12);
    lane.leased = row.integer(13);
    lane.parked = row.integer(14);
    if (!row.is_null(15)) lane.turn = row.integer(15);
    if (!row.is_null(16)) lane.next = row.integer(16);
    return known_.insert_or_assign(lane.endpoint, lane).first->second;
  }

  template <class... Values>
  static std::vector<std::int64_t> list(SqliteStatement& statement, const Values&... values) {
    std::vector<std::int64_t> endpoints;
    SqliteStatement::Rows rows = statement.rows(values...);
    while (rows.next()) endpoints.push_back(rows.integer(0));
    return endpoints;
  }

  sqlite3* db_;
  std::unordered_map<std::int64_t, SqliteLane> known_{};
  SqliteStatement one_{db_,
                       "SELECT endpoint, version, state, ordering, supersede, own_cap, spacing, cap, rests, spaced,"
                       " failing, failures, served, leased, parked, turn, next FROM main.webhook_lane"
                       " WHERE endpoint = ?"};
  SqliteStatement insert_{db_,
                          "INSERT INTO main.webhook_lane (endpoint, version, state, ordering, supersede, own_cap,"
                          " spacing, cap, rests, spaced, failing, failures, served, leased, parked)"
                          " VALUES (?, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)"};
  SqliteStatement write_{db_,
                         "UPDATE main.webhook_lane SET version = ?, state = ?, ordering = ?, supersede = ?,"
                         " own_cap = ?, spacing = ?, cap = ?, rests = ?, spaced = ?, failing = ?, failures = ?,"
                         " served = ?, leased = ?, parked = ?, turn = ?, next = ? WHERE endpoint = ?"};
  SqliteStatement tops_{db_,
                        "SELECT (SELECT min(due) FROM main.webhook_delivery WHERE endpoint = ?1 AND seat = 0),"
                        " (SELECT min(due) FROM main.webhook_delivery WHERE endpoint = ?1 AND seat = 1),"
                        " (SELECT min(due) FROM main.webhook_delivery WHERE endpoint = ?1 AND seat = 2)"};
  SqliteStatement due_{db_, "SELECT endpoint FROM main.webhook_lane WHERE next <= ?"};
  SqliteStatement ready_{db_,
                         "SELECT endpoint FROM main.webhook_lane WHERE turn IS NOT NULL AND (turn, endpoint) > (?, ?)"
                         " ORDER BY turn, endpoint LIMIT 64"};
  SqliteStatement leasing_{db_, "SELECT endpoint FROM main.webhook_lane WHERE leased > 0"};
  SqliteStatement next_{db_, "SELECT min(next) FROM main.webhook_lane WHERE next IS NOT NULL"};
  SqliteStatement any_{db_, "SELECT 1 FROM main.webhook_lane WHERE turn IS NOT NULL LIMIT 1"};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
