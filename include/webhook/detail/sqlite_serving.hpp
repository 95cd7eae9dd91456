// SPDX-License-Identifier: MIT
// SqliteServing: the inside of a claim: which lane is served next, how much of it, and what became of leases that ended,
// by time or with the process that held them. It works within a transaction that somebody else began.
#ifndef WEBHOOK_DETAIL_SQLITE_SERVING_HPP
#define WEBHOOK_DETAIL_SQLITE_SERVING_HPP

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../concepts.hpp"
#include "sqlite_book.hpp"
#include "sqlite_connection.hpp"
#include "sqlite_counters.hpp"
#include "sqlite_file.hpp"
#include "sqlite_lanes.hpp"
#include "sqlite_owner.hpp"
#include "sqlite_rows.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

class SqliteServing {
 public:
  SqliteServing(SqliteFile& file, const std::string& owners, SqliteCounters& counters, SqliteLanes& lanes,
                SqliteBook& book)
      : db_(file.db().get()),
        shared_(file.is_shared()),
        counters_(counters),
        lanes_(lanes),
        book_(book),
        owners_(owners, file.identity()) {
    file.transact(true, [&] {  // ids of owners are never given twice
      SqliteStatement(db_, "UPDATE main.webhook_store SET last_owner = last_owner + 1").run();
      SqliteStatement last(db_, "SELECT last_owner FROM main.webhook_store");
      {
        SqliteStatement::Rows rows = last.rows();
        if (rows.next()) owner_ = rows.integer(0);
      }
      if (owners_.live(owner_)) SqliteStatement(db_, "INSERT INTO main.webhook_owner (id) VALUES (?)").run(owner_);
    });
  }

  /// By which name this store holds leases.
  std::int64_t owner() const noexcept { return owner_; }

  /// A transaction begins.
  void forget() noexcept { last_event_.reset(); }

  /// Whether a claim at that moment would find nothing; changes nothing.
  bool is_idle(std::int64_t at) { return !lanes_.any(at) && !has_dead_owner(at); }

  Found serve_all(const Claim& ask, std::int64_t at, std::vector<Claimed>& taken) {
    take_over(at);
    lanes_.flush(at);
    for (const std::int64_t endpoint : lanes_.due(at)) {
      SqliteLane& lane = *lanes_.find(endpoint);
      if (lane.is_closed()) lapse(lane, at);
      lanes_.place(lane, at);
    }
    lanes_.flush(at);
    const std::int64_t last_serving = counters_.serving;
    std::int64_t turn = -1, after = -1;
    bool more = false;
    for (std::size_t left = ask.most; !more;) {
      const std::vector<std::int64_t> ready = lanes_.ready(turn, after);
      if (ready.empty()) break;
      for (const std::int64_t endpoint : ready) {
        SqliteLane& lane = *lanes_.find(endpoint);
        turn = *lane.turn;
        after = endpoint;
        if (turn > last_serving) break;
        if (left > 0) {
          left -= serve(lane, ask, left, at, taken);
        } else {
          lapse(lane, at);
        }
        lanes_.place(lane, at);
        more = left == 0 && lane.turn;
        if (more) break;
      }
      if (turn > last_serving || ready.size() < 64) break;
    }
    lanes_.flush(at);
    return foresee(at, more || !lanes_.ready(-1, -1).empty());
  }

  Found foresee(std::int64_t at, bool more) {
    Found found;
    found.registry = static_cast<Version>(counters_.registry);
    const std::int64_t next = lanes_.next();
    const Duration wait =
        next == sqlite_never ? idle : (std::min)(idle, Duration((std::max)(next - at, std::int64_t{1})));
    found.next = more ? Duration::zero() : shared_ ? (std::min)(wait, glance) : wait;
    return found;
  }

  std::shared_ptr<const Event> event_of(std::int64_t number) {
    if (last_event_ != nullptr && last_number_ == number) return last_event_;
    SqliteStatement::Rows rows = event_.rows(number);
    if (!rows.next()) throw_bad_row("a delivery without its event");
    last_event_ = read_event(rows);
    last_number_ = number;
    return last_event_;
  }

 private:
  static constexpr Duration idle = std::chrono::hours{1};             // nothing will happen by itself
  static constexpr Duration glance = std::chrono::milliseconds{250};  // others may have written meanwhile
  static constexpr std::int64_t look_after = 100'000'000;             // at the lives of other owners
  static constexpr std::size_t all = std::size_t{1} << 40U;

  /// Where a lease ran out, the delivery queues again; it stays leased, so that a late word still counts.
  void lapse(SqliteLane& from, std::int64_t at) {
    if (from.leased == 0) return;
    rows_.clear();
    book_.due(from.endpoint, SqliteSeat::leased, at, all, rows_);
    for (SqliteDelivery& row : rows_) {
      if (from.is_closed() || book_.is_overtaken(row)) {
        book_.finish(row, from, from.is_closed() ? State::cancelled : State::superseded, at);
      } else {
        book_.queue(row, from, row.due, at);
      }
    }
  }

  std::size_t serve(SqliteLane& from, const Claim& ask, std::size_t left, std::int64_t at,
                    std::vector<Claimed>& taken) {
    lapse(from, at);
    if (from.is_full() || !from.is_active() || from.rests > at || from.spaced > at) return 0;
    const std::size_t most =
        (std::min)({left, ask.per_lane, static_cast<std::size_t>(std::int64_t{from.cap} - from.leased)});
    rows_.clear();
    book_.due(from.endpoint, SqliteSeat::waiting, at, most, rows_);
    if (rows_.size() < most) book_.due(from.endpoint, SqliteSeat::resent, at, most - rows_.size(), rows_);
    for (SqliteDelivery& row : rows_) lease(row, from, ask, at, taken);
    if (rows_.empty()) return 0;
    from.served = ++counters_.serving;
    const auto times = static_cast<std::int64_t>(rows_.size());
    const std::int64_t spacing = (std::max)(from.spacing, std::int64_t{0});
    from.spaced = sqlite_after(at, Duration(spacing > sqlite_never / times ? sqlite_never : spacing * times));
    SqliteLanes::touch(from);
    return rows_.size();
  }

  void lease(SqliteDelivery& row, SqliteLane& from, const Claim& ask, std::int64_t at, std::vector<Claimed>& taken) {
    if (row.state == State::leased) ++row.lost;
    SqliteBook::move(row, from, SqliteSeat::leased);
    row.due = sqlite_after(at, ask.lease);
    row.state = State::leased;
    row.word = State::leased;
    row.fence = ++counters_.fence;
    row.owner = owner_;
    book_.save_turn(row);
    taken.push_back({{DeliveryId{static_cast<std::uint64_t>(row.id)}, static_cast<Fence>(row.fence)},
                     EndpointId{static_cast<std::uint64_t>(row.endpoint)},
                     from.version,
                     event_of(row.event()),
                     row.attempts,
                     row.lost});
  }

  bool has_dead_owner(std::int64_t at) {
    if (at - looked_ < look_after && looked_ != 0) return false;
    looked_ = at;
    dead_.clear();
    SqliteStatement::Rows rows = others_.rows(owner_);
    while (rows.next()) {
      if (owners_.is_dead(rows.integer(0))) dead_.push_back(rows.integer(0));
    }
    return !dead_.empty();
  }

  /// What dead owners held is due at once.
  void take_over(std::int64_t at) {
    if (dead_.empty() && !has_dead_owner(at)) return;
    const auto is_dead = [&](std::int64_t owner) {
      return std::find(dead_.begin(), dead_.end(), owner) != dead_.end();
    };
    for (const std::int64_t endpoint : lanes_.leasing()) {
      SqliteLane& lane = *lanes_.find(endpoint);
      rows_.clear();
      book_.due(endpoint, SqliteSeat::leased, sqlite_never, all, rows_);
      for (SqliteDelivery& row : rows_) {
        if (!is_dead(row.owner) || row.due <= at) continue;
        row.due = at;
        book_.save(row);
        SqliteLanes::touch(lane);
      }
    }
    for (const std::int64_t owner : dead_) forget_owner_.run(owner);
    dead_.clear();
  }

  sqlite3* db_;
  bool shared_;
  SqliteCounters& counters_;
  SqliteLanes& lanes_;
  SqliteBook& book_;
  SqliteOwner owners_;
  std::int64_t owner_ = 0;
  std::int64_t looked_ = 0;  // at other owners, last
  std::vector<std::int64_t> dead_{};
  std::vector<SqliteDelivery> rows_{};
  std::shared_ptr<const Event> last_event_{};
  std::int64_t last_number_ = 0;
  SqliteStatement event_{db_, sqlite_read_event};
  SqliteStatement others_{db_, "SELECT id FROM main.webhook_owner WHERE id <> ?"};
  SqliteStatement forget_owner_{db_, "DELETE FROM main.webhook_owner WHERE id = ?"};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
