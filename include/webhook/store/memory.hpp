// SPDX-License-Identifier: MIT
// MemoryStore: keeps endpoints and deliveries in this process, bounded, and forgets them with it.
// The default store, and the reading of the page of contracts that the others are compared with. What it keeps is in
// detail/memory_book.hpp, which lane comes next in detail/memory_lane.hpp, what the words do in detail/memory_core.hpp.
#ifndef WEBHOOK_STORE_MEMORY_HPP
#define WEBHOOK_STORE_MEMORY_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../concepts.hpp"
#include "../detail/memory_core.hpp"

namespace webhook {
inline namespace v0 {

/// A store in memory: the fastest, with nothing to install; what is pending is lost when the process ends.
/// Thread-safe: one mutex, held for well under a microsecond per delivery, which emitters hardly ever wait for. Every
/// call but find(), amend() and a put()
/// that closes an endpoint takes time by the deliveries and lanes it touches, and hardly by how many there are.
/// Where the page leaves a choice: an event for a gone or removed endpoint is kept as a cancelled delivery; an endpoint
/// that was never put gets none; tune() replaces an earlier rest, but never shortens the spacing; a changed spacing
/// counts from the next claim on; cancelling a leased delivery makes its settlement stale.
class MemoryStore {
 public:
  using role = role::store;

  MemoryStore() : MemoryStore(MemoryOptions{}) {}
  explicit MemoryStore(const MemoryOptions& options) : inside_(std::make_unique<Inside>(options)) {}

  /// Throws errc::full at a bound, or std::bad_alloc, and then nothing of the batch is kept. A conflict is an answer.
  /// Waits for nobody for one event whose id the engine chose, except where the store is nearly full.
  void append(const Now& now, std::span<const NewEvent> events, std::span<Appended> appended) {
    if (events.size() == 1) {
      if (leave(now, events.front())) {
        appended.front() = Appended::inserted;
        return;
      }
      MemoryEvent::Owner block = pack(events.front(), now);
      return append(now, events, {&block, 1}, appended);
    }
    std::vector<MemoryEvent::Owner> blocks(events.size());
    for (std::size_t i = 0; i < events.size(); ++i) blocks[i] = pack(events[i], now);
    append(now, events, blocks, appended);
  }

  /// Throws std::bad_alloc; what was claimed until then is in `claimed`.
  Found claim(const Claim& ask, std::vector<Claimed>& claimed) {
    const Locked lock(*inside_);
    const std::int64_t at = inside_->tick(ask.now);
    return inside_->claim(ask, at, claimed);
  }

  /// Throws std::bad_alloc, and then no word was heard.
  void settle(const Now& now, std::span<const Settlement> words, std::span<Settled> settled) {
    std::vector<detail::LoggedAttempt::Owner> attempts(words.size());
    detail::BlockPool::Pile room = inside_->pool.take(sizeof(detail::LoggedAttempt), words.size());
    for (std::size_t i = 0; i < words.size(); ++i) {  // before the lock: copying answers takes time
      if (words[i].attempt == nullptr) continue;
      attempts[i] = detail::LoggedAttempt::make(room);
      attempts[i]->attempt = *words[i].attempt;
      attempts[i]->attempt.fence = words[i].lease.fence;
    }
    const Locked lock(*inside_);
    const std::int64_t at = inside_->tick(now);
    inside_->book.expect(words.size());
    for (const Settlement& word : words) inside_->make_room(word, words.size());
    for (std::size_t i = 0; i < words.size(); ++i) settled[i] = inside_->hear(words[i], std::move(attempts[i]), at);
    inside_->book.trim();
  }

  /// Throws errc::not_found for an endpoint that was never put.
  void tune(const Now& now, EndpointId endpoint, const Lane& how) {
    const Locked lock(*inside_);
    const std::int64_t at = inside_->tick(now);
    detail::MemoryLane* const lane = inside_->lane(endpoint);
    if (lane == nullptr)
      throw Error(errc::not_found, "the store has no endpoint of this id; put it before it is tuned");
    lane->cap = how.cap;
    lane->rests_until = detail::moment_after(at, how.rest);
    inside_->order.place(*lane, at);
  }

  /// Throws errc::conflict if someone changed the endpoint since it was read.
  Version put(const Endpoint& description) {
    const Locked lock(*inside_);
    return inside_->put(description);
  }

  std::vector<Endpoint> endpoints(Version after) {
    const Locked lock(*inside_);
    std::vector<Endpoint> changed;
    for (auto i = inside_->changes.upper_bound(after); i != inside_->changes.end(); ++i)
      changed.push_back(i->second->endpoint);
    return changed;
  }

  /// Looks through everything kept after `query.after`, a few thousand rows at a time so that emitters get their turn;
  /// not one moment's picture.
  std::vector<Delivery> find(const Query& query) {
    std::vector<Delivery> found;
    std::uint64_t after = static_cast<std::uint64_t>(query.after);
    for (bool more = true; more && found.size() < query.most;) {
      const Locked lock(*inside_);
      more = inside_->walk(query, after, [&](detail::MemoryDelivery& row) {
        const detail::MemoryEvent& event = row.what();
        found.push_back({DeliveryId{row.id()}, row.lane->endpoint.id, EventId(event.id()), std::string(event.type()),
                         std::string(event.tenant()), row.state, row.made, event.created});
        return found.size() < query.most;
      });
    }
    return found;
  }

  std::vector<Attempt> attempts(DeliveryId delivery) {
    const Locked lock(*inside_);
    const detail::MemoryDelivery* const row = inside_->book.find(delivery);
    return row == nullptr ? std::vector<Attempt>() : inside_->book.attempts(*row);
  }

  /// Looks through the deliveries as find() does: an event is kept as long as one of its deliveries is, and its number
  /// is that of the first of them.
  std::vector<KeptEvent> events(const EventQuery& query) {
    std::vector<KeptEvent> found;
    std::uint64_t after = static_cast<std::uint64_t>(query.after);
    for (bool more = true; more && found.size() < query.most;) {
      const Locked lock(*inside_);
      more = inside_->walk(query, after, [&](detail::MemoryDelivery& row) {
        found.push_back({EventNumber{row.id()}, row.what().unpack()});
        return found.size() < query.most;
      });
    }
    return found;
  }

  Backlog backlog(const Now& now) {
    const Locked lock(*inside_);
    return inside_->backlog(now);
  }

  /// Throws errc::full at a bound; what was replayed until then stays. An event of which every delivery was forgotten is
  /// passed over.
  std::size_t replay(const Now& now, std::span<const Route> routes) {
    std::size_t replayed = 0;
    const Locked lock(*inside_, Bounds::exact);
    const std::int64_t at = inside_->tick(now);
    for (const Route& route : routes) replayed += inside_->replay(route, at);
    inside_->book.trim();
    return replayed;
  }

  /// To due: what is over or parked, unless its endpoint is gone or a newer one superseded it, as far as the bounds
  /// allow. To cancelled: what is not over.
  /// Returns how many changed. Throws errc::unsupported for any other state.
  std::size_t amend(const Now& now, const Query& query, State to) {
    if (to != State::due && to != State::cancelled) {
      throw Error(errc::unsupported, "a delivery can be made due or cancelled, not " + std::string(to_string(to)));
    }
    std::size_t amended = 0;
    std::uint64_t after = static_cast<std::uint64_t>(query.after);
    for (bool more = true; more && amended < query.most;) {
      const Locked lock(*inside_, Bounds::exact);
      const std::int64_t at = inside_->tick(now);
      if (to == State::cancelled) after = (std::max)(after, inside_->all_over_until());
      more = inside_->walk(query, after, [&](detail::MemoryDelivery& row) {
        amended += inside_->amend(row, to, at) ? 1U : 0U;
        return amended < query.most;
      });
      inside_->book.trim();
    }
    return amended;
  }

  /// Forgets deliveries that have been over for `age` or longer, the oldest first, at most `most`.
  std::size_t prune(const Now& now, Duration age, std::size_t most) {
    const Locked lock(*inside_);
    const std::int64_t at = inside_->tick(now);
    return inside_->book.prune(at - (std::max)(age, Duration::zero()).count(), most);
  }

 private:
  using MemoryEvent = detail::MemoryEvent;

  struct Inside : detail::MemoryCore {  // behind a pointer, so that the store can move while its mutex stays
    explicit Inside(const MemoryOptions& options) : MemoryCore(options) { arrivals.grant(book.room().grant_rest()); }

    std::mutex mutex{};
    detail::MemoryArrivals arrivals{};
    detail::BlockPool pool{};
  };
  enum class Bounds : unsigned char { granted, exact };  // exact: where more may become pending
  class Locked {  // holds the mutex; the memory of what was forgotten meanwhile is given back after that
   public:
    explicit Locked(Inside& inside, Bounds bounds = Bounds::granted) : inside_(inside) {
      std::unique_lock lock(inside_.mutex);
      inside_.take_in(inside_.arrivals);
      if (bounds == Bounds::exact) inside_.book.room().give_back(inside_.arrivals.revoke());
      lock.release();
    }
    Locked(const Locked&) = delete;
    Locked& operator=(const Locked&) = delete;
    ~Locked() {
      detail::BlockPool::Pile ended = inside_.book.ended();
      inside_.arrivals.grant(inside_.book.room().grant_rest());
      inside_.mutex.unlock();
      inside_.pool.give(std::move(ended));
    }

   private:
    Inside& inside_;
  };

  // False, and nothing happened: it must be looked up, or there is not enough room for sure.
  bool leave(const Now& now, const NewEvent& event) {
    if (event.named || event.routes.empty()) return false;
    const detail::MemoryGrant share{static_cast<std::int64_t>(event.routes.size()),
                                    static_cast<std::int64_t>(event.event->payload.size())};
    if (!inside_->arrivals.reserve(share)) return false;
    MemoryEvent::Owner block{};
    try {
      block = pack(event, now);
    } catch (...) {
      inside_->arrivals.grant(share);
      throw;
    }
    inside_->arrivals.push(std::move(block), now, event.delay, event.routes);
    return true;
  }

  MemoryEvent::Owner pack(const NewEvent& event, const Now& now) {  // before the lock: copying takes time
    return MemoryEvent::pack(*event.event, event.routes.size(), now.wall, event.named, inside_->pool);
  }

  void append(const Now& now, std::span<const NewEvent> events, std::span<MemoryEvent::Owner> blocks,
              std::span<Appended> appended) {
    const Locked lock(*inside_, Bounds::exact);
    const std::int64_t at = inside_->tick(now);
    const std::uint64_t first = inside_->book.next_id();
    try {
      for (std::size_t i = 0; i < events.size(); ++i) appended[i] = inside_->add(events[i], blocks[i], at);
    } catch (...) {
      inside_->book.undo(first);
      for (const NewEvent& event : events) inside_->place_all(event.routes, at);
      throw;
    }
    if (inside_->book.accept(first, at)) {
      for (const NewEvent& event : events) inside_->place_all(event.routes, at);
    }
    inside_->book.trim();
  }

  std::unique_ptr<Inside> inside_;
};

}  // namespace v0
}  // namespace webhook

#endif
