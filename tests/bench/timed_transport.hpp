// SPDX-License-Identifier: MIT
// TimedTransport: receivers that take their time, within this process: each URL says how long its answer takes, or that
// it never comes. What is measured is then the engine, its threads and its store, and not a network or a second program
// that competes for the same processors.
#ifndef WEBHOOK_TESTS_BENCH_TIMED_TRANSPORT_HPP
#define WEBHOOK_TESTS_BENCH_TIMED_TRANSPORT_HPP

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webhook/webhook.hpp>

namespace bench {

using Time = std::chrono::steady_clock;

/// A receiver that answers after so many microseconds; it keeps those whom others are compared with apart from them.
inline std::string receiver_after(std::chrono::microseconds latency, bool compared) {
  return std::string("https://") + (compared ? "compared" : "other") + ".example/" + std::to_string(latency.count());
}
/// A receiver that accepts a request, and never answers.
inline std::string hung_receiver() { return "https://other.example/hung"; }

/// What the compared receivers saw. The payload of an event is the moment of its emit, in nanoseconds of Time.
struct Answers {
  std::atomic<std::size_t> compared{0}, others{0};
  std::vector<double> took{};  // of the compared, from emit to answer, in milliseconds; to be read once nothing runs
  std::atomic<Time::rep> last{0};
};

class TimedSession {
 public:
  explicit TimedSession(std::shared_ptr<Answers> answers) : state_(std::make_unique<State>()) {
    state_->answers = std::move(answers);
  }

  std::size_t room() const noexcept { return most - state_->fresh.size() - state_->open.size(); }

  void start(webhook::Ticket ticket, const webhook::Request& request) { state_->fresh.push_back({ticket, &request}); }

  void poll(webhook::Duration wait, webhook::Exchanges& exchanges) {
    State& state = *state_;
    bool done = false;
    for (const auto& [ticket, request] : std::exchange(state.fresh, {})) {
      if (exchanges.may_send(ticket)) {
        open(ticket, *request);
      } else {
        webhook::Response response;
        response.failure = webhook::Failure::not_sent;
        exchanges.done(ticket, std::move(response));
        done = true;
      }
    }
    done = answer(exchanges) || done;
    if (done || wait <= webhook::Duration::zero()) return;
    const Time::time_point longest = Time::now() + (std::min)(wait, webhook::Duration(std::chrono::hours(1)));
    {
      std::unique_lock lock(state.mutex);
      const Time::time_point until = state.open.empty() ? longest : (std::min)(longest, state.open.front().at);
      state.bell.wait_until(lock, until, [&] { return state.rung; });
      state.rung = false;
    }
    answer(exchanges);
  }

  void cancel(webhook::Ticket ticket) noexcept {
    std::erase_if(state_->fresh, [&](const auto& one) { return one.first == ticket; });
    std::erase_if(state_->open, [&](const Open& one) { return one.ticket == ticket; });
    std::make_heap(state_->open.begin(), state_->open.end(), later);
  }

  void wake() noexcept {
    {
      const std::lock_guard lock(state_->mutex);
      state_->rung = true;
    }
    state_->bell.notify_one();
  }

 private:
  static constexpr std::size_t most = 256;  // as CurlTransport's default

  struct Open {
    Time::time_point at{};
    webhook::Ticket ticket{};
    bool answers = true, compared = false;
    Time::rep emitted = 0;
  };
  struct State {
    std::shared_ptr<Answers> answers{};
    std::vector<std::pair<webhook::Ticket, const webhook::Request*>> fresh{};
    std::vector<Open> open{};  // a heap, the next answer in front
    std::mutex mutex{};
    std::condition_variable bell{};
    bool rung = false;
  };

  static bool later(const Open& left, const Open& right) noexcept { return left.at > right.at; }

  void open(webhook::Ticket ticket, const webhook::Request& request) {
    Open one;
    one.ticket = ticket;
    one.compared = request.url.find("//compared.") != std::string::npos;
    const std::string latency = request.url.substr(request.url.rfind('/') + 1);
    one.answers = latency != "hung";
    const auto takes =
        one.answers ? webhook::Duration(std::chrono::microseconds(std::atoll(latency.c_str()))) : request.timeout;
    one.at = Time::now() + takes;
    const std::string_view body = request.body.view();  // {...,"data":123}
    one.emitted = std::atoll(std::string(body.substr(body.rfind(':') + 1)).c_str());
    state_->open.push_back(one);
    std::push_heap(state_->open.begin(), state_->open.end(), later);
  }

  /// Tells every answer whose time has come.
  bool answer(webhook::Exchanges& exchanges) {
    State& state = *state_;
    const Time::time_point now = Time::now();
    bool any = false;
    while (!state.open.empty() && state.open.front().at <= now) {
      std::pop_heap(state.open.begin(), state.open.end(), later);
      const Open one = state.open.back();
      state.open.pop_back();
      webhook::Response response;
      if (one.answers) {
        response.status = 204;
      } else {
        response.failure = webhook::Failure::timeout;
      }
      if (one.compared) {
        const Time::rep at = now.time_since_epoch().count();
        state.answers->took.push_back(static_cast<double>(at - one.emitted) / 1e6);
        state.answers->last = at;
        ++state.answers->compared;
      } else {
        ++state.answers->others;
      }
      exchanges.done(one.ticket, std::move(response));
      any = true;
    }
    return any;
  }

  std::unique_ptr<State> state_;
};

/// For a dispatcher with one worker.
class TimedTransport {
 public:
  using role = webhook::role::transport;

  TimedSession open() const { return TimedSession(answers_); }
  Answers& answers() noexcept { return *answers_; }

 private:
  std::shared_ptr<Answers> answers_ = std::make_shared<Answers>();
};

static_assert(webhook::TransportPolicy<TimedTransport>);

}  // namespace bench

#endif
