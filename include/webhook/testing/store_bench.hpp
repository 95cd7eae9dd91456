// SPDX-License-Identifier: MIT
// The bench on which a store is tested: how time passes for it, and short words for what a case does to it.
// It knows no test framework: a case that is not satisfied leaves a sentence behind.
#ifndef WEBHOOK_TESTING_STORE_BENCH_HPP
#define WEBHOOK_TESTING_STORE_BENCH_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "../concepts.hpp"

namespace webhook {
inline namespace v0 {

/// Time for stores that go by the clock readings they are handed: it passes when the bench says so.
class VirtualTime {
 public:
  Now now() const {
    return {at_,
            WallTime(std::chrono::hours{24 * 365 * 50}) + std::chrono::duration_cast<std::chrono::microseconds>(at_)};
  }
  void pass(Duration wait) { at_ += wait; }
  Duration unit() const { return std::chrono::seconds{1}; }

 private:
  Duration at_ = std::chrono::hours{1};
};

/// Time for stores that go by a clock of their own, such as a server's: the bench waits. `unit` is the step in which
/// the cases count; what the store needs for one call must be far below it.
class RealTime {
 public:
  explicit RealTime(Duration unit = std::chrono::milliseconds{200}) : unit_(unit) {}
  Now now() const {
    return {std::chrono::steady_clock::now().time_since_epoch(),
            std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now())};
  }
  void pass(Duration wait) { std::this_thread::sleep_for(wait); }
  Duration unit() const { return unit_; }

 private:
  Duration unit_;
};

/// One store under test.
template <StorePolicy Store, class Time>
class StoreBench {
 public:
  StoreBench(Store&& fresh, Time passing, std::string_view name, std::vector<std::string>& failures)
      : store(std::move(fresh)), time(passing), name_(name), failures_(&failures) {}

  Store store;
  Time time;
  Found found{};  // the answer to the last claim

  /// Notes that the store did not do what the sentence says it must.
  void expect(bool fulfilled, std::string_view sentence) {
    if (!fulfilled) failures_->push_back(std::string(name_) + ": " + std::string(sentence));
  }

  Duration units(double count) const {
    return Duration(static_cast<Duration::rep>(static_cast<double>(time.unit().count()) * count));
  }
  void pass(double count) { time.pass(units(count)); }

  /// An active endpoint without spacing, put; its cap is 100 unless told otherwise.
  Endpoint endpoint(std::uint64_t id, std::uint32_t cap = 100) {
    Endpoint description;
    description.url = "https://receiver.example/" + std::to_string(id);
    description.id = EndpointId{id};
    description.cap = cap;
    description.version = store.put(description);
    return description;
  }

  /// Puts a changed endpoint, and learns its version.
  void put(Endpoint& description) { description.version = store.put(description); }
  void put(Endpoint& description, EndpointState state) {
    description.state = state;
    put(description);
  }

  static std::shared_ptr<const Event> event(std::string_view id, std::string_view payload = "{}") {
    auto made = std::make_shared<Event>();
    made->id = EventId(id);
    made->type = "order.created";
    made->payload = Bytes(payload);
    return made;
  }

  /// Appends one event.
  Appended append(const std::shared_ptr<const Event>& what, std::initializer_list<std::uint64_t> endpoints,
                  bool named = false, Duration delay = {}) {
    std::vector<EndpointId> routes;
    for (const std::uint64_t id : endpoints) routes.push_back(EndpointId{id});
    const NewEvent fresh{what, routes, registry(), named, delay};
    Appended answer = Appended::conflict;
    store.append(time.now(), {&fresh, 1}, {&answer, 1});
    return answer;
  }
  Appended append(std::string_view id, std::initializer_list<std::uint64_t> endpoints, Duration delay = {}) {
    return append(event(id), endpoints, false, delay);
  }

  /// The newest version, as an engine that has read everything knows it.
  Version registry() {
    Version newest = 0;
    for (const Endpoint& known : store.endpoints(0)) newest = known.version > newest ? known.version : newest;
    return newest;
  }

  std::vector<Claimed> claim(std::size_t most = 64, std::size_t per_lane = 64, double lease = 30) {
    std::vector<Claimed> claimed;
    found = store.claim({time.now(), WorkerId{1}, units(lease), most, per_lane}, claimed);
    return claimed;
  }

  Settled settle(const Lease& lease, State state, Duration in = {}, const Attempt* attempt = nullptr) {
    const Settlement word{lease, state, in, attempt};
    Settled answer;
    store.settle(time.now(), {&word, 1}, {&answer, 1});
    return answer;
  }
  /// An attempt that was answered so, and what follows from it.
  Settled tried(const Claimed& what, int status, State state, Duration in = {}) {
    Attempt attempt;
    attempt.fence = what.lease.fence;
    attempt.at = time.now().wall;
    attempt.took = std::chrono::milliseconds{12};
    attempt.status = status;
    attempt.response = "answer " + std::to_string(status);
    return settle(what.lease, state, in, &attempt);
  }

  void tune(std::uint64_t endpoint, std::uint32_t cap, double rest = 0) {
    store.tune(time.now(), EndpointId{endpoint}, {cap, units(rest)});
  }

  /// "a b c": which events were claimed, in that order.
  static std::string ids(const std::vector<Claimed>& claimed) {
    std::string text;
    for (const Claimed& one : claimed) text.append(text.empty() ? "" : " ").append(one.event->id.view());
    return text;
  }

 private:
  std::string_view name_;
  std::vector<std::string>* failures_;
};

/// A named case, runnable on a bench.
template <class Bench>
struct StoreCase {
  std::string_view name{};
  void (*run)(Bench&) = nullptr;
};

}  // namespace v0
}  // namespace webhook

#endif
