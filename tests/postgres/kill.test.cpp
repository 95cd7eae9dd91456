// SPDX-License-Identifier: MIT
// Processes that are killed while they emit and deliver over one PostgreSQL database, several at once.
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/oracle.hpp"
#include "support/postgres_server.hpp"

#include <webhook/clock/system.hpp>
#include <webhook/dispatcher.hpp>
#include <webhook/scheme/standard.hpp>
#include <webhook/serializer/json.hpp>
#include <webhook/store/postgres.hpp>
#include <webhook/transport/function.hpp>

#include <catch2/catch.hpp>

using namespace std::chrono_literals;

namespace {

enum Point : unsigned {
  any_moment,
  before_append,
  after_append,
  before_commit,
  after_commit,
  before_claim,
  after_claim,
  before_it_was_sent,
  after_it_was_sent,
  before_settle,
  after_settle,
  points
};
constexpr std::array<const char*, points> names{"at any moment",
                                                "before an event was inserted",
                                                "inserted, before its emit returned",
                                                "in the host's transaction, before its commit",
                                                "committed by the host, before it was noted",
                                                "before a claim",
                                                "claimed",
                                                "claimed, before it was sent",
                                                "sent",
                                                "sent, before it was settled",
                                                "settled"};

struct Death {
  Point point = any_moment;
  int left = 0;
  void at(Point here) {
    if (here == point && --left == 0) kill(getpid(), SIGKILL);
  }
};

/// A store whose process dies around a word.
class DyingStore : public webhook::PostgresStore {
 public:
  DyingStore(const std::string& where, Death& death) : PostgresStore(where), death_(&death) {}

  void append(const webhook::Now& now, std::span<const webhook::NewEvent> events,
              std::span<webhook::Appended> appended) {
    death_->at(before_append);
    PostgresStore::append(now, events, appended);
    death_->at(after_append);
  }
  void append(PGconn* host, std::span<const webhook::NewEvent> events, std::span<webhook::Appended> appended) {
    PostgresStore::append(host, events, appended);
    death_->at(before_commit);
  }
  webhook::Found claim(const webhook::Claim& ask, std::vector<webhook::Claimed>& claimed) {
    death_->at(before_claim);
    webhook::Claim impatient = ask;  // so that what a killed process held comes again soon
    impatient.lease = 100ms;
    const webhook::Found found = PostgresStore::claim(impatient, claimed);
    if (!claimed.empty()) death_->at(after_claim);
    return found;
  }
  void settle(const webhook::Now& now, std::span<const webhook::Settlement> words,
              std::span<webhook::Settled> settled) {
    death_->at(before_settle);
    PostgresStore::settle(now, words, settled);
    death_->at(after_settle);
  }

 private:
  Death* death_;
};

/// What a process does until it is killed: emits, in a transaction of its own and in the host's, and delivers.
[[noreturn]] void live(const std::string& where, const support::Oracle& oracle, unsigned run, Death death) {
  webhook::Dispatcher hooks{[&](const webhook::Request& request) {
                              death.at(before_it_was_sent);
                              oracle.tell('d', *request.headers.find("webhook-id"));
                              death.at(after_it_was_sent);
                              webhook::Response answer;
                              answer.status = 204;
                              return answer;
                            },
                            webhook::JsonSerializer{}, webhook::StandardWebhooks{}, DyingStore(where, death),
                            webhook::SystemClock{}};
  PGconn* const host = PQconnectdb(where.c_str());
  const auto run_sql = [host](const char* sql) {
    PGresult* const answer = PQexec(host, sql);
    const bool done = PQresultStatus(answer) == PGRES_COMMAND_OK;
    PQclear(answer);
    return done;
  };
  for (unsigned n = 0;; ++n) {
    const std::string id = std::to_string(run) + "-" + std::to_string(n);
    if (n % 4 == 3) {
      if (!run_sql("BEGIN")) continue;
      hooks.emit(webhook::in_transaction(host), "order.created", {{"n", n}}, {.id = id});
      if (!run_sql("COMMIT")) continue;
      death.at(after_commit);
    } else {
      hooks.emit("order.created", {{"n", n}}, {.id = id});
    }
    oracle.tell('k', id);
    if (n % 3 == 0) hooks.run_once();
  }
}

unsigned kills() {                                          // more of them for a longer look: WEBHOOK_KILLS=3000
  const char* const wanted = std::getenv("WEBHOOK_KILLS");  // NOLINT(concurrency-mt-unsafe)
  return wanted == nullptr ? 110 : static_cast<unsigned>(std::strtoul(wanted, nullptr, 10));
}

}  // namespace

TEST_CASE("of what processes kept in PostgreSQL that were killed at every point, nothing is lost", "[E1][E7][E22]") {
  const std::string bin = support::PostgresServer::binaries();
  if (bin.empty()) return;
  const support::PostgresServer server(bin);
  Death none;
  const auto hooks_of = [&](auto transport) {
    return webhook::Dispatcher{std::move(transport), webhook::JsonSerializer{}, webhook::StandardWebhooks{},
                               DyingStore(server.where(), none), webhook::SystemClock{}};
  };
  support::Oracle oracle;
  const auto deliver = [&](const webhook::Request& request) {
    oracle.tell('d', *request.headers.find("webhook-id"));
    webhook::Response answer;
    answer.status = 204;
    return answer;
  };
  {
    auto hooks = hooks_of(deliver);
    hooks.add({.url = "https://a.example/", .cap = 64});
  }
  std::array<unsigned, points> hits{};
  std::uint64_t state = 1;
  const auto random = [&state](std::uint64_t below) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return (state >> 33U) % below;
  };
  constexpr unsigned at_once = 2;
  for (unsigned run = 0; run < kills(); run += at_once) {
    std::array<pid_t, at_once> children{};
    std::array<Point, at_once> where{};
    for (unsigned i = 0; i < at_once; ++i) {
      where[i] = static_cast<Point>((run + i) % points);
      const int left = 1 + static_cast<int>(random(6));
      children[i] = fork();
      REQUIRE(children[i] >= 0);
      if (children[i] != 0) continue;
      try {
        live(server.where(), oracle, run + i, {where[i], left});
      } catch (const std::exception& error) {
        std::fprintf(stderr, "a process ended by itself: %s\n", error.what());
        _exit(2);
      }
    }
    for (unsigned i = 0; i < at_once; ++i) {
      if (where[i] == any_moment) {
        poll(nullptr, 0, static_cast<int>(20 + random(100)));
        kill(children[i], SIGKILL);
      }
      int status = 0;
      for (pid_t ended = 0; ended == 0; oracle.listen()) {
        ended = waitpid(children[i], &status, WNOHANG);
        if (ended == 0) poll(nullptr, 0, 1);
      }
      REQUIRE(WIFSIGNALED(status));
      REQUIRE(WTERMSIG(status) == SIGKILL);
      ++hits[where[i]];
    }
  }

  // Someone is left: what is pending is delivered, and what killed three of its workers is sent once more.
  std::size_t quarantined = 0;
  {
    auto hooks = hooks_of([&](const webhook::Request& request) {
      const webhook::Response answer = deliver(request);
      oracle.listen();
      return answer;
    });
    const auto end = std::chrono::steady_clock::now() + 120s;
    const auto pending = [&] {
      return server.ask(
                 "SELECT (SELECT count(*) FROM webhook.event WHERE unrouted) + (SELECT count(*) FROM"
                 " webhook.delivery WHERE seat IS NOT NULL)") != "0";
    };
    for (int round = 0; round < 2; ++round) {
      while (pending() && std::chrono::steady_clock::now() < end) {
        for (int i = 0; i < 20; ++i) hooks.run_once(1ms);
      }
      for (const auto& endpoint : hooks.endpoints()) quarantined += hooks.recover(endpoint.id, webhook::WallTime{});
    }
    CHECK(!pending());
  }
  oracle.listen();
  std::printf("%u kills: %zu events kept, %zu lost, %zu delivered more than once, %zu quarantined and sent again\n",
              kills(), oracle.kept.size(), oracle.lost(), oracle.twice(), quarantined);
  for (unsigned point = 0; point < points; ++point) std::printf("  %5u %s\n", hits[point], names[point]);
  CHECK(oracle.lost() == 0);
  CHECK(oracle.kept.size() > kills());
}
