// SPDX-License-Identifier: MIT
// MemoryCore: what the words of the store contract do to lanes and deliveries in memory, one caller at a time.
// It does not lock, and does not know who asks; bounds and log are in memory_book.hpp, readiness in memory_lane.hpp.
#ifndef WEBHOOK_DETAIL_MEMORY_CORE_HPP
#define WEBHOOK_DETAIL_MEMORY_CORE_HPP

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "../concepts.hpp"
#include "memory_arrivals.hpp"
#include "memory_book.hpp"
#include "memory_lane.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// Everything behind a MemoryStore's mutex.
struct MemoryCore {
  explicit MemoryCore(const MemoryOptions& options) : book(options) {}
  MemoryCore(const MemoryCore&) = delete;
  MemoryCore& operator=(const MemoryCore&) = delete;
  ~MemoryCore() { MemoryArrivals::end(arrived); }

  // Threads read their clocks before they get the lock: for the store, time never goes back.
  std::int64_t tick(const Now& now) noexcept { return latest = (std::max)(latest, std::int64_t{now.steady.count()}); }

  MemoryLane* lane(EndpointId id) noexcept {
    const auto there = lanes.find(static_cast<std::uint64_t>(id));
    return there == lanes.end() ? nullptr : &there->second;
  }

  Appended add(const NewEvent& event, MemoryEvent::Owner& block, std::int64_t at) {
    if (event.named) {
      if (const std::optional<Appended> known = book.names().known(*event.event)) return *known;
    }
    routes.clear();
    for (const EndpointId id : event.routes) {
      if (MemoryLane* const there = lane(id)) routes.push_back(there);
    }
    book.add(block, routes, at, moment_after(at, event.delay));
    for (MemoryLane* const there : routes) order.place(*there, at);
    return Appended::inserted;
  }

  /// Takes in what emitters left. Throws std::bad_alloc; the rest is taken in the next time.
  void take_in(MemoryArrivals& arrivals) {
    if (MemoryEvent* const first = arrivals.take(); first != nullptr) {
      MemoryEvent** last = &arrived;
      while (*last != nullptr) last = &(*last)->arrival().next;
      *last = first;
    }
    while (arrived != nullptr) take_in(*arrived);
  }

  void place_all(std::span<const EndpointId> ids, std::int64_t at) noexcept {
    for (const EndpointId id : ids) {
      if (MemoryLane* const there = lane(id)) order.place(*there, at);
    }
  }

  Found claim(const Claim& ask, std::int64_t at, std::vector<Claimed>& claimed) {
    struct Visited {  // a lane is visited once in a claim, and goes back into the order whatever happens
      MemoryCore& core;
      std::int64_t at;
      MemoryLane* last = nullptr;
      ~Visited() {
        for (; last != nullptr; last = last->next_served) core.order.place(*last, at);
      }
    };
    order.wake(at, [this, at](MemoryLane& lane) { lapse(lane, at); });
    {
      Visited visited{*this, at};
      for (std::size_t left = ask.most; left > 0 && !order.empty();) {
        MemoryLane& next = order.first();
        order.take(next);
        next.next_served = std::exchange(visited.last, &next);
        left -= serve(next, ask, left, at, claimed);
      }
    }
    while (!order.empty()) {  // whether more is ready, or the first only seems so until its lost leases are looked at
      MemoryLane& next = order.first();
      lapse(next, at);
      order.place(next, at);
      if (next.in == MemoryLane::Order::ready) break;
    }
    book.trim();
    Found found;
    found.registry = registry;
    found.next = !order.empty() ? Duration::zero() : (std::min)(Duration(order.next() - at), idle);
    return found;
  }

  // Where a lease ran out, the delivery queues again; it stays leased, so that a late word still counts.
  void lapse(MemoryLane& from, std::int64_t at) noexcept {
    while (!from.leased.empty() && from.leased.top_key() <= at) {
      MemoryDelivery& row = from.leased.top();
      if (from.is_closed() || from.is_overtaken(row)) {
        book.finish(row, from.is_closed() ? State::cancelled : State::superseded, at);
      } else {
        book.requeue(row, from.leased.top_key());
      }
    }
  }

  std::size_t serve(MemoryLane& from, const Claim& ask, std::size_t left, std::int64_t at,
                    std::vector<Claimed>& claimed) {
    lapse(from, at);
    if (from.leased.size() >= from.cap) return 0;
    const std::size_t most =
        (std::min)({left, ask.per_lane, from.cap - from.leased.size(), from.waiting.size() + from.resent.size()});
    from.leased.reserve(from.leased.size() + most);
    from.waiting.reserve(from.returning() + most);
    if (claimed.capacity() - claimed.size() < most) {
      claimed.reserve((std::max)(2 * claimed.capacity(), claimed.size() + most));
    }

    std::size_t count = 0;
    try {
      for (; count < most; ++count) {
        const bool live = !from.waiting.empty() && from.waiting.top_key() <= at;
        if (!live && (from.resent.empty() || from.resent.top_key() > at)) break;
        from.waiting.prefetch_ahead();
        lease(live ? from.waiting.top() : from.resent.top(), ask, at, claimed);
      }
    } catch (...) {
      served(from, count, at);
      throw;
    }
    served(from, count, at);
    return count;
  }

  void served(MemoryLane& from, std::size_t count, std::int64_t at) noexcept {
    if (count == 0) return;
    from.served = ++servings;
    const std::int64_t spacing = (std::max)(from.endpoint.spacing, Duration::zero()).count();
    const auto times = static_cast<std::int64_t>(count);
    from.spaced_until = moment_after(at, Duration(spacing > never / times ? never : spacing * times));
  }

  void lease(MemoryDelivery& row, const Claim& ask, std::int64_t at, std::vector<Claimed>& claimed) {
    MemoryEvent& what = row.what();
    std::shared_ptr<const Event> event = book.open(what);  // from here on nothing throws
    what.prefetch_payload();
    if (row.state == State::leased) row.count_lost();
    book.hold(row, moment_after(at, ask.lease));
    row.state = State::leased;
    row.word = State::leased;
    row.fence = ++fences;
    claimed.push_back({{DeliveryId{row.id()}, row.fence},
                       row.lane->endpoint.id,
                       row.lane->endpoint.version,
                       std::move(event),
                       row.made,
                       row.lost});
  }

  // Renewing may find the places of its lapsed lease taken by others.
  void make_room(const Settlement& word, std::size_t words) {
    if (word.state != State::leased && word.state != State::parked) return;
    const MemoryDelivery* const row = book.find(word.lease.delivery);
    if (row == nullptr) return;
    IndexedHeap<MemoryDelivery>& heap = word.state == State::leased ? row->lane->leased : row->lane->parked;
    heap.reserve(heap.size() + words);
  }

  Settled hear(const Settlement& word, LoggedAttempt::Owner attempt, std::int64_t at) noexcept {
    using Word = Settled::Word;
    MemoryDelivery* const row = book.find(word.lease.delivery);
    if (row == nullptr) return {};
    MemoryLane& from = *row->lane;
    Settled answer;
    if (row->fence == word.lease.fence && row->state == State::leased) {
      answer.word = Word::applied;
      apply(*row, word, std::move(attempt), at);
      order.place(from, at);
    } else if (row->fence == word.lease.fence && row->word == word.state && word.state != State::leased) {
      answer.word = Word::already;
    }
    answer.failures = from.failures;
    answer.failing_for = Duration(from.failures == 0 ? 0 : at - from.failing_since);
    answer.cap = from.cap;
    return answer;
  }

  void apply(MemoryDelivery& row, const Settlement& word, LoggedAttempt::Owner attempt, std::int64_t at) noexcept {
    MemoryLane& from = *row.lane;
    if (word.state == State::delivered) {
      from.failures = 0;
    } else if (attempt != nullptr && word.state != State::leased && from.failures++ == 0) {
      from.failing_since = at;
    }
    if (attempt != nullptr) {
      row.count_attempt();
      attempt->logged = at;
      book.log(row, std::move(attempt));
    }
    row.word = word.state;
    if (word.state == State::leased) {
      book.hold(row, moment_after(at, word.in));
    } else if (is_over(word.state)) {
      book.finish(row, word.state, at);
    } else if (from.is_closed() || from.is_overtaken(row)) {
      book.finish(row, from.is_closed() ? State::cancelled : State::superseded, at);
    } else if (word.state == State::parked) {
      book.park(row, at);
    } else {
      row.state = State::due;
      book.requeue(row, moment_after(at, word.in));
    }
  }

  Version put(const Endpoint& description) {
    MemoryLane* there = lane(description.id);
    if ((there == nullptr ? 0 : there->endpoint.version) != description.version) {
      throw Error(errc::conflict, "the endpoint was changed in between: read it again, change that and put it");
    }
    Endpoint next = description;
    next.version = registry + 1;
    const bool fresh = there == nullptr;
    const bool closes = next.state == EndpointState::gone || next.state == EndpointState::removed;
    if (closes && !fresh) there->leased.reserve(there->pending);  // so that cancel_waiting() cannot fail
    if (!fresh && (next.order != there->endpoint.order || next.supersede != there->endpoint.supersede))
      book.arrange(*there, next.order, next.supersede, latest);
    if (fresh) {
      order.reserve(lanes.size() + 1);
      there = &lanes[static_cast<std::uint64_t>(description.id)];
      try {
        book.arrange(*there, next.order, next.supersede, latest);
        changes.emplace(next.version, there);
      } catch (...) {
        lanes.erase(static_cast<std::uint64_t>(description.id));
        throw;
      }
    } else {
      auto change = changes.extract(description.version);
      change.key() = next.version;
      changes.insert(std::move(change));
    }
    const bool opens = next.state == EndpointState::active && (fresh || !there->is_active());
    if (fresh || opens || there->endpoint.cap != next.cap) there->cap = next.cap;
    if (there->endpoint.spacing != next.spacing) there->spaced_until = 0;
    if (opens) {
      there->rests_until = 0;
      there->failures = 0;
    }
    there->endpoint = std::move(next);
    if (closes) {
      book.cancel_waiting(*there, latest);
      book.trim();
    }
    order.place(*there, latest);
    return ++registry;
  }

  bool amend(MemoryDelivery& row, State to, std::int64_t at) {
    MemoryLane& from = *row.lane;
    if (to == State::cancelled) {
      if (is_over(row.state)) return false;
      book.finish(row, to, at);
    } else if (row.state == State::parked) {
      book.unpark(row, at);
    } else {
      if (!is_over(row.state) || !book.revive(row, at)) return false;
      over_until = (std::min)(over_until, row.id() - 1);
    }
    order.place(from, at);
    return true;
  }

  // The first kept delivery of an event stands for it in a walk.
  bool matches(const EventQuery& query, const MemoryDelivery& row) const noexcept {
    const MemoryEvent& event = row.what();
    return (!query.id || query.id->view() == event.id()) && (!query.since || event.created >= *query.since) &&
           (!query.until || event.created < *query.until) && (!query.type || *query.type == event.type()) &&
           (!query.tenant || *query.tenant == event.tenant()) && book.is_first(row);
  }

  std::size_t replay(const Route& route, std::int64_t at) {
    std::size_t replayed = 0;
    for (const EndpointId id : route.endpoints) {
      // Looked up each time: what it supersedes may make the log forget its oldest.
      MemoryDelivery* const known = book.find(DeliveryId{static_cast<std::uint64_t>(route.event)});
      if (known == nullptr) break;
      MemoryLane* const there = lane(id);
      if (there == nullptr || there->is_closed() || book.has(known->what(), *there)) continue;
      if (there->is_overtaken(*known)) continue;
      book.replay(known->what(), *there, at);
      order.place(*there, at);
      ++replayed;
    }
    return replayed;
  }

  Backlog backlog(const Now& now) noexcept {
    Backlog backlog;
    for (const auto& [id, lane] : lanes) {
      backlog.leased += lane.leased.size();
      backlog.parked += lane.parked.size();
    }
    backlog.due = book.room().pending() - backlog.leased - backlog.parked;
    backlog.bytes = book.room().pending_bytes();
    if (const MemoryDelivery* const oldest = book.after(all_over_until()); oldest != nullptr) {
      backlog.oldest = (std::max)(Duration::zero(), Duration(now.wall - oldest->what().created));
    }
    return backlog;
  }

  // Everything up to here is over: dropping the oldest of a full store must not look through its log each time.
  std::uint64_t all_over_until() noexcept {
    for (const MemoryDelivery* row = book.after(over_until); row != nullptr && is_over(row->state);
         row = book.after(over_until)) {
      over_until = row->id();
    }
    return over_until;
  }

  // Visits up to a few thousand rows after `after`, which moves on with it; false when there is no more to see.
  template <class Asked, class Visit>
  bool walk(const Asked& query, std::uint64_t& after, const Visit& visit) {
    if constexpr (std::is_same_v<Asked, Query>) {
      if (query.delivery) {
        MemoryDelivery* const row = book.find(*query.delivery);
        if (row != nullptr && row->id() > after && matches(query, *row)) visit(*row);
        return false;
      }
    }
    for (std::size_t steps = 4096; steps > 0; --steps) {
      MemoryDelivery* const row = book.after(after);
      if (row == nullptr) return false;
      after = row->id();
      if (matches(query, *row) && !visit(*row)) return false;
    }
    return true;
  }

  static bool matches(const Query& query, const MemoryDelivery& row) noexcept {
    if ((query.endpoint && *query.endpoint != row.lane->endpoint.id) || (query.state && *query.state != row.state))
      return false;
    const MemoryEvent& event = row.what();
    return (!query.event || query.event->view() == event.id()) && (!query.since || event.created >= *query.since) &&
           (!query.until || event.created < *query.until) && (!query.type || *query.type == event.type()) &&
           (!query.tenant || *query.tenant == event.tenant());
  }

  void take_in(MemoryEvent& event) {
    const MemoryArrival what = event.arrival();
    const MemoryGrant share{static_cast<std::int64_t>(event.rows()), static_cast<std::int64_t>(event.payload_size())};
    routes.clear();
    named.clear();
    for (std::size_t nth = 0; nth < event.rows(); ++nth) {
      const EndpointId to = event.arrival(nth).to;
      named.push_back(to);
      if (MemoryLane* const there = lane(to)) routes.push_back(there);
    }
    const std::int64_t at = latest = (std::max)(latest, what.at);
    MemoryEvent::Owner block(&event);
    const std::uint64_t first = book.next_id();
    book.room().give_back(share);
    try {
      book.add(block, routes, at, moment_after(at, what.delay));
    } catch (...) {
      book.undo(first);
      book.room().take_again(share);
      event.await(what.at, what.delay, named);
      event.arrival().next = what.next;
      static_cast<void>(block.release());
      throw;
    }
    arrived = what.next;
    book.accept(first, at);
    for (MemoryLane* const there : routes) order.place(*there, at);
  }

  static constexpr Duration idle = std::chrono::hours{1};  // nothing will happen by itself

  LaneOrder order{};
  std::unordered_map<std::uint64_t, MemoryLane> lanes{};  // by endpoint; never erased, addresses stay
  std::map<Version, MemoryLane*> changes{};               // by the version of their last change
  std::vector<MemoryLane*> routes{};                      // of one append, kept for its memory
  std::vector<EndpointId> named{};                        // the same
  MemoryEvent* arrived = nullptr;                         // what was taken from the arrivals, and not in yet
  std::int64_t latest = 0;
  std::uint64_t fences = 0, servings = 0, over_until = 0;
  Version registry = 0;
  MemoryBook book;  // last: its end takes deliveries out of their lanes
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
