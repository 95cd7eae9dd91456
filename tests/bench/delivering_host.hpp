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
struct Ledger {
  std::atomic<std::size_t> delivered{0}, other{0}, wanted{0};
  std::atomic<int> done{0};

  webhook::Observer observer() {
    return [this](const webhook::Notice& notice) {
      if (notice.kind == webhook::Notice::Kind::delivered) {
        ++delivered;
      } else if (notice.kind < webhook::Notice::Kind::endpoint_added) {
        ++other;
      } else {
        return;  // of the endpoint, not of a delivery
      }
      if (delivered + other == wanted) {
        ++done;
        done.notify_one();
      }
    };
  }
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

  /// Emits from as many threads: where each waits for its commit, they share it.
  void deliver(const std::string& payload, std::size_t deliveries, std::size_t threads = 1) {
    const int before = ledger_.done;
    ledger_.wanted += deliveries;
    const auto emit = [&](std::size_t first) {
      for (std::size_t i = first; i < deliveries; i += threads) hooks_.emit_bytes(types_[i % types_.size()], payload);
    };
    std::vector<std::thread> others;
    for (std::size_t i = 1; i < threads; ++i) others.emplace_back(emit, i);
    emit(0);
    for (std::thread& other : others) other.join();
    ledger_.done.wait(before);
    if (ledger_.other != 0) throw std::runtime_error("an attempt was not answered with 2xx");
  }

 private:
  static webhook::Options options(Ledger& ledger, std::size_t workers) {
    webhook::Options options;
    options.workers = workers;
    options.on_notice = ledger.observer();
    return options;
  }

  Ledger ledger_{};  // outlives the dispatcher, whose worker writes into it
  webhook::Dispatcher<Transport, webhook::JsonSerializer, webhook::StandardWebhooks, Store> hooks_;
  std::vector<std::string> types_{};
};

}  // namespace bench

#endif
