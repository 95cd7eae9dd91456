// SPDX-License-Identifier: MIT
// Events that were stored without routes get them: from another process, or from under an old registry.
#include <catch2/catch.hpp>

#include "support/sqlite_host.hpp"

namespace unit_rerouting {
using namespace std::chrono_literals;
using support::SqliteHost;
using Urls = std::vector<std::string>;

namespace {
struct Two {  // processes over one file, in one time
  support::TemporaryFolder folder{};
  webhook::ManualClock clock{};
  SqliteHost ours{folder.file("shop.db"), clock}, theirs{folder.file("shop.db"), clock};

  Urls sent() {
    ours.settle();
    theirs.settle();
    Urls urls = ours.sent();
    for (const std::string& url : theirs.sent()) urls.push_back(url);
    return urls;
  }
};
}  // namespace

TEST_CASE("an event emitted before the process heard of another's endpoint reaches that endpoint") {
  Two two;
  two.ours.hooks.add({.url = "https://ours.example/"});
  two.theirs.settle();
  two.ours.hooks.add({.url = "https://new.example/"});
  two.theirs.hooks.emit("a.b", {});  // routed by the old registry
  Urls sent = two.sent();
  std::sort(sent.begin(), sent.end());
  CHECK(sent == Urls{"https://new.example/", "https://ours.example/"});
  CHECK(two.sent().size() == 2);
}

TEST_CASE("an event is not taken for unwanted because another process's endpoint was not heard of") {
  Two two;
  two.ours.hooks.add({.url = "https://ours.example/"});
  CHECK(two.theirs.hooks.emit("a.b", {}).endpoints == 1);
  CHECK(two.sent() == Urls{"https://ours.example/"});
}

TEST_CASE("an event that only a filter of another process lets through is not taken for unwanted") {
  Two two;
  two.ours.hooks.add({.url = "https://dear.example/", .filter = R"({"/price": {"gt": 100}})"});
  two.theirs.settle();
  two.ours.hooks.add({.url = "https://cheap.example/", .filter = R"({"/price": {"lt": 100}})"});
  CHECK(two.theirs.hooks.emit("a.b", {{"price", 5}}).endpoints == 1);
  CHECK(two.sent() == Urls{"https://cheap.example/"});
}

TEST_CASE("an event that is routed later passes the filters of its endpoints") {
  Two two;
  two.ours.hooks.add({.url = "https://all.example/"});
  two.theirs.settle();
  two.ours.hooks.add({.url = "https://dear.example/", .filter = R"({"/price": {"gt": 100}})"});
  two.theirs.hooks.emit("a.b", {{"price", 5}});
  two.theirs.hooks.emit("a.b", {{"price", 500}});
  Urls sent = two.sent();
  std::sort(sent.begin(), sent.end());
  CHECK(sent == Urls{"https://all.example/", "https://all.example/", "https://dear.example/"});
}

TEST_CASE("of several processes that route the same events, each event is delivered once") {
  Two two;
  two.ours.hooks.add({.url = "https://a.example/"});
  two.theirs.settle();
  two.ours.hooks.add({.url = "https://b.example/", .events = {"nothing"}});
  for (int i = 0; i < 200; ++i) two.theirs.hooks.emit("a.b", {{"i", i}});
  for (int i = 0; i < 40; ++i) {
    two.ours.hooks.run_once();
    two.theirs.hooks.run_once();
  }
  CHECK(two.sent().size() == 200);
}

TEST_CASE("an event of the store whose type is malformed goes to nobody, and holds up no other") {
  Two two;
  two.ours.hooks.add({.url = "https://a.example/"});
  support::Database host(two.folder.file("shop.db"));
  for (const char* type : {"not a type", "a.b"}) {
    REQUIRE(host.run("INSERT INTO webhook_event (unrouted, named, id, type, tenant, key, channel, traceparent, time, "
                     "created, delay, payload) VALUES (1, 0, 'x', '" +
                     std::string(type) + "', x'', x'', x'', '', 0, 0, 0, x'7b7d')") == SQLITE_OK);
  }
  CHECK(two.sent() == Urls{"https://a.example/"});
  CHECK(two.ours.notices.size() > 1);
}

}  // namespace unit_rerouting
