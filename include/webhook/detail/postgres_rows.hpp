// SPDX-License-Identifier: MIT
// How endpoints and events become parameters of PostgreSQL and come back. It decides nothing about them.
// What is the same in every durable store is in stored_rows.hpp.
#ifndef WEBHOOK_DETAIL_POSTGRES_ROWS_HPP
#define WEBHOOK_DETAIL_POSTGRES_ROWS_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "../concepts.hpp"
#include "postgres_connection.hpp"
#include "postgres_parameters.hpp"
#include "stored_rows.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// Texts are stored as text, so that people can read them; this is what such a column takes.
inline void check_postgres_text(std::string_view text, errc what, const char* field) {
  for (const char c : text) {
    if (c >= 0x20 && c < 0x7F) continue;
    throw Error(what, std::string("an event's ") + field + " has a byte that is no printable ASCII");
  }
}

/// Throws errc::invalid_id, invalid_type or invalid for what a column of @event does not take.
inline void check_postgres_event(const Event& event) {
  check_postgres_text(event.id.view(), errc::invalid_id, "id");
  check_postgres_text(event.type, errc::invalid_type, "type");
  check_postgres_text(event.traceparent, errc::invalid, "traceparent");
}

/// The parameters of emit() after the moments. Views into the event. Throws what check_postgres_event() throws.
inline void pass_event(PostgresParameters& to, const NewEvent& what) {
  const Event& event = *what.event;
  check_postgres_event(event);
  to.add_text(event.id.view()).add_text(event.type).add_bytes(std::string_view(event.tenant));
  to.add_bytes(std::string_view(event.key)).add_bytes(std::string_view(event.channel)).add_text(event.traceparent);
  to.add(stored_wall(event.time)).add(stored_wall(event.expires)).add(std::int64_t{what.delay.count()});
  to.add_bytes(event.payload.view()).add(static_cast<std::int64_t>(what.registry)).add_boolean(what.named);
  PostgresArray lanes(PostgresType::bigint);
  for (const EndpointId endpoint : what.routes) lanes.add(static_cast<std::int64_t>(endpoint));
  to.add(std::move(lanes));
}

/// Events, column by column. Throws what check_postgres_event() throws.
struct PostgresEvents {
  PostgresArray ids{PostgresType::text}, types{PostgresType::text}, tenants{PostgresType::bytea},
      keys{PostgresType::bytea}, channels{PostgresType::bytea}, traces{PostgresType::text}, times{PostgresType::bigint},
      expiries{PostgresType::bigint}, delays{PostgresType::bigint}, payloads{PostgresType::bytea};

  void add(const NewEvent& what) {
    const Event& event = *what.event;
    check_postgres_event(event);
    ids.add(event.id.view());
    types.add(std::string_view(event.type));
    tenants.add(std::string_view(event.tenant));
    keys.add(std::string_view(event.key));
    channels.add(std::string_view(event.channel));
    traces.add(std::string_view(event.traceparent));
    times.add(stored_wall(event.time));
    expiries.add(stored_wall(event.expires));
    delays.add(std::int64_t{what.delay.count()});
    payloads.add(event.payload.view());
  }
  void pass(PostgresParameters& to) {
    to.add(std::move(ids)).add(std::move(types)).add(std::move(tenants)).add(std::move(keys)).add(std::move(channels));
    to.add(std::move(traces)).add(std::move(times)).add(std::move(expiries)).add(std::move(delays));
    to.add(std::move(payloads));
  }
};

/// The columns that read_event() reads, in its order.
inline constexpr const char* postgres_event_columns =
    "e.number, e.id, e.type, e.tenant, e.key, e.channel, e.traceparent, e.time, e.expires, e.payload";

/// An event whose number is in the given column, and the rest of it after that.
inline std::shared_ptr<const Event> read_event(const PostgresAnswer& from, int row, int column) {
  auto event = std::make_shared<Event>();
  const std::string_view id = from.bytes(row, column + 1);
  if (id.size() > EventId::max_size) throw_bad_row("an event's id");
  event->id = EventId(id);
  event->type = from.bytes(row, column + 2);
  event->tenant = from.bytes(row, column + 3);
  event->key = from.bytes(row, column + 4);
  event->channel = from.bytes(row, column + 5);
  event->traceparent = from.bytes(row, column + 6);
  event->time = stored_wall(from.integer(row, column + 7));
  if (!from.is_null(row, column + 8)) event->expires = stored_wall(from.integer(row, column + 8));
  event->payload = Bytes(from.bytes(row, column + 9));
  return event;
}

inline KeptEvent read_kept(const PostgresAnswer& from, int row) {
  return {EventNumber{static_cast<std::uint64_t>(from.integer(row, 0))}, read_event(from, row, 0)};
}

/// The parameters of put() after the moment. Views into both.
inline void pass_endpoint(PostgresParameters& to, const Endpoint& endpoint, const EndpointLists& lists) {
  to.add(static_cast<std::int64_t>(endpoint.id)).add(static_cast<std::int64_t>(endpoint.version));
  to.add_integer(static_cast<std::int64_t>(endpoint.state)).add_text(endpoint.url).add_bytes(endpoint.tenant);
  to.add_bytes(endpoint.filter).add_text(endpoint.format).add_text(endpoint.scheme).add_bytes(endpoint.description);
  to.add(std::int64_t{endpoint.cap}).add(std::int64_t{endpoint.spacing.count()});
  to.add(std::int64_t{endpoint.timeout.count()}).add_boolean(endpoint.http2);
  to.add_integer(static_cast<std::int64_t>(endpoint.order));
  to.add_integer(static_cast<std::int64_t>(endpoint.when_exhausted)).add_boolean(endpoint.supersede);
  to.add_bytes(lists.events.bytes()).add_bytes(lists.channels.bytes()).add_bytes(lists.headers.bytes());
  to.add_bytes(lists.secrets.bytes());
  to.add_bytes_or_null(endpoint.retry ? std::optional<std::string_view>(lists.retry.bytes()) : std::nullopt);
  to.add_bytes_or_null(endpoint.access ? std::optional<std::string_view>(lists.access.bytes()) : std::nullopt);
}
inline constexpr const char* postgres_put =
    "SELECT @put($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,$23)";
inline constexpr const char* postgres_endpoints_after =
    "SELECT id, version, state, url, tenant, filter, format, scheme, description, cap, spacing, timeout, http2,"
    " ordering, when_exhausted, supersede, events, channels, headers, secrets, retry, access FROM @endpoint"
    " WHERE version > $1 ORDER BY version";

inline Endpoint read_endpoint(const PostgresAnswer& from, int row) {
  Endpoint endpoint;
  endpoint.id = EndpointId{static_cast<std::uint64_t>(from.integer(row, 0))};
  endpoint.version = static_cast<Version>(from.integer(row, 1));
  endpoint.state = stored_enum(from.integer(row, 2), EndpointState::removed, "an endpoint's state");
  endpoint.url = from.bytes(row, 3);
  endpoint.tenant = from.bytes(row, 4);
  endpoint.filter = from.bytes(row, 5);
  endpoint.format = from.bytes(row, 6);
  endpoint.scheme = from.bytes(row, 7);
  endpoint.description = from.bytes(row, 8);
  endpoint.cap = static_cast<std::uint32_t>(from.integer(row, 9));
  endpoint.spacing = Duration(from.integer(row, 10));
  endpoint.timeout = Duration(from.integer(row, 11));
  endpoint.http2 = from.integer(row, 12) != 0;
  endpoint.order = stored_enum(from.integer(row, 13), Order::complete, "an endpoint's order");
  endpoint.when_exhausted = stored_enum(from.integer(row, 14), Exhausted::park, "an endpoint's end of schedule");
  endpoint.supersede = from.integer(row, 15) != 0;
  read_lists(endpoint, from.bytes(row, 16), from.bytes(row, 17), from.bytes(row, 18), from.bytes(row, 19),
             from.is_null(row, 20) ? std::nullopt : std::optional<std::string_view>(from.bytes(row, 20)));
  if (!from.is_null(row, 21)) endpoint.access = read_access(from.bytes(row, 21));
  return endpoint;
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
