// SPDX-License-Identifier: MIT
// How endpoints and events become columns and come back.
// It decides nothing about them, and knows no statement but the order of the columns it is handed.
#ifndef WEBHOOK_DETAIL_SQLITE_ROWS_HPP
#define WEBHOOK_DETAIL_SQLITE_ROWS_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "../endpoint.hpp"
#include "../error.hpp"
#include "../event.hpp"
#include "sqlite_connection.hpp"
#include "stored_rows.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

// ------------------------------------------------------------------------------------------------------- endpoints
inline constexpr const char* sqlite_put_endpoint =
    "INSERT OR REPLACE INTO main.webhook_endpoint (id, version, state, url, tenant, filter, format, scheme,"
    " description, cap, spacing, timeout, http2, ordering, when_exhausted, supersede, events, channels, headers,"
    " secrets, retry, access)"
    " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22)";
inline constexpr const char* sqlite_endpoints_after =
    "SELECT id, version, state, url, tenant, filter, format, scheme, description, cap, spacing, timeout, http2,"
    " ordering, when_exhausted, supersede, events, channels, headers, secrets, retry, access FROM main.webhook_endpoint"
    " WHERE version > ? ORDER BY version";

inline void write_endpoint(SqliteStatement& put, const Endpoint& endpoint, Version version) {
  const EndpointLists lists(endpoint);
  put.run(static_cast<std::uint64_t>(endpoint.id), version, static_cast<int>(endpoint.state),
          std::string_view(endpoint.url), SqliteBlob{endpoint.tenant}, SqliteBlob{endpoint.filter},
          std::string_view(endpoint.format), std::string_view(endpoint.scheme), SqliteBlob{endpoint.description},
          endpoint.cap, std::int64_t{endpoint.spacing.count()}, std::int64_t{endpoint.timeout.count()}, endpoint.http2,
          static_cast<int>(endpoint.order), static_cast<int>(endpoint.when_exhausted), endpoint.supersede,
          SqliteBlob{lists.events.bytes()}, SqliteBlob{lists.channels.bytes()}, SqliteBlob{lists.headers.bytes()},
          SqliteBlob{lists.secrets.bytes()},
          endpoint.retry ? std::optional<SqliteBlob>(SqliteBlob{lists.retry.bytes()}) : std::nullopt,
          endpoint.access ? std::optional<SqliteBlob>(SqliteBlob{lists.access.bytes()}) : std::nullopt);
}

inline Endpoint read_endpoint(const SqliteStatement::Rows& row) {
  Endpoint endpoint;
  endpoint.id = EndpointId{static_cast<std::uint64_t>(row.integer(0))};
  endpoint.version = static_cast<Version>(row.integer(1));
  endpoint.state = stored_enum(row.integer(2), EndpointState::removed, "an endpoint's state");
  endpoint.url = row.bytes(3);
  endpoint.tenant = row.bytes(4);
  endpoint.filter = row.bytes(5);
  endpoint.format = row.bytes(6);
  endpoint.scheme = row.bytes(7);
  endpoint.description = row.bytes(8);
  endpoint.cap = static_cast<std::uint32_t>(row.integer(9));
  endpoint.spacing = Duration(row.integer(10));
  endpoint.timeout = Duration(row.integer(11));
  endpoint.http2 = row.integer(12) != 0;
  endpoint.order = stored_enum(row.integer(13), Order::complete, "an endpoint's order");
  endpoint.when_exhausted = stored_enum(row.integer(14), Exhausted::park, "an endpoint's end of schedule");
  endpoint.supersede = row.integer(15) != 0;
  read_lists(endpoint, row.bytes(16), row.bytes(17), row.bytes(18), row.bytes(19),
             row.is_null(20) ? std::nullopt : std::optional<std::string_view>(row.bytes(20)));
  if (!row.is_null(21)) endpoint.access = read_access(row.bytes(21));
  return endpoint;
}

// ---------------------------------------------------------------------------------------------------------- events
// The number is one above all that ever were, so that none is given twice, whatever was forgotten in between.
inline constexpr const char* sqlite_next_event =
    "SELECT max((SELECT coalesce(max(number), 0) FROM main.webhook_event), last_event) + 1 FROM main.webhook_store";
inline constexpr const char* sqlite_insert_event =
    "INSERT INTO main.webhook_event (number, unrouted, named, id, type, tenant, key, channel, traceparent, time,"
    " expires, created, delay, payload) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
inline constexpr const char* sqlite_event_named =
    "SELECT type, payload FROM main.webhook_event WHERE id = ? AND tenant = ? LIMIT 1";
inline constexpr const char* sqlite_read_event =
    "SELECT number, id, type, tenant, key, channel, traceparent, time, expires, payload, named, created, delay"
    " FROM main.webhook_event WHERE number = ?";
inline constexpr const char* sqlite_unrouted_events =
    "SELECT number, id, type, tenant, key, channel, traceparent, time, expires, payload, named, created, delay"
    " FROM main.webhook_event WHERE unrouted IS NOT NULL ORDER BY unrouted LIMIT ?";

inline void write_event(SqliteStatement& insert, std::int64_t number, bool unrouted, bool named, const Event& event,
                        WallTime created, Duration delay) {
  insert.run(number, unrouted ? std::optional<std::int64_t>(number) : std::nullopt, named, event.id.view(),
             std::string_view(event.type), SqliteBlob{event.tenant}, SqliteBlob{event.key}, SqliteBlob{event.channel},
             std::string_view(event.traceparent), stored_wall(event.time), stored_wall(event.expires),
             stored_wall(created), std::int64_t{delay.count()}, SqliteBlob{event.payload.view()});
}

inline std::shared_ptr<Event> read_event(const SqliteStatement::Rows& row) {
  auto event = std::make_shared<Event>();
  const std::string_view id = row.bytes(1);
  if (id.size() > EventId::max_size) throw_bad_row("an event's id");
  event->id = EventId(id);
  event->type = row.bytes(2);
  event->tenant = row.bytes(3);
  event->key = row.bytes(4);
  event->channel = row.bytes(5);
  event->traceparent = row.bytes(6);
  event->time = stored_wall(row.integer(7));
  if (!row.is_null(8)) event->expires = stored_wall(row.integer(8));
  event->payload = Bytes(row.bytes(9));
  return event;
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
