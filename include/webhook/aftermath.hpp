// SPDX-License-Identifier: MIT
// Aftermath: what follows from an outcome once the store has heard it: how the lane is served from now on, whether the
// endpoint is disabled, and who is told. It settles nothing itself, and what fails here is owed and done later.
#ifndef WEBHOOK_AFTERMATH_HPP
#define WEBHOOK_AFTERMATH_HPP

#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "announcer.hpp"
#include "breaker.hpp"
#include "concepts.hpp"
#include "detail/endpoint_cache.hpp"
#include "health.hpp"
#include "outcome.hpp"
#include "registry.hpp"

namespace webhook {
inline namespace v0 {

/// The consequences of one worker's outcomes. Used by one thread at a time.
template <class Policies>
class Aftermath {
 public:
  /// `endpoints` are the worker's own copies.
  Aftermath(Policies& policies, Registry<Policies>& registry, detail::EndpointCache& endpoints,
            const Announcer& announcer, Health& health)
      : policies_(policies), registry_(registry), endpoints_(endpoints), announcer_(announcer), health_(health) {}

  /// Makes a note of what an outcome calls for. Throws std::bad_alloc.
  void judge(const Outcome& outcome, const Settled& settled) {
    if (!outcome.attempt) return;
    const std::shared_ptr<const Endpoint>& endpoint = endpoints_.find(outcome.endpoint);
    if (endpoint == nullptr || endpoint->state == EndpointState::removed) return;
    const bool delivered = outcome.settlement.state == State::delivered;
    const std::optional<Lane> judged = breaker(policies_.options.breaker, settled, delivered, endpoint->cap);
    const Duration asked = outcome.rest.value_or(Duration::zero());
    if (judged || asked > Duration::zero()) {
      Lane lane = judged.value_or(Lane{settled.cap, Duration::zero()});
      lane.rest = (std::max)(lane.rest, asked);
      owe(tunes_, {outcome.endpoint, lane, EndpointState::active, {}, {}});
    }
    if (outcome.gone) {
      owe(closures_, {outcome.endpoint, {}, EndpointState::gone, {}, "it answered 410"});
    } else if (outcome.disable) {
      owe(closures_, {outcome.endpoint, {}, EndpointState::disabled, {}, "it answered webhook-delivery: disable"});
    } else if (settled.failures > 0 && settled.failing_for >= policies_.options.disable_after) {
      owe(closures_, {outcome.endpoint,
                      {},
                      EndpointState::disabled,
                      settled.failing_for,
                      "it only failed for Options::disable_after"});
    }
  }

  /// Tells the host of an outcome, and of what it says of its endpoint. Throws std::bad_alloc.
  void tell(const Outcome& outcome, const Settled& settled) {
    if (!outcome.worth_telling()) return;
    const Notice notice = outcome.notice();
    announcer_.tell(notice);
    if (outcome.settlement.state == State::delivered) {
      if (outcome.recovered) announcer_.tell(as(notice, Notice::Kind::recovered, "delivered after failed attempts"));
      if (health_.recovers(outcome.endpoint))
        announcer_.tell(about(outcome.endpoint, Notice::Kind::endpoint_recovered, "it answers as it should again"));
    } else if (outcome.attempt && settled.failures > 0) {
      warn(outcome, settled);
    }
  }

  /// Tunes the lanes that are to be served differently. What the store fails stays owed, and its exception goes on.
  void tune() {
    pay(tunes_, [this](const Debt& debt) { registry_.tune(policies_.clock.now(), debt.endpoint, debt.lane); });
  }

  /// Disables or closes endpoints, as tune() does.
  void close() {
    pay(closures_, [this](const Debt& debt) {
      const bool gone = debt.state == EndpointState::gone;
      const bool moved = gone ? registry_.move_to(debt.endpoint, debt.state) : retire(debt.endpoint);
      if (!moved && !(debt.unsure && registry_.existing(debt.endpoint)->state == debt.state)) return;
      static_cast<void>(health_.recovers(debt.endpoint));  // if it is enabled again, it starts anew
      Notice notice =
          about(debt.endpoint, gone ? Notice::Kind::endpoint_gone : Notice::Kind::endpoint_disabled, debt.text);
      notice.failing_for = debt.failing_for;
      announcer_.tell(notice);
    });
  }

  bool owes() const noexcept { return !tunes_.empty() || !closures_.empty(); }

 private:
  struct Debt {
    EndpointId endpoint{};
    Lane lane{};
    EndpointState state = EndpointState::active;  // that it is to be moved to
    Duration failing_for{};
    std::string_view text{};
    bool unsure = false;  // the store may have done it, and its answer went unheard
  };

  /// One for each endpoint: a later word takes the place of an earlier one, but not of a 410, which is final.
  static void owe(std::vector<Debt>& debts, const Debt& debt) {
    for (Debt& known : debts) {
      if (known.endpoint != debt.endpoint) continue;
      if (known.state == EndpointState::gone) return;
      const Duration rest = (std::max)(known.lane.rest, debt.lane.rest);
      const bool unsure = known.unsure && known.state == debt.state;
      known = debt;
      known.lane.rest = rest;
      known.unsure = unsure;
      return;
    }
    debts.push_back(debt);
  }

  template <class Pay>
  static void pay(std::vector<Debt>& debts, const Pay& pay) {
    while (!debts.empty()) {
      const Debt debt = debts.back();
      try {
        pay(debt);
      } catch (const Error& error) {
        debts.back().unsure = debt.unsure || error.code() == errc::unknown_commit;
        if (error.code() != errc::not_found) throw;  // removed meanwhile: nobody's trouble
      }
      debts.pop_back();
    }
  }

  /// Says that an endpoint fails, once for each threshold, and that its breaker opened.
  void warn(const Outcome& outcome, const Settled& settled) {
    const BreakerRule& rule = policies_.options.breaker;
    if (rule.failures > 0 && settled.failures >= rule.failures && health_.rests(outcome.endpoint)) {
      announcer_.tell(about(outcome.endpoint, Notice::Kind::endpoint_resting,
                            "too many failures in a row: it is left alone for a while, then tried with one delivery"));
    }
    if (settled.failing_for >= policies_.options.disable_after) return;  // it is disabled now, which says it all
    if (health_.warns(outcome.endpoint, settled.failing_for, policies_.options.warn_after)) {
      Notice notice = about(outcome.endpoint, Notice::Kind::endpoint_failing,
                            "it only failed since a while; after Options::disable_after it will be disabled");
      notice.failing_for = settled.failing_for;
      announcer_.tell(notice);
    }
  }

  /// Disables an active endpoint; one that the host paused meanwhile stays as it is.
  bool retire(EndpointId endpoint) {
    return registry_.edit(endpoint, [](Endpoint& copy) {
      if (copy.state != EndpointState::active) return false;
      copy.state = EndpointState::disabled;
      return true;
    });
  }

  static Notice as(Notice notice, Notice::Kind kind, std::string_view text) noexcept {
    notice.kind = kind;
    notice.text = text;
    return notice;
  }
  static Notice about(EndpointId endpoint, Notice::Kind kind, std::string_view text) noexcept {
    Notice notice;
    notice.endpoint = endpoint;
    return as(notice, kind, text);
  }

  Policies& policies_;
  Registry<Policies>& registry_;
  detail::EndpointCache& endpoints_;
  const Announcer& announcer_;
  Health& health_;
  std::vector<Debt> tunes_{}, closures_{};
};

}  // namespace v0
}  // namespace webhook

#endif
