// SPDX-License-Identifier: MIT
// CurlSession: the exchanges of one worker over one libcurl multi handle, which keeps their connections.
// It knows when to move and when to wait; what an exchange may do and what its answer means is curl_exchange.hpp's.
#ifndef WEBHOOK_DETAIL_CURL_SESSION_HPP
#define WEBHOOK_DETAIL_CURL_SESSION_HPP

#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../concepts.hpp"
#include "curl_exchange.hpp"

namespace webhook {
inline namespace v0 {

/// A session of CurlTransport. Used by one thread at a time, but for wake(). It may be moved while nobody uses it, and be
/// destroyed with exchanges in flight: their connections are closed, and nothing is waited for.
class CurlSession {
 public:
  explicit CurlSession(std::shared_ptr<const detail::CurlConfig> config) : state_(std::make_unique<State>()) {
    state_->multi.reset(curl_multi_init());
    // Without descriptors libcurl makes a handle that nothing can wake, and does not say so. The poll takes the word back.
    if (!state_->multi || curl_multi_wakeup(state_->multi.get()) != CURLM_OK ||
        curl_multi_poll(state_->multi.get(), nullptr, 0, 0, nullptr) != CURLM_OK)
      throw Error(errc::transient, "libcurl could not make a multi handle: out of memory or descriptors");
    const auto keep = static_cast<long>((std::min)(config->options.keep_connections, std::size_t{1} << 20U));
    // The default, four times the handles, closes connections that the next delivery would have used again.
    curl_multi_setopt(state_->multi.get(), CURLMOPT_MAXCONNECTS, (std::max)(keep, 1L));
    state_->context.config = std::move(config);
  }

  std::size_t room() const noexcept {
    const std::size_t most = state_->context.config->options.max_in_flight;
    return most - (std::min)(most, state_->active.size() + state_->refused.size());
  }

  /// Begins an exchange. A request that cannot be sent is reported by the next poll(). Throws Error (errc::full) without
  /// room; if anything is thrown, the exchange has not begun.
  void start(Ticket ticket, const Request& request) {
    State& state = *state_;
    if (room() == 0) throw Error(errc::full, "CurlTransport: as many exchanges are in flight as max_in_flight allows");
    state.refused.reserve(state.refused.size() + 1);  // so that nothing can fail once libcurl has the handle
    state.active.reserve(state.active.size() + 1);
    if (state.idle.empty()) {
      state.idle.reserve(state.idle.size() + state.active.size() + 1);
      state.idle.push_back(std::make_unique<detail::CurlExchange>(state.context));
    }
    detail::CurlExchange& exchange = *state.idle.back();
    std::string wrong = exchange.begin(ticket, request);
    Response response;
    if (!wrong.empty()) {
      response.failure = Failure::invalid_request;
      response.reason = std::move(wrong);
    } else if (curl_multi_add_handle(state.multi.get(), exchange.easy()) == CURLM_OK) {
      state.active.push_back(std::move(state.idle.back()));
      state.idle.pop_back();
      return;
    } else {
      response.failure = Failure::internal;
      response.reason = "libcurl could not take the request: out of memory";
    }
    state.refused.push_back({ticket, std::move(response)});
  }

  /// Moves everything on. Throws Error (errc::transient) if libcurl itself fails, which only a lack of memory explains.
  void poll(Duration wait, Exchanges& exchanges) {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point deadline =
        Clock::now() + std::clamp(wait, Duration::zero(), Duration(std::chrono::hours(24)));
    State& state = *state_;
    const Serving serving(state.context, exchanges);
    for (;;) {
      state.running_callbacks = true;
      int running = 0;
      const CURLMcode code = curl_multi_perform(state.multi.get(), &running);
      state.running_callbacks = false;
      if (code != CURLM_OK) throw Error(errc::transient, std::string("libcurl: ") + curl_multi_strerror(code));
      drop_cancelled();
      const bool refused = report_refused(exchanges);
      const bool finished = report_finished(exchanges);
      if (state.woken.exchange(false) || refused || finished) return;
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
      if (left.count() <= 0) return;
      curl_multi_poll(state.multi.get(), nullptr, 0, static_cast<int>(left.count()), nullptr);
    }
  }

  /// Forgets an exchange. An unknown ticket is ignored.
  void cancel(Ticket ticket) noexcept {
    State& state = *state_;
    const auto same = [ticket](const auto& exchange) { return exchange->ticket() == ticket && !exchange->cancelled; };
    const auto found = std::find_if(state.active.begin(), state.active.end(), same);
    if (found == state.active.end()) {
      const auto refused = std::find_if(state.refused.begin(), state.refused.end(),
                                        [ticket](const Refused& one) { return one.ticket == ticket; });
      if (refused != state.refused.end()) state.refused.erase(refused);
      return;
    }
    if (state.running_callbacks) {  // asked from may_send(): libcurl takes no handle out while it is at work
      (*found)->cancelled = state.some_cancelled = true;
      return;
    }
    release(static_cast<std::size_t>(found - state.active.begin()));
  }

  /// Thread-safe: the poll() under way, or else the next one, returns at once.
  void wake() noexcept {
    // Whoever set it first wakes; a second one has nothing to add until poll() has taken note.
    if (!state_->woken.exchange(true)) curl_multi_wakeup(state_->multi.get());
  }

 private:
  struct Refused {
    Ticket ticket{};
    Response response{};
  };
  struct CloseMulti {
    void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
  };
  struct State {  // stays where it is when the session moves: libcurl and other threads point into it
    detail::CurlContext context{};
    std::unique_ptr<CURLM, CloseMulti> multi{};
    std::vector<std::unique_ptr<detail::CurlExchange>> active{}, idle{};  // go before the multi handle does
    std::vector<Refused> refused{};
    std::atomic<bool> woken{false};
    bool running_callbacks = false;
    bool some_cancelled = false;

    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() {
      for (const auto& exchange : active) curl_multi_remove_handle(multi.get(), exchange->easy());
    }
  };
  struct Serving {  // lets the callbacks ask the engine, as long as poll() lasts
    Serving(detail::CurlContext& context, Exchanges& exchanges) noexcept : context_(context) {
      context_.exchanges = &exchanges;
    }
    Serving(const Serving&) = delete;
    Serving& operator=(const Serving&) = delete;
    ~Serving() { context_.exchanges = nullptr; }
    detail::CurlContext& context_;
  };

  // Takes an exchange out of libcurl's hands and puts its handle aside for the next.
  void release(std::size_t index) noexcept {
    State& state = *state_;
    std::swap(state.active[index], state.active.back());
    curl_multi_remove_handle(state.multi.get(), state.active.back()->easy());
    state.idle.push_back(std::move(state.active.back()));  // start() has reserved the place
    state.active.pop_back();
  }

  void drop_cancelled() noexcept {
    State& state = *state_;
    if (!std::exchange(state.some_cancelled, false)) return;
    for (std::size_t i = state.active.size(); i-- > 0;) {
      if (state.active[i]->cancelled) release(i);
    }
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

  bool report_finished(Exchanges& exchanges) {
    State& state = *state_;
    bool any = false;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(state.multi.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;  // the message goes with the handle
      char* owner = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner);
      auto* exchange = static_cast<detail::CurlExchange*>(static_cast<void*>(owner));
      const auto same = [exchange](const auto& one) { return one.get() == exchange; };
      const auto found = std::find_if(state.active.begin(), state.active.end(), same);
      if (found == state.active.end()) continue;
      release(static_cast<std::size_t>(found - state.active.begin()));
      any = true;
      exchanges.done(exchange->ticket(), exchange->finish(code));
    }
    return any;
  }

  std::unique_ptr<State> state_;
};

}  // namespace v0
}  // namespace webhook

#endif
