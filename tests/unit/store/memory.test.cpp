// SPDX-License-Identifier: MIT
// What is the memory store's own: its bounds, what it forgets and when, and where the page leaves a choice.
#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "webhook/store/memory.hpp"
#include "webhook/testing/store_bench.hpp"

#include <catch2/catch.hpp>

namespace unit_store_memory {

namespace {

using webhook::State;

struct Shop {  // a store with two endpoints, on the bench of the conformance suite
  explicit Shop(const webhook::MemoryOptions& options) : bench(webhook::MemoryStore{options}, {}, "memory", ignored) {
    bench.endpoint(1);
    bench.endpoint(2);
  }
  std::vector<std::string> ignored{};
  webhook::StoreBench<webhook::MemoryStore, webhook::VirtualTime> bench;

  void deliver_all() {
    for (const webhook::Claimed& one : bench.claim()) bench.tried(one, 200, State::delivered);
  }
  std::string listed(const webhook::Query& query = {}) {
    std::string text;
    for (const webhook::Delivery& one : bench.store.find(query))
      text.append(text.empty() ? "" : " ").append(one.event.view());
    return text;
  }
  bool refuses(std::string_view id, std::string_view payload, std::initializer_list<std::uint64_t> routes) {
    try {
      bench.append(bench.event(id, payload), routes);
    } catch (const webhook::Error& error) {
      return error.code() == webhook::errc::full;
    }
    return false;
  }
};

}  // namespace

TEST_CASE("a memory store is made with or without bounds") {
  webhook::MemoryStore unbounded{};
  webhook::MemoryStore bounded{{.max_deliveries = 1}};
  static_assert(webhook::Remembers<webhook::MemoryStore>);
  static_assert(!webhook::RoutesLater<webhook::MemoryStore>);
  CHECK(bounded.endpoints(0).empty());
}

TEST_CASE("a memory store refuses more pending deliveries than its bound, and takes them once others are over") {
  Shop shop({.max_deliveries = 3});
  shop.bench.append("a", {1, 2});
  CHECK(shop.refuses("b", "{}", {1, 2}));
  CHECK_FALSE(shop.refuses("c", "{}", {1}));
  CHECK(shop.refuses("d", "{}", {2}));
  shop.deliver_all();
  CHECK_FALSE(shop.refuses("e", "{}", {1, 2}));
  CHECK(shop.listed({.state = State::due}) == "e e");
}

TEST_CASE("the payload of an event counts once, however many endpoints it goes to") {
  Shop shop({.max_bytes = 100});
  CHECK_FALSE(shop.refuses("a", std::string(60, 'x'), {1, 2}));
  CHECK(shop.refuses("b", std::string(41, 'x'), {1}));
  CHECK_FALSE(shop.refuses("c", std::string(40, 'x'), {1}));
  const std::vector<webhook::Claimed> claimed = shop.bench.claim();
  REQUIRE(claimed.size() == 3);
  for (const webhook::Claimed& one : claimed) {
    if (one.endpoint == webhook::EndpointId{1}) shop.bench.tried(one, 200, State::delivered);
  }
  CHECK(shop.refuses("d", std::string(41, 'x'), {1}));  // a still goes to the other endpoint
  CHECK_FALSE(shop.refuses("e", std::string(40, 'x'), {1}));
}

TEST_CASE("events that nobody named keep their places among those that the host named") {
  Shop shop({});
  const auto append = [&](const std::string& id, bool named) {
    shop.bench.append(shop.bench.event(id, "{}"), {1}, named);
  };
  append("a", false);
  append("b", true);
  append("c", false);
  append("d", false);
  append("e", true);
  CHECK(shop.listed() == "a b c d e");
  append("b", true);  // a duplicate, which adds nothing
  append("f", false);
  CHECK(shop.listed() == "a b c d e f");
}

TEST_CASE("threads that emit at once never exceed the bound, lose nothing, and each keeps its order") {
  constexpr std::size_t threads = 4, each = 400, bound = 700;
  const webhook::Now now{};
  const std::vector<webhook::EndpointId> route{webhook::EndpointId{1}};
  webhook::MemoryStore store{{.max_deliveries = bound}};
  webhook::Endpoint endpoint;
  endpoint.id = route.front();
  endpoint.cap = 64;
  store.put(endpoint);

  std::vector<std::vector<std::string>> accepted(threads);
  std::atomic<std::size_t> running{threads};
  std::vector<std::thread> emitters;
  for (std::size_t thread = 0; thread < threads; ++thread) {
    emitters.emplace_back([&, thread] {
      for (std::size_t i = 0; i < each; ++i) {
        auto event = std::make_shared<webhook::Event>();
        event->id = webhook::EventId(std::to_string(thread) + "_" + std::to_string(i));
        event->type = "a.b";
        const webhook::NewEvent fresh{event, route, 1, i % 7 == 0, {}};
        webhook::Appended answer{};
        try {
          store.append(now, {&fresh, 1}, {&answer, 1});
          accepted[thread].emplace_back(event->id.view());
        } catch (const webhook::Error&) {  // full
          std::this_thread::yield();
        }
      }
      --running;
    });
  }
  std::vector<std::vector<std::string>> claimed(threads);
  std::size_t most = 0;
  for (bool last = false; !last;) {
    last = running.load() == 0;
    most = (std::max)(most, store.backlog(now).due + store.backlog(now).leased);
    std::vector<webhook::Claimed> some;
    store.claim({now, webhook::WorkerId{1}, std::chrono::hours{1}, 64, 64}, some);
    last = last && some.empty();
    std::vector<webhook::Settlement> words(some.size());
    for (std::size_t i = 0; i < some.size(); ++i) {
      const std::string id(some[i].event->id.view());
      claimed[static_cast<std::size_t>(id.front() - '0')].push_back(id);
      words[i].lease = some[i].lease;
      words[i].state = State::delivered;
    }
    std::vector<webhook::Settled> settled(some.size());
    store.settle(now, words, settled);
  }
  for (std::thread& emitter : emitters) emitter.join();
  CHECK(claimed == accepted);
  CHECK(most <= bound);
}

TEST_CASE("a full memory store says which bound was reached") {
  Shop shop({.max_deliveries = 1});
  shop.bench.append("a", {1});
  CHECK_THROWS_WITH(shop.bench.append("b", {1}), Catch::Contains("takes at most 1 (MemoryOptions::max_deliveries)"));
}

TEST_CASE("of a refused batch nothing is kept, not even a name") {
  Shop shop({.max_deliveries = 2});
  const std::vector<webhook::EndpointId> routes{webhook::EndpointId{1}};
  std::vector<webhook::NewEvent> batch;
  for (const char* id : {"a", "b", "c"}) batch.push_back({shop.bench.event(id), routes, 2, true, {}});
  std::vector<webhook::Appended> answers(3);
  CHECK_THROWS_AS(shop.bench.store.append(shop.bench.time.now(), batch, answers), webhook::Error);
  CHECK(shop.listed() == "");
  CHECK(shop.bench.claim().empty());
  CHECK(shop.bench.append(shop.bench.event("a", "another"), {1}, true) == webhook::Appended::inserted);
}

TEST_CASE("the oldest deliveries that are over leave the log first") {
  Shop shop({.keep_finished = 2});
  for (const char* id : {"a", "b", "c"}) {
    shop.bench.append(id, {1});
    shop.deliver_all();
    shop.bench.pass(1);
  }
  shop.bench.append("d", {1});
  CHECK(shop.listed() == "b c d");
}

TEST_CASE("a memory store without a log forgets what is over at once") {
  Shop shop({.keep_finished = 0});
  shop.bench.append(shop.bench.event("a"), {1}, true);
  const std::vector<webhook::Claimed> claimed = shop.bench.claim();
  REQUIRE(claimed.size() == 1);
  CHECK(shop.bench.tried(claimed[0], 200, State::delivered).word == webhook::Settled::Word::applied);
  CHECK(shop.listed() == "");
  CHECK(shop.bench.store.attempts(claimed[0].lease.delivery).empty());
  CHECK(shop.bench.tried(claimed[0], 200, State::delivered).word == webhook::Settled::Word::stale);
  CHECK(shop.bench.append(shop.bench.event("a", "another"), {1}, true) == webhook::Appended::inserted);
}

TEST_CASE("the payload is let go when its delivery leaves the log") {
  Shop shop({.keep_finished = 1});
  shop.bench.append(shop.bench.event("a", std::string(100'000, 'x')), {1});
  shop.deliver_all();
  std::vector<webhook::KeptEvent> kept = shop.bench.store.events({});
  REQUIRE(kept.size() == 1);  // for resending
  CHECK(kept.front().event->payload.size() == 100'000);
  const std::weak_ptr<const webhook::Event> taken = std::exchange(kept.front().event, nullptr);
  CHECK(taken.expired());  // what was taken out is the taker's own
  shop.bench.append("b", {1});
  shop.deliver_all();
  CHECK(shop.bench.store.events({}).size() == 1);
  CHECK(shop.bench.store.backlog({}).bytes == 0);
}

TEST_CASE("payloads of what is over are kept within the bytes of the log") {
  Shop shop({.keep_log_bytes = 3000});
  for (const char* id : {"a", "b", "c", "d"}) {
    shop.bench.append(shop.bench.event(id, std::string(1000, 'x')), {1});
    for (const webhook::Claimed& one : shop.bench.claim()) shop.bench.settle(one.lease, State::delivered);
    shop.bench.pass(1);
  }
  CHECK(shop.listed() == "b c d");
}

TEST_CASE("attempts are kept within the bytes of the log, and pending deliveries stay without them") {
  Shop shop({.keep_log_bytes = 2000});
  shop.bench.append("a", {1});
  webhook::DeliveryId delivery{};
  for (int i = 0; i < 20; ++i) {
    for (const webhook::Claimed& one : shop.bench.claim()) {
      delivery = one.lease.delivery;
      shop.bench.tried(one, 500 + i, State::due);
    }
    shop.bench.pass(1);
  }
  const std::vector<webhook::Attempt> logged = shop.bench.store.attempts(delivery);
  REQUIRE_FALSE(logged.empty());
  CHECK(logged.size() < 20);
  CHECK(logged.back().status == 519);
  const std::vector<webhook::Claimed> claimed = shop.bench.claim();
  REQUIRE(claimed.size() == 1);
  CHECK(claimed[0].attempts == 20);
}

TEST_CASE("sending again stops at the bound") {
  Shop shop({.max_deliveries = 2});
  for (const char* id : {"a", "b", "c"}) {
    shop.bench.append(id, {1});
    shop.deliver_all();
  }
  CHECK(shop.bench.store.amend(shop.bench.time.now(), {.state = State::delivered}, State::due) == 2);
  CHECK(shop.listed({.state = State::due}) == "a b");
}

TEST_CASE("dropping the oldest makes room in a full memory store") {
  Shop shop({.max_deliveries = 2});
  std::string kept;
  for (int i = 0; i < 50; ++i) {
    const std::string id = "e" + std::to_string(i);
    if (shop.refuses(id, "{}", {1})) {
      CHECK(shop.bench.store.amend(shop.bench.time.now(), {.state = State::due, .most = 1}, State::cancelled) == 1);
      CHECK_FALSE(shop.refuses(id, "{}", {1}));
    }
  }
  CHECK(shop.listed({.state = State::due}) == "e48 e49");
  CHECK(shop.listed({.state = State::cancelled, .most = 3}) == "e0 e1 e2");
}

TEST_CASE("what was sent again can be dropped again") {
  Shop shop({});
  shop.bench.append("a", {1});
  shop.deliver_all();
  shop.bench.append("b", {1});
  CHECK(shop.bench.store.amend(shop.bench.time.now(), {.event = webhook::EventId("b")}, State::cancelled) == 1);
  CHECK(shop.bench.store.amend(shop.bench.time.now(), {.event = webhook::EventId("a")}, State::due) == 1);
  CHECK(shop.bench.store.amend(shop.bench.time.now(), {}, State::cancelled) == 1);
  CHECK(shop.listed({.state = State::cancelled}) == "a b");
}

TEST_CASE("an event for a gone endpoint is kept as cancelled, and one for an unknown endpoint not at all") {
  Shop shop({});
  webhook::Endpoint endpoint = shop.bench.store.endpoints(0).front();
  shop.bench.put(endpoint, webhook::EndpointState::gone);
  CHECK(shop.bench.append("a", {static_cast<std::uint64_t>(endpoint.id), 77}) == webhook::Appended::inserted);
  const std::vector<webhook::Delivery> found = shop.bench.store.find({});
  REQUIRE(found.size() == 1);
  CHECK(found[0].state == State::cancelled);
  CHECK(shop.bench.store.amend(shop.bench.time.now(), {}, State::due) == 0);
}

TEST_CASE("tuning an endpoint that was never put is refused") {
  Shop shop({});
  try {
    shop.bench.tune(77, 1);
    FAIL("no error");
  } catch (const webhook::Error& error) {
    CHECK(error.code() == webhook::errc::not_found);
  }
}

TEST_CASE("a delivery can only be amended to due or cancelled") {
  Shop shop({});
  shop.bench.append("a", {1});
  try {
    shop.bench.store.amend(shop.bench.time.now(), {}, State::delivered);
    FAIL("no error");
  } catch (const webhook::Error& error) {
    CHECK(error.code() == webhook::errc::unsupported);
  }
}

TEST_CASE("a rest does not shorten the spacing of an endpoint") {
  Shop shop({});
  webhook::Endpoint slow = shop.bench.store.endpoints(0).front();
  slow.spacing = shop.bench.units(10);
  shop.bench.put(slow);
  const auto id = static_cast<std::uint64_t>(slow.id);
  for (const char* event : {"a", "b"}) shop.bench.append(event, {id});
  CHECK(shop.bench.claim(1).size() == 1);
  shop.bench.tune(id, 4, 2);
  shop.bench.pass(3);
  CHECK(shop.bench.claim().empty());
  shop.bench.pass(8);
  CHECK(shop.bench.claim().size() == 1);
}

TEST_CASE("a clock reading that comes late does not turn time back") {
  Shop shop({});
  const webhook::Now early = shop.bench.time.now();
  shop.bench.pass(10);
  shop.bench.append("a", {1});
  std::vector<webhook::Claimed> claimed;
  shop.bench.store.claim({early, webhook::WorkerId{1}, shop.bench.units(5), 8, 8}, claimed);
  CHECK(claimed.size() == 1);  // due at a later reading than this one, which was overtaken on its way
  CHECK(shop.bench.claim().empty());
}

TEST_CASE("thousands of deliveries come and go in every order") {
  Shop shop({.keep_finished = 100});
  std::size_t delivered = 0;
  for (std::uint64_t i = 0; i < 5000; ++i) {
    shop.bench.append("e" + std::to_string(i), {1 + i % 2}, shop.bench.units(static_cast<double>((i * 7919) % 1000)));
  }
  for (int round = 0; round < 2000 && delivered < 5000; ++round) {
    for (const webhook::Claimed& one : shop.bench.claim(16, 8, 3)) {
      const std::uint64_t dice = (one.lease.fence * 2654435761U) % 8;
      if (dice == 0) continue;  // the worker is lost
      const bool again = dice == 1;
      shop.bench.tried(one, again ? 500 : 200, again ? State::due : State::delivered, shop.bench.units(2));
      delivered += again ? 0U : 1U;
    }
    shop.bench.pass(1);
  }
  CHECK(delivered == 5000);
  CHECK(shop.bench.store.find({.most = 1000}).size() == 100);
}

namespace {
std::shared_ptr<const webhook::Event> keyed(std::string_view id, std::string_view key) {
  auto event = std::make_shared<webhook::Event>();
  event->id = webhook::EventId(id);
  event->type = "stock.changed";
  event->key = key;
  event->payload = webhook::Bytes("{}");
  return event;
}
struct Ordered : Shop {
  Ordered() : Shop(webhook::MemoryOptions{}) { description = bench.store.endpoints(0).at(0); }
  void change(webhook::Order order, bool supersede) {
    description.order = order;
    description.supersede = supersede;
    bench.put(description);
  }
  webhook::Endpoint description{};
  std::uint64_t id() const { return static_cast<std::uint64_t>(description.id); }
};
}  // namespace

TEST_CASE("when an order comes while several are under way, the oldest has the turn once they are back") {
  Ordered shop;
  for (const char* const name : {"a", "b", "c"}) shop.bench.append(keyed(name, "k"), {shop.id()});
  const auto first = shop.bench.claim(2);
  REQUIRE(shop.bench.ids(first) == "a b");
  shop.change(webhook::Order::by_key, false);
  CHECK(shop.bench.claim().empty());
  shop.bench.tried(first[0], 500, State::due);
  CHECK(shop.bench.claim().empty());  // b is still in flight
  shop.bench.tried(first[1], 500, State::due);
  const auto second = shop.bench.claim();
  CHECK(shop.bench.ids(second) == "a");
  shop.bench.tried(second.at(0), 200, State::delivered);
  CHECK(shop.bench.ids(shop.bench.claim()) == "b");
}

TEST_CASE("a lease that runs out after an order came takes no turn that is another's") {
  Ordered shop;
  for (const char* const name : {"a", "b"}) shop.bench.append(keyed(name, "k"), {shop.id()});
  const auto first = shop.bench.claim(1);
  const auto second = shop.bench.claim(1);
  REQUIRE(shop.bench.ids(second) == "b");
  shop.bench.tried(first.at(0), 500, State::due);
  shop.change(webhook::Order::by_key, false);
  shop.bench.pass(31);
  const auto third = shop.bench.claim();
  CHECK(shop.bench.ids(third) == "a");
  CHECK(shop.bench.tried(second.at(0), 200, State::delivered).word == webhook::Settled::Word::applied);
}

TEST_CASE("what was superseded in flight stays so when its endpoint's order changes") {
  Ordered shop;
  shop.change(webhook::Order::none, true);
  shop.bench.append(keyed("old", "k"), {shop.id()});
  const auto first = shop.bench.claim();
  shop.bench.append(keyed("new", "k"), {shop.id()});
  const auto second = shop.bench.claim();
  shop.bench.tried(second.at(0), 200, State::delivered);
  shop.change(webhook::Order::by_key, true);
  shop.bench.tried(first.at(0), 500, State::due);
  CHECK(shop.bench.claim().empty());
  CHECK(shop.listed({.state = State::superseded}) == "old");
}

TEST_CASE("a replayed event supersedes no newer one, and is not sent after it") {
  Ordered shop;
  shop.change(webhook::Order::none, true);
  const std::uint64_t other = shop.id() == 1 ? 2 : 1;
  shop.bench.append(keyed("v1", "k"), {other});
  shop.bench.append(keyed("v2", "k"), {other, shop.id()});
  const auto kept = shop.bench.store.events({});
  REQUIRE(kept.size() == 2);
  const std::vector<webhook::EndpointId> to{shop.description.id};
  const webhook::Route route{kept[0].number, to};
  CHECK(shop.bench.store.replay(shop.bench.time.now(), {&route, 1}) == 0);
  CHECK(shop.listed({.endpoint = shop.description.id, .state = State::due}) == "v2");
}

}  // namespace unit_store_memory
