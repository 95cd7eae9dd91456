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

#include "concepts.hpp"
#include "detail/key_ring.hpp"
#include "detail/random.hpp"
#include "detail/renderings.hpp"
#include "judgement.hpp"
#include "notice.hpp"
#include "registry.hpp"

namespace webhook {
inline namespace v0 {

/// One worker of one dispatcher. Used by one thread at a time, but for wake() and wake_if_asleep().
template <class Policies>
class Worker final : private Exchanges {
 public:
  Worker(Policies& policies, Registry<Policies>& registry, detail::Random& random, WorkerId id)
      : policies_(policies), registry_(registry), random_(random), id_(id), session_(policies.transport.open()) {}

  /// Moves everything on once, waiting at most `wait` for something to happen. Returns how many attempts ended.
  std::size_t step(Duration wait) {
    const Stepping stepping(*this);
    ended_ = 0;
    say();
    const Duration pause = fill(wait);
    contained([&] { session_.poll(pause, *this); });
    asleep_.store(false);
    say();
    return ended_;
  }

  /// True if the last step left nothing to do now: nothing in flight, nothing to be told to the store, nothing due.
  bool idle() const noexcept { return in_flight_ == 0 && words_.empty() && found_nothing_; }

  /// Gives back what is in flight, untried as far as anyone can know.
  void abandon() {
    const Stepping stepping(*this);
    for (std::size_t index = 0; index < slots_.size(); ++index) {
      Slot& slot = *slots_[index];
      if (!slot.busy) continue;
      session_.cancel(ticket_of(index));
      words_.push_back(word_for(slot.claimed));
      release(index);
    }
    say();
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
  static constexpr Duration not_ready_pause = std::chrono::milliseconds{200};
  static constexpr Duration unasked_rest = std::chrono::minutes{1};  // after 429 and 503 without Retry-After
  static constexpr std::uint32_t most_lost = 3;

  class Stepping {  // marks the thread that is within a step
   public:
    explicit Stepping(Worker& worker) : worker_(worker) { worker_.stepper_ = std::this_thread::get_id(); }
    Stepping(const Stepping&) = delete;
    Stepping& operator=(const Stepping&) = delete;
    ~Stepping() { worker_.stepper_ = std::thread::id(); }

   private:
    Worker& worker_;
  };
  struct Slot {  // one exchange; stays where it is, because the session holds on to the request
    bool busy = false;
    std::uint32_t generation = 0;
    Claimed claimed{};
    std::shared_ptr<const Endpoint> endpoint{};
    std::shared_ptr<const Rendering> rendering{};
    Request request{};
    Duration lease_ends{};  // steady
    Now began{};
  };
  struct Word {  // what the store has yet to be told, and what follows once it knows
    Settlement settlement{};
    std::optional<Attempt> attempt{};
    EndpointId endpoint{};
    EventId event{};
    Notice::Kind kind = Notice::Kind::failed;
    bool gone = false, disable = false;
    std::optional<Duration> rest{};
    std::string text{};
  };

  // ------------------------------------------------------------------------------------------------ claim and start
  /// Claims and starts as much as there is room for; returns how long the worker may sleep then.
  Duration fill(Duration wait) {
    const Now now = policies_.clock.now();
    found_nothing_ = false;
    if (now.steady < trouble_until_) return (std::min)(wait, trouble_until_ - now.steady);
    // The last claim before a sleep is made after the sleep was announced: what is appended before it is found by it,
    // and what is appended after it finds the worker announced.
    for (bool announced = false;;) {
      const std::size_t room = session_.room();
      if (room == 0) return wait;
      if (announced) asleep_.store(true);
      claimed_.clear();
      Found found;
      const Claim ask{policies_.clock.now(), id_, lease(), room, policies_.options.per_lane};
      const bool answered = contained([&] {
        found = policies_.store.claim(ask, claimed_);
        if (found.registry != registry_.router().version()) registry_.refresh();
      });
      for (Claimed& claimed : claimed_) begin(std::move(claimed), ask.now.steady + ask.lease);
      if (!answered) return (std::min)(wait, trouble_pause);
      if (!claimed_.empty()) {
        announced = false;
        asleep_.store(false);
        continue;
      }
      if (announced || wait == Duration::zero()) {
        found_nothing_ = true;
        return (std::min)(wait, found.next);
      }
      say();  // what could not be started must not wait for the sleep to end
      announced = true;
    }
  }

  Duration lease() const noexcept { return policies_.options.longest_timeout + lease_margin; }

  /// Makes a claimed delivery ready and starts it, or says at once why not.
  void begin(Claimed claimed, Duration lease_ends) {
    Word word = word_for(claimed);
    const Now now = policies_.clock.now();
    const std::shared_ptr<const Endpoint> endpoint = current(claimed);
    if (claimed.lost >= most_lost) {
      finish(std::move(word), State::quarantined, Notice::Kind::quarantined, "three leases ran out: workers died or hung over it");
    } else if (endpoint == nullptr || endpoint->state == EndpointState::removed || endpoint->state == EndpointState::gone) {
      finish(std::move(word), State::cancelled, Notice::Kind::cancelled, "the endpoint is gone");
    } else if (endpoint->state != EndpointState::active) {
      words_.push_back(std::move(word));  // paused or disabled between claim and now
    } else if (claimed.event->expires && now.wall >= *claimed.event->expires) {
      finish(std::move(word), State::expired, Notice::Kind::expired, "the event expired before it could be sent");
    } else {
      start(std::move(claimed), endpoint, lease_ends, now, std::move(word));
    }
  }

  void start(Claimed claimed, const std::shared_ptr<const Endpoint>& endpoint, Duration lease_ends, const Now& now, Word word) {
    const std::size_t index = take_slot();
    Slot& slot = *slots_[index];
    slot.claimed = std::move(claimed);
    slot.endpoint = endpoint;
    slot.lease_ends = lease_ends;
    slot.began = now;
    try {
      if (prepare(slot)) {
        session_.start(ticket_of(index), slot.request);
        return;
      }
      word.settlement.in = not_ready_pause;
      words_.push_back(std::move(word));
    } catch (const std::exception& error) {
      Response response;
      response.failure = Failure::internal;
      response.reason = error.what();
      conclude(slot, std::move(response), now);
    }
    release(index);
  }

  /// Writes the request and has it signed; false if the key is not ready.
  bool prepare(Slot& slot) {
    const Endpoint& endpoint = *slot.endpoint;
    slot.rendering = renderings_.of(policies_.serializer, *slot.claimed.event, endpoint.format);
    Request& request = slot.request;
    request.url = endpoint.url;
    request.headers = slot.rendering->headers;
    for (const Header header : endpoint.headers) request.headers.add(header.name, header.value);
    request.body = slot.rendering->body;
    request.timeout = endpoint.timeout > Duration::zero() ? endpoint.timeout : policies_.options.timeout;
    request.http2 = endpoint.http2;
    signed_.clear();
    const Signing signing{slot.claimed.event->id.view(), slot.began.wall, request};
    if (!policies_.signer.sign(signing, keys_.of(policies_.signer, endpoint, slot.began.wall), signed_)) return false;
    for (const Header header : signed_) request.headers.add(header.name, header.value);
    return true;
  }

  /// The engine's copy of the endpoint, read again if the store says that it is an old one; null if there is none.
  std::shared_ptr<const Endpoint> current(const Claimed& claimed) {
    std::shared_ptr<const Endpoint> endpoint = registry_.router().find(claimed.endpoint);
    if (endpoint != nullptr && endpoint->version == claimed.version) return endpoint;
    contained([&] { registry_.refresh(); });
    return registry_.router().find(claimed.endpoint);
  }

  // ------------------------------------------------------------------------------------------- what a session tells
  bool may_send(Ticket ticket) override {
    const Slot* slot = find(ticket);
    return slot != nullptr && policies_.clock.now().steady + slot->request.timeout <= slot->lease_ends;
  }

  void done(Ticket ticket, Response response) override {
    Slot* slot = find(ticket);
    if (slot == nullptr) return;
    if (response.failure == Failure::not_sent) {  // the lease would end before the answer: somebody else's turn
      words_.push_back(word_for(slot->claimed));
    } else {
      ++ended_;
      conclude(*slot, std::move(response), policies_.clock.now());
    }
    release(index_of(ticket));
  }

  /// Turns an answer into the word for the store.
  void conclude(const Slot& slot, Response response, const Now& now) {
    const Judgement judgement = judge(response, now.wall);
    const std::uint32_t made = slot.claimed.attempts + 1;
    const std::optional<Duration> wait = policies_.options.retry.next(made, random_.next().low);
    Word word = word_for(slot.claimed);
    word.attempt = record(slot, std::move(response), now);
    word.disable = judgement.disable;
    using Verdict = Judgement::Verdict;
    switch (judgement.verdict) {
      case Verdict::delivered: return finish(std::move(word), State::delivered, Notice::Kind::delivered, {});
      case Verdict::abort:
        return finish(std::move(word), State::cancelled, Notice::Kind::cancelled, "the endpoint asked not to be sent this again");
      case Verdict::gone:
        word.gone = true;
        return finish(std::move(word), State::cancelled, Notice::Kind::cancelled, "the endpoint answered 410");
      case Verdict::retry: break;
    }
    const Duration asked = judgement.retry_after.value_or(Duration::zero());
    if (judgement.rest) {
      word.rest = judgement.retry_after ? asked : (std::min)(wait.value_or(unasked_rest), unasked_rest);
    }
    if (!wait) return finish(std::move(word), State::dead, Notice::Kind::exhausted, "the last attempt of the schedule failed");
    word.settlement.in = (std::max)(*wait, asked);
    words_.push_back(std::move(word));
  }

  Attempt record(const Slot& slot, Response response, const Now& now) const {
    Attempt attempt;
    attempt.fence = slot.claimed.lease.fence;
    attempt.at = slot.began.wall;
    attempt.took = now.steady - slot.began.steady;
    attempt.status = response.status;
    attempt.failure = response.failure;
    attempt.response = std::move(response.body);
    if (attempt.response.size() > policies_.options.keep_response) attempt.response.resize(policies_.options.keep_response);
    attempt.reason = std::move(response.reason);
    return attempt;
  }

  // ------------------------------------------------------------------------------------------------- tell the store
  /// A word that gives a delivery back as it was.
  static Word word_for(const Claimed& claimed) {
    Word word;
    word.settlement.lease = claimed.lease;
    word.settlement.state = State::due;
    word.endpoint = claimed.endpoint;
    word.event = claimed.event->id;
    return word;
  }

  void finish(Word word, State state, Notice::Kind kind, std::string_view text) {
    word.settlement.state = state;
    word.kind = kind;
    word.text = text;
    words_.push_back(std::move(word));
  }

  /// Settles what there is to settle; what the store does not take now is said again in the next step.
  void say() {
    if (words_.empty()) return;
    const Now now = policies_.clock.now();
    if (now.steady < trouble_until_) return;
    settlements_.clear();
    for (Word& word : words_) {
      word.settlement.attempt = word.attempt ? &*word.attempt : nullptr;
      settlements_.push_back(word.settlement);
    }
    settled_.assign(settlements_.size(), Settled{});
    if (!contained([&] { policies_.store.settle(now, settlements_, settled_); })) return;
    found_nothing_ = false;  // what was settled made room in its lane
    // Taken out first: an observer may call back into the dispatcher.
    std::vector<Word> said = std::exchange(words_, {});
    for (std::size_t i = 0; i < said.size(); ++i) {
      if (settled_[i].word != Settled::Word::stale) follow(said[i], settled_[i], now);
    }
  }

  /// What follows from a word that the store took: rests, disabling, notices.
  void follow(const Word& word, const Settled& settled, const Now& now) {
    const bool tried = word.attempt.has_value();
    if (!tried && word.settlement.state == State::due) return;  // given back
    Notice notice;
    notice.kind = word.kind;
    notice.endpoint = word.endpoint;
    notice.delivery = word.settlement.lease.delivery;
    notice.event = word.event;
    notice.attempt = tried ? &*word.attempt : nullptr;
    notice.text = word.text;
    tell(notice);
    contained([&] {
      if (word.rest && *word.rest > Duration::zero()) policies_.store.tune(now, word.endpoint, Lane{settled.cap, *word.rest});
      notice.attempt = nullptr;
      if (word.gone) {
        notice.kind = Notice::Kind::endpoint_gone;
        notice.text = "it answered 410";
        if (registry_.move_to(word.endpoint, EndpointState::gone)) tell(notice);
      } else if (word.disable || settled.failing_for >= policies_.options.disable_after) {
        notice.kind = Notice::Kind::endpoint_disabled;
        notice.text = word.disable ? "it answered webhook-delivery: disable" : "it only failed for Options::disable_after";
        if (retire(word.endpoint)) tell(notice);
      }
    });
  }

  /// Disables an active endpoint; one that the host paused meanwhile stays as it is.
  bool retire(EndpointId endpoint) {
    return registry_.edit(endpoint, [](Endpoint& copy) {
      if (copy.state != EndpointState::active) return false;
      copy.state = EndpointState::disabled;
      return true;
    });
  }

  void tell(const Notice& notice) const noexcept {
    if (!policies_.options.on_notice) return;
    try {
      policies_.options.on_notice(notice);
    } catch (...) {  // an observer's failure is not the engine's
    }
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
    trouble_until_ = policies_.clock.now().steady + trouble_pause;
    Notice notice;
    notice.kind = Notice::Kind::trouble;
    notice.text = text;
    tell(notice);
  }

  // ---------------------------------------------------------------------------------------------------------- slots
  static std::size_t index_of(Ticket ticket) noexcept { return static_cast<std::uint64_t>(ticket) & 0xFFFFFFFFU; }
  Ticket ticket_of(std::size_t index) const noexcept {
    return Ticket{(static_cast<std::uint64_t>(slots_[index]->generation) << 32U) | index};
  }
  Slot* find(Ticket ticket) noexcept {
    const std::size_t index = index_of(ticket);
    if (index >= slots_.size() || !slots_[index]->busy || ticket_of(index) != ticket) return nullptr;
    return slots_[index].get();
  }
  std::size_t take_slot() {
    if (free_.empty()) {
      slots_.push_back(std::make_unique<Slot>());
      free_.push_back(slots_.size() - 1);
    }
    const std::size_t index = free_.back();
    free_.pop_back();
    slots_[index]->busy = true;
    ++in_flight_;
    return index;
  }
  void release(std::size_t index) {
    Slot& slot = *slots_[index];
    renderings_.release(*slot.claimed.event, slot.endpoint->format, std::move(slot.rendering));
    slot.rendering.reset();
    slot.claimed = Claimed{};
    slot.endpoint.reset();
    slot.request.body = Bytes();
    slot.busy = false;
    ++slot.generation;
    --in_flight_;
    free_.push_back(index);
  }

  Policies& policies_;
  Registry<Policies>& registry_;
  detail::Random& random_;
  WorkerId id_;
  Session session_;
  detail::KeyRing<typename Policies::Signer> keys_{};
  detail::Renderings renderings_{};
  std::vector<std::unique_ptr<Slot>> slots_{};
  std::vector<std::size_t> free_{};
  std::size_t in_flight_ = 0;
  std::size_t ended_ = 0;
  bool found_nothing_ = false;
  std::vector<Claimed> claimed_{};
  Headers signed_{};
  std::vector<Word> words_{};
  std::vector<Settlement> settlements_{};
  std::vector<Settled> settled_{};
  Duration trouble_until_{(Duration::min)()};
  std::atomic<bool> asleep_{false};
  std::atomic<std::thread::id> stepper_{};
};

}  // namespace v0
}  // namespace webhook

#endif
