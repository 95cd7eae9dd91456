// SPDX-License-Identifier: MIT
// MemoryBook: every delivery that the memory store keeps, pending or over, and the bounds on both.
// It does not know leases, fences, caps or rests; it is not thread-safe: the store's mutex guards it.
#ifndef WEBHOOK_DETAIL_MEMORY_BOOK_HPP
#define WEBHOOK_DETAIL_MEMORY_BOOK_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "../concepts.hpp"
#include "attempt_log.hpp"
#include "item_line.hpp"
#include "memory_event.hpp"
#include "memory_lane.hpp"
#include "memory_names.hpp"
#include "memory_options.hpp"
#include "memory_relatives.hpp"
#include "memory_room.hpp"
#include "ordered_index.hpp"

namespace webhook {
inline namespace v0 {

namespace detail {

class MemoryBook {
 public:
  explicit MemoryBook(const MemoryOptions& options) : options_(options) {}
  MemoryBook(const MemoryBook&) = delete;
  MemoryBook& operator=(const MemoryBook&) = delete;
  ~MemoryBook() {
    for (MemoryDelivery* row = after(0); row != nullptr; row = after(0)) forget(*row);
  }

  const MemoryOptions& options() const noexcept { return options_; }
  MemoryRoom& room() noexcept { return room_; }
  std::uint64_t next_id() const noexcept { return next_id_; }
  MemoryDelivery* find(DeliveryId id) const noexcept {
    const std::uint64_t number = static_cast<std::uint64_t>(id);
    MemoryEvent* const block = index_.floor(number);
    if (block == nullptr || number - block->first >= block->rows()) return nullptr;
    MemoryDelivery& row = block->row(number - block->first);
    return row.in == Seat::nowhere ? nullptr : &row;
  }
  /// The kept delivery with the next greater id, or null.
  MemoryDelivery* after(std::uint64_t id) const noexcept {
    for (MemoryEvent* block = block_after(id); block != nullptr; block = index_.after(block->first)) {
      for (std::size_t nth = id < block->first ? 0 : id + 1 - block->first; nth < block->rows(); ++nth) {
        if (MemoryDelivery& row = block->row(nth); row.in != Seat::nowhere) return &row;
      }
    }
    return nullptr;
  }

  const MemoryNames& names() const noexcept { return names_; }

  /// One delivery for each lane; over at once, as cancelled, where the endpoint is gone. `block` is the event, packed
  /// with at least as many rows; it is taken if it is kept. Throws errc::full or std::bad_alloc, and then nothing
  /// happened but that its rows were begun; undo() must take back the batch, else accept() follows, once for the batch.
  void add(MemoryEvent::Owner& block, std::span<MemoryLane* const> lanes, std::int64_t at, std::int64_t due) {
    const auto open =
        std::count_if(lanes.begin(), lanes.end(), [](const MemoryLane* one) { return !one->is_closed(); });
    room_.require(static_cast<std::size_t>(open), block->payload_size());
    if (lanes.empty()) return;  // nobody will ever ask for it

    MemoryEvent& kept = *block;
    kept.begin_rows();
    kept.first = next_id_;
    index_.append(kept.first, kept);
    static_cast<void>(block.release());
    kept.kept = 1;  // this call's own hold on it
    room_.keep(kept);
    try {
      names_.add(kept);
      for (std::size_t nth = 0; nth < lanes.size(); ++nth) {
        if (due <= at) lanes[nth]->waiting.reserve_fresh();
        add_row(kept.row(nth), *lanes[nth], due, due <= at ? Coming::fresh : Coming::later);
      }
    } catch (...) {
      for (std::size_t nth = 0; nth < lanes.size() && kept.row(nth).in != Seat::nowhere; ++nth)
        leave_book(kept.row(nth));
      part_with(kept);
      block.reset(&kept);
      throw;
    }
    next_id_ += kept.rows();
    if (static_cast<std::size_t>(open) < lanes.size()) {
      for (std::size_t nth = 0; nth < lanes.size(); ++nth) {
        if (lanes[nth]->is_closed()) finish(kept.row(nth), State::cancelled, at);
      }
    }
    release(kept);
  }

  /// Everything that was added since next_id() was `first` is accepted. True: deliveries that were there before may
  /// have become superseded.
  bool accept(std::uint64_t first, std::int64_t at) noexcept {
    if (!std::exchange(keyed_, false)) return false;
    for (std::uint64_t last = first - 1; MemoryDelivery* const row = after(last);) {
      last = row->id();
      if (!is_over(row->state)) supersede(*row, at);
    }
    return true;
  }

  /// Takes back everything that was added since next_id() was `first`.
  void undo(std::uint64_t first) noexcept {
    keyed_ = false;
    for (MemoryDelivery* row = after(first - 1); row != nullptr; row = after(first - 1)) forget(*row);
  }

  /// Takes a pending delivery out of whichever queue it is in.
  void leave(MemoryDelivery& row) noexcept {
    switch (row.in) {
      case Seat::nowhere:
      case Seat::none:
        break;
      case Seat::fresh:
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
        relatives_.close(row.what());
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
    if (row.resent) {
      row.lane->resent.push(due, row);
      row.in = Seat::resent;
    } else {
      row.in = row.lane->waiting.push(due, row);
    }
  }

  /// Queues a delivery that was under way and is due again, or the one of its key that goes before it.
  void requeue(MemoryDelivery& row, std::int64_t due) noexcept {
    const bool was_behind = row.in == Seat::behind;
    leave(row);
    if (row.lane->keys == nullptr) return queue(row, due);
    if (const MemoryKeys::Turn next = row.lane->keys->come_back(row, due, was_behind); next.row != nullptr)
      queue(*next.row, next.due);
  }

  /// Ends a pending delivery; the row may be forgotten at once.
  void finish(MemoryDelivery& row, State state, std::int64_t at) noexcept {
    end(row);
    row.state = state;
    if (options_.keep_finished == 0) return forget(row);
    if (over_.size() >= options_.keep_finished) {
      over_.prefetch_ahead();
      forget(over_.top());
    }
    over_.push(at, row);
    row.in = Seat::over;
  }

  /// Makes a delivery that is over due again, with its schedule from the start. False: its endpoint is gone, or a bound
  /// is reached. Throws std::bad_alloc.
  bool revive(MemoryDelivery& row, std::int64_t at) {
    const std::size_t bytes = row.what().pending == 0 ? row.what().payload_size() : 0;
    if (row.lane->is_closed() || !room_.has(1, bytes)) return false;
    MemoryLane& lane = *row.lane;
    if (lane.keys != nullptr && lane.keys->is_overtaken(row)) return false;
    lane.resent.reserve(lane.pending + 1);
    if (lane.keys != nullptr) lane.keys->prepare(row);
    leave(row);
    begin(row);
    restart(row);
    if (lane.keys == nullptr || lane.keys->enter(row, at)) queue(row, at);
    supersede(row, at);
    return true;
  }

  /// Makes a parked delivery due again, with its schedule from the start.
  void unpark(MemoryDelivery& row, std::int64_t at) {
    row.lane->resent.reserve(row.lane->pending);
    restart(row);
    requeue(row, at);
  }

  /// Ends what a delivery that was just accepted supersedes: the one before it of the same key, unless it is in flight;
  /// or itself, if its event is not the newest.
  void supersede(MemoryDelivery& row, std::int64_t at) noexcept {
    if (row.lane->keys == nullptr) return;
    const bool overtaken = row.lane->keys->is_overtaken(row);
    MemoryDelivery* const before = overtaken ? &row : row.lane->keys->renew(row);
    if (before != nullptr && before->in != Seat::leased) finish(*before, State::superseded, at);
  }

  /// What the keys of a lane mean is changed; everything that is pending finds its place. Throws std::bad_alloc, and
  /// then nothing happened.
  void arrange(MemoryLane& lane, Order order, bool supersedes, std::int64_t at) {
    struct Pending {
      MemoryDelivery* row;
      std::int64_t due;
    };
    std::vector<Pending> rows;
    rows.reserve(lane.pending);
    for (std::uint64_t last = 0; rows.size() < lane.pending;) {
      MemoryDelivery& row = *after(last);
      last = row.id();
      if (row.lane == &lane && !is_over(row.state)) rows.push_back({&row, 0});
    }
    std::unique_ptr<MemoryKeys> keys;
    if (order != Order::none || supersedes) {
      keys = std::make_unique<MemoryKeys>(order, supersedes);
      for (const Pending& one : rows) keys->prepare(*one.row);
      if (supersedes && lane.keys != nullptr) keys->inherit(*lane.keys);
    }
    lane.waiting.reserve(lane.pending);  // from here on nothing throws
    for (auto& [row, due] : rows) {
      if (row->in == Seat::leased || row->in == Seat::parked) continue;
      due = row->in == Seat::behind   ? lane.keys->due_of(*row)
            : row->in == Seat::resent ? lane.resent.key_of(*row)
                                      : lane.waiting.key_of(*row);
      leave(*row);
    }
    lane.keys = std::move(keys);
    for (const auto& [row, due] : rows) {
      const bool under_way = row->in == Seat::leased || row->in == Seat::parked;
      if (lane.keys == nullptr || !lane.keys->is_ordered(*row)) {
        if (!under_way) queue(*row, due);
      } else if (under_way) {
        lane.keys->stay(*row);
      } else {
        lane.keys->sit_behind(*row, due);
      }
    }
    if (lane.keys == nullptr) return;
    lane.keys->start([this](MemoryDelivery& row, std::int64_t due) { queue(row, due); });
    for (const Pending& one : rows) supersede(*one.row, at);
  }

  /// Cancels everything of a lane that is not in flight. What is in flight stays, and counts until its lease ends.
  void cancel_waiting(MemoryLane& lane, std::int64_t at) noexcept {
    if (lane.keys != nullptr) lane.keys->finish_behind([&](MemoryDelivery& row) { finish(row, State::cancelled, at); });
    while (!lane.parked.empty()) finish(lane.parked.top(), State::cancelled, at);
    const auto empty = [&](auto& queue) {
      while (!queue.empty()) {
        MemoryDelivery& row = queue.top();
        if (row.state == State::due) {
          finish(row, State::cancelled, at);
        } else {
          hold(row, queue.top_key());
        }
      }
    };
    empty(lane.waiting);
    empty(lane.resent);
  }

  /// A delivery is held by a worker until `until`; the lane must have room for it among the leased.
  void hold(MemoryDelivery& row, std::int64_t until) noexcept {
    interpose(row);
    row.lane->leased.push(until, row);
    row.in = Seat::leased;
  }

  /// A delivery holds up those behind it; the lane must have room for it among the parked.
  void park(MemoryDelivery& row, std::int64_t at) noexcept {
    interpose(row);
    row.state = State::parked;
    row.lane->parked.push(at, row);
    row.in = Seat::parked;
  }

  /// Whether a delivery goes to this endpoint already.
  bool has(MemoryEvent& event, const MemoryLane& lane) const noexcept {
    bool found = false;
    relatives_.each_kept(event, [&](const MemoryDelivery& row) { return !(found = row.lane == &lane); });
    return found;
  }

  /// Whether a delivery is the first of its event that is kept.
  bool is_first(const MemoryDelivery& row) const noexcept {
    const MemoryDelivery* first = nullptr;
    relatives_.each_kept(row.what(), [&](const MemoryDelivery& one) {
      first = &one;
      return false;
    });
    return first == &row;
  }

  /// The event of a delivery that is about to be leased. Throws std::bad_alloc.
  std::shared_ptr<const Event> open(MemoryEvent& event) { return relatives_.open(event); }

  /// One more delivery of an event that is kept, behind live traffic. Throws errc::full or std::bad_alloc.
  void replay(MemoryEvent& event, MemoryLane& lane, std::int64_t at) {
    room_.require(1, event.pending == 0 ? event.payload_size() : 0);
    lane.resent.reserve(lane.pending + 1);
    MemoryEvent::Owner block = MemoryEvent::extend(event);
    block->first = next_id_;
    index_.append(next_id_, *block);
    ++next_id_;
    bool related = false;
    MemoryDelivery& row = block->row(0);
    try {
      relatives_.add(*block);
      related = true;
      add_row(row, lane, at, Coming::resent);
    } catch (...) {
      if (related) relatives_.remove(*block);
      index_.erase(block->first);
      throw;
    }
    static_cast<void>(block.release());
    keyed_ = false;
    supersede(row, at);
  }

  /// The memory of what was forgotten since it was last asked for.
  BlockPool::Pile ended() noexcept { return std::move(ended_); }

  /// Makes room in the log for so many more. Throws std::bad_alloc.
  void expect(std::size_t attempts) { log_.reserve(attempts); }
  void log(MemoryDelivery& row, LoggedAttempt::Owner attempt) noexcept { log_.add(row.attempts, std::move(attempt)); }
  std::vector<Attempt> attempts(const MemoryDelivery& row) const { return log_.list(row.attempts); }

  /// Forgets the oldest of the log until it fits its bound again.
  void trim() noexcept {
    while (log_.bytes() + room_.over_bytes() > options_.keep_log_bytes) {
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
  // The first block that may have rows with greater ids.
  MemoryEvent* block_after(std::uint64_t id) const noexcept {
    MemoryEvent* const block = index_.floor(id);
    return block != nullptr && id + 1 - block->first < block->rows() ? block : index_.after(id);
  }

  enum class Coming : unsigned char { fresh, later, resent };  // fresh: due now, and there is fresh room for it

  void add_row(MemoryDelivery& row, MemoryLane& lane, std::int64_t due, Coming how) {
    lane.waiting.reserve(lane.returning() + 1);
    over_.reserve(
        (std::min)(options_.keep_finished, over_.size() + room_.pending() + 1));  // so that finish() cannot fail
    if (lane.keys != nullptr) lane.keys->prepare(row);
    row.lane = &lane;
    row.in = Seat::none;
    row.resent = how == Coming::resent;
    ++row.what().kept;
    begin(row);
    if (lane.keys != nullptr && !lane.keys->enter(row, due)) {
      // it sits behind another now
    } else if (how == Coming::fresh) {
      row.in = lane.waiting.push_fresh(due, row);
    } else {
      queue(row, due);
    }
    keyed_ = keyed_ || lane.keys != nullptr;
  }

  void restart(MemoryDelivery& row) noexcept {
    row.state = State::due;
    row.made = 0;
    row.lost = 0;
    row.resent = true;
  }

  void interpose(MemoryDelivery& row) noexcept {  // under way without having the turn: a late word may say so
    const bool was_behind = row.in == Seat::behind;
    leave(row);
    if (was_behind) row.lane->keys->stay(row);
  }

  void begin(MemoryDelivery& row) noexcept {  // counts it as pending
    ++row.lane->pending;
    room_.begin(row.what());
  }

  void end(MemoryDelivery& row) noexcept {
    MemoryLane& lane = *row.lane;
    const bool was_behind = row.in == Seat::behind;
    leave(row);
    if (lane.keys != nullptr) {
      if (const MemoryKeys::Turn next = lane.keys->end(row, was_behind); next.row != nullptr)
        queue(*next.row, next.due);
    }
    row.resent = false;
    if (--lane.pending == 0) {
      lane.waiting.release();
      for (IndexedHeap<MemoryDelivery>* const heap : {&lane.resent, &lane.leased, &lane.parked}) heap->release();
    }
    room_.end(row.what());
  }

  void leave_book(MemoryDelivery& row) noexcept {
    if (is_over(row.state)) {
      leave(row);
    } else {
      end(row);
    }
    log_.drop_all(row.attempts);
    row.in = Seat::nowhere;
  }

  void forget(MemoryDelivery& row) noexcept {
    leave_book(row);
    MemoryEvent& event = row.what();
    if (MemoryEvent& block = row.block(); block.is_extension()) {
      index_.erase(block.first);
      relatives_.remove(block);
      MemoryEvent::bury(block, ended_);
    }
    release(event);
  }

  void release(MemoryEvent& event) noexcept {
    if (--event.kept > 0) return;
    part_with(event);
    MemoryEvent::bury(event, ended_);
  }

  void part_with(MemoryEvent& event) noexcept {
    room_.forget(event);
    relatives_.forget(event);
    names_.forget(event);
    index_.erase(event.first);
  }

  MemoryOptions options_;
  MemoryRoom room_{options_};
  BlockPool::Pile ended_{};
  OrderedIndex<MemoryEvent> index_{};  // by the id of the first row; owns them
  MemoryRelatives relatives_{};
  AttemptLog log_{ended_};
  ItemLine<MemoryDelivery> over_{};  // keyed by the moment at which it ended
  MemoryNames names_{};
  std::uint64_t next_id_ = 1;
  bool keyed_ = false;  // the batch that is being added has a delivery whose key means something
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
