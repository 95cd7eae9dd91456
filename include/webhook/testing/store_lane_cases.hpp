// SPDX-License-Identifier: MIT
// Conformance cases of the store contract: lanes, that is order, fairness, caps, rests, spacing; and the registry.
// They know no store and no test framework: a case is a function that throws what it expected.
#ifndef WEBHOOK_TESTING_STORE_LANE_CASES_HPP
#define WEBHOOK_TESTING_STORE_LANE_CASES_HPP

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "store_bench.hpp"

namespace webhook {
inline namespace v0 {

template <class Bench>
struct StoreLaneCases {
  static void due_order(Bench& bench) {
    bench.endpoint(1);
    bench.append("third", {1}, bench.units(3));
    bench.append("first", {1}, bench.units(1));
    bench.append("second", {1}, bench.units(2));
    bench.append("later", {1}, bench.units(50));
    bench.pass(4);
    bench.expect(Bench::ids(bench.claim()) == "first second third",
                 "a lane is served in order of due time, and only what is due");
  }

  static void bounds_of_a_claim(Bench& bench) {
    bench.endpoint(1);
    bench.endpoint(2);
    for (int i = 0; i < 6; ++i) bench.append("e" + std::to_string(i), {1, 2});
    const std::vector<Claimed> first = bench.claim(64, 2);
    const auto of_one =
        std::count_if(first.begin(), first.end(), [](const Claimed& one) { return one.endpoint == EndpointId{1}; });
    bench.expect(first.size() == 4 && of_one == 2, "a claim takes at most per_lane of each lane");
    bench.expect(bench.found.next == Duration::zero(), "Found.next must be zero while per_lane holds back what is due");
    bench.expect(bench.claim(3, 64).size() == 3, "a claim takes at most `most` in all");
    std::vector<Claimed> kept = first;
    bench.store.claim({bench.time.now(), WorkerId{1}, bench.units(30), 64, 64}, kept);
    bench.expect(kept.size() == 9 && Bench::ids({kept.begin(), kept.begin() + 4}) == Bench::ids(first),
                 "claim appends to what is in `claimed`");
    bench.expect(bench.claim().empty(), "everything was claimed once");
  }

  static void fairness(Bench& bench) {
    bench.endpoint(1, 100000);
    bench.endpoint(2);
    bench.endpoint(3);
    for (int i = 0; i < 40; ++i) bench.append("noise" + std::to_string(i), {1});
    bench.claim(1, 1);  // the noisy lane was served
    bench.pass(1);
    bench.append("quiet2", {2});
    bench.append("quiet3", {3});
    std::set<std::string> seen;
    for (int i = 0; i < 2; ++i) {
      for (const Claimed& one : bench.claim(1)) seen.insert(std::string(one.event->id.view()));
      bench.pass(1);
    }
    bench.expect(seen == std::set<std::string>{"quiet2", "quiet3"},
                 "lanes least recently served come first, however much another has queued");
    bench.append("again2", {2});
    const std::string next = Bench::ids(bench.claim(1));
    bench.expect(next.rfind("noise", 0) == 0, "a lane that waits longest for its turn gets it");
  }

  static void rotation(Bench& bench) {
    for (const std::uint64_t id : {1U, 2U, 3U}) bench.endpoint(id);
    for (int i = 0; i < 3; ++i) bench.append("e" + std::to_string(i), {1, 2, 3});
    for (int round = 0; round < 3; ++round) {
      std::set<EndpointId> served;
      for (int i = 0; i < 3; ++i) {
        for (const Claimed& one : bench.claim(1)) served.insert(one.endpoint);
        bench.pass(0.1);
      }
      bench.expect(served.size() == 3, "with room for one, busy lanes take turns");
    }
  }

  static void cap(Bench& bench) {
    bench.endpoint(1, 2);
    for (int i = 0; i < 5; ++i) bench.append("e" + std::to_string(i), {1});
    const std::vector<Claimed> first = bench.claim(64, 64, 8);
    bench.expect(first.size() == 2, "never more in flight than the cap");
    bench.expect(bench.claim().empty(), "never more in flight than the cap, over all claims");
    bench.expect(bench.found.next > Duration::zero() && bench.found.next <= bench.units(8),
                 "Found.next: a full lane opens when a lease ends");
    if (first.size() != 2) return;
    bench.tried(first[0], 200, State::delivered);
    bench.expect(Bench::ids(bench.claim(64, 64, 30)) == "e2", "a settled delivery frees its place at once");
    bench.pass(9);
    bench.expect(Bench::ids(bench.claim(64, 64, 30)) == "e3",
                 "a lost lease frees its place, and its delivery queues by the moment it ran out");
  }

  static void lost_leases_free_the_cap(Bench& bench) {
    bench.endpoint(1, 2);
    for (int i = 0; i < 2; ++i) bench.append("e" + std::to_string(i), {1});
    bench.claim(64, 64, 2);
    bench.pass(3);
    bench.expect(bench.claim().size() == 2, "when all of a lane's leases are lost, all of its cap is free");
  }

  static void tuned_cap(Bench& bench) {
    bench.endpoint(1, 4);
    for (int i = 0; i < 9; ++i) bench.append("e" + std::to_string(i), {1});
    bench.tune(1, 1);
    const std::vector<Claimed> probe = bench.claim();
    bench.expect(probe.size() == 1, "tune puts another cap in force at once");
    bench.tune(1, 3);
    bench.expect(bench.claim().size() == 2, "a raised cap counts what is in flight already");
    if (!probe.empty())
      bench.expect(bench.tried(probe[0], 200, State::delivered).cap == 3, "Settled.cap is the cap in force");
  }

  static void tuned_rest(Bench& bench) {
    bench.endpoint(1);
    bench.endpoint(2);
    bench.append("one", {1});
    bench.append("two", {2});
    bench.tune(1, 4, 6);
    bench.expect(Bench::ids(bench.claim()) == "two", "a lane that rests is not served, and others are");
    bench.expect(bench.found.next > Duration::zero() && bench.found.next <= bench.units(6),
                 "Found.next must not be later than a rest's end");
    bench.pass(7);
    bench.expect(Bench::ids(bench.claim()) == "one", "after its rest a lane is served");
    bench.append("more", {1});
    bench.tune(1, 4, 50);
    bench.tune(1, 4);
    bench.expect(Bench::ids(bench.claim()) == "more", "a newer word about a lane replaces the older one");
  }

  static void spacing(Bench& bench) {
    Endpoint slow = bench.endpoint(1);
    slow.spacing = bench.units(2);
    bench.put(slow);
    for (int i = 0; i < 6; ++i) bench.append("e" + std::to_string(i), {1});
    bench.expect(bench.claim(64, 3).size() == 3, "spacing does not shrink a claim");
    bench.pass(5);
    bench.expect(bench.claim().empty(), "after n from a lane it rests n times its spacing");
    bench.expect(bench.found.next > Duration::zero() && bench.found.next <= bench.units(1),
                 "Found.next must not be later than the spacing's end");
    bench.pass(2);
    bench.expect(bench.claim(1).size() == 1, "after that it is served");
  }

  static void closed_for_now(Bench& bench) {
    for (const EndpointState state : {EndpointState::paused, EndpointState::disabled}) {
      const std::uint64_t id = state == EndpointState::paused ? 1 : 2;
      const std::string n = std::to_string(id);  // a store may recognise an id that it has seen
      Endpoint endpoint = bench.endpoint(id);
      bench.append("before" + n, {id});
      bench.put(endpoint, state);
      bench.append("while" + n, {id});
      bench.pass(10);
      bench.expect(bench.claim().empty(), "a lane whose endpoint is not active is not served");
      bench.put(endpoint, EndpointState::active);
      bench.expect(Bench::ids(bench.claim()) == "before" + n + " while" + n, "its events are kept until it is active again");
    }
  }

  static void closed_for_good(Bench& bench) {
    for (const EndpointState state : {EndpointState::gone, EndpointState::removed}) {
      const std::uint64_t id = state == EndpointState::gone ? 1 : 2;
      const std::string n = std::to_string(id);
      Endpoint endpoint = bench.endpoint(id);
      for (const char* event : {"a", "b", "c"}) bench.append(event + n, {id});
      const std::vector<Claimed> claimed = bench.claim(2, 2, 50);
      bench.put(endpoint, state);
      bench.append("d" + n, {id});
      bench.expect(claimed.size() == 2, "what is due must be claimed");
      if (claimed.size() != 2) return;
      bench.expect(bench.tried(claimed[0], 500, State::due).word == Settled::Word::applied,
                   "the holder's word must be applied");
      bench.expect(bench.tried(claimed[1], 200, State::delivered).word == Settled::Word::applied,
                   "a success counts even if the endpoint is gone");
      bench.put(endpoint, EndpointState::active);
      bench.pass(60);
      bench.expect(bench.claim().empty(),
                   "deliveries of a gone or removed endpoint are cancelled, also a leased one that would be due again");
      bench.append("e" + n, {id});
      const std::vector<Claimed> fresh = bench.claim();
      bench.expect(Bench::ids(fresh) == "e" + n, "an endpoint that is active again gets what comes from then on");
      for (const Claimed& one : fresh) bench.tried(one, 200, State::delivered);
    }
  }

  static void registry(Bench& bench) {
    Endpoint first;
    first.url = "https://receiver.example/hook?x=1";
    first.events = {"order.*", "customer.created"};
    first.tenant = "acme";
    first.filter = "data.total > 100";
    first.format = "xml";
    first.scheme = "github";
    first.secrets.emplace_back("whsec_one", WallTime(std::chrono::hours{1000}));
    first.secrets.emplace_back("whsec_two");
    first.headers.add("x-one", "1");
    first.headers.add("x-two", "zwei");
    first.description = "billing";
    first.cap = 7;
    first.spacing = std::chrono::milliseconds{1500};
    first.timeout = std::chrono::seconds{9};
    first.http2 = true;
    first.access.emplace();
    first.access->certificate_key = Secret(std::string(3000, 'k'));
    first.access->token_url = "https://tokens.example/";
    first.access->client_secret = Secret("quiet");
    first.access->scope = "one two";
    first.id = EndpointId{(std::uint64_t{1} << 48U) - 1};
    bench.put(first);
    const std::vector<Endpoint> read = bench.store.endpoints(0);
    bench.expect(read.size() == 1, "endpoints(0) must return every endpoint");
    if (read.size() != 1) return;
    const Endpoint& same = read[0];
    bool headers = same.headers.size() == first.headers.size();
    for (std::size_t i = 0; headers && i < same.headers.size(); ++i) {
      headers = same.headers[i].name == first.headers[i].name && same.headers[i].value == first.headers[i].value;
    }
    bench.expect(same.url == first.url && same.events == first.events && same.tenant == first.tenant &&
                     same.filter == first.filter && same.format == first.format && same.scheme == first.scheme &&
                     same.secrets == first.secrets && headers && same.description == first.description &&
                     same.cap == first.cap && same.spacing == first.spacing && same.timeout == first.timeout &&
                     same.http2 == first.http2 && same.access == first.access && same.id == first.id &&
                     same.state == first.state && same.version == first.version,
                 "an endpoint must come back with all its fields");
  }

  static bool conflicts(Bench& bench, const Endpoint& description) {
    try {
      bench.store.put(description);
    } catch (const Error& error) {
      return error.code() == errc::conflict;
    }
    return false;
  }

  static void versions(Bench& bench) {
    bench.claim();
    const Version before = bench.found.registry;
    Endpoint one = bench.endpoint(1);
    Endpoint two = bench.endpoint(2);
    bench.expect(one.version > before && two.version > one.version, "versions grow with every change of any endpoint");
    Endpoint old = one;
    one.url = "https://elsewhere.example/";
    bench.put(one);
    bench.expect(one.version > two.version, "versions grow with every change of any endpoint");
    bench.expect(conflicts(bench, old), "put must refuse a version that is not the stored one, with errc::conflict");
    old.version = 0;
    bench.expect(conflicts(bench, old), "put must refuse to insert what is there, with errc::conflict");
    old.id = EndpointId{3};
    old.version = 5000;
    bench.expect(conflicts(bench, old), "put must refuse to replace what is not there, with errc::conflict");
    bench.claim();
    bench.expect(bench.found.registry == one.version, "Found.registry is the newest version");
    bench.put(two, EndpointState::removed);
    const std::vector<Endpoint> changed = bench.store.endpoints(one.version);
    bench.expect(changed.size() == 1 && changed[0].id == two.id && changed[0].state == EndpointState::removed,
                 "endpoints(after) returns what changed since, and only that, removed ones too");
    bench.expect(bench.store.endpoints(two.version).empty(), "endpoints(newest) is empty");
    bench.append("e", {1});
    const std::vector<Claimed> claimed = bench.claim();
    bench.expect(claimed.size() == 1 && claimed[0].version == one.version,
                 "Claimed.version is that of the endpoint as it is now");
  }

  static void put_takes_effect(Bench& bench) {
    Endpoint endpoint = bench.endpoint(1, 1);
    for (int i = 0; i < 9; ++i) bench.append("e" + std::to_string(i), {1});
    const std::vector<Claimed> probe = bench.claim();
    endpoint.cap = 3;
    bench.put(endpoint);
    bench.expect(bench.claim().size() == 2, "a changed cap is in force at once");
    for (const Claimed& one : probe) bench.tried(one, 500, State::due, bench.units(500));
    bench.tune(1, 1, 100);
    endpoint.url = "https://elsewhere.example/";
    bench.put(endpoint);
    bench.expect(bench.claim().empty(), "a change of anything else leaves the cap and the rest in force as they are");
    bench.put(endpoint, EndpointState::disabled);
    bench.put(endpoint, EndpointState::active);
    const std::vector<Claimed> claimed = bench.claim();
    bench.expect(claimed.size() == 1, "an endpoint that becomes active starts with its own cap and without a rest");
    for (const Claimed& one : claimed) {
      const Settled settled = bench.tried(one, 500, State::due);
      bench.expect(settled.failures == 1 && settled.cap == 3,
                   "an endpoint that becomes active starts without failures");
    }
  }

  static void failing(Bench& bench) {
    bench.endpoint(1);
    bench.endpoint(2);
    for (int i = 0; i < 5; ++i) bench.append("e" + std::to_string(i), {1});
    bench.append("other", {2});
    std::vector<Claimed> claimed;
    for (Claimed& one : bench.claim(64, 64, 90)) {
      if (one.endpoint == EndpointId{1}) claimed.push_back(one);
    }
    bench.expect(claimed.size() == 5, "what is due must be claimed");
    if (claimed.size() != 5) return;
    const auto about = [&bench](Duration value, double units) {
      return value >= bench.units(units - 0.75) && value <= bench.units(units + 0.75);
    };
    Settled settled = bench.tried(claimed[0], 500, State::due, bench.units(500));
    bench.expect(settled.failures == 1 && about(settled.failing_for, 0), "a first failure: one, for no time");
    bench.pass(4);
    settled = bench.settle(claimed[1].lease, State::due, bench.units(500));
    bench.expect(settled.failures == 1 && about(settled.failing_for, 4),
                 "what was given back is neither success nor failure");
    settled = bench.tried(claimed[2], 500, State::dead);
    bench.expect(settled.failures == 2 && about(settled.failing_for, 4),
                 "failing_for counts since the first failure without a success between");
    settled = bench.tried(claimed[3], 200, State::delivered);
    bench.expect(settled.failures == 0 && settled.failing_for == Duration::zero(), "a success ends it");
    bench.pass(4);
    settled = bench.tried(claimed[4], 500, State::due);
    bench.expect(settled.failures == 1 && about(settled.failing_for, 0), "after a success it starts anew");
  }

  static void wakes_in_time(Bench& bench) {  // whoever sleeps as long as it is told misses nothing
    Endpoint slow = bench.endpoint(1, 1);
    slow.spacing = bench.units(1);
    bench.put(slow);
    bench.endpoint(2);
    for (int i = 0; i < 3; ++i) bench.append("e" + std::to_string(i), {1});
    bench.append("late", {2}, bench.units(5));
    bench.tune(2, 4, 3);
    std::size_t seen = 0;
    Duration slept{};
    for (int round = 0; round < 400 && seen < 4; ++round) {
      for (const Claimed& one : bench.claim(64, 64, 3)) {
        ++seen;
        bench.tried(one, 200, State::delivered);
      }
      bench.claim(64, 64, 3);  // the settlements changed what is next
      bench.expect(seen == 4 || bench.found.next > Duration::zero(),
                   "Found.next must be positive when nothing is claimable now");
      if (seen == 4) break;
      slept += bench.found.next;
      bench.time.pass((std::max)(bench.found.next, bench.units(0.01)));
    }
    bench.expect(seen == 4 && slept <= bench.units(7),
                 "whoever comes again after Found.next must miss nothing that time alone makes due");
  }

  static constexpr StoreCase<Bench> all[] = {
      {"a lane is served in order of due time", due_order},
      {"a claim keeps its bounds", bounds_of_a_claim},
      {"a noisy lane delays no other", fairness},
      {"lanes take turns", rotation},
      {"the cap holds", cap},
      {"lost leases free the cap", lost_leases_free_the_cap},
      {"tune sets the cap", tuned_cap},
      {"tune sets a rest", tuned_rest},
      {"spacing makes a lane rest", spacing},
      {"paused and disabled endpoints keep their events", closed_for_now},
      {"gone and removed endpoints cancel their events", closed_for_good},
      {"the registry keeps endpoints whole", registry},
      {"the registry is versioned", versions},
      {"a changed endpoint takes effect at once", put_takes_effect},
      {"failures are counted per endpoint", failing},
      {"nothing is missed by sleeping as long as told", wakes_in_time},
  };
};

}  // namespace v0
}  // namespace webhook

#endif
