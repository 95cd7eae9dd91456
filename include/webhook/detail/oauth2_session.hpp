// SPDX-License-Identifier: MIT
// A session around another one: exchanges that need a token wait until there is one, and then take their turn in it.
// Fetching a token is an exchange of the same session, under a ticket of our own; requests that need none keep theirs.
#ifndef WEBHOOK_DETAIL_OAUTH2_SESSION_HPP
#define WEBHOOK_DETAIL_OAUTH2_SESSION_HPP

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "../concepts.hpp"
#include "oauth2_token.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

template <class Inner>
class OAuth2Session {
 public:
  OAuth2Session(Inner inner, std::shared_ptr<TokenBook> book)
      : state_(std::make_unique<State>(State{std::move(inner), std::move(book)})) {}

  /// A fetch has the place that one of those who wait for it will have; for the others, places are kept free.
  std::size_t room() const noexcept {
    const std::size_t free = state_->inner.room();
    const std::size_t others = state_->waiting - (std::min)(state_->waiting, state_->fetches.size());
    return free - (std::min)(free, others);
  }

  void start(Ticket ticket, const Request& request) {
    State& state = *state_;
    const bool tokened = request.access != nullptr && !request.access->token_url.empty();
    if (!tokened && !is_own(ticket)) return state.inner.start(ticket, request);
    if (room() == 0) throw Error(errc::full, "OAuth2: as many exchanges are in flight as the transport allows");
    const Ticket own = next_ticket();
    auto exchange = std::make_unique<Exchange>();
    exchange->outer = ticket;
    exchange->request = &request;
    exchange->deadline = std::chrono::steady_clock::now() + bounded(request.timeout);
    state.own_of.emplace(ticket, own);
    Exchange* const begun = state.exchanges.emplace(own, std::move(exchange)).first->second.get();
    try {
      if (!tokened) {
        state.inner.start(own, request);
      } else if (request.headers.count("authorization") > 0) {
        settle(own, failed(Failure::invalid_request, "the endpoint has a token, and an Authorization of another kind"));
      } else {
        obtain(own, *begun);
      }
    } catch (...) {
      forget(own);
      throw;
    }
  }

  void poll(Duration wait, Exchanges& exchanges) {
    State& state = *state_;
    const SteadyTime now = std::chrono::steady_clock::now();
    if (state.waiting > 0) {
      for (auto& [own, exchange] : state.exchanges) {
        if (!exchange->waiting) continue;
        if (exchange->deadline <= now) {
          leave_fetch(own, *exchange);
          settle(own, failed(Failure::timeout, "no access token came in time"));
        } else {
          wait = (std::min)(wait, Duration(exchange->deadline - now));
        }
      }
    }
    const bool answered = report(exchanges);
    Relay relay(*this, exchanges);
    state.inner.poll(answered ? Duration::zero() : wait, relay);
    report(exchanges);
  }

  void cancel(Ticket ticket) noexcept {
    State& state = *state_;
    const auto found = state.own_of.find(ticket);
    if (found == state.own_of.end()) return state.inner.cancel(ticket);
    const Ticket own = found->second;
    Exchange& exchange = *state.exchanges.find(own)->second;
    if (exchange.waiting) {
      leave_fetch(own, exchange);
    } else if (!exchange.answer) {
      state.inner.cancel(own);
    }
    forget(own);
  }

  void wake() noexcept { state_->inner.wake(); }

 private:
  static constexpr std::uint64_t own_bit = std::uint64_t{1} << 63U;
  static constexpr Duration longest_fetch = std::chrono::seconds{10};  // well below what a lease has to spare

  struct Exchange {
    Ticket outer{};
    const Request* request = nullptr;       // as it was handed in
    Request sent{};                         // with the token
    std::shared_ptr<const Secret> token{};  // that it was sent with
    std::optional<Response> refusal{};      // of the first token, while there is a second
    std::optional<Response> answer{};       // to be reported by the next poll
    SteadyTime deadline{};
    bool waiting = false;  // for a token
  };
  struct Fetch {
    Access access{};
    Request request{};
    std::vector<Ticket> waiting{};
  };
  struct State {  // stays where it is when the session moves
    Inner inner;
    std::shared_ptr<TokenBook> book;
    std::unordered_map<Ticket, std::unique_ptr<Exchange>> exchanges{};
    std::unordered_map<Ticket, Ticket> own_of{};
    std::unordered_map<Ticket, std::unique_ptr<Fetch>> fetches{};
    std::vector<Ticket> answered{};
    std::size_t waiting = 0;
    std::uint64_t last = 0;
  };

  class Relay final : public Exchanges {  // what the inner session asks and tells
   public:
    Relay(OAuth2Session& session, Exchanges& outer) noexcept : session_(session), outer_(outer) {}

    bool may_send(Ticket ticket) override {
      State& state = *session_.state_;
      if (!is_own(ticket)) return outer_.may_send(ticket);
      if (state.fetches.count(ticket) > 0) return true;
      const auto exchange = state.exchanges.find(ticket);
      return exchange != state.exchanges.end() && outer_.may_send(exchange->second->outer);
    }
    void done(Ticket ticket, Response response) override {
      State& state = *session_.state_;
      if (!is_own(ticket)) return outer_.done(ticket, std::move(response));
      if (const auto fetch = state.fetches.find(ticket); fetch != state.fetches.end()) {
        const std::unique_ptr<Fetch> ended = std::move(fetch->second);
        state.fetches.erase(fetch);
        session_.fetched(*ended, std::move(response));
      } else if (const auto exchange = state.exchanges.find(ticket); exchange != state.exchanges.end()) {
        session_.answered(ticket, *exchange->second, std::move(response));
      }
      session_.report(outer_);
    }

   private:
    OAuth2Session& session_;
    Exchanges& outer_;
  };

  static bool is_own(Ticket ticket) noexcept { return (static_cast<std::uint64_t>(ticket) & own_bit) != 0; }
  Ticket next_ticket() noexcept { return Ticket{own_bit | (++state_->last & ~own_bit)}; }
  static Duration bounded(Duration timeout) noexcept { return (std::min)(timeout, Duration(std::chrono::hours(24))); }
  static Response failed(Failure failure, std::string reason) {
    Response response;
    response.failure = failure;
    response.reason = std::move(reason);
    return response;
  }

  /// Sends the exchange with a token that is there, or lets it wait for one that is fetched.
  void obtain(Ticket own, Exchange& exchange) {
    State& state = *state_;
    const Access& access = *exchange.request->access;
    if (auto token = state.book->find(access, std::chrono::steady_clock::now())) return send(own, exchange, token);
    for (auto& [ticket, fetch] : state.fetches) {
      if (fetch->access.token_url == access.token_url && fetch->access == access)
        return enter_fetch(*fetch, own, exchange);
    }
    auto fetch = std::make_unique<Fetch>();
    fetch->access = access;
    const Duration left = exchange.deadline - std::chrono::steady_clock::now();
    fetch->request = token_request(fetch->access, (std::max)((std::min)(left, longest_fetch), Duration(1)));
    const Ticket ticket = next_ticket();
    Fetch& begun = *state.fetches.emplace(ticket, std::move(fetch)).first->second;
    try {
      enter_fetch(begun, own, exchange);
      state.inner.start(ticket, begun.request);
    } catch (...) {
      exchange.waiting ? leave_fetch(own, exchange) : static_cast<void>(state.fetches.erase(ticket));
      throw;
    }
  }

  void enter_fetch(Fetch& fetch, Ticket own, Exchange& exchange) {
    fetch.waiting.push_back(own);
    exchange.waiting = true;
    ++state_->waiting;
  }
  void leave_fetch(Ticket own, Exchange& exchange) noexcept {
    State& state = *state_;
    exchange.waiting = false;
    --state.waiting;
    for (auto fetch = state.fetches.begin(); fetch != state.fetches.end(); ++fetch) {
      if (std::erase(fetch->second->waiting, own) == 0) continue;
      if (!fetch->second->waiting.empty()) return;
      state.inner.cancel(fetch->first);  // nobody waits for it any more
      state.fetches.erase(fetch);
      return;
    }
  }

  void send(Ticket own, Exchange& exchange, const std::shared_ptr<const Secret>& token) {
    const Duration left = exchange.deadline - std::chrono::steady_clock::now();
    if (left <= Duration::zero()) return settle(own, failed(Failure::timeout, "no access token came in time"));
    exchange.sent = *exchange.request;
    exchange.sent.timeout = left;
    exchange.sent.headers.add("authorization", token->reveal());
    exchange.token = token;
    state_->inner.start(own, exchange.sent);
  }

  void fetched(const Fetch& fetch, Response response) {
    State& state = *state_;
    TokenAnswer answer;
    if (response.failure == Failure::none) {
      answer = read_token(response);
      if (answer.token != nullptr) state.book->put(fetch.access, answer, std::chrono::steady_clock::now());
    } else {
      answer.reason = "the token endpoint: " + response.reason;
    }
    Secret::wipe(response.body.data(), response.body.size());
    for (const Ticket own : fetch.waiting) {
      Exchange& exchange = *state.exchanges.find(own)->second;
      exchange.waiting = false;
      --state.waiting;
      if (answer.token != nullptr) {
        guarded(own, [&] { send(own, exchange, answer.token); });
      } else if (exchange.refusal) {
        exchange.refusal->reason = answer.reason;
        settle(own, std::move(*exchange.refusal));
      } else {
        settle(own, failed(response.failure == Failure::none ? Failure::broken : response.failure, answer.reason));
      }
    }
  }

  void answered(Ticket own, Exchange& exchange, Response response) {
    if (exchange.refusal && response.failure == Failure::not_sent) {  // something has left before: the first refusal
      settle(own, std::move(*exchange.refusal));
    } else if (response.status == 401 && exchange.token != nullptr && !exchange.refusal) {
      exchange.refusal = std::move(response);
      guarded(own, [&] {
        state_->book->drop(*exchange.request->access, exchange.token);
        obtain(own, exchange);
      });
    } else {
      settle(own, std::move(response));
    }
  }

  template <class Step>
  void guarded(Ticket own, const Step& step) {
    try {
      step();
    } catch (const std::exception& error) {
      settle(own, failed(Failure::internal, error.what()));
    }
  }

  void settle(Ticket own, Response response) {
    state_->exchanges.find(own)->second->answer = std::move(response);
    state_->answered.push_back(own);
  }

  /// Tells of every exchange that has its answer; whoever is told may start or cancel others.
  bool report(Exchanges& exchanges) {
    State& state = *state_;
    bool any = false;
    while (!state.answered.empty()) {
      const Ticket own = state.answered.back();
      state.answered.pop_back();
      const auto found = state.exchanges.find(own);
      if (found == state.exchanges.end()) continue;  // cancelled
      const Ticket outer = found->second->outer;
      Response response = std::move(*found->second->answer);
      forget(own);
      any = true;
      exchanges.done(outer, std::move(response));
    }
    return any;
  }

  void forget(Ticket own) noexcept {
    const auto found = state_->exchanges.find(own);
    state_->own_of.erase(found->second->outer);
    state_->exchanges.erase(found);
  }

  std::unique_ptr<State> state_;
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
