// SPDX-License-Identifier: MIT
// CurlSession: the exchanges of one worker: those that are written and read here, and those that libcurl carries itself.
// It knows which of the two a request goes to, when to move on and when to wait.
#ifndef WEBHOOK_DETAIL_CURL_SESSION_HPP
#define WEBHOOK_DETAIL_CURL_SESSION_HPP

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../concepts.hpp"
#include "curl_direct_exchanges.hpp"
#include "curl_exchanges.hpp"
#include "poller.hpp"

namespace webhook {
inline namespace v0 {

/// A session of CurlTransport. Used by one thread at a time, but for wake(). It may be moved while nobody uses it, and be
/// destroyed with exchanges in flight: their connections are closed, and nothing is waited for.
class CurlSession {
 public:
  explicit CurlSession(std::shared_ptr<const detail::CurlConfig> config)
      : state_(std::make_unique<State>(std::move(config))) {}

  std::size_t room() const noexcept {
    const std::size_t most = state_->config->options.max_in_flight;
    return most - (std::min)(most, state_->active() + state_->refused.size());
  }

  /// Begins an exchange. A request that cannot be sent is reported by the next poll(). Throws Error (errc::full) without
  /// room; if anything is thrown, the exchange has not begun.
  void start(Ticket ticket, const Request& request) {
    State& state = *state_;
    if (room() == 0) throw Error(errc::full, "CurlTransport: as many exchanges are in flight as max_in_flight allows");
    state.refused.reserve(state.refused.size() + 1);  // so that nothing can fail once an exchange has begun
    if (state.config->options.direct && state.direct.start(ticket, request)) return;
    if (!state.whole) state.whole.emplace(state.config, state.share);
    Response response;
    response.reason = state.whole->start(ticket, request, response.failure);
    if (response.reason.empty()) return;
    state.refused.push_back({ticket, std::move(response)});
  }

  /// Moves everything on. Throws Error (errc::transient) if libcurl itself fails, which only a lack of memory explains.
  void poll(Duration wait, Exchanges& exchanges) {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point deadline =
        Clock::now() + std::clamp(wait, Duration::zero(), Duration(std::chrono::hours(24)));
    State& state = *state_;
    for (;;) {
      bool reported = report_refused(exchanges);
      if (state.carries_whole() && state.whole->advance(exchanges)) reported = true;
      if (state.direct.advance(exchanges)) reported = true;
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>((std::min)(deadline, state.direct.due()) - Clock::now());
      const bool at_once = reported || state.woken.load() || left.count() <= 0;
      if (await(at_once ? 0 : static_cast<int>(left.count()), exchanges)) reported = true;
      if (state.woken.exchange(false) || reported || Clock::now() >= deadline) return;
    }
  }

  /// Forgets an exchange. An unknown ticket is ignored.
  void cancel(Ticket ticket) noexcept {
    State& state = *state_;
    if (state.direct.cancel(ticket) || (state.whole && state.whole->cancel(ticket))) return;
    const auto refused = std::find_if(state.refused.begin(), state.refused.end(),
                                      [ticket](const Refused& one) { return one.ticket == ticket; });
    if (refused != state.refused.end()) state.refused.erase(refused);
  }

  /// Thread-safe: the poll() under way, or else the next one, returns at once.
  void wake() noexcept {
    // Whoever set it first wakes; a second one has nothing to add until poll() has taken note.
    if (!state_->woken.exchange(true)) state_->poller.call();
  }

 private:
  struct Refused {
    Ticket ticket{};
    Response response{};
  };
  struct State {  // stays where it is when the session moves: libcurl and other threads point into it
    std::shared_ptr<const detail::CurlConfig> config;
    detail::CurlShare share{};
    detail::Poller poller{};
    detail::DirectExchanges direct;
    std::optional<detail::CurlExchanges> whole{};  // made when first needed
    std::vector<Refused> refused{};
    std::atomic<bool> woken{false};

    explicit State(std::shared_ptr<const detail::CurlConfig> shared)
        : config(std::move(shared)), direct(config, share, poller) {}

    bool carries_whole() const noexcept { return whole && whole->active() > 0; }
    std::size_t active() const noexcept { return direct.active() + (whole ? whole->active() : 0); }
  };

  // Waits, and moves on what can be. True if anything was reported.
  bool await(int milliseconds, Exchanges& exchanges) {
    State& state = *state_;
    bool reported = false;
    if (state.carries_whole()) {
      state.whole->wait(milliseconds, state.poller.descriptor());
      milliseconds = 0;
      reported = state.whole->advance(exchanges);
    }
    for (const epoll_event& event : state.poller.wait(milliseconds)) {
      if (event.data.u64 == detail::Poller::called) {
        state.poller.answer();
      } else {
        state.direct.happened(event.data.u64, event.events, exchanges);
      }
    }
    return state.direct.finish_round(exchanges) || reported;
  }

  bool report_refused(Exchanges& exchanges) {
    bool any = false;
    for (; !state_->refused.empty(); any = true) {
      Refused refused = std::move(state_->refused.back());
      state_->refused.pop_back();
      exchanges.done(refused.ticket, std::move(refused.response));
    }
    return any;
  }

  std::unique_ptr<State> state_;
};

}  // namespace v0
}  // namespace webhook

#endif
