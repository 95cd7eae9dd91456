// SPDX-License-Identifier: MIT
// What must hold of the six words between hosts and their store: what is appended, claimed, settled, tuned and put.
// Turns and keys are key_invariants.hpp's, second thoughts recall_invariants.hpp's.
#ifndef WEBHOOK_TESTING_WORD_INVARIANTS_HPP
#define WEBHOOK_TESTING_WORD_INVARIANTS_HPP

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "../retry.hpp"
#include "../router.hpp"
#include "key_invariants.hpp"

namespace webhook {
inline namespace v0 {

/// Follows what the store takes and gives (SimulatedWorld::violated).
class WordInvariants : public KeyInvariants {
 public:
  WordInvariants(SimulatedWorld& world, RetrySchedule schedule, std::size_t most_pending)
      : KeyInvariants(world),
        schedule_(std::make_shared<const RetrySchedule>(std::move(schedule))),
        most_pending_(most_pending) {}

  Duration soon = std::chrono::seconds{2};  ///< how long anything due may wait once there are no faults
  Duration calm_since{};
  Duration full{};  ///< when a host last had no room for more

  /// `keeps`: whether the store keeps what was routed under an old registry, for someone to route again.
  void appended(const Now& at, const NewEvent& what, Appended answer, bool keeps) {
    if (answer != Appended::inserted) return;
    if (rows_.unrouted().count(what.event->id.view()) != 0)
      return world_.violated("I1", "an event that is kept unrouted was taken for a new one");
    judge_routes(what);
    const std::uint64_t age = ages_[std::string(what.event->id.view())] = rows_.next_place();
    if (!what.event->tenant.empty()) world_.count(Happening::operational_event);
    if (keeps && what.registry < registry_) {
      rows_.unrouted()[std::string(what.event->id.view())] = {what.event, age, at.wall, what.delay};
    } else {
      fan_out(at, what, age);
    }
    if (pending() > most_pending_ && waiting() > most_pending_)
      world_.violated("I9", "the store holds more than its bound");
  }

  /// route() was asked for these, `kept` being unrouted at that time, and says whether it did.
  void routed(const Now& at, std::span<const Route> routes, Version registry, bool done,
              std::span<const KeptEvent> kept) {
    if (done != (registry == registry_))
      return world_.violated("I1",
                             done ? "events were routed under an old registry" : "the newest registry was refused");
    if (!done) return;
    for (const Route& route : routes) {
      const auto event =
          std::find_if(kept.begin(), kept.end(), [&](const KeptEvent& one) { return one.number == route.event; });
      if (event == kept.end()) continue;  // somebody else was quicker
      const auto there = rows_.unrouted().find(event->event->id.view());
      if (there == rows_.unrouted().end()) return world_.violated("I1", "an event is unrouted that was routed before");
      const SimulatedUnrouted one = there->second;
      rows_.unrouted().erase(there);
      const NewEvent what{one.event, route.endpoints, registry, false, wait_of(one, at)};
      judge_routes(what);
      fan_out(at, what, one.age);
      world_.count(Happening::routed_later);
    }
  }

  void claimed(const std::shared_ptr<SimulatedHost>& host, const Claim& ask, std::span<const Claimed> all) {
    const Duration now = ask.now.steady;
    for (const Claimed& one : all) {
      SimulatedRow* row = rows_.find(one.lease.delivery);
      if (row == nullptr) {
        row = rows_.find(one.event->id.view(), one.endpoint);
        if (row == nullptr || row->delivery != DeliveryId{})
          return world_.violated("I1", "a delivery was claimed that nobody appended");
        rows_.learn(*row, one.lease.delivery);
      }
      SimulatedLane& lane = *rows_.lane(row->endpoint);
      look(lane, *row, now);
      judge_claim(*row, lane, one, now);
      judge_turn(lane, *row, now);
      if (row->state == State::leased) {
        if (forgotten(*row, now)) world_.violated("I1", "a host that lived on never told what became of its lease");
        ++row->lost;
        world_.count(Happening::lease_lost);
        leave(lane.leased, *row);
      }
      lease(*row, lane, one, host, now + ask.lease);
      if (lane.held(now) > lane.cap) world_.violated("I5", "more is in flight than the cap allows");
      world_.count(Happening::state_leased);
      world_.trace(one.lease.fence);
    }
    for (const Claimed& one : all) {
      SimulatedLane& lane = *rows_.lane(one.endpoint);
      lane.spaced_until = (std::max)(lane.spaced_until, now) + lane.endpoint.spacing;
      lane.changed = now;
    }
  }

  void settled(const Now& at, const Settlement& word, Settled::Word answer) {
    SimulatedRow* const row = rows_.find(word.lease.delivery);
    if (row == nullptr) {
      if (answer != Settled::Word::stale) world_.violated("I4", "a word about an unknown delivery was taken");
      return;
    }
    const Duration now = at.steady;
    SimulatedLane& lane = *rows_.lane(row->endpoint);
    world_.trace(static_cast<std::uint64_t>(answer));
    if (answer != Settled::Word::applied) {
      world_.count(answer == Settled::Word::already ? Happening::word_already : Happening::word_stale);
    }
    if (row->fence != word.lease.fence || row->state != State::leased) {
      const bool again = row->fence == word.lease.fence && row->word == word.state;
      if (answer == Settled::Word::applied || (answer == Settled::Word::already && !again))
        world_.violated("I4", "a word under an old fence was taken");
      return;
    }
    if (answer != Settled::Word::applied) {
      look(lane, *row, now);
      if (!row->maybe) world_.violated("I1", "the word of the lease's holder was refused");
      return end(*row, row->maybe.value_or(State::cancelled));
    }
    if (!row->is_held(now)) world_.count(Happening::word_late);
    judge_word(*row, word);
    apply(*row, lane, word, now);
  }

  void tuned(const Now& at, EndpointId id, const Lane& how) {
    SimulatedLane& lane = *rows_.lane(id);
    lane.cap = how.cap;
    lane.rests_until = at.steady + how.rest;
    lane.changed = at.steady;
    if (how.rest > Duration::zero()) world_.count(Happening::lane_rested);
  }

  void put(Endpoint endpoint, Version version) {
    const Duration now = world_.now();
    const SimulatedLane* const known = rows_.lane(endpoint.id);
    const bool fresh = known == nullptr;
    const bool opens =
        endpoint.state == EndpointState::active && (fresh || known->endpoint.state != EndpointState::active);
    SimulatedLane& lane = rows_.add(endpoint);
    for (SimulatedRow* const row : lane.leased) look(lane, *row, now);  // as the endpoint was
    if (fresh || opens || lane.endpoint.cap != endpoint.cap) lane.cap = endpoint.cap;
    if (opens) lane.rests_until = Duration::zero();
    if (lane.endpoint.spacing != endpoint.spacing) lane.spaced_until = Duration::zero();
    world_.count(fresh ? Happening::endpoint_added : change_of(lane.endpoint, endpoint));
    if (!fresh && !endpoint.secrets.empty() && !lane.endpoint.secrets.empty()) {
      const auto same = [&](const Secret& one) { return one.reveal() == lane.endpoint.secrets.front().reveal(); };
      if (std::none_of(endpoint.secrets.begin(), endpoint.secrets.end(), same))
        world_.violated("I8", "a change of keys dropped the key that signed until now");
    }
    const Endpoint before = std::exchange(lane.endpoint, std::move(endpoint));
    lane.endpoint.version = registry_ = version;
    lane.schedule = lane.endpoint.retry ? std::make_shared<const RetrySchedule>(*lane.endpoint.retry) : schedule_;
    lane.changed = now;
    if (!fresh && (before.order != lane.endpoint.order || before.supersede != lane.endpoint.supersede))
      rearrange(lane, before);
    if (!lane.is_closed()) return;
    for (SimulatedRow* const row : std::vector<SimulatedRow*>(lane.pending)) {
      if (row->state == State::due || row->state == State::parked) end(*row, State::cancelled);
    }
  }

  /// The newest change of any endpoint.
  Version registry() const noexcept { return registry_; }

  /// Whether everything that can end has ended; what waits at an endpoint that is not served may wait.
  bool drained() { return rows_.unrouted().empty() && (pending() == 0 || waiting() == 0); }
  void finish() {
    if (drained()) return;
    for (const auto& [id, one] : rows_.unrouted()) {
      world_.violated("I12", "event " + id + " is still without deliveries, long after the last fault");
    }
    for (const auto& [key, row] : rows_.rows()) {
      if (!waits(row)) continue;
      world_.violated("I12", "event " + key.first + " is still " + std::string(to_string(row.state)) +
                                 ", long after the last fault; attempts: " + std::to_string(row.attempts));
    }
  }

 protected:
  void begin(SimulatedLane& lane, SimulatedRow& row) {
    ++world_.report.deliveries;
    world_.count(Happening::state_due);
    enter(lane, row);
    if (lane.is_closed() && !row.is_over()) end(row, State::cancelled);
  }
  /// In which order the store accepted an event.
  std::uint64_t age_of(const Event& event) const {
    const auto there = ages_.find(std::string(event.id.view()));
    return there == ages_.end() ? 0 : there->second;
  }
  bool is_full() const noexcept { return pending() >= most_pending_; }

 private:
  /// Not if its lease ran out where it cannot be due again: then the store ends it without a word.
  bool waits(const SimulatedRow& row) {
    if (row.is_over() || row.maybe) return false;
    if (row.state != State::leased || row.is_held(world_.now())) return true;
    return !rows_.lane(row.endpoint)->is_closed() && !row.overtaken;
  }
  std::size_t waiting() {
    std::size_t count = 0;
    for (const auto& [id, lane] : rows_.lanes()) {
      for (const SimulatedRow* const row : lane.pending) count += waits(*row) ? 1U : 0U;
    }
    return count;
  }

  /// An event's deliveries begin.
  void fan_out(const Now& at, const NewEvent& what, std::uint64_t age) {
    for (const EndpointId id : what.routes) {
      SimulatedLane* const lane = rows_.lane(id);
      if (lane == nullptr) continue;
      SimulatedRow* const before = rows_.find(what.event->id.view(), id);
      if (before != nullptr) {  // the store may have ended it without a word, and forgotten it
        look(*lane, *before, at.steady);
        if (before->maybe) end(*before, *before->maybe);
      }
      if (before != nullptr && !before->is_over()) {
        return world_.violated("I1", "an event that is pending was taken for a new one");
      }
      SimulatedRow& row = rows_.add(what.event, id);
      row.age = age;
      row.due = at.steady + what.delay;
      row.due_by = world_.now() + what.delay;
      begin(*lane, row);
    }
  }

  /// What is left of its delay, by the wall clocks of who emitted and of who routes it.
  static Duration wait_of(const SimulatedUnrouted& one, const Now& at) {
    const Duration waited = (std::max)(WallTime::duration::zero(), at.wall - one.created);
    return one.delay - one.delay % std::chrono::microseconds{1} > waited ? one.delay - waited : Duration::zero();
  }

  /// A host that knows the newest registry sends an event to everyone who wants it, and to nobody else.
  void judge_routes(const NewEvent& what) {
    if (what.registry != registry_) return;
    const Event& event = *what.event;
    bool filtered = false, elsewhere = false;
    for (const auto& [id, lane] : rows_.lanes()) {
      const Endpoint& endpoint = lane.endpoint;
      bool wanted =
          endpoint.state != EndpointState::gone && subscribes(endpoint, event.tenant, event.type, event.channel);
      elsewhere = elsewhere || (!wanted && !endpoint.channels.empty());
      if (wanted && !SimulatedFilter(endpoint.filter).passes(event)) {
        filtered = true;
        wanted = false;
      }
      if (wanted != (std::find(what.routes.begin(), what.routes.end(), id) != what.routes.end()))
        return world_.violated("I1", wanted ? "an event passed by an endpoint that wants it"
                                            : "an event was sent to an endpoint that does not want it");
    }
    if (filtered) world_.count(Happening::emit_filtered);
    if (elsewhere) world_.count(Happening::emit_channelled);
  }

  void lease(SimulatedRow& row, SimulatedLane& lane, const Claimed& one, const std::shared_ptr<SimulatedHost>& host,
             Duration until) {
    row.state = State::leased;
    row.word.reset();
    row.fence = one.lease.fence;
    row.holder = host;
    row.heard = row.taken = Duration::zero();
    row.begun = false;
    row.duty = Duty::none;
    row.asked = Duration::zero();
    row.asked_by_date = false;
    row.lease_ends = until;
    row.maybe.reset();
    row.tried = row.attempts;
    row.schedule = lane.schedule;
    row.most_attempts = (std::max)(row.most_attempts, lane.schedule->attempts());
    row.parks = lane.endpoint.order != Order::none && lane.endpoint.when_exhausted == Exhausted::park;
    lane.leased.push_back(&row);
  }

  /// A lease that ran out although its holder had heard the answer long before, or never made a request, and nothing
  /// kept it from telling.
  static bool forgotten(const SimulatedRow& row, Duration now) {
    const SimulatedHost& host = *row.holder;
    const Duration since = row.begun ? row.heard : row.taken;
    return since != Duration::zero() && now - since > std::chrono::seconds{40} && !host.crashed && !host.ended &&
           host.frozen_until < since && host.partitioned_until < since;
  }

  void judge_claim(const SimulatedRow& row, const SimulatedLane& lane, const Claimed& one, Duration now) {
    const std::string event(row.event->id.view());
    if (row.state == State::superseded) return world_.violated("I7", event + " was claimed after it was superseded");
    if (row.is_over()) return world_.violated("I1", event + " was claimed after it was over");
    if (row.is_held(now)) return world_.violated("I2", event + " was claimed while its lease lasts");
    if (row.state == State::parked) return world_.violated("I7", event + " was claimed while it is parked");
    if (one.lease.fence <= row.fence) return world_.violated("I3", event + " was claimed with a fence that is not new");
    if (lane.endpoint.state != EndpointState::active) return world_.violated("I5", "an inactive endpoint was served");
    if (now < lane.rests_until) return world_.violated("I5", "a resting lane was served");
    if (now < lane.spaced_until) return world_.violated("I5", "a lane was served before its spacing was over");
    const Duration due = row.state == State::leased ? row.lease_ends : row.due;
    if (now < due) return world_.violated("I10", event + " was claimed before it was due");
    if (one.attempts != row.attempts || one.lost != row.lost + (row.state == State::leased ? 1U : 0U))
      return world_.violated("I4", event + " has other counts than its words gave it");
    if (one.version != lane.endpoint.version) return world_.violated("I4", "a claim names an old endpoint");
    if (!world_.calm) return;
    const Duration due_by = row.state == State::leased ? row.lease_ends : row.due_by;
    const Duration ready = (std::max)({due_by, lane.rests_until, lane.spaced_until, lane.changed, calm_since, full});
    if (now - ready > soon) world_.violated("I6", event + " was due, and nobody claimed it in time");
  }

  void judge_word(const SimulatedRow& row, const Settlement& word) {
    const std::size_t made = row.attempts + (word.attempt != nullptr ? 1U : 0U);
    const RetrySchedule& schedule = *row.schedule;
    if (made > row.most_attempts) return world_.violated("I10", "more attempts than the schedule has");
    if (row.heard != Duration::zero() && word.attempt == nullptr)
      return world_.violated("I10", "a try that ended is not counted as an attempt");
    if (word.state == State::due && word.attempt != nullptr) judge_wait(row, word.in, made);
    if (word.state == State::delivered && row.accepted != row.fence)
      return world_.violated("I1", "settled as delivered, but its receiver never said so");
    if (word.state == State::dead && made < schedule.attempts())
      return world_.violated("I10", "given up before the schedule was over");
    if (word.state == State::quarantined && row.lost < 3)
      return world_.violated("I1", "quarantined though no three leases were lost");
    if (word.state == State::parked && row.lost < 3 && made < schedule.attempts())
      return world_.violated("I10", "parked before the schedule was over");
    if (row.parks != (word.state == State::parked) &&
        (word.state == State::parked || word.state == State::dead || word.state == State::quarantined))
      return world_.violated("I7", "skipped where its endpoint parks, or parked where it skips");
  }

  /// The next attempt comes when the schedule says, give or take the jitter, or when Retry-After asked, if that is later.
  void judge_wait(const SimulatedRow& row, Duration wait, std::size_t made) {
    if (wait < row.asked) return world_.violated("I10", "the next attempt comes sooner than Retry-After asked");
    const auto least = row.schedule->next(made, 0), most = row.schedule->next(made, ~std::uint64_t{0});
    if (!least || wait < *least) return world_.violated("I10", "the next attempt comes sooner than the schedule says");
    if (!row.asked_by_date && wait > (std::max)(*most, row.asked))
      world_.violated("I10", "the next attempt comes later than the schedule says");
  }

  void apply(SimulatedRow& row, SimulatedLane& lane, const Settlement& word, Duration now) {
    if (word.attempt != nullptr) ++row.attempts;
    row.word = word.state;
    if (word.state == State::leased) {
      row.lease_ends = now + word.in;
      return;
    }
    lane.changed = now;
    if (webhook::is_over(word.state)) return end(row, word.state);
    if (lane.is_closed() || row.overtaken) return end(row, lane.is_closed() ? State::cancelled : State::superseded);
    leave(lane.leased, row);
    row.maybe.reset();
    row.state = word.state;
    if (word.state == State::parked) return count(State::parked);
    row.due = now + (std::max)(word.in, Duration::zero());
    row.due_by = world_.now() + (std::max)(word.in, Duration::zero());
    world_.count(word.attempt != nullptr ? Happening::tried_again : Happening::given_back);
    pass_turn(lane, row);
  }

  std::shared_ptr<const RetrySchedule> schedule_;
  std::size_t most_pending_;
  Version registry_ = 0;
  std::unordered_map<std::string, std::uint64_t> ages_{};
};

}  // namespace v0
}  // namespace webhook

#endif
