// SPDX-License-Identifier: MIT
// Several dispatchers over one store, as processes over one database: each hears of the others' changes, or waits.
#include <catch2/catch.hpp>

#include "support/faulty_policies.hpp"

namespace unit_dispatcher_shared_store {
using namespace std::chrono_literals;
using support::FaultyVirtualHost;
using webhook::Appended;
using webhook::errc;
using webhook::Error;
using webhook::MemoryStore;
using webhook::Notice;
using webhook::State;

namespace {
struct Two {  // over one store, in one time
  webhook::ManualClock clock{};
  std::shared_ptr<MemoryStore> store = std::make_shared<MemoryStore>();
  FaultyVirtualHost ours{clock, store}, theirs{clock, store};

  std::vector<std::string> sent() const {
    std::vector<std::string> urls;
    for (const auto* host : {&ours, &theirs}) {
      for (const auto& request : host->transport.requests()) urls.push_back(request.url);
    }
    return urls;
  }
};
/// Fails so many times as a database does that is locked.
std::function<void()> locked(int times) {
  return [times]() mutable {
    if (times-- > 0) throw Error(errc::transient, "database is locked");
  };
}
}  // namespace

TEST_CASE("a dispatcher's own change does not hide what another one changed before it") {
  Two two;
  two.theirs.hooks.add({.url = "https://theirs.example/"});
  two.ours.hooks.add({.url = "https://ours.example/"});
  two.ours.hooks.run_once();
  CHECK(two.ours.hooks.endpoints().size() == 2);
  CHECK(two.ours.hooks.emit("a.b", {}).endpoints == 2);
  two.ours.pass(1s);
  CHECK(two.sent().size() == 2);
}

TEST_CASE("a dispatcher that could not read another's change beside its own reads it later") {
  Two two;
  two.theirs.hooks.add({.url = "https://theirs.example/"});
  two.ours.faults->reading = locked(1);
  two.ours.hooks.add({.url = "https://ours.example/"});
  two.ours.pass(2s);
  CHECK(two.ours.hooks.endpoints().size() == 2);
}

TEST_CASE("while the store's endpoints cannot be read, a delivery to one that another added is not cancelled") {
  Two two;
  two.theirs.hooks.add({.url = "https://theirs.example/"});
  two.theirs.hooks.emit("a.b", {});
  two.ours.faults->reading = locked(2);
  two.ours.hooks.run_once();
  CHECK(two.ours.all().at(0).state != State::cancelled);
  two.ours.pass(5s);
  CHECK(two.ours.all().at(0).state == State::delivered);
  CHECK(two.ours.all().at(0).attempts == 1);
  CHECK(two.ours.count(Notice::Kind::cancelled) == 0);
}

TEST_CASE("while the store's endpoints cannot be read, nothing is sent to a URL that may be an old one", "[E14]") {
  Two two;
  webhook::Endpoint endpoint = two.theirs.hooks.add({.url = "https://old.example/"});
  two.ours.hooks.run_once();
  endpoint.url = "https://new.example/";
  two.theirs.hooks.change(endpoint);
  two.theirs.hooks.emit("a.b", {});
  two.ours.faults->reading = locked(2);
  two.ours.hooks.run_once();
  CHECK(two.sent().empty());
  two.ours.pass(5s);
  CHECK(two.sent() == std::vector<std::string>{"https://new.example/"});
}

TEST_CASE("an event whose commit was not heard of is stored once, and is no duplicate of itself") {
  FaultyVirtualHost host;
  host.hooks.add({.url = "https://a.example/"});
  int fail = 1;
  host.faults->appended = [&] {
    if (fail-- > 0) throw Error(errc::unknown_commit, "the connection was lost within COMMIT");
  };
  const webhook::Emitted emitted = host.hooks.emit("a.b", {});
  CHECK(emitted.outcome == Appended::inserted);
  CHECK(emitted.endpoints == 1);
  host.pass(1s);
  CHECK(host.transport.requests().size() == 1);
}

TEST_CASE("two dispatchers over one store share its work: each delivery is made once, by either", "[F10]") {
  auto store = std::make_shared<MemoryStore>();
  support::FaultyHost ours({}, store), theirs({}, store);
  ours.hooks.add({.url = "https://a.example/", .cap = 16});
  theirs.hooks.add({.url = "https://b.example/", .cap = 16});
  ours.hooks.run_once();  // hears of the other's endpoint
  theirs.hooks.run_once();
  constexpr int each = 300;
  for (int i = 0; i < each; ++i) {
    const std::string our_id = "ours" + std::to_string(i), their_id = "theirs" + std::to_string(i);
    webhook::EmitOptions our_own, their_own;  // because both hosts draw the same random numbers
    our_own.id = our_id;
    their_own.id = their_id;
    CHECK(ours.hooks.emit("a.b", {}, our_own).endpoints == 2);
    CHECK(theirs.hooks.emit("a.b", {}, their_own).endpoints == 2);
  }
  std::thread other([&] {
    while (theirs.hooks.gauges().due + theirs.hooks.gauges().leased > 0) theirs.hooks.run_once();
  });
  while (ours.hooks.gauges().due + ours.hooks.gauges().leased > 0) ours.hooks.run_once();
  other.join();
  CHECK(ours.transport.requests().size() + theirs.transport.requests().size() == 4 * each);
  CHECK(ours.all_are(State::delivered));
  ours.hooks.stop(1s);
  CHECK(theirs.hooks.emit("a.b", {}).endpoints == 2);  // the other goes on alone
  for (int i = 0; i < 5; ++i) theirs.hooks.run_once();
  CHECK(ours.transport.requests().size() + theirs.transport.requests().size() == 4 * each + 2);
  CHECK(ours.count(Notice::Kind::trouble) + theirs.count(Notice::Kind::trouble) == 0);
}

}  // namespace unit_dispatcher_shared_store
