// SPDX-License-Identifier: MIT
// What must hold of every attempt when it is signed: the newest secret verifies it, an expired one does not, it goes to
// the endpoint's present URL, and the event has not expired. It knows what was stored, not what a host believes.
#ifndef WEBHOOK_TESTING_SIGNATURE_INVARIANTS_HPP
#define WEBHOOK_TESTING_SIGNATURE_INVARIANTS_HPP

#include <chrono>
#include <utility>
#include <vector>

#include "simulated_world.hpp"
#include "simulation_rows.hpp"

namespace webhook {
inline namespace v0 {

/// To be called when an attempt is made, with the host's own calendar (SimulatedWorld::violated).
template <SchemePolicy Scheme>
class SignatureInvariants {
 public:
  SignatureInvariants(SimulatedWorld& world, SimulationRows& rows, Scheme scheme)
      : world_(&world), rows_(&rows), scheme_(std::move(scheme)) {}

  /// Every secret that is valid when the attempt is made signs it, and no other does.
  void operator()(const SimulatedHost& host, const Request& request) const {
    const SimulatedLane* const lane = rows_->lane(request);
    const SimulatedRow* const row = rows_->find(request);
    if (lane == nullptr) return world_->violated("I11", "a request is made to a URL that no endpoint ever had");
    if (lane->endpoint.url != request.url) return world_->violated("I11", "a request is made to an old URL");
    Now now = world_->clock.now();
    now.wall += std::chrono::duration_cast<WallTime::duration>(host.wall_error);
    constexpr Duration slow =
        std::chrono::seconds{30};  // a store's call may lie between the reading of a clock and here
    if (row != nullptr && row->event->expires &&
        now.wall >= *row->event->expires + std::chrono::duration_cast<WallTime::duration>(slow)) {
      return world_->violated("I1", "an event is sent that has expired");
    }
    bool newest = true;
    for (const Secret& secret : lane->endpoint.secrets) {
      std::vector<typename Scheme::Key> keys;
      keys.push_back(scheme_.prepare(secret, {}));
      const bool signs = scheme_.verify(request, keys, now, slow).reason == Verification::ok;
      if (signs && !secret.valid_at(now.wall)) world_->violated("I8", "a secret that has expired signs");
      if (!signs && newest) world_->violated("I8", "the newest secret does not verify what is sent");
      if (!signs && secret.valid_at(now.wall) && !host.wall_went_back)
        world_->violated("I8", "a secret that is still valid does not sign along");
      if (signs && !newest) world_->count(Happening::old_key_signed_along);
      newest = false;
    }
  }

 private:
  SimulatedWorld* world_;
  SimulationRows* rows_;
  Scheme scheme_;
};

}  // namespace v0
}  // namespace webhook

#endif
