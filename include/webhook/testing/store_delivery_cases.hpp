// SPDX-License-Identifier: MIT
// Conformance cases of the store contract: append, leases, fences, and what a settlement does.
// They test one delivery or one batch at a time; lanes, log and threads have files of their own.
#ifndef WEBHOOK_TESTING_STORE_DELIVERY_CASES_HPP
#define WEBHOOK_TESTING_STORE_DELIVERY_CASES_HPP

#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "store_bench.hpp"

namespace webhook {
inline namespace v0 {

template <class Bench>
struct StoreDeliveryCases {
  using Word = Settled::Word;

  static void claimed_as_appended(Bench& bench) {
    const Endpoint endpoint = bench.endpoint(1);
    auto event = std::make_shared<Event>(*bench.event("e1", std::string_view("{\"a\":1}\0\xff", 9)));
    event->tenant = "acme";
    event->key = "order-7";
    event->time = bench.time.now().wall;
    event->expires = event->time + std::chrono::hours{1};
    bench.expect(bench.append(event, {1}) == Appended::inserted, "append must answer inserted");
    const std::vector<Claimed> claimed = bench.claim();
    bench.expect(claimed.size() == 1, "what is due must be claimed, once for each route");
    if (claimed.size() != 1) return;
    const Claimed& one = claimed[0];
    bench.expect(one.endpoint == EndpointId{1} && one.version == endpoint.version,
                 "Claimed must name the endpoint and its version");
    bench.expect(one.attempts == 0 && one.lost == 0, "a first claim has neither attempts nor lost leases");
    bench.expect(one.event->id == event->id && one.event->type == event->type && one.event->tenant == event->tenant &&
                     one.event->key == event->key && one.event->time == event->time &&
                     one.event->expires == event->expires,
                 "the event must come back with all its fields");
    bench.expect(one.event->payload == event->payload, "the payload must come back byte for byte");
    bench.expect(bench.claim().empty(), "what is leased must not be claimed again");
  }

  static void each_route(Bench& bench) {
    for (const std::uint64_t id : {1U, 2U, 3U}) bench.endpoint(id);
    bench.append("e", {1, 3});
    const std::vector<Claimed> claimed = bench.claim();
    bench.expect(claimed.size() == 2, "one delivery for each route, and none for other endpoints");
    if (claimed.size() != 2) return;
    bench.expect(claimed[0].endpoint != claimed[1].endpoint && claimed[0].lease.delivery != claimed[1].lease.delivery,
                 "the deliveries of one event have ids and endpoints of their own");
  }

  static void delay(Bench& bench) {
    bench.endpoint(1);
    bench.append("late", {1}, bench.units(4));
    bench.expect(bench.claim().empty(), "a delayed event must not be claimed early");
    bench.expect(bench.found.next > Duration::zero() && bench.found.next <= bench.units(4),
                 "Found.next must not be later than the delay's end");
    bench.pass(5);
    bench.expect(bench.claim().size() == 1, "a delayed event must be claimed once its delay is over");
  }

  static void named(Bench& bench) {
    bench.endpoint(1);
    const auto first = bench.event("order-1", "one");
    bench.expect(bench.append(first, {1}, true) == Appended::inserted, "a new name must be inserted");
    bench.expect(bench.append(bench.event("order-1", "one"), {1}, true) == Appended::duplicate,
                 "same name, type and payload is a duplicate");
    bench.expect(bench.append(bench.event("order-1", "two"), {1}, true) == Appended::conflict,
                 "same name with another payload is a conflict");
    auto other = std::make_shared<Event>(*first);
    other->type = "order.paid";
    bench.expect(bench.append(other, {1}, true) == Appended::conflict, "same name with another type is a conflict");
    other = std::make_shared<Event>(*first);
    other->tenant = "acme";
    bench.expect(bench.append(other, {1}, true) == Appended::inserted, "a name is the tenant's own");
    const std::vector<Claimed> claimed = bench.claim();
    bench.expect(claimed.size() == 2, "duplicates and conflicts must add no deliveries");
    for (const Claimed& one : claimed) bench.tried(one, 200, State::delivered);
    bench.expect(bench.append(first, {1}, true) == Appended::duplicate,
                 "a name is still taken right after its delivery");
  }

  static void named_in_a_batch(Bench& bench) {
    bench.endpoint(1);
    const std::array<EndpointId, 1> routes{EndpointId{1}};
    const std::array<NewEvent, 4> events{{{bench.event("a", "1"), routes, bench.registry(), true, {}},
                                          {bench.event("a", "1"), routes, bench.registry(), true, {}},
                                          {bench.event("a", "2"), routes, bench.registry(), true, {}},
                                          {bench.event("b", "3"), routes, bench.registry(), true, {}}}};
    std::array<Appended, 4> answers{};
    bench.store.append(bench.time.now(), events, answers);
    bench.expect(answers == std::array<Appended, 4>{Appended::inserted, Appended::duplicate, Appended::conflict,
                                                    Appended::inserted},
                 "each event of a batch has its own answer, and earlier ones of the batch count");
    bench.expect(Bench::ids(bench.claim()) == "a b", "a conflict in a batch must not keep the others out");
  }

  static void lease_postpones(Bench& bench) {
    bench.endpoint(1);
    bench.append("e", {1});
    const std::vector<Claimed> first = bench.claim(64, 64, 4);
    bench.expect(bench.claim().empty(), "nothing is claimable before the lease ends");
    bench.expect(bench.found.next > Duration::zero() && bench.found.next <= bench.units(4),
                 "Found.next must not be later than a lease's end");
    bench.pass(5);
    const std::vector<Claimed> second = bench.claim(64, 64, 4);
    bench.expect(first.size() == 1 && second.size() == 1, "an expired lease must make its delivery claimable again");
    if (first.size() != 1 || second.size() != 1) return;
    bench.expect(second[0].lease.delivery == first[0].lease.delivery, "the delivery keeps its id");
    bench.expect(second[0].lease.fence > first[0].lease.fence, "each claim must have a greater fence");
    bench.expect(second[0].lost == 1 && second[0].attempts == 0,
                 "a lease that ran out is counted as lost, not as an attempt");
    bench.pass(5);
    const std::vector<Claimed> third = bench.claim();
    bench.expect(third.size() == 1 && third[0].lost == 2, "every lost lease counts");
  }

  static void fences_grow_over_all(Bench& bench) {
    bench.endpoint(1);
    bench.endpoint(2);
    Fence last = 0;
    for (int round = 0; round < 4; ++round) {
      bench.append("e" + std::to_string(round), {1, 2});
      for (const Claimed& one : bench.claim()) {
        bench.expect(one.lease.fence > last, "each fence must be greater than every one before");
        last = one.lease.fence;
        if (round % 2 == 0) bench.settle(one.lease, State::due);
      }
    }
  }

  static void late_word_counts(Bench& bench) {
    bench.endpoint(1);
    bench.append("e", {1});
    const std::vector<Claimed> claimed = bench.claim(64, 64, 2);
    bench.pass(3);
    bench.expect(!claimed.empty() && bench.tried(claimed[0], 200, State::delivered).word == Word::applied,
                 "after the lease, but before the next claim, the word still counts");
    bench.expect(bench.claim().empty(), "a late success is a success");
  }

  static void stale_word(Bench& bench) {
    bench.endpoint(1);
    bench.append("e", {1});
    const std::vector<Claimed> old = bench.claim(64, 64, 2);
    bench.pass(3);
    const std::vector<Claimed> now = bench.claim();
    bench.expect(old.size() == 1 && now.size() == 1, "an expired lease must make its delivery claimable again");
    if (old.size() != 1 || now.size() != 1) return;
    for (const State state : {State::delivered, State::due, State::leased, State::dead}) {
      bench.expect(bench.tried(old[0], 500, state).word == Word::stale, "a word under an older fence must be stale");
    }
    bench.expect(bench.claim().empty(), "a stale word must not make a delivery due");
    const Settled settled = bench.tried(now[0], 200, State::delivered);
    bench.expect(settled.word == Word::applied, "a stale word must not take the delivery from its holder");
    bench.expect(settled.failures == 0, "a stale attempt must not count as a failure");
    bench.expect(bench.settle({DeliveryId{987654321}, 1}, State::delivered).word == Word::stale,
                 "a word about nothing is stale");
  }

  static void same_word_twice(Bench& bench) {
    bench.endpoint(1);
    bench.append("e", {1});
    std::vector<Claimed> claimed = bench.claim();
    bench.expect(claimed.size() == 1, "what is due must be claimed");
    if (claimed.size() != 1) return;
    bench.tried(claimed[0], 500, State::due, bench.units(4));
    bench.pass(2);
    const Settled again = bench.tried(claimed[0], 500, State::due, bench.units(4));
    bench.expect(again.word == Word::already, "the same word again must be answered with already");
    bench.expect(again.failures == 1, "a repeated attempt must not count twice");
    bench.expect(bench.tried(claimed[0], 200, State::delivered).word == Word::stale,
                 "another word under a spent fence must be stale");
    bench.pass(3);
    claimed = bench.claim();
    bench.expect(claimed.size() == 1, "a repeated word must not postpone again");
    if (claimed.size() != 1) return;
    bench.expect(claimed[0].attempts == 1, "a repeated attempt must not count twice");
    bench.tried(claimed[0], 200, State::delivered);
    bench.expect(bench.tried(claimed[0], 200, State::delivered).word == Word::already,
                 "the same word again must be answered with already");
  }

  static void tried_again(Bench& bench) {
    bench.endpoint(1);
    bench.append("e", {1});
    std::vector<Claimed> claimed = bench.claim();
    bench.expect(claimed.size() == 1, "what is due must be claimed");
    if (claimed.size() != 1) return;
    bench.expect(bench.tried(claimed[0], 503, State::due, bench.units(6)).word == Word::applied,
                 "the holder's word must be applied");
    bench.expect(bench.claim().empty(), "a retry must not be claimed before its time");
    bench.expect(bench.found.next > Duration::zero() && bench.found.next <= bench.units(6),
                 "Found.next must not be later than a retry");
    bench.pass(7);
    claimed = bench.claim();
    bench.expect(claimed.size() == 1 && claimed[0].attempts == 1 && claimed[0].lost == 0,
                 "a retry must come after its time, with one attempt");
  }

  static void given_back(Bench& bench) {
    bench.endpoint(1);
    bench.append("e", {1});
    const std::vector<Claimed> first = bench.claim();
    bench.expect(first.size() == 1 && bench.settle(first[0].lease, State::due).word == Word::applied,
                 "a delivery can be given back");
    const std::vector<Claimed> second = bench.claim();
    bench.expect(second.size() == 1 && second[0].attempts == 0 && second[0].lost == 0,
                 "what was given back is due at once, and was no attempt");
    bench.expect(second.size() == 1 && first.size() == 1 && second[0].lease.fence > first[0].lease.fence,
                 "each claim must have a greater fence");
  }

  static void renewed(Bench& bench) {
    bench.endpoint(1);
    bench.append("e", {1});
    const std::vector<Claimed> claimed = bench.claim(64, 64, 4);
    bench.expect(claimed.size() == 1, "what is due must be claimed");
    if (claimed.size() != 1) return;
    bench.pass(2);
    bench.expect(bench.settle(claimed[0].lease, State::leased, bench.units(6)).word == Word::applied,
                 "the holder can renew its lease");
    bench.pass(4);  // the first lease is over, the renewed one is not
    bench.expect(bench.claim().empty(), "a renewed lease must hold until its new end");
    bench.expect(bench.tried(claimed[0], 200, State::delivered).word == Word::applied,
                 "the fence stays the same over a renewal");
  }

  static void over_is_over(Bench& bench) {
    bench.endpoint(1);
    for (const State state : {State::delivered, State::dead, State::cancelled, State::expired, State::quarantined}) {
      bench.append(to_string(state), {1});
      const std::vector<Claimed> claimed = bench.claim();
      bench.expect(claimed.size() == 1, "what is due must be claimed, and what is over must not");
      for (const Claimed& one : claimed)
        bench.expect(bench.settle(one.lease, state).word == Word::applied, "a final word must be applied");
    }
    bench.pass(100);
    bench.expect(bench.claim().empty(), "what is over must never be claimed again");
  }

  static void answers_in_order(Bench& bench) {
    bench.endpoint(1);
    for (const char* id : {"a", "b", "c"}) bench.append(id, {1});
    const std::vector<Claimed> claimed = bench.claim();
    bench.expect(claimed.size() == 3, "what is due must be claimed");
    if (claimed.size() != 3) return;
    bench.settle(claimed[1].lease, State::dead);
    const std::array<Settlement, 4> words{
        {{claimed[0].lease, State::delivered, {}, nullptr},
         {claimed[1].lease, State::dead, {}, nullptr},
         {{claimed[2].lease.delivery, claimed[2].lease.fence + 1000}, State::dead, {}, nullptr},
         {claimed[2].lease, State::delivered, {}, nullptr}}};
    std::array<Settled, 4> answers{};
    bench.store.settle(bench.time.now(), words, answers);
    bench.expect(answers[0].word == Word::applied && answers[1].word == Word::already &&
                     answers[2].word == Word::stale && answers[3].word == Word::applied,
                 "settled[i] must be the answer to words[i], and a stale word must not keep the others out");
  }

  static void survives_a_move(Bench& bench) {
    bench.endpoint(1);
    bench.append("e", {1});
    auto moved = std::move(bench.store);
    std::vector<Claimed> claimed;
    moved.claim({bench.time.now(), WorkerId{1}, bench.units(30), 8, 8}, claimed);
    bench.expect(claimed.size() == 1, "a store that was moved must keep what it holds");
  }

  static constexpr StoreCase<Bench> all[] = {
      {"an event is claimed as it was appended", claimed_as_appended},
      {"an event goes to each of its routes", each_route},
      {"a delayed event waits", delay},
      {"a name is taken once", named},
      {"names are compared within a batch", named_in_a_batch},
      {"leasing is postponing", lease_postpones},
      {"fences grow over everything", fences_grow_over_all},
      {"a word after the lease still counts", late_word_counts},
      {"a word under an older fence changes nothing", stale_word},
      {"the same word twice is the same word", same_word_twice},
      {"a failed attempt is tried again at its time", tried_again},
      {"what was given back was no attempt", given_back},
      {"a lease can be renewed", renewed},
      {"what is over stays over", over_is_over},
      {"words are answered in order", answers_in_order},
      {"a store can be moved", survives_a_move},
  };
};

}  // namespace v0
}  // namespace webhook

#endif
