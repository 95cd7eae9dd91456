// SPDX-License-Identifier: MIT
// SimulatedTransport: a host's way to the receivers: it takes time to connect, asks the gate, and hears answers late, or
// never. It waits for nothing: the simulator moves time to when the next exchange goes on.
#ifndef WEBHOOK_TESTING_SIMULATED_NETWORK_HPP
#define WEBHOOK_TESTING_SIMULATED_NETWORK_HPP

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "../concepts.hpp"
#include "invariants.hpp"
#include "simulated_receivers.hpp"

namespace webhook {
inline namespace v0 {

/// What all hosts share.
struct SimulatedNetwork {
  SimulatedWorld& world;
  Invariants& invariants;
  SimulatedReceivers receivers{world};
  std::function<void(const SimulatedHost&, const Request&)> judge_signature{};  // at the moment of the attempt
  std::size_t room = 64;                                                        // exchanges of one session
};

/// For one thread.
class SimulatedTransport {
 public:
  using role = webhook::role::transport;

  SimulatedTransport(SimulatedNetwork& network, std::shared_ptr<SimulatedHost> host)
      : network_(&network), host_(std::move(host)) {}

  class Session {
   public:
    Session(SimulatedNetwork& network, std::shared_ptr<SimulatedHost> host)
        : network_(&network), host_(std::move(host)) {}

    std::size_t room() const noexcept {
      const std::size_t left = network_->room - (std::min)(network_->room, exchanges_.size());
      if (left == 0) network_->invariants.full = network_->world.now();
      return left;
    }

    void start(Ticket ticket, const Request& request) {
      SimulatedWorld& world = network_->world;
      network_->judge_signature(*host_, request);
      Exchange exchange;
      exchange.fence = network_->invariants.begun(request);
      exchange.ticket = ticket;
      exchange.request = &request;
      exchange.next = world.now() + world.dice.between(Duration::zero(), std::chrono::milliseconds{200});
      if (!world.calm && world.dice.chance(0.02)) {
        exchange.next += world.dice.between(std::chrono::seconds{1}, std::chrono::seconds{40});
        world.count(Happening::connect_slow);
      }
      exchange.timeout = world.now() + request.timeout;
      exchanges_.push_back(std::move(exchange));
      announce();
      // Some messages kill who handles them.
      if (!world.calm && request.body.view().find("poison") != std::string_view::npos && world.dice.chance(0.7)) {
        host_->crashed = true;
        world.count(Happening::host_crashed);
      }
    }

    void poll(Duration wait, Exchanges& engine) {
      host_->busy = false;
      if (host_->crashed) return;
      if (const auto meanwhile = std::exchange(host_->meanwhile, nullptr)) meanwhile();
      const Duration now = network_->world.now();
      std::vector<std::pair<Ticket, Response>> over;
      for (Exchange& exchange : exchanges_) go_on(exchange, now, engine, over);
      for (auto& [ticket, response] : over) {
        cancel(ticket);
        host_->busy = true;
        engine.done(ticket, std::move(response));
      }
      host_->sleeps_until = host_->woken ? now : now + wait;
      host_->woken = false;
      announce();
    }

    void cancel(Ticket ticket) noexcept {
      for (std::size_t i = 0; i < exchanges_.size(); ++i) {
        if (exchanges_[i].ticket != ticket) continue;
        const Exchange& over = exchanges_[i];
        if (over.row != nullptr) network_->invariants.ended(*over.row, over.fence, network_->world.now());
        exchanges_.erase(exchanges_.begin() + static_cast<std::ptrdiff_t>(i));
        break;
      }
      announce();
    }
    void wake() noexcept { host_->woken = true; }

   private:
    struct Exchange {
      Ticket ticket{};
      const Request* request = nullptr;
      Duration next{};     // connected; or, once it was sent, answered
      Duration timeout{};  // the end of it, in any case
      bool sent = false;
      SimulatedRow* row = nullptr;  // once it was sent
      Fence fence = 0;              // under which it was begun
      Response response{};
    };

    void go_on(Exchange& exchange, Duration now, Exchanges& engine, std::vector<std::pair<Ticket, Response>>& over) {
      SimulatedWorld& world = network_->world;
      Response failed;
      if (!exchange.sent && exchange.next <= now && exchange.next < exchange.timeout) {
        if (!engine.may_send(exchange.ticket)) {
          world.count(Happening::gate_closed);
          failed.failure = Failure::not_sent;
          over.emplace_back(exchange.ticket, std::move(failed));
          return;
        }
        send(exchange, now);
      }
      if (exchange.sent && exchange.next <= now && exchange.next <= exchange.timeout) {
        if (exchange.row != nullptr) network_->invariants.heard(*exchange.row, exchange.fence, true);
        over.emplace_back(exchange.ticket, std::move(exchange.response));
      } else if (exchange.timeout <= now) {
        failed.failure = Failure::timeout;
        if (exchange.row != nullptr) network_->invariants.heard(*exchange.row, exchange.fence, false);
        over.emplace_back(exchange.ticket, std::move(failed));
      }
    }

    void send(Exchange& exchange, Duration now) {
      SimulatedWorld& world = network_->world;
      exchange.sent = true;
      exchange.row = network_->invariants.sent(*host_, *exchange.request, exchange.fence);
      SimulatedAnswer answer = network_->receivers.answer(*exchange.request);
      world.trace(static_cast<std::uint64_t>(answer.response.status));
      world.trace(static_cast<std::uint64_t>(now.count()));
      exchange.next = now + answer.after;
      exchange.timeout = (std::max)(exchange.timeout, now);  // a host that was frozen sends late
      if (exchange.row != nullptr) {
        network_->invariants.answered(*exchange.row, exchange.fence, answer,
                                      (std::min)(exchange.next, exchange.timeout));
      }
      exchange.response = std::move(answer.response);
    }

    void announce() noexcept {
      host_->exchanges = exchanges_.size();
      host_->next_exchange = (Duration::max)();
      for (const Exchange& exchange : exchanges_) {
        host_->next_exchange = (std::min)({host_->next_exchange, exchange.next, exchange.timeout});
      }
    }

    SimulatedNetwork* network_;
    std::shared_ptr<SimulatedHost> host_;
    std::vector<Exchange> exchanges_{};
  };

  Session open() { return Session(*network_, host_); }

 private:
  SimulatedNetwork* network_;
  std::shared_ptr<SimulatedHost> host_;
};

static_assert(TransportPolicy<SimulatedTransport>);

}  // namespace v0
}  // namespace webhook

#endif
