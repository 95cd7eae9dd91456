// SPDX-License-Identifier: MIT
// AttemptLog: the attempts of all deliveries in memory, oldest first, with the bytes they take.
// It does not decide how many to keep; the store that owns it does (memory_book.hpp).
#ifndef WEBHOOK_DETAIL_ATTEMPT_LOG_HPP
#define WEBHOOK_DETAIL_ATTEMPT_LOG_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "../delivery.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

struct AttemptChain;

/// One attempt, in two lists: all attempts of the store by age, and those of its delivery.
struct LoggedAttempt {
  Attempt attempt{};
  std::int64_t logged = 0;  // when it was written down
  AttemptChain* chain = nullptr;
  LoggedAttempt *older = nullptr, *newer = nullptr;
  LoggedAttempt* next = nullptr;  // of the same delivery; a ring: after the last comes the first

  std::size_t bytes() const noexcept {
    return sizeof(LoggedAttempt) + attempt.response.capacity() + attempt.reason.capacity();
  }
};

/// The attempts of one delivery.
struct AttemptChain {
  LoggedAttempt* last = nullptr;
};

/// Owns what is in it.
class AttemptLog {
 public:
  AttemptLog() = default;
  AttemptLog(const AttemptLog&) = delete;
  AttemptLog& operator=(const AttemptLog&) = delete;
  ~AttemptLog() {
    while (oldest_ != nullptr) drop_oldest();
  }

  std::size_t bytes() const noexcept { return bytes_; }
  const LoggedAttempt* oldest() const noexcept { return oldest_; }

  void add(AttemptChain& chain, std::unique_ptr<LoggedAttempt> entry) noexcept {
    LoggedAttempt* const node = entry.release();
    bytes_ += node->bytes();
    node->chain = &chain;
    node->older = newest_;
    (newest_ == nullptr ? oldest_ : newest_->newer) = node;
    newest_ = node;
    node->next = chain.last == nullptr ? node : std::exchange(chain.last->next, node);
    chain.last = node;
  }

  /// Forgets the oldest attempt of all, which is the oldest of its delivery, too.
  void drop_oldest() noexcept { drop(*oldest_->chain); }

  /// Forgets the attempts of one delivery.
  void drop_all(AttemptChain& chain) noexcept {
    while (chain.last != nullptr) drop(chain);
  }

  std::vector<Attempt> list(const AttemptChain& chain) const {
    std::vector<Attempt> attempts;
    if (chain.last == nullptr) return attempts;
    const LoggedAttempt* node = chain.last;
    do {
      node = node->next;
      attempts.push_back(node->attempt);
    } while (node != chain.last);
    return attempts;
  }

 private:
  void drop(AttemptChain& chain) noexcept {
    const std::unique_ptr<LoggedAttempt> node(chain.last->next);
    if (node.get() == chain.last) {
      chain.last = nullptr;
    } else {
      chain.last->next = node->next;
    }
    (node->older == nullptr ? oldest_ : node->older->newer) = node->newer;
    (node->newer == nullptr ? newest_ : node->newer->older) = node->older;
    bytes_ -= node->bytes();
  }

  LoggedAttempt *oldest_ = nullptr, *newest_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
