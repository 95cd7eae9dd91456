// SPDX-License-Identifier: MIT
// PostgresCore: the words of the store contract as calls of the schema's functions, one round trip each.
// What they do is SQL (postgres_words.hpp, postgres_changes.hpp); here are parameters, answers, bounds and batches.
#ifndef WEBHOOK_DETAIL_POSTGRES_CORE_HPP
#define WEBHOOK_DETAIL_POSTGRES_CORE_HPP

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "../concepts.hpp"
#include "postgres_connection.hpp"
#include "postgres_parameters.hpp"
#include "postgres_pool.hpp"
#include "postgres_room.hpp"
#include "postgres_rows.hpp"
#include "postgres_schema.hpp"
#include "postgres_search.hpp"

namespace webhook {
inline namespace v0 {

/// How a PostgresStore uses its database.
struct PostgresOptions {
  std::string schema = "webhook";  ///< of the store's own; created where it is missing
  std::size_t connections = 4;     ///< at most, opened as threads need them
  Duration timeout =
      std::chrono::seconds{30};  ///< how long one call waits for the server; then errc::transient or unknown_commit
  std::size_t max_deliveries =
      (std::numeric_limits<
          std::size_t>::max)();  ///< pending; more is errc::full. Several hosts that append at once may
                                 ///< together go over it by what they add between two counts; and where a
                                 ///< count takes 20 ms or more, a full store counts for a tenth of the time
  std::size_t max_bytes = (std::numeric_limits<std::size_t>::max)();  ///< of pending payload, each event counted once
  bool server_time = true;  ///< moments are the server's; false: those that come with each call, for simulations
};

namespace detail {

/// Thread-safe.
class PostgresCore {
 public:
  PostgresCore(const std::string& where, const PostgresOptions& options)
      : options_(options),
        schema(options.schema),
        pool_(where, options.timeout, options.connections),
        room_(options.max_deliveries, options.max_bytes) {
    pool_.use([this](PostgresConnection& db) {
      identity = migrate_postgres(db, schema);
      return PostgresAnswer();
    });
  }

 private:
  PostgresOptions options_;

 public:
  PostgresSchema schema;
  std::string identity{};

  struct Batch {  // of one caller; each caller's is all or nothing, and several may be one transaction
    Now now{};
    std::span<const NewEvent> events{};
    std::span<Appended> appended{};
  };

  void append(std::span<const Batch> batches) {
    const bool bounded = room_.is_bounded();
    if (bounded) make_room(batches);
    if (batches.size() == 1 && batches[0].events.size() == 1 && !batches[0].events[0].routes.empty())
      return emit(batches[0]);
    PostgresEvents events;
    PostgresArray registries(PostgresType::bigint), named(PostgresType::boolean), routed(PostgresType::boolean),
        route_n(PostgresType::integer), route_ord(PostgresType::integer), route_lane(PostgresType::bigint),
        route_delay(PostgresType::bigint), route_key(PostgresType::bytea), route_size(PostgresType::integer);
    std::int64_t n = 0;
    for (const Batch& batch : batches) {
      for (const NewEvent& what : batch.events) {
        check_routes(what);
        events.add(what);
        registries.add(static_cast<std::int64_t>(what.registry));
        named.add(std::int64_t{what.named});
        routed.add(std::int64_t{!what.routes.empty()});
        ++n;
        std::int64_t ord = 0;
        for (const EndpointId endpoint : what.routes) {
          route_n.add(n);
          route_ord.add(ord++);
          route_lane.add(static_cast<std::int64_t>(endpoint));
          route_delay.add(std::int64_t{what.delay.count()});
          route_key.add(std::string_view(what.event->key));
          route_size.add(static_cast<std::int64_t>(what.event->payload.size()));
        }
      }
    }
    if (n == 0) return;
    PostgresParameters with = begin(batches.front().now, true);
    events.pass(with);
    with.add(std::move(registries)).add(std::move(named)).add(std::move(routed)).add(std::move(route_n));
    with.add(std::move(route_ord)).add(std::move(route_lane)).add(std::move(route_delay)).add(std::move(route_key));
    with.add(std::move(route_size));
    const std::vector<std::int64_t> answers = pool_.run(append_, with, errc::unknown_commit).integers(0, 0);
    if (answers.size() != static_cast<std::size_t>(n)) throw_bad_row("an answer to append");
    std::size_t at = 0;
    for (const Batch& batch : batches) {
      for (Appended& answer : batch.appended.first(batch.events.size()))
        answer = stored_enum(answers[at++], Appended::conflict, "an answer to append");
    }
  }

  Found claim(const Claim& ask, std::vector<Claimed>& claimed) {
    PostgresParameters with = begin(ask.now, false);
    with.add(std::int64_t{ask.lease.count()}).add_integer(bounded(ask.most)).add_integer(bounded(ask.per_lane));
    const PostgresAnswer answer = pool_.run(claim_, with, errc::transient);
    if (answer.rows() == 0) throw_bad_row("no row in store");
    std::unordered_map<std::int64_t, std::shared_ptr<const Event>> events;
    claimed.reserve(claimed.size() + static_cast<std::size_t>(answer.rows()));
    const int last = answer.rows() - 1;
    for (int row = 0; row < last; ++row) {
      std::shared_ptr<const Event>& event = events[answer.integer(row, 6)];
      if (event == nullptr) event = read_event(answer, row, 6);
      claimed.push_back(
          {{DeliveryId{static_cast<std::uint64_t>(answer.integer(row, 0))}, static_cast<Fence>(answer.integer(row, 1))},
           EndpointId{static_cast<std::uint64_t>(answer.integer(row, 2))},
           static_cast<Version>(answer.integer(row, 3)),
           event,
           static_cast<std::uint32_t>(answer.integer(row, 4)),
           static_cast<std::uint32_t>(answer.integer(row, 5))});
    }
    return {static_cast<Version>(answer.integer(last, 3)), (std::min)(Duration(answer.integer(last, 6)), glance)};
  }

  void settle(const Now& now, std::span<const Settlement> words, std::span<Settled> settled) {
    if (words.empty()) return;
    PostgresArray ids(PostgresType::bigint), fences(PostgresType::bigint), states(PostgresType::integer),
        ins(PostgresType::bigint), tried(PostgresType::boolean), ats(PostgresType::bigint), tooks(PostgresType::bigint),
        statuses(PostgresType::integer), failures(PostgresType::integer), responses(PostgresType::bytea),
        reasons(PostgresType::bytea);
    const Attempt none{};
    for (const Settlement& word : words) {
      const Attempt& attempt = word.attempt == nullptr ? none : *word.attempt;
      ids.add(static_cast<std::int64_t>(word.lease.delivery));
      fences.add(static_cast<std::int64_t>(word.lease.fence));
      states.add(static_cast<std::int64_t>(word.state));
      ins.add(std::int64_t{word.in.count()});
      tried.add(std::int64_t{word.attempt != nullptr});
      ats.add(stored_wall(attempt.at));
      tooks.add(std::int64_t{attempt.took.count()});
      statuses.add(std::int64_t{attempt.status});
      failures.add(static_cast<std::int64_t>(attempt.failure));
      responses.add(std::string_view(attempt.response));
      reasons.add(std::string_view(attempt.reason));
    }
    PostgresParameters with = begin(now, false);
    with.add(std::move(ids)).add(std::move(fences)).add(std::move(states)).add(std::move(ins)).add(std::move(tried));
    with.add(std::move(ats)).add(std::move(tooks)).add(std::move(statuses)).add(std::move(failures));
    with.add(std::move(responses)).add(std::move(reasons));
    const PostgresAnswer answer = pool_.run(settle_, with, errc::unknown_commit);
    for (std::size_t i = 0; i < words.size(); ++i) settled[i] = Settled{};  // of what does not exist
    for (int row = 0; row < answer.rows(); ++row) {
      const Settled said{stored_enum(answer.integer(row, 1), Settled::Word::stale, "an answer to settle"),
                         Duration(answer.integer(row, 3)), static_cast<std::uint32_t>(answer.integer(row, 2)),
                         static_cast<std::uint32_t>(answer.integer(row, 4))};
      for (const std::int64_t place : answer.integers(row, 0)) {
        const auto n = static_cast<std::size_t>(place - 1);
        if (n >= words.size()) throw_bad_row("an answer to settle");
        settled[n] = said;
      }
    }
  }

  /// The moment that words without one of their own are said at: put().
  void hear(const Now& now) noexcept { latest_.store((std::max)(latest_.load(), std::int64_t{now.steady.count()})); }

  void tune(const Now& now, EndpointId endpoint, const Lane& how) {
    PostgresParameters with = begin(now, false);
    with.add(static_cast<std::int64_t>(endpoint)).add(std::int64_t{how.cap}).add(std::int64_t{how.rest.count()});
    pool_.run(schema("SELECT @tune($1, $2, $3, $4)"), with, errc::unknown_commit);
  }

  Version put(const Endpoint& description) {
    const EndpointLists lists(description);
    PostgresParameters with;
    with.add(options_.server_time ? std::nullopt : std::optional<std::int64_t>(latest_.load()));
    pass_endpoint(with, description, lists);
    return static_cast<Version>(pool_.run(schema(postgres_put), with, errc::unknown_commit).integer(0, 0));
  }

  std::vector<Endpoint> endpoints(Version after) {
    PostgresParameters with;
    with.add(static_cast<std::int64_t>(after));
    const PostgresAnswer answer = pool_.run(schema(postgres_endpoints_after), with, errc::transient);
    std::vector<Endpoint> changed;
    for (int row = 0; row < answer.rows(); ++row) changed.push_back(read_endpoint(answer, row));
    return changed;
  }

  std::vector<KeptEvent> unrouted(std::size_t most) {
    PostgresSearch search(std::string("SELECT ") + postgres_event_columns + " FROM @event e WHERE e.unrouted");
    search.end(" ORDER BY e.number", most);
    return kept(search);
  }

  /// How many deliveries there were to add, or -1 for a registry that has moved on.
  std::int64_t route(const Now& now, std::span<const Route> routes, Version registry, bool again) {
    PostgresArray events(PostgresType::bigint), pair_event(PostgresType::bigint), pair_lane(PostgresType::bigint);
    std::uint64_t pairs = 0;
    for (const Route& route : routes) {
      events.add(static_cast<std::int64_t>(route.event));
      for (const EndpointId endpoint : route.endpoints) {
        pair_event.add(static_cast<std::int64_t>(route.event));
        pair_lane.add(static_cast<std::int64_t>(endpoint));
        ++pairs;
      }
    }
    std::optional<std::int64_t> left;
    if (again && room_.is_bounded()) {
      count();
      left = static_cast<std::int64_t>((std::min)(room_.left(), std::uint64_t{1} << 40U));
    }
    PostgresParameters with = begin(now, true);
    with.add(std::move(events)).add(std::move(pair_event)).add(std::move(pair_lane));
    with.add(static_cast<std::int64_t>(registry)).add_boolean(again).add(left);
    room_.forget();
    return pool_.run(schema("SELECT @route($1, $2, $3, $4, $5, $6, $7, $8)"), with, errc::unknown_commit).integer(0, 0);
  }

  std::vector<Delivery> find(const Query& query, std::int64_t after, bool pending, std::size_t most) {
    const PostgresSearch search = search_deliveries(query, after, pending, most);
    const PostgresAnswer answer = pool_.run(schema(search.sql()), search.with(), errc::transient);
    std::vector<Delivery> found;
    for (int row = 0; row < answer.rows(); ++row) found.push_back(read_delivery(answer, row));
    return found;
  }

  std::vector<KeptEvent> events(const EventQuery& query) { return kept(search_events(query)); }

  std::vector<Attempt> attempts(DeliveryId delivery) {
    PostgresParameters with;
    with.add(static_cast<std::int64_t>(delivery));
    const PostgresAnswer answer = pool_.run(
        schema("SELECT fence, at, took, status, failure, response, reason, n FROM @attempt WHERE delivery = $1"
               " UNION ALL SELECT fence, last_at, last_took, last_status, last_failure, last_response,"
               " last_reason, attempts FROM @delivery WHERE id = $1 AND last_at IS NOT NULL ORDER BY fence, n"),
        with, errc::transient);
    std::vector<Attempt> found;
    for (int row = 0; row < answer.rows(); ++row) {
      Attempt attempt;
      attempt.fence = static_cast<Fence>(answer.integer(row, 0));
      attempt.at = stored_wall(answer.integer(row, 1));
      attempt.took = Duration(answer.integer(row, 2));
      attempt.status = static_cast<int>(answer.integer(row, 3));
      attempt.failure = static_cast<Failure>(answer.integer(row, 4));
      attempt.response = answer.bytes(row, 5);
      attempt.reason = answer.bytes(row, 6);
      found.push_back(std::move(attempt));
    }
    return found;
  }

  Backlog backlog(const Now& now) {
    hear(now);
    PostgresParameters with;
    with.add(options_.server_time ? std::nullopt : std::optional<std::int64_t>(stored_wall(now.wall)));
    const PostgresAnswer answer =
        pool_.run(schema("SELECT due::bigint, leased::bigint, parked::bigint, bytes::bigint,"
                         " greatest(coalesce($1, @clock(NULL) / 1000) - oldest, 0) FROM @load()"),
                  with, errc::transient);
    Backlog backlog;
    backlog.due = static_cast<std::uint64_t>(answer.integer(0, 0));
    backlog.leased = static_cast<std::uint64_t>(answer.integer(0, 1));
    backlog.parked = static_cast<std::uint64_t>(answer.integer(0, 2));
    backlog.bytes = static_cast<std::uint64_t>(answer.integer(0, 3));
    if (!answer.is_null(0, 4)) backlog.oldest = std::chrono::microseconds{answer.integer(0, 4)};
    return backlog;
  }

  std::size_t amend(const Now& now, const Query& query, State to, std::span<const Delivery> found, std::size_t most) {
    if (to == State::due && room_.is_bounded()) {
      count();
      most = static_cast<std::size_t>((std::min)(std::uint64_t{most}, room_.left()));
    }
    room_.forget();
    PostgresArray ids(PostgresType::bigint);
    for (const Delivery& one : found) ids.add(static_cast<std::int64_t>(one.id));
    PostgresParameters with = begin(now, false);
    with.add(std::move(ids));
    with.add_integer(query.state ? std::optional<std::int64_t>(static_cast<std::int64_t>(*query.state)) : std::nullopt);
    with.add_integer(static_cast<std::int64_t>(to)).add(bounded(most));
    return static_cast<std::size_t>(
        pool_.run(schema("SELECT @amend($1, $2, $3, $4, $5)"), with, errc::unknown_commit).integer(0, 0));
  }

  std::size_t prune(const Now& now, Duration age, std::size_t most) {
    PostgresParameters with = begin(now, false);
    with.add(std::int64_t{(std::max)(age, Duration::zero()).count()}).add(bounded(most));
    return static_cast<std::size_t>(
        pool_.run(schema("SELECT @prune($1, $2, $3)"), with, errc::unknown_commit).integer(0, 0));
  }

 private:
  static constexpr Duration glance = std::chrono::milliseconds{250};  // others may have written meanwhile

  static std::int64_t bounded(std::size_t count) noexcept {
    return static_cast<std::int64_t>((std::min)(count, std::size_t{0x7FFFFFFF}));
  }

  static void check_routes(const NewEvent& what) {
    if (what.routes.size() >= std::size_t{1} << 20U)
      throw Error(errc::too_large, "an event goes to fewer than 2^20 endpoints");
  }

  void emit(const Batch& one) {
    check_routes(one.events[0]);
    PostgresParameters with = begin(one.now, true);
    pass_event(with, one.events[0]);
    one.appended[0] = stored_enum(pool_.run(emit_, with, errc::unknown_commit).integer(0, 0), Appended::conflict,
                                  "an answer to append");
  }

  PostgresParameters begin(const Now& now, bool wall) {
    PostgresParameters with;
    if (options_.server_time) {
      with.add(std::nullopt);
      if (wall) with.add(std::nullopt);
      return with;
    }
    hear(now);
    with.add(std::int64_t{now.steady.count()});
    if (wall) with.add(stored_wall(now.wall));
    return with;
  }

  std::vector<KeptEvent> kept(const PostgresSearch& search) {
    const PostgresAnswer answer = pool_.run(schema(search.sql()), search.with(), errc::transient);
    std::vector<KeptEvent> found;
    for (int row = 0; row < answer.rows(); ++row) found.push_back(read_kept(answer, row));
    return found;
  }

  void count() {
    const auto start = PostgresRoom::Clock::now();
    const Backlog there = backlog({});
    room_.counted({there.due + there.leased + there.parked, there.bytes}, start, PostgresRoom::Clock::now());
  }

  /// Throws errc::full.
  void make_room(std::span<const Batch> batches) {
    PostgresRoom::Load more;
    bool all_named = true;
    for (const Batch& batch : batches) {
      for (const NewEvent& what : batch.events) {
        more.deliveries += what.routes.size();
        if (!what.routes.empty()) more.bytes += what.event->payload.size();
        all_named = all_named && what.named;
      }
    }
    if (room_.take(more)) return;
    if (room_.may_count(PostgresRoom::Clock::now())) count();
    if (room_.take(more) || (all_named && are_there(batches))) return;
    room_.refuse();
  }

  /// Whether nothing would be added.
  bool are_there(std::span<const Batch> batches) {
    PostgresArray ids(PostgresType::text), tenants(PostgresType::bytea);
    for (const Batch& batch : batches) {
      for (const NewEvent& what : batch.events) {
        ids.add(what.event->id.view());
        tenants.add(std::string_view(what.event->tenant));
      }
    }
    PostgresParameters with;
    with.add(std::move(ids)).add(std::move(tenants));
    return pool_
               .run(
                   schema("SELECT NOT EXISTS (SELECT 1 FROM unnest($1, $2) AS u (id, tenant) WHERE NOT EXISTS (SELECT 1"
                          " FROM @event e WHERE e.id = u.id AND e.tenant = u.tenant))"),
                   with, errc::transient)
               .integer(0, 0) != 0;
  }

  PostgresPool pool_;
  PostgresRoom room_;
  std::atomic<std::int64_t> latest_{0};
  std::string append_{
      schema("SELECT @append($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21)")};
  std::string emit_{schema("SELECT @emit($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15)")};
  std::string claim_{schema("SELECT * FROM @claim($1, $2, $3, $4)")};
  std::string settle_{schema("SELECT * FROM @settle($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)")};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
