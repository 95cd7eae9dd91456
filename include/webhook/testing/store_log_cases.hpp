// SPDX-License-Identifier: MIT
// Conformance cases of the optional chapters of the store contract: Remembers (the log and second thoughts) and
// RoutesLater. They run on stores that have the chapter.
#ifndef WEBHOOK_TESTING_STORE_LOG_CASES_HPP
#define WEBHOOK_TESTING_STORE_LOG_CASES_HPP

#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "store_bench.hpp"

namespace webhook {
inline namespace v0 {

/// For stores that model Remembers.
template <class Bench>
struct StoreLogCases {
  static std::string listed(const std::vector<Delivery>& found) {
    std::string text;
    for (const Delivery& one : found) text.append(text.empty() ? "" : " ").append(one.event.view());
    return text;
  }

  static void find(Bench& bench) {
    bench.endpoint(1);
    bench.endpoint(2);
    bench.append("a", {1});
    bench.append("b", {2});
    bench.append("c", {1, 2});
    bench.pass(10);
    const WallTime since = bench.time.now().wall;
    bench.pass(1);
    bench.append("d", {2});
    for (const Claimed& one : bench.claim(64, 1))
      bench.tried(one, 200, one.endpoint == EndpointId{1} ? State::delivered : State::dead);
    auto& store = bench.store;
    const std::vector<Delivery> everything = store.find({});
    bench.expect(listed(everything) == "a b c c d", "find({}) returns everything, the oldest first");
    if (everything.size() != 5) return;
    bench.expect(everything[0].endpoint == EndpointId{1} && everything[0].type == "order.created" &&
                     everything[0].state == State::delivered && everything[0].attempts == 1,
                 "a delivery is found with its endpoint, type, state and number of attempts");
    bench.expect(everything[0].created < since && everything[4].created >= since,
                 "a delivery is found with the time of its appending");
    bench.expect(everything[0].id < everything[1].id && everything[1].id < everything[2].id,
                 "ids grow in the order of appending");
    bench.expect(listed(store.find({.endpoint = EndpointId{2}})) == "b c d", "find by endpoint");
    bench.expect(listed(store.find({.event = EventId("c")})) == "c c", "find by event");
    bench.expect(
        listed(store.find({.state = State::dead})) == "b" && listed(store.find({.state = State::due})) == "c c d",
        "find by state");
    bench.expect(listed(store.find({.since = since})) == "d", "find by age");
    bench.expect(listed(store.find({.delivery = everything[1].id})) == "b" &&
                     store.find({.delivery = everything[1].id, .state = State::delivered}).empty(),
                 "find that one delivery alone, if it meets the other conditions");
    store.amend(bench.time.now(), {.delivery = everything[0].id}, State::cancelled);
    bench.expect(listed(store.find({.state = State::cancelled})).empty(),
                 "amend of one delivery that is over leaves it, and every other, as it is");
    bench.expect(listed(store.find({.after = everything[1].id, .most = 2})) == "c c",
                 "find goes on after a delivery, and returns at most `most`");
    bench.expect(
        listed(store.find({.endpoint = EndpointId{2}, .state = State::due, .after = everything[2].id})) == "c d",
        "all conditions hold together");
  }

  static void attempts(Bench& bench) {
    bench.endpoint(1);
    bench.append("e", {1});
    for (const int status : {500, 503}) {
      for (const Claimed& one : bench.claim()) bench.tried(one, status, State::due);
    }
    const std::vector<Claimed> last = bench.claim();
    bench.expect(last.size() == 1, "what is due must be claimed");
    if (last.size() != 1) return;
    Attempt attempt;
    attempt.fence = last[0].lease.fence;
    attempt.at = bench.time.now().wall;
    attempt.took = std::chrono::milliseconds{34};
    attempt.failure = Failure::timeout;
    attempt.response = std::string("\0\xffraw", 5);
    attempt.reason = "no answer in 15 s";
    bench.settle(last[0].lease, State::dead, {}, &attempt);
    const std::vector<Attempt> logged = bench.store.attempts(last[0].lease.delivery);
    bench.expect(logged.size() == 3, "each attempt is logged once");
    if (logged.size() != 3) return;
    bench.expect(logged[0].status == 500 && logged[1].status == 503 && logged[0].response == "answer 500",
                 "attempts are logged in their order");
    const Attempt& same = logged[2];
    bench.expect(same.fence == attempt.fence && same.at == attempt.at && same.took == attempt.took &&
                     same.status == 0 && same.failure == attempt.failure && same.response == attempt.response &&
                     same.reason == attempt.reason,
                 "an attempt must come back with all its fields");
    bench.expect(bench.store.attempts(DeliveryId{987654321}).empty(), "nothing was attempted of what does not exist");
  }

  static void resend(Bench& bench) {
    bench.endpoint(1);
    bench.append("old", {1});
    bench.append("poison", {1});
    for (int i = 0; i < 3; ++i) {
      for (const Claimed& one : bench.claim(1)) bench.tried(one, 500, i == 2 ? State::dead : State::due);
    }
    bench.claim(64, 64, 2);
    bench.pass(3);
    for (const Claimed& one : bench.claim()) bench.settle(one.lease, one.lost > 0 ? State::quarantined : State::dead);
    const std::size_t amended = bench.store.amend(bench.time.now(), {.most = 10}, State::due);
    bench.expect(amended == 2, "amend to due makes due again whatever is over, and returns how many that were");
    bench.pass(1);
    bench.append("live", {1});
    bench.expect(Bench::ids(bench.claim(1)) == "live", "what is sent again queues behind live traffic");
    const std::vector<Claimed> again = bench.claim();
    bench.expect(again.size() == 2, "what was made due is claimed again");
    for (const Claimed& one : again) {
      bench.expect(one.attempts == 0 && one.lost == 0, "what is sent again starts its schedule anew");
      bench.expect(one.event->payload.view() == "{}", "what is sent again has its payload");
      bench.expect(bench.tried(one, 200, State::delivered).word == Settled::Word::applied,
                   "what is sent again is settled as ever");
    }
    bench.expect(bench.store.find({.state = State::delivered}).size() == 2,
                 "what is sent again ends like everything else");
    bench.expect(bench.store.amend(bench.time.now(), {.state = State::dead}, State::due) == 0,
                 "amend changes only what the query finds");
  }

  static void cancel(Bench& bench) {
    bench.endpoint(1);
    for (const char* id : {"a", "b", "c", "d"}) bench.append(id, {1});
    const std::vector<Claimed> claimed = bench.claim(1);
    bench.expect(bench.store.amend(bench.time.now(), {.state = State::due, .most = 1}, State::cancelled) == 1,
                 "amend changes at most `most`");
    bench.expect(Bench::ids(bench.claim(1)) == "c", "the oldest is cancelled first");
    bench.expect(bench.store.amend(bench.time.now(), {.event = EventId("a")}, State::cancelled) == 1,
                 "a leased delivery can be cancelled");
    if (!claimed.empty()) bench.tried(claimed[0], 500, State::due);
    bench.expect(Bench::ids(bench.claim()) == "d", "what is cancelled is not claimed again, whatever its holder says");
    bench.expect(bench.store.amend(bench.time.now(), {.event = EventId("a")}, State::cancelled) == 0,
                 "what is over is not cancelled again");
  }

  static void prune(Bench& bench) {
    bench.endpoint(1);
    for (const char* id : {"over", "leased", "due", "young"}) bench.append(id, {1});
    for (const Claimed& one : bench.claim(1)) bench.tried(one, 200, State::delivered);
    bench.claim(1, 1, 50);
    bench.pass(20);
    const std::vector<Claimed> claimed = bench.claim(2, 2, 50);
    if (claimed.size() == 2) {
      bench.settle(claimed[0].lease, State::due);
      bench.tried(claimed[1], 200, State::delivered);
    }
    bench.expect(bench.store.prune(bench.time.now(), bench.units(10), 0) == 0, "prune forgets at most `most`");
    bench.expect(bench.store.prune(bench.time.now(), bench.units(10), 100) == 1,
                 "prune forgets what has been over for that long, and only that");
    bench.expect(listed(bench.store.find({})) == "leased due young", "prune never forgets what is pending or leased");
    bench.expect(Bench::ids(bench.claim()) == "due", "what is pending stays claimable");
  }

  static constexpr StoreCase<Bench> all[] = {
      {"find returns what the query asks for", find}, {"attempts are logged", attempts},
      {"a delivery can be sent again", resend},       {"a delivery can be cancelled", cancel},
      {"prune forgets what is over", prune},
  };
};

/// For stores that model RoutesLater.
template <class Bench>
struct StoreRoutingCases {
  static void old_registry(Bench& bench) {
    bench.endpoint(1);
    const Version known = bench.registry();
    bench.endpoint(2);
    const std::array<EndpointId, 1> routes{EndpointId{1}};
    const NewEvent event{bench.event("e", "body"), routes, known, false, {}};
    Appended answer = Appended::conflict;
    bench.store.append(bench.time.now(), {&event, 1}, {&answer, 1});
    bench.expect(answer == Appended::inserted && bench.claim().empty(),
                 "an event routed by an old registry is kept without its routes");
    const std::vector<KeptEvent> unrouted = bench.store.unrouted(10);
    bench.expect(
        unrouted.size() == 1 && unrouted[0].event->id.view() == "e" && unrouted[0].event->payload.view() == "body",
        "unrouted() returns it whole");
    if (unrouted.size() != 1) return;
    const std::array<EndpointId, 2> both{EndpointId{1}, EndpointId{2}};
    const Route route{unrouted[0].number, both};
    bench.expect(!bench.store.route(bench.time.now(), {&route, 1}, known), "route() must refuse an old registry");
    bench.expect(bench.claim().empty() && bench.store.unrouted(10).size() == 1, "what route() refused is not written");
    bench.expect(bench.store.route(bench.time.now(), {&route, 1}, bench.registry()),
                 "route() must take the newest registry");
    bench.store.route(bench.time.now(), {&route, 1}, bench.registry());
    bench.expect(bench.claim().size() == 2, "one delivery per event and endpoint, however often it is routed");
    bench.expect(bench.store.unrouted(10).empty(), "what is routed is not unrouted any more");
  }

  static void nobody(Bench& bench) {
    bench.endpoint(1);
    const Version known = bench.registry();
    bench.endpoint(2);
    for (const char* id : {"a", "b", "c"}) {
      const NewEvent event{bench.event(id), {}, known, false, {}};
      Appended answer = Appended::conflict;
      bench.store.append(bench.time.now(), {&event, 1}, {&answer, 1});
    }
    const std::vector<KeptEvent> two = bench.store.unrouted(2);
    bench.expect(two.size() == 2 && two[0].event->id.view() == "a",
                 "unrouted(most) returns at most so many, the oldest first");
    for (const KeptEvent& one : two) {
      const Route route{one.number, {}};
      bench.store.route(bench.time.now(), {&route, 1}, bench.registry());
    }
    bench.expect(bench.store.unrouted(9).size() == 1 && bench.claim().empty(),
                 "an event that goes to nobody is routed, too");
  }

  static constexpr StoreCase<Bench> all[] = {
      {"an event from under an old registry is routed later", old_registry},
      {"an event that goes to nobody is done", nobody},
  };
};

}  // namespace v0
}  // namespace webhook

#endif
