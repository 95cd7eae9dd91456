// SPDX-License-Identifier: MIT
// A dispatcher that is measured from emit to the settled answer, and the ledger of what it delivered.
#ifndef WEBHOOK_TESTS_BENCH_DELIVERING_HOST_HPP
#define WEBHOOK_TESTS_BENCH_DELIVERING_HOST_HPP

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>
#include <webhook/webhook.hpp>

namespace bench {

/// What the dispatcher's observer has seen.
class Ledger {
 public:
  webhook::Observer observer() {
    return [this](const webhook::Notice& notice) {
      if (notice.kind >= webhook::Notice::Kind::endpoint_added) return;  // of the endpoint, not of a delivery
      if (notice.kind != webhook::Notice::Kind::delivered) ++refused_;
      if (++settled_ == awaited_) {
        ++reached_;
        reached_.notify_one();
      }
    };
  }

  std::size_t settled() const noexcept { return settled_; }
  /// Waits until so many are settled. One thread at a time. Throws std::runtime_error if one was not answered with 2xx.
  void wait_for(std::size_t number) {
    awaited_ = number;
    for (;;) {
      const int before = reached_;  // first: what is reached after the look at settled_ ends the wait
      if (settled_ >= number) break;
      reached_.wait(before);
    }
    if (refused_ != 0) throw std::runtime_error("an attempt was not answered with 2xx");
  }

 private:
  std::atomic<std::size_t> settled_{0}, refused_{0}, awaited_{0};
  std::atomic<int> reached_{0};
};

/// A dispatcher with its endpoints; one event for each delivery.
template <class Transport, class Store>
class Host {
 public:
  Host(Transport transport, Store store, const std::vector<std::string>& urls, std::uint32_t cap,
       const webhook::Secret& secret, std::size_t workers = 1)
      : hooks_(std::move(transport), options(ledger_, workers), std::move(store)) {
    for (std::size_t i = 0; i < urls.size(); ++i) {
      webhook::Endpoint endpoint;
      endpoint.url = urls[i];
      endpoint.events = {"order.to_" + std::to_string(i)};
      endpoint.secrets = {secret};
      endpoint.cap = cap;
      types_.push_back(endpoint.events.front());
      hooks_.add(endpoint);
    }
    hooks_.start();
  }

  /// Emits all at once, from as many threads: where each waits for its commit, they share it.
  void deliver(const std::string& payload, std::size_t deliveries, std::size_t threads = 1) {
    const auto emit = [&](std::size_t first) {
      for (std::size_t i = first; i < deliveries; i += threads) this->emit(i, payload);
    };
    std::vector<std::thread> others;
    for (std::size_t i = 1; i < threads; ++i) others.emplace_back(emit, i);
    emit(0);
    for (std::thread& other : others) other.join();
    finish(deliveries);
  }

  /// Emits as a host does whose receivers keep up: at most so many wait or are in flight.
  void stream(const std::string& payload, std::size_t deliveries, std::size_t waiting) {
    for (std::size_t i = 0; i < deliveries; ++i) {
      if (emitted_ + i >= ledger_.settled() + waiting) ledger_.wait_for(emitted_ + i - waiting / 2);
      emit(i, payload);
    }
    finish(deliveries);
  }

 private:
  void emit(std::size_t i, const std::string& payload) { hooks_.emit_bytes(types_[i % types_.size()], payload); }
  void finish(std::size_t deliveries) {
    emitted_ += deliveries;
    ledger_.wait_for(emitted_);
  }

  static webhook::Options options(Ledger& ledger, std::size_t workers) {
    webhook::Options options;
    options.workers = workers;
    options.on_notice = ledger.observer();
    return options;
  }

  Ledger ledger_{};  // outlives the dispatcher, whose worker writes into it
  webhook::Dispatcher<Transport, webhook::JsonSerializer, webhook::StandardWebhooks, Store> hooks_;
  std::vector<std::string> types_{};
  std::size_t emitted_ = 0;
};

}  // namespace bench

#endif
