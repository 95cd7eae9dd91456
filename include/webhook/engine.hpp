// SPDX-License-Identifier: MIT
// Engine: accepts events, runs the workers, and ends them within a deadline. The state behind a Dispatcher.
// It knows no payload type and no overloads (dispatcher.hpp), and nothing of HTTP, keys or tables (the policies).
#ifndef WEBHOOK_ENGINE_HPP
#define WEBHOOK_ENGINE_HPP

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "concepts.hpp"
#include "detail/crew.hpp"
#include "detail/event_id.hpp"
#include "detail/fork_guard.hpp"
#include "detail/policies.hpp"
#include "detail/random.hpp"
#include "detail/tally.hpp"
#include "registry.hpp"
#include "sieve.hpp"
#include "worker.hpp"

namespace webhook {
inline namespace v0 {

/// What a dispatcher is made of. Thread-safe where Dispatcher says so.
template <class Policies>
class Engine final : private Peers {
  static_assert(!RoutesLater<typename Policies::Store>,
                "webhook: this version routes every event when it is emitted; a store that keeps events unrouted "
                "(webhook::RoutesLater) would keep them for ever");

 public:
  template <class... P>
  explicit Engine(std::tuple<P...> given)
      : policies_(std::move(given)), random_(policies_.options.seed), registry_(policies_, random_) {
    if (policies_.options.workers == 0) throw Error(errc::invalid, "Options::workers is at least 1");
    if (policies_.options.timeout <= Duration::zero() ||
        policies_.options.timeout > policies_.options.longest_timeout) {
      throw Error(errc::invalid, "Options::timeout lies between 0 and Options::longest_timeout");
    }
    if (policies_.options.longest_timeout > std::chrono::hours{24}) {
      throw Error(errc::invalid, "Options::longest_timeout is at most 24 hours");
    }
    if (policies_.options.disable_after <= Duration::zero()) {
      throw Error(errc::invalid,
                  "Options::disable_after is positive; webhook::Duration::max() never disables an endpoint");
    }
    if (policies_.options.per_lane == 0) throw Error(errc::invalid, "Options::per_lane is at least 1");
  }

  Policies& policies() noexcept { return policies_; }

  /// For every entry that changes endpoints or asks for them.
  Registry<Policies>& registry() {
    refuse_fork();
    return registry_;
  }

  /// In a child of the process that started the workers, nothing here may be touched: neither threads nor connections
  /// came along, but their memory did.
  bool orphaned() const noexcept { return phase_.load() != Phase::fresh && guard_.in_child(); }

  // --------------------------------------------------------------------------------------------------------- accept
  /// Stores an event for everyone who subscribed. `encode` gives the payload, and is asked only if somebody did.
  template <class Encode>
  Emitted emit(std::string_view type, const EmitOptions& options, const Encode& encode) {
    try {
      return accept(type, options, encode);
    } catch (...) {
      tally_.refused();
      throw;
    }
  }

  /// Stores an event for one endpoint, whatever it subscribed to.
  Emitted emit_to(const Endpoint& endpoint, std::string_view type, const EmitOptions& options, Bytes payload) {
    refuse_fork();
    refuse_stopped();
    check_event_type(type);
    if (!options.id.empty()) detail::check_event_id(options.id);
    const Now now = policies_.clock.now();
    return append(now, make(now, type, options, std::move(payload)), options, {&endpoint.id, 1},
                  registry_.router().version());
  }

  Counters counters() const noexcept {
    Counters counters = tally_.read();
    const Counted notifying(notifying_);
    if (const Workers* workers = workers_.load(); workers != nullptr) counters.workers = workers->size();
    return counters;
  }

  /// Wakes a sleeping worker: after something was stored that it has not heard of.
  void notify() noexcept {
    notifying_.fetch_add(1);  // keeps stop() from ending the workers meanwhile
    if (Workers* workers = workers_.load(); workers != nullptr) {
      for (const auto& worker : *workers) {
        if (worker->wake_if_asleep()) break;
      }
    }
    notifying_.fetch_sub(1);
  }

  // ------------------------------------------------------------------------------------------------------------- run
  void start() {
    refuse_fork();
    const std::lock_guard lock(life_);
    if (phase_ == Phase::running && driven_by_threads_) return;
    if (phase_ == Phase::running)
      throw Error(errc::misuse,
                  "start() after run_once(): a dispatcher is driven by threads or by its host, not by both");
    refuse_stopped();
    hire(policies_.options.workers);
    driven_by_threads_ = true;
    phase_ = Phase::running;
    try {
      crew_.start(
          policies_.options.workers, [this](std::size_t index) { work(*staff_[index]); },
          [this] {
            phase_ = Phase::stopping;
            wake_all();
          });
    } catch (const std::system_error& error) {
      dismiss();
      driven_by_threads_ = false;
      phase_ = Phase::fresh;  // so that the host may try again
      throw Error(errc::transient, std::string("the system refused a thread: ") + error.what());
    }
  }

  std::size_t run_once(Duration wait) {
    refuse_fork();
    refuse_within_step("run_once()");
    const std::unique_lock turn(turn_, std::try_to_lock);
    if (!turn.owns_lock()) throw Error(errc::misuse, "run_once() is already running on another thread");
    {
      const std::lock_guard lock(life_);
      refuse_stopped();
      if (driven_by_threads_) throw Error(errc::misuse, "run_once() after start(): the threads drive this dispatcher");
      hire(1);
      phase_ = Phase::running;
    }
    return staff_.front()->step(wait);
  }

  /// Delivers what is due, then ends; after `within` it gives back what is still in flight, and ends.
  void stop(Duration within) {
    refuse_fork();
    refuse_within_step("stop()");
    // Real time, whatever clock the policies have: the host's thread waits here.
    const auto deadline = std::chrono::steady_clock::now() + (std::min)(within, Duration(std::chrono::hours{24 * 365}));
    {
      const std::lock_guard lock(life_);
      if (phase_ == Phase::stopped) return;
      if (phase_ != Phase::stopping) {
        deadline_ = deadline;
        phase_ = Phase::stopping;
      } else if (deadline < deadline_.load()) {
        deadline_ = deadline;  // who is in more of a hurry decides
      }
      wake_all();
    }
    const std::lock_guard turn(turn_);  // after the run_once() under way, if there is one, and any other stop()
    if (phase_ == Phase::stopped) return;
    if (driven_by_threads_) {
      crew_.join();
    } else {
      for (const auto& worker : staff_) finish(*worker);
    }
    const std::lock_guard lock(life_);
    dismiss();
    phase_ = Phase::stopped;
  }

 private:
  struct Counted {
    explicit Counted(std::atomic<int>& count) noexcept : count_(count) { count_.fetch_add(1); }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() { count_.fetch_sub(1); }
    std::atomic<int>& count_;
  };
  void another() noexcept override { notify(); }

  enum class Phase : unsigned char { fresh, running, stopping, stopped };
  using Workers = std::vector<std::unique_ptr<Worker<Policies>>>;
  static constexpr Duration longest_step = std::chrono::hours{1};

  std::shared_ptr<Event> make(const Now& now, std::string_view type, const EmitOptions& options, Bytes payload) {
    if (payload.size() > policies_.options.max_payload) {
      throw Error(errc::too_large, "the payload has " + std::to_string(payload.size()) +
                                       " bytes, Options::max_payload allows " +
                                       std::to_string(policies_.options.max_payload));
    }
    auto event = std::make_shared<Event>();
    event->time = now.wall;
    event->id = options.id.empty() ? detail::make_event_id(event->time, random_.next()) : EventId(options.id);
    event->type = type;
    if (!options.tenant.empty()) event->tenant = options.tenant;
    if (!options.key.empty()) event->key = options.key;
    event->expires = options.expires;
    event->payload = std::move(payload);
    return event;
  }

  template <class Encode>
  Emitted accept(std::string_view type, const EmitOptions& options, const Encode& encode) {
    refuse_fork();
    refuse_stopped();
    if (options.tenant.size() > max_label) throw Error(errc::invalid, "a tenant has at most 256 bytes");
    const std::shared_ptr<const Routes> routes = registry_.router().routes(options.tenant, type);
    if (!options.id.empty()) detail::check_event_id(options.id);
    Emitted nobody;
    nobody.id = EventId(options.id);
    if (routes->endpoints.empty() && routes->candidates.empty()) {
      tally_.unwanted();
      return nobody;
    }
    const Now now = policies_.clock.now();
    std::shared_ptr<Event> event = make(now, type, options, encode());
    if (routes->candidates.empty()) return append(now, std::move(event), options, routes->endpoints, routes->registry);
    std::vector<EndpointId> chosen = routes->endpoints;
    sieve_.sift(policies_.serializer, *event, routes->candidates, chosen);
    if (chosen.empty()) {
      tally_.unwanted();
      return nobody;
    }
    return append(now, std::move(event), options, chosen, routes->registry);
  }

  Emitted append(const Now& now, std::shared_ptr<const Event> event, const EmitOptions& options,
                 std::span<const EndpointId> routes, Version registry) {
    Emitted emitted;
    emitted.id = event->id;
    const Counted accepting(accepting_);  // stop() waits for it, as long as it has time
    refuse_stopped();
    NewEvent fresh{std::move(event), routes, registry, !options.id.empty(),
                   (std::max)(options.delay, policies_.options.retry.first())};
    int tries = 0;
    for (;; ++tries) {
      try {
        policies_.store.append(now, {&fresh, 1}, {&emitted.outcome, 1});
        break;
      } catch (const Error& error) {
        if (error.code() != errc::unknown_commit || tries == 2) throw;
        fresh.named = true;  // so that the store recognises what it may have committed
      }
    }
    if (emitted.outcome == Appended::conflict) {
      throw Error(errc::conflict, "an event of this id was emitted before, with another type or payload");
    }
    if (emitted.outcome == Appended::duplicate && tries > 0 && options.id.empty())
      emitted.outcome = Appended::inserted;  // by us
    if (emitted.outcome == Appended::inserted) {
      emitted.endpoints = routes.size();
      tally_.emitted();
    }
    notify();
    return emitted;
  }

  void hire(std::size_t size) {
    if (!staff_.empty()) return;
    if (guard_.in_child()) guard_.adopt();
    Workers staff;  // all of them or none: open() may throw
    for (std::size_t index = 0; index < size; ++index) {
      staff.push_back(std::make_unique<Worker<Policies>>(policies_, registry_, random_, tally_,
                                                         WorkerId{random_.next().high}, static_cast<Peers&>(*this)));
    }
    staff_ = std::move(staff);
    workers_ = &staff_;
  }

  void dismiss() noexcept {
    workers_ = nullptr;
    while (notifying_.load() != 0) std::this_thread::yield();
    staff_.clear();
  }

  void work(Worker<Policies>& worker) {
    while (phase_ == Phase::running) worker.step(longest_step);
    finish(worker);
  }

  /// The last steps of a worker: until nothing is due or in flight, or the deadline has come.
  void finish(Worker<Policies>& worker) {
    Duration wait{};  // the first step does not wait
    for (;;) {
      const Duration left = deadline_.load() - std::chrono::steady_clock::now();
      if (left <= Duration::zero()) break;  // nothing is begun that could not end
      const bool accepting = accepting_.load() != 0;
      worker.step((std::min)(left, wait));
      if (worker.idle() && !accepting) break;
      wait = std::chrono::milliseconds{50};
    }
    worker.abandon();
  }

  void wake_all() noexcept {
    for (const auto& worker : staff_) worker->wake();
  }

  void refuse_stopped() const {
    const Phase phase = phase_.load();
    if (phase == Phase::stopping || phase == Phase::stopped)
      throw Error(errc::stopped, "the dispatcher was stopped; it accepts nothing any more");
  }

  /// An observer runs within a step, and what waits for the step to end would wait forever.
  void refuse_within_step(const char* call) const {
    notifying_.fetch_add(1);
    bool within = false;
    if (Workers* workers = workers_.load(); workers != nullptr) {
      for (const auto& worker : *workers) within = within || worker->stepping_here();
    }
    notifying_.fetch_sub(1);
    if (within)
      throw Error(errc::misuse,
                  std::string(call) + " was called from an observer; call it from a thread of the host's own");
  }

  void refuse_fork() {
    if (!guard_.in_child()) return;
    if (phase_.load() != Phase::fresh) {
      throw Error(errc::forked,
                  "this process is a fork of the one that started the dispatcher; make a new one here, or start it "
                  "after the fork");
    }
    const std::lock_guard lock(life_);
    if (!guard_.in_child()) return;
    random_.reseed();  // or parent and child would give the same ids to different events
    guard_.adopt();
  }

  Policies policies_;
  detail::Random random_;
  Registry<Policies> registry_;
  Sieve<typename Policies::Serializer> sieve_{};
  detail::ForkGuard guard_{};
  detail::Tally tally_{};
  std::mutex turn_{};  // held while workers are stepped or joined; taken before life_, never after it
  std::mutex life_{};  // held for moments: guards the phase's changes and the hiring of workers
  std::atomic<Phase> phase_{Phase::fresh};
  std::atomic<std::chrono::steady_clock::time_point> deadline_{};  // written before phase_ becomes stopping
  bool driven_by_threads_ = false;
  Workers staff_{};
  std::atomic<Workers*> workers_{nullptr};  // set while staff_ may be used from any thread
  mutable std::atomic<int> notifying_{0};
  std::atomic<int> accepting_{0};  // emits between their last look at the phase and the store's answer
  detail::Crew crew_{};
};

}  // namespace v0
}  // namespace webhook

#endif
