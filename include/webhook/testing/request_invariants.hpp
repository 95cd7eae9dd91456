// SPDX-License-Identifier: MIT
// What must hold of every request and of what follows from its answer: sent within its lease only, with the event's own
// id and body; and what an answer asks for (rest, retire) is done before the host goes on.
// The words between hosts and their store are judged in invariants.hpp, signatures in signature_invariants.hpp.
#ifndef WEBHOOK_TESTING_REQUEST_INVARIANTS_HPP
#define WEBHOOK_TESTING_REQUEST_INVARIANTS_HPP

#include <algorithm>

#include "simulated_receivers.hpp"
#include "simulated_world.hpp"
#include "simulation_rows.hpp"

namespace webhook {
inline namespace v0 {

/// Follows the requests of a simulation (SimulatedWorld::violated).
class RequestInvariants {
 public:
  explicit RequestInvariants(SimulatedWorld& world) : world_(world) {}

  SimulationRows& rows() noexcept { return rows_; }

  /// The claim's answer has reached its host.
  void taken(const Claimed& one) {
    if (SimulatedRow* const row = rows_.find(one.lease.delivery)) row->taken = world_.now();
  }
  /// The host makes a request; returns the fence under which it does so.
  Fence begun(const Request& request) {
    SimulatedRow* const row = rows_.find(request);
    if (row == nullptr) return 0;
    row->begun = true;
    return row->fence;
  }
  /// Right before the first byte leaves. Returns the delivery; null if it must not have been sent.
  SimulatedRow* sent(const SimulatedHost& host, const Request& request, Fence fence) {
    SimulatedRow* const row = rows_.find(request);
    const Duration now = world_.now();
    ++world_.report.attempts;
    if (row == nullptr) {
      world_.violated("I11", "a request bears an id or a URL that this delivery never had");
    } else if (request.body != row->event->payload) {
      world_.violated("I11", "a try has another body than the event");
    } else if (request.headers.find("traceparent").value_or("") != row->event->traceparent) {
      world_.violated("I11", "a try belongs to another trace than the event");
    } else if (std::any_of(row->revoked.begin(), row->revoked.end(), [&](const auto& lease) {
                 return lease.first == fence && now + request.timeout <= lease.second;
               })) {
      return row;  // cancelled, or sent again, while it was begun: its host cannot know
    } else if (row->state != State::leased || row->fence != fence || row->holder.get() != &host ||
               row->lease_ends < now + request.timeout) {
      world_.violated("I2", "a request left outside of its lease");
    } else if (row->free_at > now) {
      world_.violated("I2", "two requests of one delivery were under way at once");
    } else {
      row->free_at = now + request.timeout;
      return row;
    }
    return nullptr;
  }
  void answered(SimulatedRow& row, Fence fence, const SimulatedAnswer& answer, Duration at) {
    if (row.fence != fence || row.state != State::leased) return;  // cancelled meanwhile
    if (answer.accepted) row.accepted = row.fence;
    row.duty = answer.duty;
    row.asked = answer.asked;
    row.asked_by_date = answer.by_date;
    ended(row, fence, at);
  }
  /// After each step of a host: what an answer asked for must have been tried, whether the store took it or not.
  void stepped(const SimulatedHost& host) {
    if (host.crashed || host.duty == Duty::none) return;
    world_.violated("I5", host.duty == Duty::rest ? "429 or 503, and nobody asked the lane to rest"
                                                  : "410 or disable, and nobody retired the endpoint");
  }
  /// After an emit that was not refused.
  void promised(const Emitted& emitted) {
    if (emitted.endpoints == 0 || rows_.unrouted().count(emitted.id.view()) != 0) return;
    for (auto& [id, lane] : rows_.lanes()) {
      if (rows_.find(emitted.id.view(), id) != nullptr) return;
    }
    world_.violated("I1", "an emit returned before its event was committed");
  }
  /// The engine is told how a request ended: by its answer, or by the lack of one, which asks for nothing.
  void heard(SimulatedRow& row, Fence fence, bool answer) noexcept {
    if (row.fence != fence) return;  // another host has it by now
    row.heard = world_.now();
    if (answer) return;
    row.duty = Duty::none;
    row.asked = Duration::zero();
    row.asked_by_date = false;
  }
  void ended(SimulatedRow& row, Fence fence, Duration at) noexcept {
    if (row.fence == fence) row.free_at = (std::min)(row.free_at, at);
  }

  /// The host has heard the answer to its word, and now owes what follows from it.
  void told(SimulatedHost& host, const Settlement& word, Settled::Word answer) {
    const SimulatedRow* const row = rows_.find(word.lease.delivery);
    if (row == nullptr || answer == Settled::Word::stale || word.attempt == nullptr || row->duty == Duty::none) return;
    if (row->fence != word.lease.fence || rows_.lane(row->endpoint)->endpoint.state != EndpointState::active) return;
    host.duty = row->duty;  // a later word of the same step replaces it: one of them is looked at
    host.owed_to = row->endpoint;
  }

 protected:
  SimulatedWorld& world_;
  SimulationRows rows_{};
};

}  // namespace v0
}  // namespace webhook

#endif
