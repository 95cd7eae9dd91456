// SPDX-License-Identifier: MIT
// Engine: runs the workers and ends them within a deadline; the state behind a Dispatcher, and its parts put together.
// It knows no payload type and no overloads (dispatcher.hpp), and nothing of HTTP, keys or tables (the policies).
#ifndef WEBHOOK_ENGINE_HPP
#define WEBHOOK_ENGINE_HPP

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "announcer.hpp"
#include "concepts.hpp"
#include "counters.hpp"
#include "detail/crew.hpp"
#include "detail/fork_guard.hpp"
#include "detail/policies.hpp"
#include "detail/random.hpp"
#include "detail/stripes.hpp"
#include "detail/tally.hpp"
#include "health.hpp"
#include "intake.hpp"
#include "registry.hpp"
#include "worker.hpp"

namespace webhook {
inline namespace v0 {

/// What a dispatcher is made of. Thread-safe where Dispatcher says so.
template <class Policies>
class Engine final : private Peers, private Premises {
 public:
  template <class... P>
  explicit Engine(std::tuple<P...> given)
      : policies_(std::move(given)),
        random_(policies_.options.seed),
        registry_(policies_, random_),
        announcer_(policies_.options, tally_, this,
                   [](void* self, const Notice& notice) { static_cast<Engine*>(self)->report(notice); }),
        intake_(policies_, registry_, random_, tally_, announcer_, *this) {
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
    for (const Duration threshold : policies_.options.warn_after) {
      if (threshold <= Duration::zero()) throw Error(errc::invalid, "the times in Options::warn_after are positive");
    }
    if (policies_.options.when_full == WhenFull::drop_oldest && !Remembers<typename Policies::Store>) {
      throw Error(errc::unsupported,
                  "this store cannot drop the oldest (it does not model webhook::Remembers); choose WhenFull::reject "
                  "or WhenFull::wait");
    }
    if (policies_.options.operational && !Encodes<typename Policies::Serializer, Notice>) {
      throw Error(errc::unsupported,
                  "this serializer does not encode webhook::Notice, so there can be no operational events");
    }
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

  /// For the destructor, after stop(): whether it is an observer that destroys the dispatcher. Its call returns into what
  /// is here, so that has to stay; the workers end by themselves, and the host is told of its mistake.
  bool destroyed_by_observer() noexcept {
    if (!is_within_step() && !announcer_.telling()) return false;
    {
      const std::lock_guard lock(life_);
      if (phase_ != Phase::stopped) {
        deadline_ = std::chrono::steady_clock::now();
        phase_ = Phase::stopping;
        wake_all();
      }
    }
    announcer_.trouble(
        "the dispatcher was destroyed by its own observer: it ends, but its memory is kept; destroy it elsewhere");
    return true;
  }

  /// For every entry that emits.
  Intake<Policies>& intake() {
    refuse_fork();
    return intake_;
  }

  /// Tells the host, and whoever subscribed to operational events, of a change that the host made.
  void tell(Notice::Kind kind, EndpointId endpoint) {
    if (kind == Notice::Kind::endpoint_enabled) static_cast<void>(health_.recovers(endpoint));  // it starts anew
    Notice notice;
    notice.kind = kind;
    notice.endpoint = endpoint;
    notice.text = "by the host";
    announcer_.tell(notice);
  }

  Counters counters() const noexcept {
    Counters counters = tally_.read();
    const Holding notifying(notifying_);
    if (const Workers* workers = workers_.load(); workers != nullptr) counters.workers = workers->size();
    return counters;
  }

  Gauges gauges() requires Remembers<typename Policies::Store> {
    const Backlog backlog = policies_.store.backlog(policies_.clock.now());
    const auto states = registry().router().count_states();
    const auto in = [&](EndpointState state) { return std::uint64_t{states[static_cast<std::size_t>(state)]}; };
    return {backlog.due,
            backlog.leased,
            backlog.parked,
            backlog.bytes,
            backlog.oldest,
            in(EndpointState::active),
            in(EndpointState::paused),
            in(EndpointState::disabled),
            in(EndpointState::gone)};
  }

  /// Wakes a sleeping worker: after something was stored that it has not heard of.
  void notify() noexcept override {
    const Holding notifying(notifying_);  // keeps stop() from ending the workers meanwhile
    if (Workers* workers = workers_.load(); workers != nullptr) {
      for (const auto& worker : *workers) {
        if (worker->wake_if_asleep()) break;
      }
    }
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
  using Holding = detail::StripedCount::Hold;
  void another() noexcept override { notify(); }
  void ended() noexcept override { intake_.made_room(); }
  void check_open() const override { refuse_stopped(); }
  bool is_within_step() const noexcept override {
    const Holding notifying(notifying_);
    bool within = false;
    if (Workers* workers = workers_.load(); workers != nullptr) {
      for (const auto& worker : *workers) within = within || worker->stepping_here();
    }
    return within;
  }

  enum class Phase : unsigned char { fresh, running, stopping, stopped };
  using Workers = std::vector<std::unique_ptr<Worker<Policies>>>;
  static constexpr Duration longest_step = std::chrono::hours{1};

  /// Emits a notice for the operational tenant; not about its own endpoints, or one report would follow another.
  void report(const Notice& notice) {
    if constexpr (Encodes<typename Policies::Serializer, Notice>) {
      const std::string& tenant = *policies_.options.operational;
      const std::shared_ptr<const Endpoint> endpoint = registry_.router().find(notice.endpoint);
      if (endpoint != nullptr && endpoint->tenant == tenant) return;
      EmitOptions options;
      options.tenant = tenant;
      intake_.emit("webhook." + std::string(to_string(notice.kind)), options,
                   [&] { return policies_.serializer.encode(notice); });
    }
  }

  void hire(std::size_t size) {
    if (!staff_.empty()) return;
    if (guard_.in_child()) guard_.adopt();
    Workers staff;  // all of them or none: open() may throw
    for (std::size_t index = 0; index < size; ++index) {
      staff.push_back(std::make_unique<Worker<Policies>>(policies_, registry_, random_, tally_, announcer_, health_,
                                                         WorkerId{random_.next().high}, static_cast<Peers&>(*this)));
    }
    staff_ = std::move(staff);
    workers_ = &staff_;
  }

  void dismiss() noexcept {
    workers_ = nullptr;
    while (notifying_.read() != 0) std::this_thread::yield();
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
      const bool accepting = intake_.busy();
      worker.step((std::min)(left, wait));
      if (worker.idle() && !accepting) break;
      wait = std::chrono::milliseconds{50};
    }
    worker.abandon();
  }

  void wake_all() noexcept {
    intake_.made_room();  // who waits for it is told that there will be none
    for (const auto& worker : staff_) worker->wake();
  }

  void refuse_stopped() const {
    const Phase phase = phase_.load();
    if (phase == Phase::stopping || phase == Phase::stopped)
      throw Error(errc::stopped, "the dispatcher was stopped; it accepts nothing any more");
  }

  /// An observer runs within a step, and what waits for the step to end would wait forever.
  void refuse_within_step(const char* call) const {
    if (is_within_step())
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
  detail::Tally tally_{};
  Announcer announcer_;
  Health health_{};
  Intake<Policies> intake_;
  detail::ForkGuard guard_{};
  std::mutex turn_{};  // held while workers are stepped or joined; taken before life_, never after it
  std::mutex life_{};  // held for moments: guards the phase's changes and the hiring of workers
  std::atomic<Phase> phase_{Phase::fresh};
  std::atomic<std::chrono::steady_clock::time_point> deadline_{};  // written before phase_ becomes stopping
  bool driven_by_threads_ = false;
  Workers staff_{};
  std::atomic<Workers*> workers_{nullptr};  // set while staff_ may be used from any thread
  mutable detail::StripedCount notifying_{};
  detail::Crew crew_{};
};

}  // namespace v0
}  // namespace webhook

#endif
