// SPDX-License-Identifier: MIT
// SqliteSearch: answers the queries about deliveries and events, a few thousand rows at a time.
// It only reads, within a transaction that somebody else began.
#ifndef WEBHOOK_DETAIL_SQLITE_SEARCH_HPP
#define WEBHOOK_DETAIL_SQLITE_SEARCH_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "../concepts.hpp"
#include "sqlite_book.hpp"
#include "sqlite_connection.hpp"
#include "sqlite_rows.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

class SqliteSearch {
 public:
  explicit SqliteSearch(sqlite3* db) noexcept : db_(db) {}

  /// Goes on after `after`, which moves on with it; false when there is no more to see.
  bool deliveries(const Query& query, std::int64_t& after, std::vector<Delivery>& found) {
    if (query.delivery) {
      const auto id = static_cast<std::int64_t>(*query.delivery);
      if (id > after) range(query, id - 1, id, found);
      return false;
    }
    if (query.event) {  // rather than looking through all: the index knows
      for (const std::int64_t number : numbers(*query.event)) {
        const std::int64_t first = SqliteDelivery::first_of(number);
        range(query, (std::max)(after, first - 1), first + SqliteDelivery::most_of_an_event - 1, found);
      }
      return false;
    }
    const std::optional<std::int64_t> last = step(delivery_step_, after);
    range(query, after, last.value_or(end), found);
    after = last.value_or(end);
    return last.has_value();
  }

  bool events(const EventQuery& query, std::int64_t& after, std::vector<KeptEvent>& found) {
    if (query.id) {
      for (const std::int64_t number : numbers(*query.id)) range(query, (std::max)(after, number - 1), number, found);
      return false;
    }
    const std::optional<std::int64_t> last = step(event_step_, after);
    range(query, after, last.value_or(end), found);
    after = last.value_or(end);
    return last.has_value();
  }

 private:
  static constexpr std::int64_t end = (std::numeric_limits<std::int64_t>::max)();

  static std::optional<std::int64_t> step(SqliteStatement& statement, std::int64_t after) {
    SqliteStatement::Rows rows = statement.rows(after);
    return rows.next() ? std::optional<std::int64_t>(rows.integer(0)) : std::nullopt;
  }

  std::vector<std::int64_t> numbers(const EventId& id) {
    std::vector<std::int64_t> found;
    SqliteStatement::Rows rows = numbers_.rows(id.view());
    while (rows.next()) found.push_back(rows.integer(0));
    return found;
  }

  static std::optional<SqliteBlob> blob(const std::optional<std::string>& text) noexcept {
    return text ? std::optional<SqliteBlob>(SqliteBlob{*text}) : std::nullopt;
  }
  static std::optional<std::string_view> view(const std::optional<std::string>& text) noexcept {
    return text ? std::optional<std::string_view>(*text) : std::nullopt;
  }

  void range(const Query& query, std::int64_t after, std::int64_t until, std::vector<Delivery>& found) {
    if (found.size() >= query.most) return;
    const auto endpoint =
        query.endpoint ? std::optional<std::uint64_t>(static_cast<std::uint64_t>(*query.endpoint)) : std::nullopt;
    const auto state = query.state ? std::optional<int>(static_cast<int>(*query.state)) : std::nullopt;
    SqliteStatement::Rows rows = deliveries_.rows(after, until, endpoint, state, stored_wall(query.since),
                                                  stored_wall(query.until), blob(query.tenant), view(query.type));
    while (found.size() < query.most && rows.next()) {
      Delivery one;
      one.id = DeliveryId{static_cast<std::uint64_t>(rows.integer(0))};
      one.endpoint = EndpointId{static_cast<std::uint64_t>(rows.integer(1))};
      one.state = stored_enum(rows.integer(2), State::quarantined, "a delivery's state");
      one.attempts = static_cast<std::uint32_t>(rows.integer(3));
      one.event = EventId(rows.bytes(4));
      one.type = rows.bytes(5);
      one.tenant = rows.bytes(6);
      one.created = stored_wall(rows.integer(7));
      found.push_back(std::move(one));
    }
  }

  void range(const EventQuery& query, std::int64_t after, std::int64_t until, std::vector<KeptEvent>& found) {
    if (found.size() >= query.most) return;
    SqliteStatement::Rows rows = events_.rows(after, until, stored_wall(query.since), stored_wall(query.until),
                                              blob(query.tenant), view(query.type));
    while (found.size() < query.most && rows.next())
      found.push_back({EventNumber{static_cast<std::uint64_t>(rows.integer(0))}, read_event(rows)});
  }

  sqlite3* db_;
  SqliteStatement delivery_step_{db_,
                                 "SELECT id FROM main.webhook_delivery WHERE id > ? ORDER BY id LIMIT 1 OFFSET 4095"};
  SqliteStatement event_step_{
      db_, "SELECT number FROM main.webhook_event WHERE number > ? ORDER BY number LIMIT 1 OFFSET 4095"};
  SqliteStatement numbers_{db_, "SELECT number FROM main.webhook_event WHERE id = ? ORDER BY number"};
  SqliteStatement deliveries_{
      db_,
      "SELECT d.id, d.endpoint, d.state, d.attempts, e.id, e.type, e.tenant, e.created FROM main.webhook_delivery d"
      " CROSS JOIN main.webhook_event e ON e.number = d.id >> 20 WHERE d.id > ?1 AND d.id <= ?2"
      " AND (?3 IS NULL OR d.endpoint = ?3) AND (?4 IS NULL OR d.state = ?4) AND (?5 IS NULL OR e.created >= ?5)"
      " AND (?6 IS NULL OR e.created < ?6) AND (?7 IS NULL OR e.tenant = ?7) AND (?8 IS NULL OR e.type = ?8)"
      " ORDER BY d.id"};
  SqliteStatement events_{
      db_,
      "SELECT number, id, type, tenant, key, channel, traceparent, time, expires, payload FROM main.webhook_event"
      " WHERE number > ?1 AND number <= ?2 AND unrouted IS NULL AND (?3 IS NULL OR created >= ?3)"
      " AND (?4 IS NULL OR created < ?4) AND (?5 IS NULL OR tenant = ?5) AND (?6 IS NULL OR type = ?6)"
      " ORDER BY number"};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
