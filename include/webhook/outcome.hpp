// SPDX-License-Identifier: MIT
// Outcome: what became of a claimed delivery: the word for the store, and what follows once the store has heard it.
// Pure: it settles nothing, tells nobody and reads no clock; the worker does.
#ifndef WEBHOOK_OUTCOME_HPP
#define WEBHOOK_OUTCOME_HPP

#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include "concepts.hpp"
#include "judgement.hpp"
#include "notice.hpp"

namespace webhook {
inline namespace v0 {

/// After 429 and 503 whose Retry-After is missing, malformed, zero or past; at most.
inline constexpr Duration unasked_rest = std::chrono::minutes{1};

/// What became of a claimed delivery.
struct Outcome {
  Settlement settlement{};  ///< its attempt is set when it is settled: the one below may still move
  std::optional<Attempt> attempt{};
  EndpointId endpoint{};
  EventId event{};
  Notice::Kind kind = Notice::Kind::failed;
  bool gone = false, disable = false;  ///< the endpoint is to become that
  bool recovered = false;              ///< if it was delivered now, attempts had failed before
  std::optional<Duration> rest{};      ///< its lane is to rest for so long
  std::string_view text{};             ///< for the operator; a literal

  /// Nobody tried: it is given back as it was, claimable again after `in`.
  static Outcome given_back(const Claimed& claimed, Duration in = {}) {
    Outcome outcome;
    outcome.settlement.lease = claimed.lease;
    outcome.settlement.state = State::due;
    outcome.settlement.in = in;
    outcome.endpoint = claimed.endpoint;
    outcome.event = claimed.event->id;
    return outcome;
  }

  /// It is over without an attempt.
  static Outcome over(const Claimed& claimed, State state, Notice::Kind kind, std::string_view text) {
    Outcome outcome = given_back(claimed);
    outcome.end(state, kind, text);
    return outcome;
  }

  /// It was tried. `wait` is what the schedule says of the next attempt; nothing if this was the last, and then `parks`
  /// says whether those behind it wait for the host.
  static Outcome tried(const Claimed& claimed, Attempt attempt, const Judgement& judgement,
                       std::optional<Duration> wait, bool parks) {
    Outcome outcome = given_back(claimed);
    outcome.recovered = claimed.attempts > 0;
    outcome.attempt = std::move(attempt);
    outcome.disable = judgement.disable;
    switch (judgement.verdict) {
      case Judgement::Verdict::delivered:
        outcome.end(State::delivered, Notice::Kind::delivered, {});
        return outcome;
      case Judgement::Verdict::abort:
        outcome.end(State::cancelled, Notice::Kind::cancelled, "the endpoint asked not to be sent this again");
        return outcome;
      case Judgement::Verdict::gone:
        outcome.gone = true;
        outcome.end(State::cancelled, Notice::Kind::cancelled, "the endpoint answered 410");
        return outcome;
      case Judgement::Verdict::retry:
        break;
    }
    const Duration asked = judgement.retry_after.value_or(Duration::zero());
    if (judgement.rest) {
      outcome.rest = asked > Duration::zero() ? asked : (std::min)(wait.value_or(unasked_rest), unasked_rest);
    }
    if (wait) {
      outcome.settlement.in = (std::max)(*wait, asked);
    } else if (parks) {
      outcome.end(State::parked, Notice::Kind::parked, "the last attempt of the schedule failed");
    } else {
      outcome.end(State::dead, Notice::Kind::exhausted, "the last attempt of the schedule failed");
    }
    return outcome;
  }

  /// Whether there is anything to tell: not if it was only given back.
  bool worth_telling() const noexcept { return attempt.has_value() || settlement.state != State::due; }

  Notice notice() const noexcept {
    Notice told;
    told.kind = kind;
    told.endpoint = endpoint;
    told.delivery = settlement.lease.delivery;
    told.event = event;
    told.attempt = attempt ? &*attempt : nullptr;
    told.text = text;
    return told;
  }

 private:
  void end(State state, Notice::Kind how, std::string_view why) {
    settlement.state = state;
    kind = how;
    text = why;
  }
};

}  // namespace v0
}  // namespace webhook

#endif
