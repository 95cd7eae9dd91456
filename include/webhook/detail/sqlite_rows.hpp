// SPDX-License-Identifier: MIT
// How endpoints and events become columns and come back: lists are runs of length-prefixed pieces.
// It decides nothing about them, and knows no statement but the order of the columns it is handed.
#ifndef WEBHOOK_DETAIL_SQLITE_ROWS_HPP
#define WEBHOOK_DETAIL_SQLITE_ROWS_HPP

#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "../access.hpp"
#include "../endpoint.hpp"
#include "../error.hpp"
#include "../event.hpp"
#include "sqlite_connection.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

constexpr std::int64_t sqlite_wall(WallTime time) noexcept { return time.time_since_epoch().count(); }
constexpr WallTime sqlite_wall(std::int64_t time) noexcept { return WallTime(WallTime::duration(time)); }
inline std::optional<std::int64_t> sqlite_wall(const std::optional<WallTime>& time) noexcept {
  return time ? std::optional<std::int64_t>(sqlite_wall(*time)) : std::nullopt;
}

[[noreturn]] inline void throw_bad_row(const char* what) {
  throw Error(errc::corrupt, std::string("the store's file has ") + what + " that cannot be read");
}

/// A list of byte strings as one. It may hold secrets: it wipes itself.
class SqliteList {
 public:
  SqliteList() = default;
  SqliteList(const SqliteList&) = delete;
  SqliteList& operator=(const SqliteList&) = delete;
  ~SqliteList() { Secret::wipe(text_.data(), text_.size()); }

  void reserve(std::size_t size) { text_.reserve(size); }
  void add(std::string_view piece) {
    const auto size = static_cast<std::uint32_t>(piece.size());
    for (unsigned shift = 0; shift < 32; shift += 8) text_.push_back(static_cast<char>((size >> shift) & 0xFFU));
    text_.append(piece);
  }
  void add(std::int64_t number) { add(std::to_string(number)); }
  SqliteBlob blob() const noexcept { return {text_}; }

 private:
  std::string text_{};
};

/// Takes such a list apart; views into it.
class SqliteListReader {
 public:
  explicit SqliteListReader(std::string_view text) noexcept : left_(text) {}
  bool empty() const noexcept { return left_.empty(); }
  std::string_view piece() {
    if (left_.size() < 4) throw_bad_row("a list");
    std::uint32_t size = 0;
    for (unsigned i = 0; i < 4; ++i) size |= std::uint32_t{static_cast<unsigned char>(left_[i])} << (8 * i);
    left_.remove_prefix(4);
    if (left_.size() < size) throw_bad_row("a list");
    const std::string_view piece = left_.substr(0, size);
    left_.remove_prefix(size);
    return piece;
  }
  std::int64_t number() {
    const std::string_view text = piece();
    std::int64_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size()) throw_bad_row("a number");
    return value;
  }

 private:
  std::string_view left_;
};

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

inline void write_access(SqliteList& list, const Access& access) {
  const std::string_view pieces[] = {access.authorities, access.certificate, access.certificate_key.reveal(),
                                     access.token_url,   access.client_id,   access.client_secret.reveal(),
                                     access.scope};
  std::size_t size = 0;
  for (const std::string_view piece : pieces) size += piece.size() + 4;
  list.reserve(size);  // growing would leave copies behind
  for (const std::string_view piece : pieces) list.add(piece);
}
inline Access read_access(std::string_view text) {
  SqliteListReader list(text);
  Access access;
  access.authorities = list.piece();
  access.certificate = list.piece();
  access.certificate_key = Secret(list.piece());
  access.token_url = list.piece();
  access.client_id = list.piece();
  access.client_secret = Secret(list.piece());
  access.scope = list.piece();
  return access;
}

inline void write_endpoint(SqliteStatement& put, const Endpoint& endpoint, Version version) {
  SqliteList events, channels, headers, secrets, retry, access;
  for (const std::string& one : endpoint.events) events.add(one);
  for (const std::string& one : endpoint.channels) channels.add(one);
  for (const Header header : endpoint.headers) {
    headers.add(header.name);
    headers.add(header.value);
  }
  std::size_t size = 0;
  for (const Secret& secret : endpoint.secrets) size += secret.reveal().size() + 32;
  secrets.reserve(size);  // growing would leave copies behind
  for (const Secret& secret : endpoint.secrets) {
    secrets.add(secret.reveal());
    if (secret.expires()) {
      secrets.add(sqlite_wall(*secret.expires()));
    } else {
      secrets.add(std::string_view());
    }
  }
  if (endpoint.retry) {
    retry.add(std::bit_cast<std::int64_t>(endpoint.retry->jitter()));
    for (const Duration wait : endpoint.retry->waits()) retry.add(wait.count());
  }
  if (endpoint.access) write_access(access, *endpoint.access);
  put.run(static_cast<std::uint64_t>(endpoint.id), version, static_cast<int>(endpoint.state),
          std::string_view(endpoint.url), SqliteBlob{endpoint.tenant}, SqliteBlob{endpoint.filter},
          std::string_view(endpoint.format), std::string_view(endpoint.scheme), SqliteBlob{endpoint.description},
          endpoint.cap, std::int64_t{endpoint.spacing.count()}, std::int64_t{endpoint.timeout.count()}, endpoint.http2,
          static_cast<int>(endpoint.order), static_cast<int>(endpoint.when_exhausted), endpoint.supersede,
          events.blob(), channels.blob(), headers.blob(), secrets.blob(),
          endpoint.retry ? std::optional<SqliteBlob>(retry.blob()) : std::nullopt,
          endpoint.access ? std::optional<SqliteBlob>(access.blob()) : std::nullopt);
}

template <class Enum>
Enum sqlite_enum(std::int64_t value, Enum last, const char* what) {
  if (value < 0 || value > static_cast<std::int64_t>(last)) throw_bad_row(what);
  return static_cast<Enum>(value);
}

inline Endpoint read_endpoint(const SqliteStatement::Rows& row) {
  Endpoint endpoint;
  endpoint.id = EndpointId{static_cast<std::uint64_t>(row.integer(0))};
  endpoint.version = static_cast<Version>(row.integer(1));
  endpoint.state = sqlite_enum(row.integer(2), EndpointState::removed, "an endpoint's state");
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
  endpoint.order = sqlite_enum(row.integer(13), Order::complete, "an endpoint's order");
  endpoint.when_exhausted = sqlite_enum(row.integer(14), Exhausted::park, "an endpoint's end of schedule");
  endpoint.supersede = row.integer(15) != 0;
  endpoint.events.clear();
  for (SqliteListReader list(row.bytes(16)); !list.empty();) endpoint.events.emplace_back(list.piece());
  for (SqliteListReader list(row.bytes(17)); !list.empty();) endpoint.channels.emplace_back(list.piece());
  for (SqliteListReader list(row.bytes(18)); !list.empty();) {
    const std::string_view name = list.piece();
    endpoint.headers.add(name, list.piece());
  }
  for (SqliteListReader list(row.bytes(19)); !list.empty();) {
    const std::string_view text = list.piece();
    SqliteListReader expiry = list;
    if (list.piece().empty()) {
      endpoint.secrets.emplace_back(text);
    } else {
      endpoint.secrets.emplace_back(text, sqlite_wall(expiry.number()));
    }
  }
  if (!row.is_null(20)) {
    SqliteListReader list(row.bytes(20));
    const auto jitter = std::bit_cast<double>(list.number());
    std::vector<Duration> waits;
    while (!list.empty()) waits.emplace_back(list.number());
    endpoint.retry = RetrySchedule(std::move(waits), jitter);
  }
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
             std::string_view(event.traceparent), sqlite_wall(event.time), sqlite_wall(event.expires),
             sqlite_wall(created), std::int64_t{delay.count()}, SqliteBlob{event.payload.view()});
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
  event->time = sqlite_wall(row.integer(7));
  if (!row.is_null(8)) event->expires = sqlite_wall(row.integer(8));
  event->payload = Bytes(row.bytes(9));
  return event;
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
