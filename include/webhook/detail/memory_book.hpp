// SPDX-License-Identifier: MIT
// MemoryBook: every delivery that the memory store keeps, pending or over, and the bounds on both.
// It does not know leases, fences, caps or rests; it is not thread-safe: the store's mutex guards it.
#ifndef WEBHOOK_DETAIL_MEMORY_BOOK_HPP
#define WEBHOOK_DETAIL_MEMORY_BOOK_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "../concepts.hpp"
#include "attempt_log.hpp"
#include "memory_lane.hpp"
#include "ordered_index.hpp"
#include "pool.hpp"

namespace webhook {
inline namespace v0 {

/// How much a MemoryStore holds. At a bound on what is pending it refuses (errc::full); of what is over it forgets the
/// oldest first.
struct MemoryOptions {
  std::size_t max_deliveries = 1'000'000;                      ///< pending
  std::size_t max_bytes = std::size_t{1024} * 1024 * 1024;     ///< of pending payload, each event counted once
  std::size_t keep_finished = 10'000;                          ///< deliveries kept for the log after they are over
  std::size_t keep_log_bytes = std::size_t{32} * 1024 * 1024;  ///< of attempts, and of payloads kept for resending
};

namespace detail {

class MemoryBook {
 public:
  explicit MemoryBook(const MemoryOptions& options) : options_(options) {}
  MemoryBook(const MemoryBook&) = delete;
  MemoryBook& operator=(const MemoryBook&) = delete;
  ~MemoryBook() {
    for (MemoryDelivery* row = index_.after(0); row != nullptr; row = index_.after(0)) forget(*row);
  }

  const MemoryOptions& options() const noexcept { return options_; }
  std::size_t pending() const noexcept { return pending_; }
  std::size_t pending_bytes() const noexcept { return pending_bytes_; }
  std::uint64_t next_id() const noexcept { return next_id_; }
  MemoryDelivery* find(DeliveryId id) const noexcept { return index_.find(static_cast<std::uint64_t>(id)); }
  MemoryDelivery* after(std::uint64_t id) const noexcept { return index_.after(id); }

  /// One delivery for each lane; over at once, as cancelled, where the endpoint is gone. Throws errc::full or
  /// std::bad_alloc, and then undo() must follow; else accept(), once for the batch.
  Appended add(const NewEvent& what, std::span<MemoryLane* const> lanes, std::int64_t at, std::int64_t due,
               WallTime created) {
    const Event& event = *what.event;
    if (what.named) {
      const auto there = names_.find(name_of(event));
      if (there != names_.end()) return compare(*there->second->event, event);
    }
    const auto open =
        std::count_if(lanes.begin(), lanes.end(), [](const MemoryLane* lane) { return !lane->is_closed(); });
    check_room(static_cast<std::size_t>(open), event.payload.size());

    MemoryEvent& kept = events_.take();
    kept.event = what.event;
    kept.created = created;
    kept.deliveries = 1;  // this call's own hold on it
    over_bytes_ += event.payload.size();
    try {
      if (what.named && !lanes.empty()) names_.emplace(name_of(event), &kept);
      MemoryDelivery** last = &kept.first;
      for (MemoryLane* const lane : lanes) last = &add_row(kept, last, *lane, what.named, due).sibling;
    } catch (...) {
      release(kept, what.named);
      throw;
    }
    for (MemoryDelivery* row = kept.first; row != nullptr;) {
      MemoryDelivery& one = *std::exchange(row, row->sibling);
      if (one.lane->is_closed()) finish(one, State::cancelled, at);
    }
    release(kept, what.named);
    return Appended::inserted;
  }

  /// Everything that was added since next_id() was `first` is accepted. True: deliveries that were there before may
  /// have become superseded.
  bool accept(std::uint64_t first, std::int64_t at) noexcept {
    if (!std::exchange(keyed_, false)) return false;
    for (std::uint64_t last = first - 1; MemoryDelivery* const row = index_.after(last);) {
      last = row->id;
      if (!is_over(row->state)) supersede(*row, at);
    }
    return true;
  }

  /// Takes back everything that was added since next_id() was `first`.
  void undo(std::uint64_t first) noexcept {
    keyed_ = false;
    for (MemoryDelivery* row = index_.after(first - 1); row != nullptr; row = index_.after(first - 1)) forget(*row);
  }

  /// Takes a pending delivery out of whichever queue it is in.
  void leave(MemoryDelivery& row) noexcept {
    switch (row.in) {
      case Seat::none:
        break;
      case Seat::waiting:
        row.lane->waiting.remove(row);
        break;
      case Seat::resent:
        row.lane->resent.remove(row);
        break;
      case Seat::behind:
        row.lane->keys->leave(row);
        break;
      case Seat::leased:
        row.lane->leased.remove(row);
        break;
      case Seat::parked:
        row.lane->parked.remove(row);
        break;
      case Seat::over:
        over_.remove(row);
        break;
    }
    row.in = Seat::none;
  }

  /// Queues a pending delivery whose turn it is; cannot fail, because add_row() and revive() made room.
  void queue(MemoryDelivery& row, std::int64_t due) noexcept {
    leave(row);
    row.lane->queue_of(row).push(due, row);
    row.in = row.resent ? Seat::resent : Seat::waiting;
  }

  /// Ends a pending delivery; the row may be forgotten at once.
  void finish(MemoryDelivery& row, State state, std::int64_t at) noexcept {
    end(row);
    row.state = state;
    if (options_.keep_finished == 0) return forget(row);
    if (over_.size() >= options_.keep_finished) forget(over_.top());
    over_.push(at, row);
    row.in = Seat::over;
  }

  /// Makes a delivery that is over due again, with its schedule from the start. False: its endpoint is gone, or a bound
  /// is reached. Throws std::bad_alloc.
  bool revive(MemoryDelivery& row, std::int64_t at) {
    const std::size_t bytes = row.event->pending == 0 ? row.event->event->payload.size() : 0;
    if (row.lane->is_closed() || pending_ >= options_.max_deliveries || bytes > options_.max_bytes - pending_bytes_)
      return false;
    MemoryLane& lane = *row.lane;
    if (lane.keys != nullptr && lane.keys->is_overtaken(row)) return false;
    lane.resent.reserve(lane.pending + 1);
    if (lane.keys != nullptr) lane.keys->prepare(row);
    leave(row);
    begin(row);
    restart(row);
    enter(row, at);
    supersede(row, at);
    return true;
  }

  /// Makes a parked delivery due again, with its schedule from the start.
  void unpark(MemoryDelivery& row, std::int64_t at) {
    row.lane->resent.reserve(row.lane->pending);
    leave(row);
    restart(row);
    queue(row, at);
  }

  /// Ends what a delivery that was just accepted supersedes: the one before it of the same key, unless it is in flight.
  void supersede(MemoryDelivery& row, std::int64_t at) noexcept {
    if (row.lane->keys == nullptr) return;
    MemoryDelivery* const before = row.lane->keys->renew(row);
    if (before != nullptr && before->in != Seat::leased) finish(*before, State::superseded, at);
  }

  /// What the keys of a lane mean is changed; everything that is pending finds its place. Throws std::bad_alloc, and
  /// then nothing happened.
  void arrange(MemoryLane& lane, Order order, bool supersedes, std::int64_t at) {
    std::vector<MemoryDelivery*> rows;
    rows.reserve(lane.pending);
    for (const MemoryDelivery* row = nullptr; rows.size() < lane.pending;) {
      MemoryDelivery* const next = index_.after(row == nullptr ? 0 : row->id);
      if (next->lane == &lane && !is_over(next->state)) rows.push_back(next);
      row = next;
    }
    std::unique_ptr<MemoryKeys> keys;
    if (order != Order::none || supersedes) {
      keys = std::make_unique<MemoryKeys>(order, supersedes);
      for (const MemoryDelivery* const row : rows) keys->prepare(*row);
    }
    lane.waiting.reserve(lane.pending);  // from here on nothing throws
    for (MemoryDelivery* const row : rows) {
      if (row->in == Seat::leased || row->in == Seat::parked) continue;
      if (row->in != Seat::behind) row->due = lane.queue_of(*row).key_of(*row);
      leave(*row);
    }
    lane.keys = std::move(keys);
    for (MemoryDelivery* const row : rows) {
      const bool under_way = row->in == Seat::leased || row->in == Seat::parked;
      if (lane.keys == nullptr || !lane.keys->is_ordered(*row)) {
        if (!under_way) queue(*row, row->due);
      } else if (under_way) {
        lane.keys->stay(*row);
      } else {
        lane.keys->sit_behind(*row, row->due);
      }
    }
    if (lane.keys == nullptr) return;
    lane.keys->start([this](MemoryDelivery& row) { queue(row, row.due); });
    for (MemoryDelivery* const row : rows) this->supersede(*row, at);
  }

  /// Cancels everything of a lane that is not in flight. What is in flight stays, and counts until its lease ends.
  void cancel_waiting(MemoryLane& lane, std::int64_t at) noexcept {
    if (lane.keys != nullptr) lane.keys->finish_behind([&](MemoryDelivery& row) { finish(row, State::cancelled, at); });
    while (!lane.parked.empty()) finish(lane.parked.top(), State::cancelled, at);
    for (IndexedHeap<MemoryDelivery>* const queue : {&lane.waiting, &lane.resent}) {
      while (!queue->empty()) {
        MemoryDelivery& row = queue->top();
        if (row.state == State::due) {
          finish(row, State::cancelled, at);
        } else {
          hold(row, queue->top_key());
        }
      }
    }
  }

  /// A delivery is held by a worker until `until`; the lane must have room for it among the leased.
  void hold(MemoryDelivery& row, std::int64_t until) noexcept {
    leave(row);
    row.lane->leased.push(until, row);
    row.in = Seat::leased;
  }

  /// A delivery holds up those behind it; the lane must have room for it among the parked.
  void park(MemoryDelivery& row, std::int64_t at) noexcept {
    leave(row);
    row.state = State::parked;
    row.lane->parked.push(at, row);
    row.in = Seat::parked;
  }

  /// Whether a delivery goes to this endpoint already.
  static bool has(const MemoryEvent& event, const MemoryLane& lane) noexcept {
    for (const MemoryDelivery* row = event.first; row != nullptr; row = row->sibling) {
      if (row->lane == &lane) return true;
    }
    return false;
  }

  /// One more delivery of an event that is kept, behind live traffic. Throws errc::full or std::bad_alloc.
  void replay(MemoryEvent& event, MemoryLane& lane, bool named, std::int64_t at) {
    check_room(1, event.pending == 0 ? event.event->payload.size() : 0);
    lane.resent.reserve(lane.pending + 1);
    MemoryDelivery** last = &event.first;
    while (*last != nullptr) last = &(*last)->sibling;
    MemoryDelivery& row = add_row(event, last, lane, named, at, true);
    keyed_ = false;
    supersede(row, at);
  }

  void log(MemoryDelivery& row, std::unique_ptr<LoggedAttempt> attempt) noexcept {
    log_.add(row.attempts, std::move(attempt));
  }
  std::vector<Attempt> attempts(const MemoryDelivery& row) const { return log_.list(row.attempts); }

  /// Forgets the oldest of the log until it fits its bound again.
  void trim() noexcept {
    while (log_.bytes() + over_bytes_ > options_.keep_log_bytes) {
      const LoggedAttempt* const attempt = log_.oldest();
      if (attempt != nullptr && (over_.empty() || attempt->logged <= over_.top_key())) {
        log_.drop_oldest();
      } else if (!over_.empty()) {
        forget(over_.top());
      } else {
        break;
      }
    }
  }

  /// Forgets what was over at `until` already, the oldest first.
  std::size_t prune(std::int64_t until, std::size_t most) noexcept {
    std::size_t pruned = 0;
    for (; pruned < most && !over_.empty() && over_.top_key() <= until; ++pruned) forget(over_.top());
    return pruned;
  }

 private:
  using Name = std::pair<std::string_view, std::string_view>;  // tenant and id; views into the event that it names
  struct NameHash {
    std::size_t operator()(const Name& name) const noexcept {
      const std::hash<std::string_view> hash;
      return hash(name.first) * 31 + hash(name.second);
    }
  };

  static Name name_of(const Event& event) noexcept { return {event.tenant, event.id.view()}; }
  static Appended compare(const Event& there, const Event& here) noexcept {
    return there.type == here.type && there.payload == here.payload ? Appended::duplicate : Appended::conflict;
  }

  void check_room(std::size_t deliveries, std::size_t bytes) const {
    if (deliveries == 0) return;
    if (deliveries > options_.max_deliveries || bytes > options_.max_bytes) {
      throw Error(errc::too_large,
                  "the event goes to more endpoints, or has more bytes, than the memory store takes at all");
    }
    if (deliveries > options_.max_deliveries - pending_) {
      throw Error(errc::full, "the memory store holds " + std::to_string(pending_) +
                                  " pending deliveries and takes at most " + std::to_string(options_.max_deliveries) +
                                  " (MemoryOptions::max_deliveries)");
    }
    if (bytes > options_.max_bytes - pending_bytes_) {
      throw Error(errc::full, "the memory store holds " + std::to_string(pending_bytes_) +
                                  " bytes of pending payload and takes at most " + std::to_string(options_.max_bytes) +
                                  " (MemoryOptions::max_bytes)");
    }
  }

  MemoryDelivery& add_row(MemoryEvent& event, MemoryDelivery** last, MemoryLane& lane, bool named, std::int64_t due,
                          bool resent = false) {
    lane.waiting.reserve(lane.pending + 1);
    over_.reserve((std::min)(options_.keep_finished, over_.size() + pending_ + 1));  // so that finish() cannot fail
    MemoryDelivery& row = rows_.take();
    try {
      row.event = &event;
      row.id = next_id_;
      if (lane.keys != nullptr) lane.keys->prepare(row);
      try {
        index_.append(next_id_, row);
      } catch (...) {
        if (lane.keys != nullptr) lane.keys->end(row, true);
        throw;
      }
    } catch (...) {
      rows_.give(row);
      throw;
    }
    ++next_id_;
    row.lane = &lane;
    row.named = named;
    row.resent = resent;
    ++event.deliveries;
    *last = &row;
    begin(row);
    enter(row, due);
    keyed_ = keyed_ || lane.keys != nullptr;
    return row;
  }

  void restart(MemoryDelivery& row) noexcept {
    row.state = State::due;
    row.made = 0;
    row.lost = 0;
    row.resent = true;
  }

  void enter(MemoryDelivery& row, std::int64_t due) noexcept {
    if (row.lane->keys == nullptr || row.lane->keys->enter(row, due)) queue(row, due);
  }

  void begin(MemoryDelivery& row) noexcept {  // counts it as pending
    ++pending_;
    ++row.lane->pending;
    if (row.event->pending++ == 0) {
      over_bytes_ -= row.event->event->payload.size();
      pending_bytes_ += row.event->event->payload.size();
    }
  }

  void end(MemoryDelivery& row) noexcept {
    MemoryLane& lane = *row.lane;
    const bool was_behind = row.in == Seat::behind;
    leave(row);
    if (lane.keys != nullptr) {
      if (MemoryDelivery* const next = lane.keys->end(row, was_behind)) queue(*next, next->due);
    }
    row.resent = false;
    --pending_;
    if (--lane.pending == 0) {
      for (IndexedHeap<MemoryDelivery>* const heap : {&lane.waiting, &lane.resent, &lane.leased, &lane.parked})
        heap->release();
    }
    if (--row.event->pending == 0) {
      pending_bytes_ -= row.event->event->payload.size();
      over_bytes_ += row.event->event->payload.size();
    }
  }

  void forget(MemoryDelivery& row) noexcept {
    if (is_over(row.state)) {
      leave(row);
    } else {
      end(row);
    }
    log_.drop_all(row.attempts);
    index_.erase(row.id);
    MemoryDelivery** link = &row.event->first;
    while (*link != &row) link = &(*link)->sibling;
    *link = row.sibling;
    release(*row.event, row.named);
    rows_.give(row);
  }

  void release(MemoryEvent& event, bool named) noexcept {
    if (--event.deliveries > 0) return;
    over_bytes_ -= event.event->payload.size();
    if (named) names_.erase(name_of(*event.event));
    events_.give(event);
  }

  MemoryOptions options_;
  Pool<MemoryEvent> events_{};
  Pool<MemoryDelivery> rows_{};
  OrderedIndex<MemoryDelivery> index_{};
  AttemptLog log_{};
  IndexedHeap<MemoryDelivery> over_{};  // keyed by the moment at which it ended
  std::unordered_map<Name, MemoryEvent*, NameHash> names_{};
  std::uint64_t next_id_ = 1;
  std::size_t pending_ = 0, pending_bytes_ = 0, over_bytes_ = 0;
  bool keyed_ = false;  // the batch that is being added has a delivery whose key means something
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
