// SPDX-License-Identifier: MIT
// Worker: claims what is due, renders, signs and starts it, and settles what came of it. A state machine without I/O
// of its own: the transport's session sends, the store keeps, and whoever calls step() lends the thread.
// It knows nothing of threads, of who emits, or of when the program ends.
#ifndef WEBHOOK_WORKER_HPP
#define WEBHOOK_WORKER_HPP

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "aftermath.hpp"
#include "announcer.hpp"
#include "concepts.hpp"
#include "detail/endpoint_cache.hpp"
#include "detail/key_ring.hpp"
#include "detail/random.hpp"
#include "detail/renderings.hpp"
#include "detail/slots.hpp"
#include "detail/tally.hpp"
#include "health.hpp"
#include "judgement.hpp"
#include "outcome.hpp"
#include "registry.hpp"
#include "rerouting.hpp"

namespace webhook {
inline namespace v0 {

/// Who else may take what this worker has no room for, or waits for what it has done.
struct Peers {
  virtual void another() noexcept = 0;  // wakes one that sleeps
  virtual void ended() noexcept = 0;    // deliveries were settled: the store may have room
 protected:
  ~Peers() = default;
};

/// One worker of one dispatcher. Used by one thread at a time, but for wake() and wake_if_asleep().
template <class Policies>
class Worker final : private Exchanges {
 public:
  Worker(Policies& policies, Registry<Policies>& registry, detail::Random& random, detail::Tally& tally,
         const Announcer& announcer, Health& health, WorkerId id, Peers& peers)
      : policies_(policies),
        registry_(registry),
        random_(random),
        tally_(tally),
        announcer_(announcer),
        id_(id),
        peers_(peers),
        session_(policies.transport.open()),
        endpoints_(registry.router()),
        aftermath_(policies, registry, endpoints_, announcer, health),
        rerouting_(policies, registry, announcer) {}

  /// Moves everything on once, waiting at most `wait` for something to happen. Returns how many attempts ended.
  std::size_t step(Duration wait) {
    const Stepping stepping(*this);
    ended_ = 0;
    Duration pause = (std::min)(wait, trouble_pause);  // if memory or the clock fails
    contained([&] {
      say();
      pause = fill(wait);
    });
    const bool polled = contained([&] { session_.poll(pause, *this); });
    stay_awake();
    if (!polled)
      std::this_thread::sleep_for((std::min)(pause, broken_poll_pause));  // it did not wait, and must not spin
    contained([&] { say(); });
    return ended_;
  }

  /// True if the last step left nothing to do now: nothing in flight, nothing to be told to the store, nothing due.
  bool idle() const noexcept { return slots_.taken() == 0 && !owes() && found_nothing_; }

  /// Gives back what is in flight, untried as far as anyone can know.
  void abandon() {
    const Stepping stepping(*this);
    closing_ = true;
    if (slots_.taken() > 0)
      contained([&] { session_.poll(Duration::zero(), *this); });  // answers that are there already
    contained([&] {
      slots_.each([&](Ticket ticket, const Exchange& exchange) {
        session_.cancel(ticket);
        const Releasing releasing(*this, ticket);
        outcomes_.push_back(Outcome::given_back(exchange.claimed));
      });
    });
    trouble_until_ = (Duration::min)();  // there is no later
    contained([&] { say(); });
  }

  /// From any thread: is the caller within a step of this worker, as an observer is?
  bool stepping_here() const noexcept { return stepper_.load() == std::this_thread::get_id(); }

  /// From any thread: ends the wait of the step under way, or of the next one.
  void wake() noexcept { session_.wake(); }

  /// From any thread, after something was appended: wakes the worker if it sleeps and would miss it.
  bool wake_if_asleep() noexcept {
    if (!asleep_.load() || !asleep_.exchange(false)) return false;
    session_.wake();
    return true;
  }

 private:
  using Session = decltype(std::declval<typename Policies::Transport&>().open());
  static constexpr Duration lease_margin = std::chrono::seconds{15};  // for everything of an attempt but the exchange
  static constexpr Duration trouble_pause = std::chrono::seconds{1};
  static constexpr Duration broken_poll_pause = std::chrono::milliseconds{100};
  static constexpr Duration not_ready_pause = std::chrono::milliseconds{200};
  static constexpr std::uint32_t most_lost = 3;
  static constexpr std::size_t most_per_step = 4096;

  class Stepping {  // marks the thread that is within a step
   public:
    explicit Stepping(Worker& worker) : worker_(worker) { worker_.stepper_ = std::this_thread::get_id(); }
    Stepping(const Stepping&) = delete;
    Stepping& operator=(const Stepping&) = delete;
    ~Stepping() { worker_.stepper_ = std::thread::id(); }

   private:
    Worker& worker_;
  };
  class Releasing {  // gives a slot back whatever is thrown, unless it is kept
   public:
    Releasing(Worker& worker, Ticket ticket) noexcept : worker_(worker), ticket_(ticket) {}
    Releasing(const Releasing&) = delete;
    Releasing& operator=(const Releasing&) = delete;
    ~Releasing() {
      if (!kept_) worker_.release(ticket_);
    }
    void keep() noexcept { kept_ = true; }

   private:
    Worker& worker_;
    Ticket ticket_;
    bool kept_ = false;
  };
  struct Exchange {
    Claimed claimed{};
    std::shared_ptr<const Endpoint> endpoint{};
    std::shared_ptr<const Rendering> rendering{};
    Request request{};
    Duration lease_ends{};  // steady
    Now began{};
  };
  struct Reading {
    Now now{};
    unsigned uses = 0;  // that are left
  };

  void stay_awake() noexcept {
    if (asleep_.load()) asleep_.store(false);  // mostly nothing to write: those who emit read it all the time
  }

  // ------------------------------------------------------------------------------------------------ claim and start
  /// Claims and starts as much as there is room for; returns how long the worker may sleep then.
  Duration fill(Duration wait) {
    const Now now = policies_.clock.now();
    found_nothing_ = false;
    if (now.steady < trouble_until_) return (std::min)(wait, trouble_until_ - now.steady);
    // The last claim before a sleep is made after the sleep was announced: what is appended before it is found by it,
    // and what is appended after it finds the worker announced.
    std::size_t took = 0;
    for (bool announced = false;;) {
      const std::size_t room = session_.room();
      if (room == 0) {
        if (took > 0) peers_.another();  // there may be more, or soon: somebody must know when
        say();
        return owes() ? (std::min)(wait, trouble_pause) : wait;
      }
      if (announced) asleep_.store(true);
      claimed_.clear();
      Found found;
      Claim ask;
      const bool answered = contained([&] {
        if constexpr (RoutesLater<typename Policies::Store>) rerouting_.run();
        ask = {policies_.clock.now(), id_, lease(), room, policies_.options.per_lane};  // routing may have taken long
        found = policies_.store.claim(ask, claimed_);
        if (found.registry != registry_.router().version()) registry_.refresh();
      });
      recent_.uses = 0;
      for (Claimed& claimed : claimed_) begin(std::move(claimed), ask.now.steady + ask.lease);
      if (!answered) return (std::min)(wait, trouble_pause);
      if (!claimed_.empty()) {
        announced = false;
        took += claimed_.size();
        if (took >= most_per_step)
          return Duration::zero();  // many may be over at once: let the caller look at the time
        stay_awake();
        continue;
      }
      sweep();
      if (announced || wait == Duration::zero()) {
        found_nothing_ = true;
        return (std::min)(wait, owes() ? trouble_pause : found.next);
      }
      say();  // what could not be started must not wait for the sleep to end
      announced = true;
    }
  }

  /// Forgets the keys of removed endpoints, and how endpoints were, once for each change of the registry.
  void sweep() {
    const Version version = registry_.router().version();
    if (std::exchange(swept_, version) == version) return;
    endpoints_.clear();
    keys_.sweep([&](EndpointId id) {
      const std::shared_ptr<const Endpoint> endpoint = registry_.router().find(id);
      return endpoint != nullptr && endpoint->state != EndpointState::removed;
    });
  }

  Duration lease() const noexcept { return policies_.options.longest_timeout + lease_margin; }

  /// Makes a claimed delivery ready and starts it, or says at once why not.
  void begin(Claimed&& claimed, Duration lease_ends) {
    std::shared_ptr<const Endpoint> endpoint;
    const bool known = read(claimed, endpoint);
    const Now now = recent();
    const auto over = [&](State state, Notice::Kind kind, std::string_view text) {
      outcomes_.push_back(Outcome::over(claimed, state, kind, text));
    };
    if (!known) {  // an old copy may name an old URL, and no copy is no proof that there is none
      outcomes_.push_back(Outcome::given_back(claimed, not_ready_pause));
    } else if (claimed.lost >= most_lost) {
      const bool park = parks(endpoint.get());
      over(park ? State::parked : State::quarantined, park ? Notice::Kind::parked : Notice::Kind::quarantined,
           "three leases ran out: workers died or hung over it");
    } else if (endpoint == nullptr || endpoint->state == EndpointState::removed ||
               endpoint->state == EndpointState::gone) {
      over(State::cancelled, Notice::Kind::cancelled, "the endpoint is gone");
    } else if (endpoint->state != EndpointState::active) {
      outcomes_.push_back(Outcome::given_back(claimed));  // paused or disabled between claim and now
    } else if (claimed.event->expires && now.wall >= *claimed.event->expires) {
      over(State::expired, Notice::Kind::expired, "the event expired before it could be sent");
    } else {
      start(std::move(claimed), std::move(endpoint), lease_ends, now);
    }
  }

  /// A reading of the clock serves a few deliveries that are begun one after the other.
  Now recent() {
    if (recent_.uses == 0) recent_ = {policies_.clock.now(), 8};
    --recent_.uses;
    return recent_.now;
  }

  /// Whether those behind a delivery that failed for good are to wait for the host.
  static bool parks(const Endpoint* endpoint) noexcept {
    return endpoint != nullptr && endpoint->order != Order::none && endpoint->when_exhausted == Exhausted::park;
  }

  void start(Claimed&& claimed, std::shared_ptr<const Endpoint>&& endpoint, Duration lease_ends, const Now& now) {
    const Ticket ticket = slots_.take();
    tally_.started();
    Exchange& exchange = *slots_.find(ticket);
    exchange.claimed = std::move(claimed);
    exchange.endpoint = std::move(endpoint);
    exchange.lease_ends = lease_ends;
    exchange.began = now;
    Releasing releasing(*this, ticket);
    Response response;
    response.failure = Failure::internal;
    try {
      if (prepare(exchange)) {
        session_.start(ticket, exchange.request);
        releasing.keep();
        return;
      }
      outcomes_.push_back(Outcome::given_back(exchange.claimed, not_ready_pause));
      return;
    } catch (const std::exception& error) {
      response.reason = error.what();
    } catch (...) {
      response.reason = "a policy threw something that is no std::exception";
    }
    conclude(exchange, std::move(response), now);
  }

  /// Writes the request and has it signed; false if the key is not ready.
  bool prepare(Exchange& exchange) {
    const Endpoint& endpoint = *exchange.endpoint;
    Request& request = exchange.request;
    if (exchange.claimed.event.use_count() == 1) {
      Rendering rendering = policies_.serializer.render(*exchange.claimed.event, endpoint.format);
      request.headers = rendering.headers;  // keeps its memory
      request.body = std::move(rendering.body);
    } else {
      exchange.rendering = renderings_.of(policies_.serializer, *exchange.claimed.event, endpoint.format);
      request.headers = exchange.rendering->headers;
      request.body = exchange.rendering->body;
    }
    request.url = endpoint.url;
    request.headers.add(endpoint.headers);
    const Event& event = *exchange.claimed.event;
    if (!event.traceparent.empty()) request.headers.add("traceparent", event.traceparent);
    request.timeout = endpoint.timeout > Duration::zero() ? endpoint.timeout : policies_.options.timeout;
    request.http2 = endpoint.http2;
    request.access = endpoint.access ? &*endpoint.access : nullptr;
    signed_.clear();
    const Signing signing{event.id.view(), exchange.began.wall, request, event.type};
    if (!policies_.signer.sign(signing, keys_.of(policies_.signer, endpoint, exchange.began.wall), signed_))
      return false;
    request.headers.add(signed_);
    return true;
  }

  /// The engine's copy of the endpoint, read again if the store says that it is an old one; null if there is none.
  /// False: it could not be read.
  bool read(const Claimed& claimed, std::shared_ptr<const Endpoint>& endpoint) {
    endpoint = endpoints_.find(claimed.endpoint);
    if (endpoint != nullptr && endpoint->version >= claimed.version) return true;
    recent_.uses = 0;  // a store may take its time
    if (!contained([&] { registry_.refresh(); })) return false;
    endpoint = endpoints_.find(claimed.endpoint);
    return endpoint == nullptr || endpoint->version >= claimed.version;
  }

  // ------------------------------------------------------------------------------------------- what a session tells
  bool may_send(Ticket ticket) override {
    const Exchange* exchange = slots_.find(ticket);
    bool open = false;
    if (exchange != nullptr && !closing_) {
      contained([&] { open = policies_.clock.now().steady + exchange->request.timeout <= exchange->lease_ends; });
    }
    return open;
  }

  /// What fails here must not reach the session, which may have other answers to tell; an outcome that is lost for want
  /// of memory is an attempt of which nobody knows: the lease runs out, and it is tried again.
  void done(Ticket ticket, Response response) override {
    Exchange* exchange = slots_.find(ticket);
    if (exchange == nullptr) return;
    const Releasing releasing(*this, ticket);
    contained([&] {
      if (response.failure == Failure::not_sent) {  // the lease would end before the answer: somebody else's turn
        outcomes_.push_back(Outcome::given_back(exchange->claimed));
      } else {
        ++ended_;
        tally_.attempted();
        conclude(*exchange, std::move(response), policies_.clock.now());
      }
    });
  }

  void conclude(const Exchange& exchange, Response&& response, const Now& now) {
    const Judgement judgement = judge(response, now.wall);
    const Endpoint& endpoint = *exchange.endpoint;
    const RetrySchedule& schedule = endpoint.retry ? *endpoint.retry : policies_.options.retry;
    std::optional<Duration> wait;
    if (judgement.verdict == Judgement::Verdict::retry)
      wait = schedule.next(exchange.claimed.attempts + 1, random_.next().low);
    outcomes_.push_back(Outcome::tried(exchange.claimed, record(exchange, std::move(response), now), judgement, wait,
                                       parks(&endpoint)));
  }

  Attempt record(const Exchange& exchange, Response&& response, const Now& now) const {
    Attempt attempt;
    attempt.fence = exchange.claimed.lease.fence;
    attempt.at = exchange.began.wall;
    attempt.took = now.steady - exchange.began.steady;
    attempt.status = response.status;
    attempt.failure = response.failure;
    attempt.response = std::move(response.body);
    if (attempt.response.size() > policies_.options.keep_response)
      attempt.response.resize(policies_.options.keep_response);
    attempt.reason = std::move(response.reason);
    if (attempt.reason.size() > policies_.options.keep_response) attempt.reason.resize(policies_.options.keep_response);
    return attempt;
  }

  // ------------------------------------------------------------------------------------------------- tell the store
  /// Settles what there is to settle, and does what is owed; what the store does not take now is said again in the next
  /// step.
  void say() {
    if (!owes()) return;
    const Now now = policies_.clock.now();
    if (now.steady < trouble_until_) return;
    if (!outcomes_.empty() && !settle(now)) return;
    if (!aftermath_.owes()) return;
    contained([&] { aftermath_.tune(); });
    contained([&] { aftermath_.close(); });
  }

  /// Something is to be said or done that the store did not take yet: no time for a long sleep.
  bool owes() const noexcept { return !outcomes_.empty() || aftermath_.owes(); }

  bool settle(const Now& now) {
    settlements_.clear();
    for (Outcome& outcome : outcomes_) {
      outcome.settlement.attempt = outcome.attempt ? &*outcome.attempt : nullptr;
      settlements_.push_back(outcome.settlement);
    }
    settled_.assign(settlements_.size(), Settled{});
    if (!contained([&] { policies_.store.settle(now, settlements_, settled_); })) return false;
    found_nothing_ = false;  // what was settled made room in its lane
    peers_.ended();
    // Taken out first: an observer may call back into the dispatcher.
    said_.swap(outcomes_);
    for (std::size_t i = 0; i < said_.size(); ++i) {
      if (settled_[i].word != Settled::Word::stale) follow(said_[i], settled_[i]);
    }
    said_.clear();
    return true;
  }

  /// What follows from an outcome that the store took. The lane is tuned before anyone is told, who may take his time.
  void follow(const Outcome& outcome, const Settled& settled) {
    contained([&] {
      aftermath_.judge(outcome, settled);
      aftermath_.tune();
    });
    contained([&] { aftermath_.tell(outcome, settled); });
    contained([&] { aftermath_.close(); });
  }

  /// Runs a step that a policy may fail; false, and a notice, if it did.
  template <class Step>
  bool contained(const Step& step) noexcept {
    try {
      step();
      return true;
    } catch (const std::exception& error) {
      trouble(error.what());
    } catch (...) {
      trouble("a policy threw something that is no std::exception");
    }
    return false;
  }

  void trouble(std::string_view text) noexcept {
    try {
      trouble_until_ = policies_.clock.now().steady + trouble_pause;
    } catch (...) {  // the clock is the trouble
    }
    announcer_.trouble(text);
  }

  void release(Ticket ticket) {
    Exchange& exchange = *slots_.find(ticket);
    if (exchange.rendering != nullptr)
      renderings_.release(*exchange.claimed.event, exchange.endpoint->format, std::move(exchange.rendering));
    exchange.claimed = Claimed{};
    exchange.request.access = nullptr;
    exchange.endpoint.reset();
    exchange.request.body = Bytes();
    slots_.give_back(ticket);
    tally_.ended();
  }

  Policies& policies_;
  Registry<Policies>& registry_;
  detail::Random& random_;
  detail::Tally& tally_;
  const Announcer& announcer_;
  WorkerId id_;
  Peers& peers_;
  Session session_;
  detail::EndpointCache endpoints_;
  Aftermath<Policies> aftermath_;
  Rerouting<Policies> rerouting_;
  detail::KeyRing<typename Policies::Signer> keys_{};
  detail::Renderings renderings_{};
  detail::Slots<Exchange> slots_{};
  std::size_t ended_ = 0;
  bool found_nothing_ = false;
  bool closing_ = false;
  Version swept_ = 0;
  std::vector<Claimed> claimed_{};
  Headers signed_{};
  Reading recent_{};
  std::vector<Outcome> outcomes_{}, said_{};  // said_ is empty but within say(); it keeps its memory
  std::vector<Settlement> settlements_{};
  std::vector<Settled> settled_{};
  Duration trouble_until_{(Duration::min)()};
  std::atomic<std::thread::id> stepper_{};
  alignas(64) std::atomic<bool> asleep_{false};  // apart from what the worker's thread writes at every delivery
};

}  // namespace v0
}  // namespace webhook

#endif
