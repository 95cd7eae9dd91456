// SPDX-License-Identifier: MIT
// StoreModel: a store that is slow and obviously right, as a judge: it is told what another store answered, says what
// is wrong with that, and follows. Where the page leaves a choice (lanes served equally long ago, deliveries due at the
// same moment), it accepts any. One thread, virtual time; random sequences for it are in store_checker.hpp.
#ifndef WEBHOOK_TESTING_STORE_MODEL_HPP
#define WEBHOOK_TESTING_STORE_MODEL_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "../concepts.hpp"

namespace webhook {
inline namespace v0 {

/// The page of contracts as a list of deliveries and a map of lanes. Each word returns what the other store did wrong,
/// or "" if nothing.
class StoreModel {
 public:
  struct Row {
    std::string event{};
    EndpointId endpoint{};
    DeliveryId id{};  // learned from the first claim
    State state = State::due;
    Duration due{};  // while leased: the end of the lease
    Fence fence = 0;
    std::optional<State> word{};  // the last one under this fence
    std::uint32_t attempts = 0, lost = 0;
    bool resent = false;
  };
  struct Queue {
    Endpoint endpoint{};
    std::uint32_t cap = 0;
    Duration rests{}, spaced{};  // until
    Duration failing{};
    std::uint32_t failures = 0;
    std::size_t served = 0;  // the number of the last claim that took something
  };

  std::vector<Row> rows{};
  std::map<EndpointId, Queue> lanes{};
  Version registry = 0;

  void put(const Endpoint& description) {
    const bool fresh = lanes.count(description.id) == 0;
    Queue& lane = lanes[description.id];
    const bool opens =
        description.state == EndpointState::active && (fresh || lane.endpoint.state != EndpointState::active);
    if (fresh || opens || description.cap != lane.endpoint.cap) lane.cap = description.cap;
    if (opens) lane.rests = Duration::zero();
    if (opens) lane.failures = 0;
    lane.endpoint = description;
    lane.endpoint.version = ++registry;
    for (Row& row : rows) {
      if (row.endpoint == description.id && closed(lane) && row.state == State::due) row.state = State::cancelled;
    }
  }

  void append(std::string_view event, const std::vector<EndpointId>& routes, Duration due) {
    for (const EndpointId id : routes) {
      Row row;
      row.event = event;
      row.endpoint = id;
      row.due = due;
      if (closed(lanes[id])) row.state = State::cancelled;
      rows.push_back(row);
    }
  }

  void tune(Duration now, EndpointId id, const Lane& how) {
    lanes[id].cap = how.cap;
    lanes[id].rests = now + how.rest;
  }

  std::string claim(const Claim& ask, const std::vector<Claimed>& claimed, const Found& found) {
    const Duration now = ask.now.steady;
    ++claims_;
    for (Row& row : rows) {  // what nobody settled in time, of an endpoint that is gone
      if (row.state == State::leased && row.due <= now && closed(lanes[row.endpoint])) row.state = State::cancelled;
    }
    std::map<EndpointId, std::size_t> taken, most;
    for (const auto& [id, lane] : lanes) most[id] = (std::min)(ask.per_lane, claimable(lane, now));
    std::size_t last_served = 0;
    EndpointId last{};
    for (const Claimed& one : claimed) {
      Queue& lane = lanes[one.endpoint];
      Row* const row = next(lane, now, one.event->id.view());
      if (row == nullptr) return "claimed " + name(one) + ", which is not next in its lane";
      if (++taken[one.endpoint] > most[one.endpoint])
        return "claimed " + name(one) + ", one more than its lane may have";
      if (one.endpoint != last) {
        if (taken[one.endpoint] > 1) return "claimed " + name(one) + " after another lane had its turn";
        if (last != EndpointId{} && taken[last] < most[last])
          return "left a lane before its turn was over, for " + name(one);
        if (lane.served < last_served && lane.served != claims_)
          return "served the lane of " + name(one) + " after one that was served later";
        last_served = lane.served;
        last = one.endpoint;
      }
      if (row->id != DeliveryId{} && row->id != one.lease.delivery) return "gave " + name(one) + " another delivery id";
      if (one.lease.fence <= fence_) return "gave " + name(one) + " a fence that is not greater than every one before";
      if (row->state == State::leased) ++row->lost;
      if (one.attempts != row->attempts || one.lost != row->lost)
        return "counted attempts or lost leases of " + name(one) + " wrongly";
      if (one.version != lane.endpoint.version)
        return "gave " + name(one) + " a version that its endpoint does not have";
      row->id = one.lease.delivery;
      row->fence = fence_ = one.lease.fence;
      row->word.reset();
      row->state = State::leased;
      row->due = now + ask.lease;
    }
    for (const auto& [id, count] : taken) {
      lanes[id].spaced = now + static_cast<Duration::rep>(count) * lanes[id].endpoint.spacing;
    }
    std::string unfair = left_out(ask, claimed.size(), taken, most, last_served);
    for (const auto& entry : taken) lanes[entry.first].served = claims_;
    if (!unfair.empty()) return unfair;
    if (found.registry != registry) return "found another registry version";
    const Duration next_due = next_ready(now);
    if (now + found.next > next_due)
      return "said to come again in " + ns(found.next) + ", but something is ready in " + ns(next_due - now);
    if (next_due > now && found.next <= Duration::zero()) return "said to come again at once, but nothing is ready";
    return "";
  }

  std::string settle(Duration now, const Settlement& word, const Settled& answer) {
    Row* const row = find(word.lease.delivery);
    Settled::Word right = Settled::Word::stale;
    if (row != nullptr && row->fence == word.lease.fence) {
      if (row->state == State::leased)
        right = Settled::Word::applied;
      else if (row->word == word.state)
        right = Settled::Word::already;
    }
    if (answer.word != right)
      return "answered " + said(answer.word) + " to " + std::string(to_string(word.state)) + ", not " + said(right);
    if (row == nullptr) return "";
    Queue& lane = lanes[row->endpoint];
    if (right == Settled::Word::applied) {
      if (word.attempt != nullptr) ++row->attempts;
      if (word.state == State::delivered)
        lane.failures = 0;
      else if (word.attempt != nullptr && word.state != State::leased && lane.failures++ == 0)
        lane.failing = now;
      if (word.state != State::leased) row->word = word.state;
      row->state = word.state == State::due && closed(lane) ? State::cancelled : word.state;
      row->due = now + word.in;
      if (row->state != State::due && row->state != State::leased) row->resent = false;
    }
    if (answer.failures != lane.failures || answer.cap != lane.cap) return "counted failures or told the cap wrongly";
    if (answer.failing_for != (lane.failures == 0 ? Duration::zero() : now - lane.failing))
      return "measured failing_for wrongly";
    return "";
  }

  /// To due, or to cancelled: whatever may become that, of one endpoint. Returns how many.
  std::size_t amend(Duration now, EndpointId id, State to) {
    std::size_t amended = 0;
    for (Row& row : rows) {
      const bool over = row.state != State::due && row.state != State::leased;
      if (row.endpoint != id || over != (to == State::due) || (over && closed(lanes[id]))) continue;
      row.state = to;
      row.due = now;
      row.resent = over;
      if (over) row.attempts = row.lost = 0;
      ++amended;
    }
    return amended;
  }

  static bool closed(const Queue& lane) {
    return lane.endpoint.state == EndpointState::gone || lane.endpoint.state == EndpointState::removed;
  }

 private:
  static bool waits(const Row& row, const Queue& lane, Duration now) {
    return row.endpoint == lane.endpoint.id && row.due <= now &&
           (row.state == State::due || row.state == State::leased);
  }

  std::size_t in_flight(const Queue& lane, Duration now) const {
    return static_cast<std::size_t>(std::count_if(rows.begin(), rows.end(), [&](const Row& row) {
      return row.endpoint == lane.endpoint.id && row.state == State::leased && row.due > now;
    }));
  }

  std::size_t claimable(const Queue& lane, Duration now) const {
    const std::size_t flying = in_flight(lane, now);
    if (lane.endpoint.state != EndpointState::active || lane.rests > now || lane.spaced > now || flying >= lane.cap)
      return 0;
    const auto waiting = std::count_if(rows.begin(), rows.end(), [&](const Row& row) { return waits(row, lane, now); });
    return (std::min)(lane.cap - flying, static_cast<std::size_t>(waiting));
  }

  Row* next(const Queue& lane, Duration now, std::string_view event) {  // that event's row, if it may be the next
    Row* first = nullptr;
    const auto before = [](const Row& left, const Row& right) {
      return left.resent != right.resent ? right.resent : left.due < right.due;
    };
    for (Row& row : rows) {
      if (waits(row, lane, now) &&
          (first == nullptr || before(row, *first) || (!before(*first, row) && row.event == event)))
        first = &row;
    }
    return first != nullptr && first->event == event ? first : nullptr;
  }

  std::string left_out(const Claim& ask, std::size_t claimed, const std::map<EndpointId, std::size_t>& taken,
                       const std::map<EndpointId, std::size_t>& most, std::size_t last_served) const {
    if (claimed > ask.most) return "claimed more than was asked for";
    for (const auto& [id, lane] : lanes) {
      const bool served = taken.count(id) != 0;
      if (claimed < ask.most && (served ? taken.at(id) : 0) < most.at(id))
        return "left due deliveries of " + lane.endpoint.url + " although there was room";
      if (!served && most.at(id) > 0 && lane.served < last_served)
        return "passed over " + lane.endpoint.url + ", which was served longest ago";
    }
    return "";
  }

  Duration next_ready(Duration now) const {  // by time alone
    Duration ready = (Duration::max)();
    for (const Row& row : rows) {
      const Queue& lane = lanes.at(row.endpoint);
      if ((row.state != State::due && row.state != State::leased) || lane.endpoint.state != EndpointState::active ||
          lane.cap == 0)
        continue;
      Duration at = (std::max)({row.due, lane.rests, lane.spaced, now});
      while (in_flight(lane, at) >= lane.cap) {  // until enough leases end
        Duration end = (Duration::max)();
        for (const Row& held : rows) {
          if (held.endpoint == row.endpoint && held.state == State::leased && held.due > at)
            end = (std::min)(end, held.due);
        }
        at = end;
      }
      ready = (std::min)(ready, at);
    }
    return ready;
  }

  Row* find(DeliveryId id) {
    const auto row =
        std::find_if(rows.begin(), rows.end(), [id](const Row& one) { return one.id == id && one.fence != 0; });
    return row == rows.end() ? nullptr : &*row;
  }

  static std::string name(const Claimed& one) {
    return std::string(one.event->id.view()) + " for endpoint " +
           std::to_string(static_cast<std::uint64_t>(one.endpoint));
  }
  static std::string ns(Duration time) { return std::to_string(time.count()) + " ns"; }
  static std::string said(Settled::Word word) {
    return word == Settled::Word::applied ? "applied" : word == Settled::Word::already ? "already" : "stale";
  }

  std::size_t claims_ = 0;
  Fence fence_ = 0;
};

}  // namespace v0
}  // namespace webhook

#endif
