// SPDX-License-Identifier: MIT
// SqliteCore: what the words of the store contract do to lanes and deliveries in a file, within one transaction each.
// It does not lock, and does not know who asks; rows are in sqlite_book.hpp, readiness in sqlite_lanes.hpp, the inside
// of a claim in sqlite_serving.hpp.
#ifndef WEBHOOK_DETAIL_SQLITE_CORE_HPP
#define WEBHOOK_DETAIL_SQLITE_CORE_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../concepts.hpp"
#include "sqlite_book.hpp"
#include "sqlite_connection.hpp"
#include "sqlite_counters.hpp"
#include "sqlite_file.hpp"
#include "sqlite_lanes.hpp"
#include "sqlite_rows.hpp"
#include "sqlite_serving.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// One connection, and everything that is said through it.
class SqliteCore {
 public:
  SqliteCore(const std::string& path, const SqliteOptions& options)
      : options_(options), file(path, options), serving(file, path + "-owners", counters, lanes, book) {}

 private:
  SqliteOptions options_;

 public:
  SqliteFile file;
  SqliteCounters counters{file.db().get()};
  SqliteLanes lanes{file.db().get()};
  SqliteBook book{file.db().get(), counters};
  SqliteServing serving;

  /// Calls `work` within a transaction that writes, and writes back what it changed. `now`: any reading of the clock.
  template <class Work>
  void transact(const Now& now, bool durable, const Work& work) {
    file.check();
    file.transact(durable, [&] {
      begin(now);
      work();
      end();
    });
    fresh_ = false;
  }
  /// The same where no time passes.
  template <class Work>
  void transact(const Work& work) {
    file.check();
    file.transact(true, [&] {
      lanes.forget();
      counters.read();
      work();
      end();
    });
  }

  /// Calls `work` on one snapshot of the file, which it must not change.
  template <class Work>
  void read(const Work& work) {
    file.check();
    file.read([&] {
      lanes.forget();
      counters.read();
      work();
    });
  }

  // ---------------------------------------------------------------------------------------------------------- append
  /// Throws errc::full at a bound, before it changed anything.
  void check_room(std::span<const NewEvent> events) {
    const auto pending = static_cast<std::uint64_t>(counters.pending),
               bytes = static_cast<std::uint64_t>(counters.bytes);
    std::uint64_t deliveries = 0, size = 0;
    for (const NewEvent& what : events) {
      std::uint64_t open = 0;
      for (const EndpointId id : what.routes) {
        const SqliteLane* const lane = lanes.find(number_of(id));
        open += lane != nullptr && !lane->is_closed() ? 1U : 0U;
      }
      if (open == 0) continue;
      const bool too_many = pending + deliveries + open > options_.max_deliveries;
      const bool too_large = bytes + size + what.event->payload.size() > options_.max_bytes;
      if ((too_many || too_large) && what.named && named(*what.event)) continue;  // nothing will be added
      if (too_many) {
        throw Error(errc::full, "the store holds " + std::to_string(pending) +
                                    " pending deliveries and takes at most " + std::to_string(options_.max_deliveries) +
                                    " (SqliteOptions::max_deliveries)");
      }
      if (too_large) {
        throw Error(errc::full, "the store holds " + std::to_string(bytes) +
                                    " bytes of pending payload and takes at most " +
                                    std::to_string(options_.max_bytes) + " (SqliteOptions::max_bytes)");
      }
      deliveries += open;
      size += what.event->payload.size();
    }
  }

  Appended add(const NewEvent& what, const Now& now) {
    const std::int64_t at = counters.at(now);
    const Event& event = *what.event;
    if (what.named) {
      if (const std::optional<Appended> there = named(event)) return *there;
    }
    const bool later = what.registry < static_cast<Version>(counters.registry);
    std::vector<SqliteLane*>& to = routes_;
    to.clear();
    for (const EndpointId id : what.routes) {
      if (SqliteLane* const lane = lanes.find(number_of(id))) to.push_back(lane);
    }
    if (!later && to.empty()) return Appended::inserted;
    check_size(to.size());
    const std::int64_t number = next_event();
    write_event(insert_event_, number, later, what.named, event, now.wall, what.delay);
    if (later) return Appended::inserted;
    std::int64_t id = SqliteDelivery::first_of(number);
    const auto size = static_cast<std::int64_t>(event.payload.size());
    for (SqliteLane* const lane : to) book.add(id++, *lane, event.key, size, sqlite_after(at, what.delay), false, at);
    return Appended::inserted;
  }

  // ----------------------------------------------------------------------------------------------------------- claim
  Found claim(const Claim& ask, std::vector<Claimed>& claimed) {
    Found found;
    bool nothing = false;
    if (!fresh_) {
      read([&] {
        const std::int64_t at = counters.at(ask.now);
        nothing = serving.is_idle(at);
        if (nothing) found = serving.foresee(at, false);
      });
    }
    if (nothing) return found;
    std::vector<Claimed> taken;
    transact(ask.now, false, [&] {
      const std::int64_t at = counters.at(ask.now);
      counters.mark(ask.now);
      taken.clear();
      found = serving.serve_all(ask, at, taken);
      claimed.reserve(claimed.size() + taken.size());
    });
    for (Claimed& one : taken) claimed.push_back(std::move(one));
    return found;
  }

  // ---------------------------------------------------------------------------------------------------------- settle
  Settled hear(const Settlement& word, const Now& now) {
    using Word = Settled::Word;
    const std::int64_t at = counters.at(now);
    std::optional<SqliteDelivery> row = book.find(static_cast<std::int64_t>(word.lease.delivery));
    if (!row) return {};
    SqliteLane& from = lane_of(*row);
    Settled answer;
    const bool same = static_cast<Fence>(row->fence) == word.lease.fence;
    if (same && row->state == State::leased) {
      answer.word = Word::applied;
      apply(*row, from, word, at);
    } else if (same && row->word == word.state && word.state != State::leased) {
      answer.word = Word::already;
    }
    answer.failures = from.failures;
    answer.failing_for = Duration(from.failures == 0 ? 0 : at - from.failing);
    answer.cap = from.cap;
    return answer;
  }

  // ------------------------------------------------------------------------------------------------------- endpoints
  void tune(EndpointId endpoint, const Lane& how, const Now& now) {
    const std::int64_t at = counters.at(now);
    SqliteLane* const lane = lanes.find(number_of(endpoint));
    if (lane == nullptr)
      throw Error(errc::not_found, "the store has no endpoint of this id; put it before it is tuned");
    lane->cap = how.cap;
    lane->rests = sqlite_after(at, how.rest);
    SqliteLanes::touch(*lane);
  }

  Version put(const Endpoint& next) {
    const std::int64_t at = counters.latest();
    SqliteLane* lane = lanes.find(number_of(next.id));
    const bool fresh = lane == nullptr;
    if ((fresh ? 0 : lane->version) != next.version)
      throw Error(errc::conflict, "the endpoint was changed in between: read it again, change that and put it");
    const auto version = static_cast<Version>(++counters.registry);
    write_endpoint(put_endpoint_, next, version);
    if (fresh) lane = &lanes.add(number_of(next.id));
    const bool arranged = fresh || (next.order == lane->order && next.supersede == lane->supersede);
    const bool opens = next.state == EndpointState::active && (fresh || !lane->is_active());
    if (fresh || opens || lane->own_cap != next.cap) lane->cap = next.cap;
    if (lane->spacing != next.spacing.count()) lane->spaced = 0;
    if (opens) {
      lane->rests = 0;
      lane->failures = 0;
    }
    lane->version = version;
    lane->state = next.state;
    lane->order = next.order;
    lane->supersede = next.supersede;
    lane->own_cap = next.cap;
    lane->spacing = next.spacing.count();
    SqliteLanes::touch(*lane);
    if (!arranged) book.arrange(*lane, at);
    if (lane->is_closed()) book.cancel_waiting(*lane, at);
    return version;
  }

  std::vector<Endpoint> endpoints(Version after) {
    std::vector<Endpoint> changed;
    SqliteStatement::Rows rows = endpoints_.rows(after);
    while (rows.next()) changed.push_back(read_endpoint(rows));
    return changed;
  }

  // ---------------------------------------------------------------------------------------------------------- routes
  std::vector<KeptEvent> unrouted(std::size_t most) {
    std::vector<KeptEvent> kept;
    SqliteStatement::Rows rows = unrouted_.rows(static_cast<std::int64_t>((std::min)(most, std::size_t{1} << 30U)));
    while (rows.next()) kept.push_back({EventNumber{static_cast<std::uint64_t>(rows.integer(0))}, read_event(rows)});
    return kept;
  }

  void route(const Route& route, const Now& now) {
    const std::int64_t at = counters.at(now);
    const auto number = static_cast<std::int64_t>(route.event);
    std::int64_t due = at, size = 0;
    std::string key;
    {
      SqliteStatement::Rows rows = unrouted_one_.rows(number);
      if (!rows.next()) return;  // it was routed before, or never was
      const std::int64_t waited = (std::max)(std::int64_t{0}, stored_wall(now.wall) - rows.integer(0));
      const std::int64_t left = rows.integer(1) / 1000 > waited ? rows.integer(1) - waited * 1000 : 0;
      due = sqlite_after(at, Duration(left));
      size = rows.integer(2);
      key = rows.bytes(3);
    }
    std::vector<std::int64_t> has;
    std::int64_t id = book.next_of(number, has);
    check_size(route.endpoints.size());
    for (const EndpointId endpoint : route.endpoints) {
      SqliteLane* const lane = lanes.find(number_of(endpoint));
      if (lane == nullptr || std::find(has.begin(), has.end(), lane->endpoint) != has.end()) continue;
      has.push_back(lane->endpoint);
      book.add(id++, *lane, key, size, due, false, at);
    }
    if (has.empty()) {
      book.forget_event(number);
    } else {
      routed_.run(number);
    }
  }

  std::size_t replay(const Route& route, const Now& now) {
    const std::int64_t at = counters.at(now);
    const auto number = static_cast<std::int64_t>(route.event);
    std::vector<std::int64_t> has;
    std::int64_t id = book.next_of(number, has);
    if (has.empty()) return 0;
    const std::shared_ptr<const Event> event = serving.event_of(number);
    std::size_t replayed = 0;
    for (const EndpointId endpoint : route.endpoints) {
      SqliteLane* const lane = lanes.find(number_of(endpoint));
      if (lane == nullptr || lane->is_closed() || std::find(has.begin(), has.end(), lane->endpoint) != has.end())
        continue;
      SqliteDelivery would_be;
      would_be.id = id;
      would_be.endpoint = lane->endpoint;
      if (lane->supersede && !event->key.empty()) would_be.skey = event->key;
      if (book.is_overtaken(would_be)) continue;  // a newer one of its key is on its way: nobody wants the old one
      const NewEvent counted{event, {&endpoint, 1}, 0, false, {}};
      check_room({&counted, 1});
      has.push_back(lane->endpoint);
      book.add(id++, *lane, event->key, static_cast<std::int64_t>(event->payload.size()), at, true, at);
      ++replayed;
    }
    return replayed;
  }

  // ------------------------------------------------------------------------------------------------- second thoughts
  bool amend(std::int64_t id, State to, const Now& now) {
    const std::int64_t at = counters.at(now);
    std::optional<SqliteDelivery> row = book.find(id);
    if (!row) return false;
    SqliteLane& from = lane_of(*row);
    if (to == State::cancelled) {
      if (is_over(row->state)) return false;
      book.finish(*row, from, to, at);
    } else if (row->state == State::parked) {
      book.unpark(*row, from, at);
    } else {
      if (!is_over(row->state) || !has_room_for(*row)) return false;
      if (!book.revive(*row, from, from.has_keys() ? book.key_of(row->event()) : std::string(), at)) return false;
      counters.over_until = (std::min)(counters.over_until, id - 1);
    }
    return true;
  }

  /// Everything up to here is over.
  std::int64_t all_over_until() {
    SqliteStatement::Rows rows = first_pending_.rows(counters.over_until);
    if (rows.next()) return rows.integer(0) - 1;
    return (std::max)(counters.over_until, last_delivery());
  }

  Backlog backlog(const Now& now) {
    Backlog backlog;
    {
      SqliteStatement::Rows rows = held_.rows();
      rows.next();
      backlog.leased = static_cast<std::uint64_t>(rows.integer(0));
      backlog.parked = static_cast<std::uint64_t>(rows.integer(1));
    }
    backlog.due = static_cast<std::uint64_t>(counters.pending) - backlog.leased - backlog.parked;
    backlog.bytes = static_cast<std::uint64_t>(counters.bytes);
    if (counters.pending == 0) return backlog;
    SqliteStatement::Rows rows = oldest_.rows(counters.over_until);
    if (rows.next()) backlog.oldest = (std::max)(Duration::zero(), Duration(now.wall - stored_wall(rows.integer(0))));
    return backlog;
  }

 private:
  static std::int64_t number_of(EndpointId id) noexcept { return static_cast<std::int64_t>(id); }

  void begin(const Now& now) {
    lanes.forget();
    serving.forget();
    numbered_.reset();
    counters.read();
    if (fresh_) counters.recognise(now);
  }
  void end() {
    lanes.flush(counters.latest());
    counters.write();
  }

  SqliteLane& lane_of(const SqliteDelivery& row) {
    SqliteLane* const lane = lanes.find(row.endpoint);
    if (lane == nullptr) throw_bad_row("a delivery without its lane");
    return *lane;
  }

  static void check_size(std::size_t deliveries) {
    if (deliveries >= static_cast<std::size_t>(SqliteDelivery::most_of_an_event))
      throw Error(errc::too_large, "an event goes to fewer than 2^20 endpoints");
  }

  std::int64_t next_event() {
    if (!numbered_) {
      SqliteStatement::Rows rows = next_number_.rows();
      rows.next();
      numbered_ = rows.integer(0) - 1;
      numbered_ = (std::max)(*numbered_, counters.last_event);
    }
    return ++*numbered_;
  }

  /// What append says to an event whose name is there already.
  std::optional<Appended> named(const Event& event) {
    SqliteStatement::Rows rows = named_.rows(event.id.view(), SqliteBlob{event.tenant});
    if (!rows.next()) return std::nullopt;
    const bool same = rows.bytes(0) == event.type && rows.bytes(1) == event.payload.view();
    return same ? Appended::duplicate : Appended::conflict;
  }

  bool has_room_for(const SqliteDelivery& row) const noexcept {
    return static_cast<std::uint64_t>(counters.pending) < options_.max_deliveries &&
           static_cast<std::uint64_t>(counters.bytes + row.size) <= options_.max_bytes;
  }

  std::int64_t last_delivery() {
    SqliteStatement::Rows rows = last_delivery_.rows();
    rows.next();
    return rows.integer(0);
  }

  // ------------------------------------------------------------------------------------------ the inside of a word
  void apply(SqliteDelivery& row, SqliteLane& from, const Settlement& word, std::int64_t at) {
    if (word.state == State::delivered) {
      if (from.failures != 0) from.changed = true;
      from.failures = 0;
    } else if (word.attempt != nullptr && word.state != State::leased) {
      if (from.failures++ == 0) from.failing = at;
      from.changed = true;
    }
    if (word.attempt != nullptr) {
      ++row.attempts;
      book.log(row, *word.attempt);
    }
    row.word = word.state;
    if (word.state == State::leased) {
      SqliteBook::move(row, from, SqliteSeat::leased);
      row.due = sqlite_after(at, word.in);
      row.owner = serving.owner();
      book.save_turn(row);
      SqliteLanes::touch(from);
    } else if (is_over(word.state)) {
      book.finish(row, from, word.state, at);
    } else if (from.is_closed() || book.is_overtaken(row)) {
      book.finish(row, from, from.is_closed() ? State::cancelled : State::superseded, at);
    } else if (word.state == State::parked) {
      SqliteBook::move(row, from, SqliteSeat::parked);
      row.state = State::parked;
      row.due = at;
      book.save_turn(row);
    } else {
      row.state = State::due;
      book.queue(row, from, sqlite_after(at, word.in), at);
    }
  }

  bool fresh_ = true;  // the clock was not yet compared with the file's
  std::vector<SqliteLane*> routes_{};
  std::optional<std::int64_t> numbered_{};

  SqliteStatement next_number_{file.db().get(), sqlite_next_event};
  SqliteStatement insert_event_{file.db().get(), sqlite_insert_event};
  SqliteStatement named_{file.db().get(), sqlite_event_named};
  SqliteStatement unrouted_{file.db().get(), sqlite_unrouted_events};
  SqliteStatement unrouted_one_{file.db().get(),
                                "SELECT created, delay, length(payload), key FROM main.webhook_event"
                                " WHERE number = ? AND unrouted IS NOT NULL"};
  SqliteStatement routed_{file.db().get(), "UPDATE main.webhook_event SET unrouted = NULL WHERE number = ?"};
  SqliteStatement put_endpoint_{file.db().get(), sqlite_put_endpoint};
  SqliteStatement endpoints_{file.db().get(), sqlite_endpoints_after};
  SqliteStatement held_{file.db().get(),
                        "SELECT coalesce(sum(leased), 0), coalesce(sum(parked), 0) FROM main.webhook_lane"};
  SqliteStatement oldest_{file.db().get(),
                          "SELECT e.created FROM main.webhook_delivery d CROSS JOIN main.webhook_event e"
                          " ON e.number = d.id >> 20 WHERE d.id > ? AND d.seat IS NOT NULL ORDER BY d.id LIMIT 1"};
  SqliteStatement first_pending_{file.db().get(),
                                 "SELECT id FROM main.webhook_delivery WHERE id > ? AND seat IS NOT NULL"
                                 " ORDER BY id LIMIT 1"};
  SqliteStatement last_delivery_{file.db().get(), "SELECT coalesce(max(id), 0) FROM main.webhook_delivery"};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
