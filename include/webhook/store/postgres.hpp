// SPDX-License-Identifier: MIT
// PostgresStore: keeps endpoints, events and deliveries in a schema of a PostgreSQL database, which many hosts share.
// What the words say to the server is detail/postgres_core.hpp's, what they do there is SQL
// (detail/postgres_words.hpp); here emitters share commits, and events of a host's own transaction find their way in
// (detail/postgres_joining.hpp).
#ifndef WEBHOOK_STORE_POSTGRES_HPP
#define WEBHOOK_STORE_POSTGRES_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../concepts.hpp"
#include "../detail/group_commit.hpp"
#include "../detail/postgres_core.hpp"
#include "../detail/postgres_joining.hpp"

namespace webhook {
inline namespace v0 {

/// A durable store for many hosts: what append returned for is as durable as the server's commits are.
///
/// Thread-safe. Each word is one statement and one transaction; nothing lives in a session, so a pooler may stand
/// between (pgbouncer, also in transaction mode). Caps, rests and the order of an endpoint hold over all hosts. Moments
/// are the server's; the hosts' clocks do not matter. A lost connection is made anew by the next call, less and less
/// often while nobody answers. The level of isolation must be read committed, as it is by default.
///
/// Where the page leaves a choice it decides as MemoryStore does, and: only prune() forgets; replay() passes over what
/// a newer event of the same key supersedes; ids of unnamed events are recognised, too.
///
/// Throws: errc::transient where nobody answers, errc::unknown_commit where the connection was lost on the way,
/// errc::unsupported where the role lacks a right, errc::corrupt for a foreign or newer schema, errc::full.
class PostgresStore {
 public:
  using role = role::store;

  /// Connects, and creates or updates the schema where needed. `where`: a libpq connection string or URI. What a schema
  /// that is foreign or newer holds is left as it is (errc::corrupt).
  explicit PostgresStore(const std::string& where, const PostgresOptions& options = {})
      : inside_(std::make_unique<Inside>(where, options)) {}

  /// Nothing of a batch is kept if this throws, but for errc::unknown_commit. A conflict is an answer.
  void append(const Now& now, std::span<const NewEvent> events, std::span<Appended> appended) {
    inside_->append({now, events, appended});
  }

  /// Events that become part of the host's own transaction; see JoinsTransaction. They are routed after the commit.
  /// Throws errc::misuse, and leaves the handle as it was, where `host` has no transaction or a failed one, is in a
  /// COPY or in pipeline mode, has results pending, or is connected to another database than the store's. The role
  /// needs USAGE on the schema, and INSERT and SELECT on its table event. Whatever else the server refuses (a lock
  /// timeout, a full disk) fails the host's transaction.
  void append(PGconn* host, std::span<const NewEvent> events, std::span<Appended> appended) {
    detail::join_postgres(host, inside_->core.schema, inside_->core.identity, events, appended);
  }

  Found claim(const Claim& ask, std::vector<Claimed>& claimed) { return inside_->core.claim(ask, claimed); }

  void settle(const Now& now, std::span<const Settlement> words, std::span<Settled> settled) {
    inside_->core.settle(now, words, settled);
  }

  /// Throws errc::not_found for an endpoint that was never put.
  void tune(const Now& now, EndpointId endpoint, const Lane& how) { inside_->core.tune(now, endpoint, how); }

  /// Throws errc::conflict if someone changed the endpoint since it was read.
  Version put(const Endpoint& description) { return inside_->core.put(description); }

  std::vector<Endpoint> endpoints(Version after) { return inside_->core.endpoints(after); }

  std::vector<KeptEvent> unrouted(std::size_t most) { return inside_->core.unrouted(most); }

  bool route(const Now& now, std::span<const Route> routes, Version registry) {
    return inside_->core.route(now, routes, registry, false) >= 0;
  }

  std::vector<Delivery> find(const Query& query) {
    return inside_->core.find(query, static_cast<std::int64_t>(query.after), false, query.most);
  }

  std::vector<Attempt> attempts(DeliveryId delivery) { return inside_->core.attempts(delivery); }

  /// As find(). An event is kept as long as one of its deliveries is.
  std::vector<KeptEvent> events(const EventQuery& query) { return inside_->core.events(query); }

  /// Counts what is pending, and reads nothing else; a million deliveries take some tenths of a second.
  Backlog backlog(const Now& now) { return inside_->core.backlog(now); }

  /// Throws errc::full at a bound, and then nothing was replayed.
  std::size_t replay(const Now& now, std::span<const Route> routes) {
    return static_cast<std::size_t>(inside_->core.route(now, routes, 0, true));
  }

  /// To due: what is over or parked, unless its endpoint is gone or a newer one superseded it, as far as the bounds
  /// allow. To cancelled: what is not over. A thousand rows in each transaction.
  /// Returns how many changed. Throws errc::unsupported for any other state.
  std::size_t amend(const Now& now, const Query& query, State to) {
    if (to != State::due && to != State::cancelled) {
      throw Error(errc::unsupported, "a delivery can be made due or cancelled, not " + std::string(to_string(to)));
    }
    inside_->core.hear(now);
    std::size_t amended = 0;
    auto after = static_cast<std::int64_t>(query.after);
    while (amended < query.most) {
      const std::vector<Delivery> found =
          inside_->core.find(query, after, to == State::cancelled, (std::min)(at_once, 2 * (query.most - amended)));
      if (found.empty()) break;
      amended += inside_->core.amend(now, query, to, found, query.most - amended);
      after = static_cast<std::int64_t>(found.back().id);
    }
    return amended;
  }

  /// Forgets deliveries that have been over for `age` or longer, the oldest first, at most `most`.
  std::size_t prune(const Now& now, Duration age, std::size_t most) {
    for (std::size_t pruned = 0;;) {
      const std::size_t wanted = (std::min)(most - pruned, at_once), here = inside_->core.prune(now, age, wanted);
      pruned += here;
      if (here < wanted || pruned == most) return pruned;
    }
  }

 private:
  static constexpr std::size_t at_once = 1000;  // rows of one transaction, so that others get their turn

  struct Inside {  // behind a pointer, so that the store can move while its mutexes stay
    using Task = detail::GroupCommit::Task;
    using Batch = detail::PostgresCore::Batch;

    Inside(const std::string& where, const PostgresOptions& options) : core(where, options) {}

    struct Appending final : Task {
      Appending(Inside& inside_of, const Batch& what) : Task(false), inside(inside_of), batch(what) {}
      void perform() override { inside.core.append({&batch, 1}); }
      Inside& inside;
      Batch batch;
    };

    /// Emitters that come while another one commits share the next commit.
    void append(const Batch& batch) {
      Appending task(*this, batch);
      commits.run(task, [this](std::span<Task* const> turn) {
        if (turn.size() > 1) {
          turn.front()->error = caught([&] { together(turn); });
          if (turn.front()->error == nullptr) return;
          for (Task* const task_of : turn) task_of->error = turn.front()->error;
          if (is_unknown(turn.front()->error)) return;
        }
        for (Task* const task_of : turn) task_of->error = caught([task_of] { task_of->perform(); });
      });
    }

    void together(std::span<Task* const> turn) {
      std::vector<Batch> batches;
      for (Task* const task : turn) batches.push_back(static_cast<Appending*>(task)->batch);
      core.append(batches);
    }

    static bool is_unknown(const std::exception_ptr& error) noexcept {
      try {
        std::rethrow_exception(error);
      } catch (const Error& known) {
        return known.code() == errc::unknown_commit;
      } catch (...) {
        return false;
      }
    }

    template <class Call>
    static std::exception_ptr caught(const Call& call) noexcept {
      try {
        call();
        return nullptr;
      } catch (...) {
        return std::current_exception();
      }
    }

    detail::PostgresCore core;
    detail::GroupCommit commits{};
  };

  std::unique_ptr<Inside> inside_;
};

static_assert(Remembers<PostgresStore> && RoutesLater<PostgresStore> && JoinsTransaction<PostgresStore, PGconn*>);

}  // namespace v0
}  // namespace webhook

#endif
