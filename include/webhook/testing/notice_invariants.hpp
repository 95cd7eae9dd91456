// SPDX-License-Identifier: MIT
// What must hold of notices: a host that lives is told of every transition that it made, once and in order, and of
// nothing else; warnings are given once and taken back; operational events follow the notices that they are about.
#ifndef WEBHOOK_TESTING_NOTICE_INVARIANTS_HPP
#define WEBHOOK_TESTING_NOTICE_INVARIANTS_HPP

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../notice.hpp"
#include "../options.hpp"
#include "../router.hpp"
#include "simulated_world.hpp"
#include "simulation_rows.hpp"

namespace webhook {
inline namespace v0 {

/// Compares what hosts are told with what the store told them (SimulatedWorld::violated). What a host did not hear of
/// (it crashed, or the answer was lost for good) it cannot tell.
class NoticeInvariants {
 public:
  NoticeInvariants(SimulatedWorld& world, SimulationRows& rows) : world_(world), rows_(rows) {}

  Options rules{};  ///< what every host promises of warnings and operational events

  /// A host starts; what it was told before it ended is another's story.
  void begins(const SimulatedHost& host) { owed_[host.index] = Owed{}; }

  /// The host has heard the store's answers to its words.
  void heard(const SimulatedHost& host, std::span<const Settlement> words, std::span<const Settled> answers) {
    for (std::size_t i = 0; i < words.size(); ++i) {
      const SimulatedRow* const row = rows_.find(words[i].lease.delivery);
      const bool tried = words[i].attempt != nullptr;
      if (answers[i].word == Settled::Word::stale || row == nullptr) continue;
      if (words[i].state == State::leased || (words[i].state == State::due && !tried)) continue;
      owed_[host.index].heard.push_back({words[i].lease.delivery, row->endpoint, kind_of(words[i].state), tried,
                                         row->tried > 0 && tried, answers[i].failures, answers[i].failing_for});
    }
  }

  /// A change of an endpoint is stored; before it, it was as `before`, or not there at all.
  void put(const SimulatedHost& host, const Endpoint* before, const Endpoint& after) {
    owed_[host.index].puts.emplace_back(kind_of(before, after), after.id);
  }
  /// The same, but the host does not know. Version 0: nothing was stored, but it cannot tell its own change from that of
  /// another host, and may speak of it, too.
  void put_in_doubt(const SimulatedHost& host, EndpointId endpoint, EndpointState state, Version version) {
    if (state != EndpointState::disabled && state != EndpointState::gone) return;  // whoever asked for it was told
    const bool gone = state == EndpointState::gone;
    owed_[host.index].doubts.push_back(
        {gone ? Notice::Kind::endpoint_gone : Notice::Kind::endpoint_disabled, endpoint, version, world_.now()});
  }
  /// The host has cancelled a delivery to make room.
  void dropped(const SimulatedHost& host, DeliveryId delivery) { owed_[host.index].drops.push_back(delivery); }
  /// The same if it is `done`, but the host does not know, and should ask `again`.
  void drop_in_doubt(const SimulatedHost& host, DeliveryId delivery, bool done, bool again) {
    auto& doubtful = owed_[host.index].doubtful_drops;
    if (!again && doubtful.count(delivery) == 0) return;
    Drop& drop = doubtful[delivery];
    ++drop.asked;
    drop.done = drop.done || done;
    drop.again = again;
  }
  /// It has asked, and heard that nothing is left to cancel.
  void asked_again(const SimulatedHost& host, DeliveryId delivery) {
    const auto there = owed_[host.index].doubtful_drops.find(delivery);
    if (there == owed_[host.index].doubtful_drops.end()) return;
    ++there->second.asked;
    there->second.again = false;
  }
  /// It has looked, and seen it cancelled.
  void seen_cancelled(const SimulatedHost& host, DeliveryId delivery) {
    if (owed_[host.index].doubtful_drops.erase(delivery) > 0) dropped(host, delivery);
  }

  /// The host is told something.
  void told(const SimulatedHost& host, const Notice& notice, Version registry) {
    if (notice.kind == Notice::Kind::trouble) return;
    Owed& owed = owed_[host.index];
    if (!expected(owed, notice))
      return world_.violated("I13", std::string(to_string(notice.kind)) + " was told, which did not happen just now");
    if (!rules.operational || !is_operational(notice.kind)) return;
    unreported(owed);
    const SimulatedLane* const about = rows_.lane(notice.endpoint);
    if (about == nullptr || about->endpoint.tenant == *rules.operational) return;  // not about its own endpoints
    owed.report = notice.kind;
    owed.surely = !host.ended && host.knows == registry && is_wanted(notice.kind);
  }

  /// The host emits an event of its own about a notice.
  void reported(const SimulatedHost& host, std::string_view type) {
    Owed& owed = owed_[host.index];
    if (host.crashed) return;
    if (owed.report && type == type_of(*owed.report)) {
      owed.surely = false;  // and again, if the store's answer goes unheard
    } else {
      world_.violated("I13", std::string(type) + " was emitted, and nothing like that was told");
    }
  }

  /// The host has done what it was at: everything that it heard of must be told by now.
  void quiet(const SimulatedHost& host) {
    Owed& owed = owed_[host.index];
    if (host.crashed) return;
    unreported(owed);
    if (!owed.heard.empty()) return untold(owed.heard.front().kind);
    if (!owed.after.empty()) return untold(owed.after.front().first);
    if (!owed.puts.empty()) return untold(owed.puts.front().first);
    if (!owed.drops.empty()) return untold(Notice::Kind::dropped);
    for (const auto& [delivery, drop] : std::exchange(owed.doubtful_drops, {})) {
      if (drop.done && drop.again && drop.asked < 3) return untold(Notice::Kind::dropped);
    }
    for (const Doubt& doubt : owed.doubts) {
      if (rows_.lane(doubt.endpoint)->endpoint.version != doubt.version) continue;  // changed again: it may be told
      const Duration free = (std::max)({doubt.since, host.frozen_until, host.partitioned_until});
      if (world_.now() - free > std::chrono::minutes{10}) untold(doubt.kind);
    }
  }

 private:
  using About = std::pair<Notice::Kind, EndpointId>;
  struct Heard {  // a word that the store took
    DeliveryId delivery{};
    EndpointId endpoint{};
    Notice::Kind kind{};
    bool tried = false, again = false;  // and not for the first time
    std::uint32_t failures = 0;
    Duration failing_for{};
  };
  struct Said {  // of an endpoint in trouble
    std::size_t warnings = 0;
    bool resting = false;
  };
  struct Doubt {
    Notice::Kind kind{};
    EndpointId endpoint{};
    Version version = 0;
    Duration since{};
  };
  struct Drop {
    int asked = 0;
    bool done = false, again = false;
  };
  struct Owed {
    std::deque<Heard> heard{};
    std::deque<About> after{};  // right after the notice of an outcome
    std::vector<About> puts{};
    std::vector<DeliveryId> drops{};
    std::map<DeliveryId, Drop> doubtful_drops{};
    std::vector<Doubt> doubts{};
    std::map<EndpointId, Said> said{};
    std::optional<Notice::Kind> report{};  // an operational event of it may follow ...
    bool surely = false;                   // ... or must
  };

  static std::string type_of(Notice::Kind kind) { return "webhook." + std::string(to_string(kind)); }

  static Notice::Kind kind_of(State state) noexcept {
    switch (state) {
      case State::delivered:
        return Notice::Kind::delivered;
      case State::dead:
        return Notice::Kind::exhausted;
      case State::parked:
        return Notice::Kind::parked;
      case State::cancelled:
        return Notice::Kind::cancelled;
      case State::expired:
        return Notice::Kind::expired;
      case State::quarantined:
        return Notice::Kind::quarantined;
      default:
        return Notice::Kind::failed;
    }
  }
  static Notice::Kind kind_of(const Endpoint* before, const Endpoint& after) noexcept {
    if (before == nullptr) return Notice::Kind::endpoint_added;
    if (before->state == after.state) return Notice::Kind::endpoint_changed;  // or its secret, see expected()
    switch (after.state) {
      case EndpointState::active:
        return Notice::Kind::endpoint_enabled;
      case EndpointState::paused:
        return Notice::Kind::endpoint_paused;
      case EndpointState::disabled:
        return Notice::Kind::endpoint_disabled;
      case EndpointState::gone:
        return Notice::Kind::endpoint_gone;
      case EndpointState::removed:
        break;
    }
    return Notice::Kind::endpoint_removed;
  }

  bool expected(Owed& owed, const Notice& notice) {
    const auto take = [](auto& all, const auto& one) {
      const auto there = std::find(all.begin(), all.end(), one);
      const bool found = there != all.end();
      if (found) all.erase(there);
      return found;
    };
    switch (notice.kind) {
      case Notice::Kind::dropped:
        return take(owed.drops, notice.delivery);
      case Notice::Kind::recovered:
      case Notice::Kind::endpoint_resting:
      case Notice::Kind::endpoint_failing:
      case Notice::Kind::endpoint_recovered:
        if (owed.after.empty() || owed.after.front() != About(notice.kind, notice.endpoint)) return false;
        owed.after.pop_front();
        count(notice.kind);
        return true;
      case Notice::Kind::delivered:
      case Notice::Kind::failed:
      case Notice::Kind::exhausted:
      case Notice::Kind::parked:
      case Notice::Kind::cancelled:
      case Notice::Kind::expired:
      case Notice::Kind::quarantined:
        return outcome(owed, notice);
      default:
        break;
    }
    const bool keys = notice.kind == Notice::Kind::secret_rotated;
    const bool anew = notice.kind == Notice::Kind::endpoint_enabled || notice.kind == Notice::Kind::endpoint_disabled ||
                      notice.kind == Notice::Kind::endpoint_gone;
    if (anew) owed.said.erase(notice.endpoint);
    if (take(owed.puts, About(keys ? Notice::Kind::endpoint_changed : notice.kind, notice.endpoint))) return true;
    const auto known = [&](const Doubt& doubt) {
      return doubt.kind == notice.kind && doubt.endpoint == notice.endpoint;
    };
    const auto kept = std::remove_if(owed.doubts.begin(), owed.doubts.end(), known);
    if (kept != owed.doubts.end()) {
      owed.doubts.erase(kept, owed.doubts.end());
      world_.count(Happening::told_late);
      return true;
    }
    return false;
  }

  bool outcome(Owed& owed, const Notice& notice) {
    if (!owed.after.empty() || owed.heard.empty()) return false;
    const Heard word = owed.heard.front();
    owed.heard.pop_front();
    if (word.delivery != notice.delivery || word.kind != notice.kind) return false;
    if (word.kind == Notice::Kind::delivered) {
      if (word.again) owed.after.emplace_back(Notice::Kind::recovered, word.endpoint);
      if (owed.said.erase(word.endpoint) > 0) owed.after.emplace_back(Notice::Kind::endpoint_recovered, word.endpoint);
    } else if (word.tried && word.failures > 0) {
      warn(owed, word);
    }
    return true;
  }

  void warn(Owed& owed, const Heard& word) {
    const bool opens = rules.breaker.failures > 0 && word.failures >= rules.breaker.failures;
    if (opens && !owed.said[word.endpoint].resting) {
      owed.said[word.endpoint].resting = true;
      owed.after.emplace_back(Notice::Kind::endpoint_resting, word.endpoint);
    }
    if (word.failing_for >= rules.disable_after) return;
    const auto passed =
        static_cast<std::size_t>(std::count_if(rules.warn_after.begin(), rules.warn_after.end(),
                                               [&](Duration threshold) { return word.failing_for >= threshold; }));
    if (passed == 0 || passed <= owed.said[word.endpoint].warnings) return;
    owed.said[word.endpoint].warnings = passed;
    owed.after.emplace_back(Notice::Kind::endpoint_failing, word.endpoint);
  }

  void count(Notice::Kind kind) {
    world_.count(kind == Notice::Kind::recovered          ? Happening::told_recovered
                 : kind == Notice::Kind::endpoint_resting ? Happening::told_endpoint_resting
                 : kind == Notice::Kind::endpoint_failing ? Happening::told_endpoint_failing
                                                          : Happening::told_endpoint_recovered);
  }

  static bool is_operational(Notice::Kind kind) noexcept {
    switch (kind) {
      case Notice::Kind::delivered:
      case Notice::Kind::failed:
      case Notice::Kind::cancelled:
      case Notice::Kind::expired:
      case Notice::Kind::dropped:
        return false;
      default:
        return true;
    }
  }
  bool is_wanted(Notice::Kind kind) {
    return std::any_of(rows_.lanes().begin(), rows_.lanes().end(), [&](const auto& entry) {
      const Endpoint& endpoint = entry.second.endpoint;
      return endpoint.state != EndpointState::gone && subscribes(endpoint, *rules.operational, type_of(kind), {});
    });
  }

  void unreported(Owed& owed) {
    if (owed.report && owed.surely)
      world_.violated("I13", type_of(*owed.report) + " was not emitted, though somebody subscribed to it");
    owed.report.reset();
  }
  void untold(Notice::Kind kind) {
    world_.violated("I13", std::string(to_string(kind)) + " happened, and was not told");
  }

  SimulatedWorld& world_;
  SimulationRows& rows_;
  std::map<std::size_t, Owed> owed_{};
};

}  // namespace v0
}  // namespace webhook

#endif
