// SPDX-License-Identifier: MIT
// Processes that are killed while they emit and deliver, over one file. The oracle stands outside: ids come to it through
// a pipe once their emit or commit returned, and what was delivered comes through the same pipe.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/faulty_vfs.hpp"
#include "support/oracle.hpp"
#include "support/sqlite_host.hpp"

#include <webhook/transport/function.hpp>

#include <catch2/catch.hpp>

namespace integration_sqlite_kill {
using namespace std::chrono_literals;

namespace {

enum Point : unsigned {
  any_moment,
  a_write,
  a_sync,
  inserted,
  committed,
  routed,
  claimed,
  about_to_send,
  sent,
  answered,
  settling,
  logging,
  taking_over,
  migrating,
  pruning,
  points
};
constexpr std::array<const char*, points> names{"at any moment",
                                                "at a write to the file",
                                                "at a sync of the file",
                                                "an event is inserted, before its commit",
                                                "an event is committed, before its emitter hears of it",
                                                "an event is routed",
                                                "a delivery is claimed",
                                                "a request is about to be sent",
                                                "a request is sent",
                                                "a request is answered, before it is settled",
                                                "a word is settled, before its commit",
                                                "an attempt is being logged",
                                                "a dead process's leases are being taken over",
                                                "a file's tables are being made",
                                                "what is over is being forgotten"};

/// Hears of every statement of this process, as it begins and when it is done. For children: it cannot be undone.
class Statements {
 public:
  using Hear = std::function<void(std::string_view sql, bool done)>;
  static void tell(Hear hear) {
    hearer() = std::move(hear);
    sqlite3_auto_extension(reinterpret_cast<void (*)()>(&attach));
  }

 private:
  static Hear& hearer() {
    static Hear one;
    return one;
  }
  static int attach(sqlite3* db, char**, const void*) {
    return sqlite3_trace_v2(db, SQLITE_TRACE_STMT | SQLITE_TRACE_PROFILE, &trace, nullptr);
  }
  static int trace(unsigned event, void*, void* statement, void*) {
    const char* const sql = sqlite3_sql(static_cast<sqlite3_stmt*>(statement));
    if (sql != nullptr) hearer()(sql, event == SQLITE_TRACE_PROFILE);
    return 0;
  }
};

/// What a process does until it is killed: emits, in a transaction of its own and in the host's, and delivers.
[[noreturn]] void live(const std::string& path, const support::Oracle& oracle, unsigned run, Point point, int left) {
  const auto die = [&left] {
    if (--left == 0) kill(getpid(), SIGKILL);
  };
  support::FaultyVfs files;
  files.before = [&](support::FaultyVfs::Act act) {
    const bool is_sync = act == support::FaultyVfs::Act::sync;
    if ((point == a_write && !is_sync) || (point == a_sync && is_sync)) die();
    return SQLITE_OK;
  };
  bool has_inserted = false, has_routed = false, has_claimed = false, has_logged = false, is_answered = false;
  Statements::tell([&](std::string_view sql, bool done) {
    const auto is = [&](std::string_view start) { return sql.substr(0, start.size()) == start; };
    const auto at = [&](Point here) {
      if (point == here) die();
    };
    if (is("COMMIT") && done) {
      if (has_routed) at(routed);
      if (has_claimed && !has_logged && !has_inserted && !has_routed) at(claimed);
    } else if (done) {
      return;
    } else if (is("COMMIT")) {
      if (has_inserted) at(inserted);
      if (has_logged) at(settling);
    } else if (is("BEGIN IMMEDIATE")) {
      has_inserted = has_routed = has_claimed = has_logged = false;
      if (std::exchange(is_answered, false)) at(answered);
    } else if (is("INSERT INTO main.webhook_event")) {
      has_inserted = true;
    } else if (is("UPDATE main.webhook_event SET unrouted = NULL")) {
      has_routed = true;
    } else if (is("UPDATE main.webhook_delivery SET seat")) {
      has_claimed = true;
    } else if (is("INSERT OR REPLACE INTO main.webhook_attempt")) {
      has_logged = true;
      at(logging);
    } else if (is("DELETE FROM main.webhook_owner")) {
      at(taking_over);
    } else if (is("DELETE FROM main.webhook_delivery")) {
      at(pruning);
    } else if (is("CREATE") || is("UPDATE webhook_store SET schema")) {
      at(migrating);
    }
  });
  if (point == migrating) {
    webhook::SqliteStore{path + "-fresh"};
    throw std::runtime_error("there was nothing to make");
  }
  webhook::Dispatcher hooks{[&](const webhook::Request& request) {
                              if (point == about_to_send) die();
                              oracle.tell('d', *request.headers.find("webhook-id"));
                              if (point == sent) die();
                              is_answered = true;
                              webhook::Response answer;
                              answer.status = 204;
                              return answer;
                            },
                            webhook::JsonSerializer{}, webhook::StandardWebhooks{}, webhook::SqliteStore(path),
                            webhook::SystemClock{}};
  support::Database host(path);
  sqlite3_busy_timeout(host.get(), 5000);
  for (unsigned n = 0;; ++n) {
    const std::string id = std::to_string(run) + "-" + std::to_string(n);
    if (n % 4 == 3) {
      if (host.run("BEGIN IMMEDIATE") != SQLITE_OK) continue;
      hooks.emit(webhook::in_transaction(host.get()), "order.created", {{"n", n}}, {.id = id});
      if (host.run("COMMIT") != SQLITE_OK) continue;
    } else {
      hooks.emit("order.created", {{"n", n}}, {.id = id});
    }
    if (point == committed) die();
    oracle.tell('k', id);
    if (n % 3 == 0) hooks.run_once();
    if (point == pruning && n % 8 == 0) hooks.prune(webhook::Duration::zero());
  }
}

unsigned kills() {                                          // more of them for a longer look: WEBHOOK_KILLS=10000
  const char* const wanted = std::getenv("WEBHOOK_KILLS");  // NOLINT(concurrency-mt-unsafe)
  return wanted == nullptr ? 200 : static_cast<unsigned>(std::strtoul(wanted, nullptr, 10));
}

}  // namespace

TEST_CASE("of what processes kept that were killed at every point, nothing is lost", "[E1][E7][E22]") {
  support::TemporaryFolder folder = support::TemporaryFolder::in_memory();  // what is written outlives a process anyway
  const std::string path = folder.file("shop.db");
  {
    webhook::Dispatcher hooks{webhook::RecordingTransport{}, webhook::JsonSerializer{}, webhook::StandardWebhooks{},
                              webhook::SqliteStore(path), webhook::SystemClock{}};
    for (const char* url : {"https://a.example/"}) hooks.add({.url = url, .cap = 16});
  }
  support::Oracle oracle;
  std::array<unsigned, points> hits{};
  std::uint64_t state = 1;
  const auto random = [&state](std::uint64_t below) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return (state >> 33U) % below;
  };
  for (unsigned run = 0; run < kills(); ++run) {
    const auto point = static_cast<Point>(run % points);
    const int most = point == a_write ? 200 : point == a_sync ? 40 : point == migrating ? 16 : 8;
    const int left = 1 + static_cast<int>(random(static_cast<std::uint64_t>(point == taking_over ? 1 : most)));
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      try {
        live(path, oracle, run, point, left);
      } catch (const std::exception& error) {
        std::fprintf(stderr, "a process ended by itself: %s\n", error.what());
        _exit(2);
      }
    }
    if (point == any_moment) {
      poll(nullptr, 0, static_cast<int>(5 + random(40)));
      kill(child, SIGKILL);
    }
    int status = 0;
    for (pid_t ended = 0; ended == 0; oracle.listen()) {
      ended = waitpid(child, &status, WNOHANG);
      if (ended == 0) poll(nullptr, 0, 1);
    }
    REQUIRE(WIFSIGNALED(status));
    REQUIRE(WTERMSIG(status) == SIGKILL);
    ++hits[point];
    if (point != migrating) continue;
    webhook::Endpoint endpoint;
    endpoint.id = webhook::EndpointId{1};
    CHECK(webhook::SqliteStore(path + "-fresh").put(endpoint) == 1);  // nothing, or all of it
    for (const char* end : {"-fresh", "-fresh-journal", "-fresh-owners"}) std::remove((path + end).c_str());
  }

  // Someone is left: what is pending is delivered, and what killed three of its workers is sent once more.
  webhook::SqliteStore last(path);
  std::size_t quarantined = 0;
  {
    webhook::Dispatcher hooks{[&](const webhook::Request& request) {
                                oracle.tell('d', *request.headers.find("webhook-id"));
                                oracle.listen();
                                webhook::Response answer;
                                answer.status = 204;
                                return answer;
                              },
                              webhook::JsonSerializer{}, webhook::StandardWebhooks{}, std::move(last),
                              webhook::SystemClock{}};
    for (int round = 0; round < 2; ++round) {
      // As long as something comes of it; three steps at least, since what was not routed yet does not count as due.
      for (int idle = 0; idle < 1000 && (idle < 3 || hooks.gauges().due + hooks.gauges().leased > 0);)
        idle = hooks.run_once(1ms) > 0 ? 0 : idle + 1;
      for (const auto& endpoint : hooks.endpoints()) quarantined += hooks.recover(endpoint.id, webhook::WallTime{});
    }
    CHECK(hooks.gauges().due + hooks.gauges().leased == 0);
  }
  oracle.listen();
  const std::size_t lost = oracle.lost();
  std::printf("%u kills: %zu events kept, %zu lost, %zu delivered more than once, %zu quarantined and sent again\n",
              kills(), oracle.kept.size(), lost, oracle.twice(), quarantined);
  for (unsigned point = 0; point < points; ++point) std::printf("  %5u %s\n", hits[point], names[point]);
  CHECK(lost == 0);
  CHECK(oracle.kept.size() > kills());
  CHECK(support::Database(path).number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'") ==
        0);
}

TEST_CASE("of several processes over one file, each delivery is made by one, once, and every one is made", "[E7]") {
  constexpr unsigned events = 60, endpoints = 3;
  for (const unsigned processes : {2U, 4U}) {
    support::TemporaryFolder folder = support::TemporaryFolder::in_memory();
    const std::string path = folder.file("shop.db");
    {
      webhook::SqliteStore store(path);
      for (unsigned id = 1; id <= endpoints; ++id) {
        webhook::Endpoint endpoint;
        endpoint.id = webhook::EndpointId{id};
        endpoint.url = "https://receiver.example/" + std::to_string(id);
        endpoint.secrets = {webhook::Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")};
        store.put(endpoint);
      }
    }
    support::Oracle oracle;
    const auto work = [&](unsigned process) {
      std::set<std::string> mine;
      webhook::Dispatcher hooks{[&](const webhook::Request& request) {
                                  const std::string id = std::string(*request.headers.find("webhook-id")) + request.url;
                                  mine.insert(id);
                                  oracle.tell('b', id);
                                  poll(nullptr, 0, 1);  // so that others have time to claim it, too
                                  oracle.tell('d', id);
                                  webhook::Response answer;
                                  answer.status = 204;
                                  return answer;
                                },
                                webhook::JsonSerializer{}, webhook::StandardWebhooks{}, webhook::SqliteStore(path),
                                webhook::SystemClock{}};
      bool told = false;
      for (unsigned n = 0;; ++n) {
        if (n < events)
          hooks.emit("order.created", {{"n", n}}, {.id = std::to_string(process) + "-" + std::to_string(n)});
        hooks.run_once(n < events ? webhook::Duration{} : webhook::Duration(5ms));
        if (!mine.empty() && !std::exchange(told, true)) oracle.tell('k', std::to_string(process));
      }
    };
    std::vector<pid_t> children;
    for (unsigned process = 0; process < processes; ++process) {
      children.push_back(fork());
      REQUIRE(children.back() >= 0);
      if (children.back() != 0) continue;
      try {
        work(process);
      } catch (const std::exception& error) {
        std::fprintf(stderr, "a process ended by itself: %s\n", error.what());
        _exit(2);
      }
    }
    const std::size_t all = std::size_t{processes} * events * endpoints;
    for (int waited = 0; waited < 60'000 && oracle.delivered.size() < all; ++waited) {
      poll(nullptr, 0, 1);
      oracle.listen();
    }
    for (const pid_t child : children) {
      kill(child, SIGKILL);
      int status = 0;
      waitpid(child, &status, 0);
      CHECK(WIFSIGNALED(status));
    }
    INFO(processes << " processes");
    CHECK(oracle.delivered.size() == all);
    CHECK(oracle.twice_at_once == 0);
    CHECK(oracle.kept.size() == processes);  // none of them was idle
    CHECK(
        std::all_of(oracle.delivered.begin(), oracle.delivered.end(), [](const auto& one) { return one.second == 1; }));
  }
}

}  // namespace integration_sqlite_kill
