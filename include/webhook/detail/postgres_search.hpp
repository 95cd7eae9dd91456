// SPDX-License-Identifier: MIT
// Queries about deliveries and events as statements with the conditions that they ask for, and no others.
// It only reads; it does not know who asks.
#ifndef WEBHOOK_DETAIL_POSTGRES_SEARCH_HPP
#define WEBHOOK_DETAIL_POSTGRES_SEARCH_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "../concepts.hpp"
#include "postgres_connection.hpp"
#include "postgres_rows.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// A statement that grows with its conditions.
class PostgresSearch {
 public:
  explicit PostgresSearch(std::string select) : sql_(std::move(select)) {}

  void where(const char* condition, std::int64_t value) {
    with_.add(value);
    condition_of(condition);
  }
  void where(const char* condition, const std::optional<WallTime>& value) {
    if (value) where(condition, stored_wall(*value));
  }
  void where_bytes(const char* condition, const std::optional<std::string>& value) {
    if (!value) return;
    with_.add_bytes(std::string_view(*value));
    condition_of(condition);
  }
  void where_text(const char* condition, std::string_view value) {
    with_.add_text(value);
    condition_of(condition);
  }
  void end(const char* order, std::size_t most) {
    with_.add(static_cast<std::int64_t>((std::min)(most, std::size_t{1} << 40U)));
    sql_.append(order).append(" LIMIT $").append(std::to_string(with_.count()));
  }

  const std::string& sql() const noexcept { return sql_; }
  const PostgresParameters& with() const noexcept { return with_; }

 private:
  void condition_of(const char* condition) {
    sql_.append(first_ ? " WHERE " : " AND ").append(condition).append(" $").append(std::to_string(with_.count()));
    first_ = false;
  }

  std::string sql_;
  PostgresParameters with_{};
  bool first_ = true;
};

/// `after` rather than query.after; `pending` alone, where only these are asked for.
inline PostgresSearch search_deliveries(const Query& query, std::int64_t after, bool pending, std::size_t most) {
  PostgresSearch search(
      query.event
          ? "SELECT d.id, d.endpoint, d.state, d.attempts, e.id, e.type, e.tenant, e.created FROM @event e JOIN"
            " @delivery d ON d.id >= e.number << 20 AND d.id < (e.number + 1) << 20"
          : "SELECT d.id, d.endpoint, d.state, d.attempts, e.id, e.type, e.tenant, e.created FROM @delivery d JOIN"
            " @event e ON e.number = d.id >> 20");
  search.where("d.id >", after);
  if (pending) search.where("d.seat >=", 0);
  if (query.delivery) search.where("d.id =", static_cast<std::int64_t>(*query.delivery));
  if (query.event) search.where_text("e.id =", query.event->view());
  if (query.endpoint) search.where("d.endpoint =", static_cast<std::int64_t>(*query.endpoint));
  if (query.state) search.where("d.state =", static_cast<std::int64_t>(*query.state));
  search.where("e.created >=", query.since);
  search.where("e.created <", query.until);
  search.where_bytes("e.tenant =", query.tenant);
  if (query.type) search.where_text("e.type =", *query.type);
  search.end(" ORDER BY d.id", most);
  return search;
}

inline Delivery read_delivery(const PostgresAnswer& from, int row) {
  Delivery one;
  one.id = DeliveryId{static_cast<std::uint64_t>(from.integer(row, 0))};
  one.endpoint = EndpointId{static_cast<std::uint64_t>(from.integer(row, 1))};
  one.state = stored_enum(from.integer(row, 2), State::quarantined, "a delivery's state");
  one.attempts = static_cast<std::uint32_t>(from.integer(row, 3));
  one.event = EventId(from.bytes(row, 4));
  one.type = from.bytes(row, 5);
  one.tenant = from.bytes(row, 6);
  one.created = stored_wall(from.integer(row, 7));
  return one;
}

inline PostgresSearch search_events(const EventQuery& query) {
  PostgresSearch search(std::string("SELECT ") + postgres_event_columns + " FROM @event e");
  search.where("NOT e.unrouted AND e.number >", static_cast<std::int64_t>(query.after));
  if (query.id) search.where_text("e.id =", query.id->view());
  search.where("e.created >=", query.since);
  search.where("e.created <", query.until);
  search.where_bytes("e.tenant =", query.tenant);
  if (query.type) search.where_text("e.type =", *query.type);
  search.end(" ORDER BY e.number", query.most);
  return search;
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
