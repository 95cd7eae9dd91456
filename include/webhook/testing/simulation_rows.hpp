// SPDX-License-Identifier: MIT
// What a simulation knows of each delivery and each lane, learned from what passes between hosts and their store.
// It judges nothing: the invariants do.
#ifndef WEBHOOK_TESTING_SIMULATION_ROWS_HPP
#define WEBHOOK_TESTING_SIMULATION_ROWS_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "../concepts.hpp"
#include "../retry.hpp"
#include "simulated_world.hpp"

namespace webhook {
inline namespace v0 {

/// One event on its way to one endpoint.
struct SimulatedRow {
  std::shared_ptr<const Event> event{};
  EndpointId endpoint{};
  DeliveryId delivery{};    // learned from the store's log, or from the first claim
  std::uint64_t age = 0;    // in which order the store accepted events ...
  std::uint64_t place = 0;  // ... and deliveries; a replayed event is older than its place
  std::uint64_t since = 0;  // when it became pending, in the same order
  State state = State::due;
  Duration due{};     // not before, by the clock reading that came with the word ...
  Duration due_by{};  // ... and by the time at which the store heard it
  Duration lease_ends{};
  std::shared_ptr<const SimulatedHost> holder{};  // who claimed it last
  Fence fence = 0;
  std::optional<State> word{};  // the last one under this fence
  std::uint32_t attempts = 0, lost = 0;
  std::uint32_t tried = 0;                          // attempts, as the last claim named them
  std::shared_ptr<const RetrySchedule> schedule{};  // in force when it was claimed
  std::size_t most_attempts = 0;                    // of any schedule that was in force at one of its claims
  bool parks = false;                               // when it is exhausted; the same
  Fence accepted = 0;                               // under this fence its receiver said 2xx
  Duty duty = Duty::none;                           // of whoever hears its receiver's last answer
  Duration asked{};                                 // Retry-After of that answer, as a number
  bool asked_by_date = false;
  Duration heard{};    // when the holder heard of the end of its try; 0: not under this fence
  Duration taken{};    // when the holder learned of its lease; 0: the answer was lost
  bool begun = false;  // the holder has made a request of it
  Duration free_at{};  // before that its last exchange may be under way
  std::vector<std::pair<Fence, Duration>>
      revoked{};                 // cancelled while it was held, until then: its holder does not know
  bool turn = false;             // of its ordered endpoint, or of its key there
  bool overtaken = false;        // a newer one of its key was accepted, and supersedes it
  std::optional<State> maybe{};  // its lease ran out when it could not be due again: the store may have ended it so

  bool is_over() const noexcept { return webhook::is_over(state); }
  bool is_held(Duration now) const noexcept { return state == State::leased && lease_ends > now; }
};

/// One endpoint, as the store has it, and its lane.
struct SimulatedLane {
  Endpoint endpoint{};
  std::shared_ptr<const RetrySchedule> schedule{};  // its own, or everyone's
  std::uint32_t cap = 0;
  Duration rests_until{}, spaced_until{};
  bool unsure_turn = false;              // the store alone knows when the last one's turn was over
  Duration changed{};                    // when anything about it changed that may make it ready
  std::vector<SimulatedRow*> pending{};  // by their places
  std::vector<SimulatedRow*> leased{};

  bool is_closed() const noexcept {
    return endpoint.state == EndpointState::gone || endpoint.state == EndpointState::removed;
  }
  std::size_t held(Duration now) const noexcept {
    std::size_t count = 0;
    for (const SimulatedRow* row : leased) count += row->is_held(now) ? 1U : 0U;
    return count;
  }
};

/// An event that the store keeps without deliveries, because its host had routed it under an old registry.
struct SimulatedUnrouted {
  std::shared_ptr<const Event> event{};
  std::uint64_t age = 0;
  WallTime created{};
  Duration delay{};
};

/// What a change of an endpoint is counted as.
inline Happening change_of(const Endpoint& before, const Endpoint& after) noexcept {
  if (before.state == after.state) {
    return before.secrets.size() < after.secrets.size() ? Happening::endpoint_rotated : Happening::endpoint_changed;
  }
  switch (after.state) {
    case EndpointState::active:
      return Happening::endpoint_resumed;
    case EndpointState::paused:
      return Happening::endpoint_paused;
    case EndpointState::disabled:
      return Happening::endpoint_disabled;
    case EndpointState::gone:
      return Happening::endpoint_gone;
    case EndpointState::removed:
      break;
  }
  return Happening::endpoint_removed;
}

/// All of them. Addresses stay.
class SimulationRows {
 public:
  SimulatedRow* find(std::string_view event, EndpointId endpoint) {
    const auto there = rows_.find(std::pair(std::string(event), endpoint));
    return there == rows_.end() ? nullptr : &there->second;
  }
  SimulatedRow* find(DeliveryId delivery) {
    const auto there = by_delivery_.find(delivery);
    return there == by_delivery_.end() ? nullptr : there->second;
  }
  SimulatedRow* find(const Request& request) {
    const auto id = request.headers.find("webhook-id");
    const auto to = by_url_.find(request.url);
    return !id || to == by_url_.end() ? nullptr : find(*id, to->second);
  }
  SimulatedLane* lane(EndpointId id) {
    const auto there = lanes_.find(id);
    return there == lanes_.end() ? nullptr : &there->second;
  }
  SimulatedLane* lane(const Request& request) {
    const auto to = by_url_.find(request.url);
    return to == by_url_.end() ? nullptr : lane(to->second);
  }

  SimulatedRow& add(const std::shared_ptr<const Event>& event, EndpointId endpoint) {
    SimulatedRow& row = rows_[std::pair(std::string(event->id.view()), endpoint)];
    if (row.delivery != DeliveryId{}) by_delivery_.erase(row.delivery);
    row = SimulatedRow{};
    row.event = event;
    row.endpoint = endpoint;
    row.place = row.since = ++places_;
    return row;
  }
  void learn(SimulatedRow& row, DeliveryId delivery) {
    row.delivery = delivery;
    by_delivery_[delivery] = &row;
  }
  SimulatedLane& add(const Endpoint& endpoint) {
    by_url_[endpoint.url] = endpoint.id;
    return lanes_[endpoint.id];
  }

  /// The next number in the order in which deliveries become pending.
  std::uint64_t next_place() noexcept { return ++places_; }

  /// By the ids of the events.
  std::map<std::string, SimulatedUnrouted, std::less<>>& unrouted() noexcept { return unrouted_; }
  std::map<EndpointId, SimulatedLane>& lanes() noexcept { return lanes_; }
  std::map<std::pair<std::string, EndpointId>, SimulatedRow>& rows() noexcept { return rows_; }

 private:
  std::map<std::pair<std::string, EndpointId>, SimulatedRow> rows_{};
  std::unordered_map<DeliveryId, SimulatedRow*> by_delivery_{};
  std::map<EndpointId, SimulatedLane> lanes_{};
  std::map<std::string, SimulatedUnrouted, std::less<>> unrouted_{};
  std::unordered_map<std::string, EndpointId> by_url_{};
  std::uint64_t places_ = 0;
};

}  // namespace v0
}  // namespace webhook

#endif
