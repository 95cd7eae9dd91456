// SPDX-License-Identifier: MIT
// AttemptLog: the attempts of all deliveries in memory, oldest first, with the bytes they take.
// It does not decide how many to keep; the store that owns it does (memory_book.hpp).
#ifndef WEBHOOK_DETAIL_ATTEMPT_LOG_HPP
#define WEBHOOK_DETAIL_ATTEMPT_LOG_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "../delivery.hpp"
#include "block_pool.hpp"
#include "prefetch.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// The attempts of one delivery, as four bytes of its row; it stays where it is while there are any.
struct AttemptChain {
  std::uint32_t last = 0;  // a place in the log, counted from 1; 0: none
};

/// One attempt, in two lists: all attempts of the store by age, and those of its delivery.
struct LoggedAttempt {
  struct Ending {
    void operator()(LoggedAttempt* entry) const noexcept {
      entry->~LoggedAttempt();
      ::operator delete(entry);
    }
  };
  using Owner = std::unique_ptr<LoggedAttempt, Ending>;

  /// Takes one of the blocks of a pile, while there are any. Throws std::bad_alloc.
  static Owner make(BlockPool::Pile& room) {
    void* const block = room.take();
    return Owner(new (block != nullptr ? block : ::operator new(block_size())) LoggedAttempt);
  }
  /// Ends one, whose memory may serve another.
  static void bury(Owner entry, BlockPool::Pile& pile) noexcept {
    LoggedAttempt* const dead = entry.release();
    dead->~LoggedAttempt();
    pile.push(dead, sizeof(LoggedAttempt));
  }
  static std::size_t block_size() noexcept { return BlockPool::room_for(sizeof(LoggedAttempt)); }

  Attempt attempt{};
  std::int64_t logged = 0;  // when it was written down
  AttemptChain* chain = nullptr;
  LoggedAttempt *older = nullptr, *newer = nullptr;
  LoggedAttempt* next = nullptr;  // of the same delivery; a ring: after the last comes the first
  std::uint32_t place = 0;

  std::size_t bytes() const noexcept {
    return sizeof(LoggedAttempt) + attempt.response.capacity() + attempt.reason.capacity();
  }
};

/// Owns what is in it.
class AttemptLog {
 public:
  /// What it forgets leaves its memory in `ended`, which must outlive it.
  explicit AttemptLog(BlockPool::Pile& ended) noexcept : ended_(ended) {}
  AttemptLog(const AttemptLog&) = delete;
  AttemptLog& operator=(const AttemptLog&) = delete;
  ~AttemptLog() {
    while (oldest_ != nullptr) drop_oldest();
  }

  std::size_t bytes() const noexcept { return bytes_; }
  const LoggedAttempt* oldest() const noexcept { return oldest_; }

  /// Makes room for so many more, so that adding them cannot fail. Throws std::bad_alloc.
  void reserve(std::size_t more) {
    while (free_.size() < more) {
      if (free_.capacity() == places_.size()) free_.reserve(2 * places_.size() + 8);  // all may be free one day
      places_.push_back(nullptr);
      free_.push_back(static_cast<std::uint32_t>(places_.size()));
    }
  }

  void add(AttemptChain& chain, LoggedAttempt::Owner entry) noexcept {
    LoggedAttempt* const node = entry.release();
    bytes_ += node->bytes();
    node->place = free_.back();
    free_.pop_back();
    at(node->place) = node;
    node->chain = &chain;
    node->older = newest_;
    (newest_ == nullptr ? oldest_ : newest_->newer) = node;
    newest_ = node;
    node->next = chain.last == 0 ? node : std::exchange(at(chain.last)->next, node);
    chain.last = node->place;
  }

  /// Forgets the oldest attempt of all, which is the oldest of its delivery, too.
  void drop_oldest() noexcept { drop(*oldest_->chain); }

  /// Forgets the attempts of one delivery.
  void drop_all(AttemptChain& chain) noexcept {
    while (chain.last != 0) drop(chain);
  }

  std::vector<Attempt> list(const AttemptChain& chain) const {
    std::vector<Attempt> attempts;
    if (chain.last == 0) return attempts;
    const LoggedAttempt* const last = places_[chain.last - 1];
    const LoggedAttempt* node = last;
    do {
      node = node->next;
      attempts.push_back(node->attempt);
    } while (node != last);
    return attempts;
  }

 private:
  LoggedAttempt*& at(std::uint32_t place) noexcept { return places_[place - 1]; }

  void drop(AttemptChain& chain) noexcept {
    LoggedAttempt* const last = at(chain.last);
    LoggedAttempt::Owner node(last->next);
    if (node.get() == last) {
      chain.last = 0;
    } else {
      last->next = node->next;
    }
    // Mostly all are forgotten by age, and the one after the next has not been looked at since it was written down.
    if (node->newer != nullptr) prefetch(node->newer->newer, sizeof(LoggedAttempt));
    at(node->place) = nullptr;
    free_.push_back(node->place);
    (node->older == nullptr ? oldest_ : node->older->newer) = node->newer;
    (node->newer == nullptr ? newest_ : node->newer->older) = node->older;
    bytes_ -= node->bytes();
    LoggedAttempt::bury(std::move(node), ended_);
  }

  BlockPool::Pile& ended_;
  std::vector<LoggedAttempt*> places_{};
  std::vector<std::uint32_t> free_{};  // its capacity holds every place
  LoggedAttempt *oldest_ = nullptr, *newest_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
