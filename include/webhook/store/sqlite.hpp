// SPDX-License-Identifier: MIT
// SqliteStore: keeps endpoints, events and deliveries in one SQLite file, which processes of one host may share.
// The file itself is detail/sqlite_file.hpp's, what the words do to it detail/sqlite_core.hpp's; here they get their
// turns, and events of a host's own transaction their way in (detail/sqlite_joining.hpp).
#ifndef WEBHOOK_STORE_SQLITE_HPP
#define WEBHOOK_STORE_SQLITE_HPP

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
#include "../detail/group_commit.hpp"
#include "../detail/sqlite_core.hpp"
#include "../detail/sqlite_joining.hpp"
#include "../detail/sqlite_search.hpp"

namespace webhook {
inline namespace v0 {

/// A durable store: what append returned for survives the end of the process, and of the machine, at any instruction.
///
/// Thread-safe: one connection, whose transactions threads share (group commit). The file may be one of its own or the
/// host's; its tables begin with webhook_. Several processes of one host may use it at once; beside it stands a file
/// "<file>-owners", which tells a dead process from a slow one: what a killed one held is due again at once. Times are
/// kept in a way that survives reboots and jumps of the wall clock; all processes must use the same kind of clock.
///
/// Where the page leaves a choice it decides as MemoryStore does, and: only prune() forgets; replay() passes over what a
/// newer event of the same key supersedes.
///
/// Throws: errc::corrupt for a damaged or foreign file, errc::transient when others write for longer than
/// SqliteOptions::busy_timeout, errc::full when the disk is, errc::unknown_commit when the disk failed within a commit.
class SqliteStore {
 public:
  using role = role::store;

  /// Opens or creates a file. One that is corrupt, foreign or newer is refused (errc::corrupt) and left as it is.
  explicit SqliteStore(const std::string& path, const SqliteOptions& options = {})
      : inside_(std::make_unique<Inside>(path, options)) {}

  /// How the file's journal is kept: "wal", or "persist" where the linked SQLite is too old for WAL with several
  /// connections and SqliteOptions::exclusive is not set.
  const std::string& journal() const noexcept { return inside_->journal; }

  /// What the operator ought to know about that, or "".
  const std::string& notice() const noexcept { return inside_->notice; }

  /// Nothing of a batch is kept if this throws, but for errc::unknown_commit. A conflict is an answer.
  void append(const Now& now, std::span<const NewEvent> events, std::span<Appended> appended) {
    inside_->share(now, [&](detail::SqliteCore& core) {
      core.check_room(events);
      for (std::size_t i = 0; i < events.size(); ++i) appended[i] = core.add(events[i], now);
    });
  }

  /// Events that become part of the host's own transaction; see JoinsTransaction. They are routed after the commit.
  /// Throws errc::misuse, and leaves the handle as it was, where `host` has no transaction, another file than the
  /// store's, or is read-only; errc::transient where others write.
  void append(sqlite3* host, std::span<const NewEvent> events, std::span<Appended> appended) {
    detail::join_sqlite(host, inside_->path, inside_->options.exclusive, events, appended);
  }

  Found claim(const Claim& ask, std::vector<Claimed>& claimed) {
    Found found;
    inside_->alone([&](detail::SqliteCore& core) { found = core.claim(ask, claimed); });
    return found;
  }

  void settle(const Now& now, std::span<const Settlement> words, std::span<Settled> settled) {
    inside_->share(now, [&](detail::SqliteCore& core) {
      for (std::size_t i = 0; i < words.size(); ++i) settled[i] = core.hear(words[i], now);
    });
  }

  /// Throws errc::not_found for an endpoint that was never put.
  void tune(const Now& now, EndpointId endpoint, const Lane& how) {
    inside_->write(now, [&](detail::SqliteCore& core) { core.tune(endpoint, how, now); });
  }

  /// Throws errc::conflict if someone changed the endpoint since it was read.
  Version put(const Endpoint& description) {
    Version version = 0;
    inside_->alone([&](detail::SqliteCore& core) { core.transact([&] { version = core.put(description); }); });
    return version;
  }

  std::vector<Endpoint> endpoints(Version after) {
    std::vector<Endpoint> changed;
    inside_->read([&](detail::SqliteCore& core) { changed = core.endpoints(after); });
    return changed;
  }

  std::vector<KeptEvent> unrouted(std::size_t most) {
    std::vector<KeptEvent> kept;
    inside_->read([&](detail::SqliteCore& core) { kept = core.unrouted(most); });
    return kept;
  }

  bool route(const Now& now, std::span<const Route> routes, Version registry) {
    bool current = false;
    inside_->write(now, [&](detail::SqliteCore& core) {
      current = static_cast<Version>(core.counters.registry) == registry;
      if (!current) return;
      for (const Route& one : routes) core.route(one, now);
    });
    return current;
  }

  /// Looks through everything kept after `query.after`, a few thousand rows at a time so that emitters get their turn;
  /// not one moment's picture.
  std::vector<Delivery> find(const Query& query) {
    std::vector<Delivery> found;
    auto after = static_cast<std::int64_t>(query.after);
    for (bool more = true; more && found.size() < query.most;) {
      inside_->read([&](detail::SqliteCore& core) { more = inside_->search(core).deliveries(query, after, found); });
    }
    return found;
  }

  std::vector<Attempt> attempts(DeliveryId delivery) {
    std::vector<Attempt> found;
    inside_->read([&](detail::SqliteCore& core) { found = core.book.attempts(static_cast<std::int64_t>(delivery)); });
    return found;
  }

  /// As find(). An event is kept as long as one of its deliveries is.
  std::vector<KeptEvent> events(const EventQuery& query) {
    std::vector<KeptEvent> found;
    auto after = static_cast<std::int64_t>(query.after);
    for (bool more = true; more && found.size() < query.most;) {
      inside_->read([&](detail::SqliteCore& core) { more = inside_->search(core).events(query, after, found); });
    }
    return found;
  }

  Backlog backlog(const Now& now) {
    Backlog backlog;
    inside_->read([&](detail::SqliteCore& core) { backlog = core.backlog(now); });
    return backlog;
  }

  /// Throws errc::full at a bound, and then nothing was replayed.
  std::size_t replay(const Now& now, std::span<const Route> routes) {
    std::size_t replayed = 0;
    inside_->write(now, [&](detail::SqliteCore& core) {
      replayed = 0;
      for (const Route& one : routes) replayed += core.replay(one, now);
    });
    return replayed;
  }

  /// To due: what is over or parked, unless its endpoint is gone or a newer one superseded it, as far as the bounds
  /// allow. To cancelled: what is not over. A few thousand rows in each transaction.
  /// Returns how many changed. Throws errc::unsupported for any other state.
  std::size_t amend(const Now& now, const Query& query, State to) {
    if (to != State::due && to != State::cancelled) {
      throw Error(errc::unsupported, "a delivery can be made due or cancelled, not " + std::string(to_string(to)));
    }
    std::size_t amended = 0;
    auto after = static_cast<std::int64_t>(query.after);
    for (bool more = true; more && amended < query.most;) {
      const std::int64_t start = after;
      std::size_t now_amended = 0;
      inside_->write(now, [&](detail::SqliteCore& core) {
        after = start;
        now_amended = 0;
        if (to == State::cancelled && !query.delivery) {
          core.counters.over_until = core.all_over_until();
          after = (std::max)(after, core.counters.over_until);
        }
        Query rest = query;
        rest.most = all;
        std::vector<Delivery> found;
        more = inside_->search(core).deliveries(rest, after, found);
        for (const Delivery& one : found) {
          if (amended + now_amended == query.most) break;
          now_amended += core.amend(static_cast<std::int64_t>(one.id), to, now) ? 1U : 0U;
        }
      });
      amended += now_amended;
    }
    return amended;
  }

  /// Forgets deliveries that have been over for `age` or longer, the oldest first, at most `most`.
  std::size_t prune(const Now& now, Duration age, std::size_t most) {
    std::size_t pruned = 0;
    for (;;) {
      std::size_t here = 0;
      inside_->write(now, [&](detail::SqliteCore& core) {
        here = core.book.prune(core.counters.at(now) - (std::max)(age, Duration::zero()).count(),
                               (std::min)(most - pruned, at_once));
      });
      pruned += here;
      if (here < at_once || pruned == most) return pruned;
    }
  }

 private:
  static constexpr std::size_t all = static_cast<std::size_t>(-1);
  static constexpr std::size_t at_once = 2000;  // rows of one transaction, so that others get their turn

  struct Inside {  // behind a pointer, so that the store can move while its mutex stays
    Inside(const std::string& file, const SqliteOptions& how) : path(file), options(how) {
      core.emplace(path, options);
      journal = core->file.journal();
      notice = core->file.notice();
    }

    using Task = detail::GroupCommit::Task;

    /// Work within a transaction that may be shared with others. It must throw before it changes anything, or else
    /// everything is undone and tried again alone.
    template <class Work>
    void share(const Now& now, const Work& work) {
      struct Shared final : Sharing {
        Shared(Inside& inside_of, const Now& at, const Work& what) : Sharing(at), inside(inside_of), work(what) {}
        void perform() override { work(*inside.core); }
        Inside& inside;
        const Work& work;
      } task(*this, now, work);
      commits.run(task, [this](std::span<Task* const> turn) { execute(turn); });
    }
    template <class Work>
    void alone(const Work& work) {
      struct Alone final : Task {
        Alone(Inside& inside_of, const Work& what) : Task(true), inside(inside_of), work(what) {}
        void perform() override { work(*inside.core); }
        Inside& inside;
        const Work& work;
      } task(*this, work);
      commits.run(task, [this](std::span<Task* const> turn) { execute(turn); });
    }
    template <class Work>
    void write(const Now& now, const Work& work) {
      alone([&](detail::SqliteCore& open) { open.transact(now, true, [&] { work(open); }); });
    }
    template <class Work>
    void read(const Work& work) {
      alone([&](detail::SqliteCore& open) { open.read([&] { work(open); }); });
    }

    detail::SqliteSearch& search(detail::SqliteCore& open) {
      if (!searching) searching.emplace(open.file.db().get());
      return *searching;
    }

    struct Sharing : Task {
      explicit Sharing(const Now& at) : Task(false), now(at) {}
      Now now;

     protected:
      ~Sharing() = default;
    };

    void execute(std::span<Task* const> turn) noexcept {
      if (const std::exception_ptr broken = reopen(); broken != nullptr) {
        for (Task* const task : turn) task->error = broken;
      } else if (turn.front()->is_alone()) {
        turn.front()->error = caught([&] { turn.front()->perform(); });
      } else if (bool performing = false; const std::exception_ptr error = together(turn, performing)) {
        if (turn.size() == 1 || !performing) {
          for (Task* const task : turn) task->error = error;
        } else {
          for (Task* const& task : turn) task->error = together({&task, 1}, performing);
        }
      }
    }

    /// All of a turn in one transaction. `performing` tells whether one of them failed, rather than the transaction.
    std::exception_ptr together(std::span<Task* const> turn, bool& performing) noexcept {
      performing = false;
      return caught([&] {
        core->transact(static_cast<Sharing*>(turn.front())->now, true, [&] {
          performing = true;
          for (Task* const task : turn) task->perform();
          performing = false;
        });
      });
    }

    /// A fresh connection after one that broke.
    std::exception_ptr reopen() noexcept {
      if (core && !core->file.is_broken()) return nullptr;
      return caught([&] {
        if (core) core->file.check();  // never create a new file in the place of one that was deleted
        searching.reset();
        core.reset();
        core.emplace(path, options);
      });
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

    std::string path;
    SqliteOptions options;
    std::string journal{}, notice{};
    std::optional<detail::SqliteCore> core{};
    std::optional<detail::SqliteSearch> searching{};
    detail::GroupCommit commits{};
  };

  std::unique_ptr<Inside> inside_;
};

static_assert(Remembers<SqliteStore> && RoutesLater<SqliteStore> && JoinsTransaction<SqliteStore, sqlite3*>);

}  // namespace v0
}  // namespace webhook

#endif
