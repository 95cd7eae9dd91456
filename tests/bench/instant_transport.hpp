// SPDX-License-Identifier: MIT
// InstantTransport: answers every request with 204 at once, so that what is left to measure is the engine and its store.
// It sends nothing and does not look at requests.
#ifndef WEBHOOK_TESTS_BENCH_INSTANT_TRANSPORT_HPP
#define WEBHOOK_TESTS_BENCH_INSTANT_TRANSPORT_HPP

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>
#include <webhook/webhook.hpp>

namespace bench {

/// What the benchmark's thread may ask about the worker's.
struct Progress {
  std::atomic<std::uint64_t> answered{0};
  std::atomic<std::uint64_t> sleeps{0};  // how often there was nothing to do
  std::atomic<bool> asleep{false};

  /// Waits until so many requests were answered since the beginning, and the worker sleeps.
  void wait(std::uint64_t until) const {
    while (answered.load() < until || !asleep.load()) std::this_thread::yield();
  }
};

class InstantSession {
 public:
  explicit InstantSession(std::shared_ptr<Progress> progress) : state_(std::make_unique<State>()) {
    state_->progress = std::move(progress);
  }

  std::size_t room() const noexcept { return most - state_->tickets.size(); }
  void start(webhook::Ticket ticket, const webhook::Request&) { state_->tickets.push_back(ticket); }

  void poll(webhook::Duration wait, webhook::Exchanges& exchanges) {
    State& state = *state_;
    if (state.tickets.empty()) return rest(wait);
    state.rung = false;
    state.answering.swap(state.tickets);
    for (const webhook::Ticket ticket : state.answering) {
      webhook::Response response;
      if (exchanges.may_send(ticket)) {
        response.status = 204;
      } else {
        response.failure = webhook::Failure::not_sent;
      }
      exchanges.done(ticket, std::move(response));
    }
    state.progress->answered += state.answering.size();
    state.answering.clear();
  }

  void cancel(webhook::Ticket ticket) noexcept {
    auto& tickets = state_->tickets;
    tickets.erase(std::remove(tickets.begin(), tickets.end(), ticket), tickets.end());
  }

  void wake() noexcept {
    if (state_->rung.exchange(true)) return;
    { const std::lock_guard lock(state_->mutex); }
    state_->bell.notify_one();
  }

 private:
  static constexpr std::size_t most = 256;  // as CurlTransport's default

  struct State {
    std::shared_ptr<Progress> progress{};
    std::vector<webhook::Ticket> tickets{}, answering{};
    std::mutex mutex{};
    std::condition_variable bell{};
    std::atomic<bool> rung{false};
  };

  void rest(webhook::Duration wait) {
    State& state = *state_;
    if (wait > webhook::Duration::zero()) {
      std::unique_lock lock(state.mutex);
      ++state.progress->sleeps;
      state.progress->asleep = true;
      const webhook::Duration bounded = (std::min)(wait, webhook::Duration(std::chrono::hours(1)));
      state.bell.wait_for(lock, bounded, [&] { return state.rung.load(); });
      state.progress->asleep = false;
    }
    state.rung = false;
  }

  std::unique_ptr<State> state_;
};

class InstantTransport {
 public:
  using role = webhook::role::transport;

  InstantSession open() const { return InstantSession(progress_); }
  const Progress& progress() const noexcept { return *progress_; }

 private:
  std::shared_ptr<Progress> progress_ = std::make_shared<Progress>();
};

static_assert(webhook::TransportPolicy<InstantTransport>);

}  // namespace bench

#endif
