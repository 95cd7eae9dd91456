// SPDX-License-Identifier: MIT
// A dispatcher whose five policies fail, wait or count where a test says so, and otherwise do as they should.
// Its store may be shared by several dispatchers, as processes share a database. Compiled once, as virtual_host.hpp is.
#ifndef WEBHOOK_TESTS_SUPPORT_FAULTY_POLICIES_HPP
#define WEBHOOK_TESTS_SUPPORT_FAULTY_POLICIES_HPP

#include <webhook/clock/system.hpp>
#include <webhook/dispatcher.hpp>
#include <webhook/serializer/json.hpp>
#include <webhook/store/memory.hpp>
#include <webhook/testing/manual_clock.hpp>
#include <webhook/testing/recording_transport.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace support {

/// What is called at each place before the real thing happens; it may throw. Set before there are threads.
struct Faults {
  std::function<webhook::Now()> now{};  // instead of the system's clock
  std::function<void()> opening{}, starting{}, polling{}, signing{};
  std::function<void()> appending{}, appended{}, claiming{}, settling{}, reading{};  // appended: after it
  std::function<void()> tuning{}, putting{}, was_put{}, was_amended{};  // the last two: after it
  std::atomic<int> claims{0};
  std::atomic<int> sleeps{0};  // polls that would wait for long
  static void at(const std::function<void()>& place) {
    if (place) place();
  }
};
using SharedFaults = std::shared_ptr<Faults>;

struct FaultyClock {
  using role = webhook::role::clock;
  webhook::Now now() const { return faults->now ? faults->now() : webhook::SystemClock().now(); }
  SharedFaults faults{};
};

struct FaultyTransport {
  using role = webhook::role::transport;
  struct Session {
    std::size_t room() { return real.room(); }
    void start(webhook::Ticket ticket, const webhook::Request& request) {
      Faults::at(faults->starting);
      real.start(ticket, request);
    }
    void poll(webhook::Duration wait, webhook::Exchanges& exchanges) {
      if (wait > std::chrono::seconds{1}) ++faults->sleeps;
      Faults::at(faults->polling);
      real.poll(wait, exchanges);
    }
    void cancel(webhook::Ticket ticket) noexcept { real.cancel(ticket); }
    void wake() noexcept { real.wake(); }
    SharedFaults faults{};
    webhook::RecordingTransport::Session real;
  };
  Session open() {
    Faults::at(faults->opening);
    return {faults, real.open()};
  }
  SharedFaults faults{};
  webhook::RecordingTransport real{};
};

struct FaultySigner {
  using role = webhook::role::signer;
  struct Key {
    std::shared_ptr<const int> counted{};
  };
  bool signs(std::string_view scheme) const { return scheme.empty(); }
  Key prepare(const webhook::Secret&, std::string_view) const { return {prepared}; }
  webhook::Secret generate(std::string_view) const { return webhook::Secret("a secret"); }
  bool sign(const webhook::Signing&, std::span<Key>, webhook::Headers&) const {
    Faults::at(faults->signing);
    return true;
  }
  SharedFaults faults{};
  std::shared_ptr<const int> prepared = std::make_shared<const int>(0);  // as often referred to as there are keys
};

/// A handle to a store that other dispatchers hold, too.
struct SharedStore {
  using role = webhook::role::store;
  void append(const webhook::Now& now, std::span<const webhook::NewEvent> events,
              std::span<webhook::Appended> answers) {
    Faults::at(faults->appending);
    std::vector<webhook::NewEvent> recognised(events.begin(), events.end());
    for (webhook::NewEvent& event : recognised)
      event.named = true;  // its commit may go unheard: it must know each again
    real->append(now, recognised, answers);
    Faults::at(faults->appended);
  }
  webhook::Found claim(const webhook::Claim& ask, std::vector<webhook::Claimed>& claimed) {
    Faults::at(faults->claiming);
    const webhook::Found found = real->claim(ask, claimed);
    ++faults->claims;
    return found;
  }
  void settle(const webhook::Now& now, std::span<const webhook::Settlement> words,
              std::span<webhook::Settled> settled) {
    Faults::at(faults->settling);
    real->settle(now, words, settled);
  }
  void tune(const webhook::Now& now, webhook::EndpointId id, const webhook::Lane& lane) {
    Faults::at(faults->tuning);
    real->tune(now, id, lane);
  }
  webhook::Version put(const webhook::Endpoint& endpoint) {
    Faults::at(faults->putting);
    const webhook::Version version = real->put(endpoint);
    Faults::at(faults->was_put);
    return version;
  }
  std::vector<webhook::Endpoint> endpoints(webhook::Version after) {
    Faults::at(faults->reading);
    return real->endpoints(after);
  }
  std::vector<webhook::Delivery> find(const webhook::Query& query) { return real->find(query); }
  std::vector<webhook::Attempt> attempts(webhook::DeliveryId id) { return real->attempts(id); }
  std::size_t amend(const webhook::Now& now, const webhook::Query& query, webhook::State to) {
    const std::size_t amended = real->amend(now, query, to);
    Faults::at(faults->was_amended);
    return amended;
  }
  std::vector<webhook::KeptEvent> events(const webhook::EventQuery& query) { return real->events(query); }
  webhook::Backlog backlog(const webhook::Now& now) { return real->backlog(now); }
  std::size_t replay(const webhook::Now& now, std::span<const webhook::Route> routes) {
    return real->replay(now, routes);
  }
  std::size_t prune(const webhook::Now& now, webhook::Duration age, std::size_t most) {
    return real->prune(now, age, most);
  }

  SharedFaults faults{};
  std::shared_ptr<webhook::MemoryStore> real{};
};

}  // namespace support

extern template class webhook::Dispatcher<support::FaultyTransport, webhook::JsonSerializer, support::FaultySigner,
                                          support::SharedStore, support::FaultyClock>;

namespace support {

/// Polls until `condition` holds; false if it does not within five seconds.
template <class Condition>
bool until(const Condition& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{5};
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

class FaultyHost {
 public:
  explicit FaultyHost(webhook::Options options = {},
                      std::shared_ptr<webhook::MemoryStore> shared = std::make_shared<webhook::MemoryStore>());
  FaultyHost(const FaultyHost&) = delete;
  FaultyHost& operator=(const FaultyHost&) = delete;
  ~FaultyHost();

  int count(webhook::Notice::Kind kind) const;
  std::vector<webhook::Delivery> all();
  bool all_are(webhook::State state);

  /// Whether the dispatcher refuses events because it is being stopped.
  bool stopping();

  SharedFaults faults = std::make_shared<Faults>();
  std::shared_ptr<webhook::MemoryStore> store;
  webhook::RecordingTransport transport{};
  FaultySigner signer{faults};
  webhook::Dispatcher<FaultyTransport, webhook::JsonSerializer, FaultySigner, SharedStore, FaultyClock> hooks;

 private:
  webhook::Options watched(webhook::Options options);

  mutable std::mutex mutex_{};
  std::vector<webhook::Notice::Kind> told_{};
};

/// The same, in virtual time, driven by its test.
class FaultyVirtualHost : public FaultyHost {
 public:
  explicit FaultyVirtualHost(webhook::ManualClock time = webhook::ManualClock(),
                             std::shared_ptr<webhook::MemoryStore> shared = std::make_shared<webhook::MemoryStore>());

  void pass(webhook::Duration time, webhook::Duration step = std::chrono::seconds{1});

  webhook::ManualClock clock;
};

}  // namespace support

#endif
