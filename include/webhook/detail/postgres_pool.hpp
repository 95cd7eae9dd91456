// SPDX-License-Identifier: MIT
// PostgresPool: connections of one store, each lent to one call at a time, and made anew after one was lost.
// While nobody answers it asks less and less often. It knows no table, and repeats what the server asks to be repeated.
#ifndef WEBHOOK_DETAIL_POSTGRES_POOL_HPP
#define WEBHOOK_DETAIL_POSTGRES_POOL_HPP

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include "../error.hpp"
#include "../time.hpp"
#include "postgres_connection.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// Thread-safe. In a fork it starts with connections of its own.
class PostgresPool {
 public:
  PostgresPool(std::string where, Duration timeout, std::size_t most)
      : where_(std::move(where)), timeout_(timeout), most_((std::max)(most, std::size_t{1})) {}
  PostgresPool(const PostgresPool&) = delete;
  PostgresPool& operator=(const PostgresPool&) = delete;

  /// Calls `work` with a connection. What changes nothing unless it answers (`lost` is errc::transient) is tried once
  /// more on a fresh connection. Throws errc::transient where nobody answers.
  template <class Work>
  PostgresAnswer use(const Work& work) {
    for (int repeats = 0;; ++repeats) {
      Loan loan(*this);
      try {
        return work(*loan.connection);
      } catch (const PostgresError& error) {
        const bool lost = error.sqlstate.empty() && error.code() == errc::transient;
        if (!(error.may_repeat() && repeats < most_repeats) && !(lost && repeats == 0)) throw;
      }
    }
  }

  /// The same for one statement.
  PostgresAnswer run(const std::string& sql, const PostgresParameters& with, errc lost) {
    return use([&](PostgresConnection& db) { return db.run(sql, with, lost); });
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr int most_repeats = 10;
  static constexpr auto first_pause = std::chrono::milliseconds{20}, last_pause = std::chrono::milliseconds{1000};

  struct Loan {
    explicit Loan(PostgresPool& from) : pool(from), connection(from.take()) {}
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    ~Loan() { pool.give(std::move(connection)); }
    PostgresPool& pool;
    std::unique_ptr<PostgresConnection> connection;
  };

  std::unique_ptr<PostgresConnection> take() {
    std::unique_lock lock(mutex_);
    if (owner_ != getpid()) {
      owner_ = getpid();
      idle_.clear();
      lent_ = 0;
    }
    returned_.wait(lock, [this] { return lent_ < most_; });
    while (!idle_.empty()) {
      std::unique_ptr<PostgresConnection> there = std::move(idle_.back());
      idle_.pop_back();
      if (!there->is_whole()) continue;
      ++lent_;
      return there;
    }
    if (Clock::now() < not_before_)
      throw PostgresError(errc::transient, "PostgreSQL could not be reached a moment ago: " + said_, "");
    ++lent_;
    lock.unlock();
    try {
      auto fresh = std::make_unique<PostgresConnection>(where_, timeout_);
      lock.lock();
      pause_ = first_pause;
      return fresh;
    } catch (const std::exception& error) {
      if (!lock.owns_lock()) lock.lock();
      --lent_;
      said_ = error.what();
      not_before_ = Clock::now() + pause_;
      pause_ = (std::min)(pause_ * 2, std::chrono::milliseconds(last_pause));
      returned_.notify_one();
      throw;
    }
  }

  void give(std::unique_ptr<PostgresConnection> back) noexcept {
    const bool whole = back->is_whole();
    {
      const std::lock_guard lock(mutex_);
      --lent_;
      if (whole) idle_.push_back(std::move(back));
      returned_.notify_one();
    }
  }

  std::string where_;
  Duration timeout_;
  std::size_t most_;
  std::mutex mutex_{};
  std::condition_variable returned_{};
  std::vector<std::unique_ptr<PostgresConnection>> idle_{};  // the one used last is lent first
  std::size_t lent_ = 0;
  pid_t owner_ = getpid();
  std::chrono::milliseconds pause_{first_pause};
  Clock::time_point not_before_{};
  std::string said_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
