// SPDX-License-Identifier: MIT
// Processes that are killed while they emit and deliver over one PostgreSQL database, several at once. A word is one
// transaction on the server: to be killed within it means that the server stands in it, which it is made to do by
// triggers, and the process knows. It then goes on alone, or its own process there is killed first, and the server
// starts anew for everybody.
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
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
  inserting,
  uncommitted,
  appended,
  committed,
  fanning_out,
  fanned_out,
  claimed,
  connected,
  sent,
  answered,
  settling,
  logging,
  reaping,
  migrating,
  pruning,
  points
};
struct Place {
  const char* name = "";
  const char* within = nullptr;  // what the triggers call it, where it is on the server
};
constexpr std::array<Place, points> places{{{"     at any moment"},
                                            {" 1   inserted by the server, before it commits", "inserting"},
                                            {" 1   inserted in the host's transaction, before its commit"},
                                            {" 2   committed, before its emit returned"},
                                            {" 2   committed by the host, before it was noted"},
                                            {" 3   in the fan-out, between two deliveries", "fanning_out"},
                                            {" 3   fanned out after the host's commit"},
                                            {" 4   claimed"},
                                            {" 5   connected, before it was sent"},
                                            {" 6   sent, before its answer"},
                                            {" 7   answered with 204, before it was settled"},
                                            {" 8   in the settle, before it commits", "settling"},
                                            {" 9   in the settle, the attempts half written", "logging"},
                                            {"10   while leases that ran out queue again", "reaping"},
                                            {"11   while the tables are made", "migrating"},
                                            {"12   while what is over is forgotten", "pruning"}}};

// Whoever asks for it in its session stands for a moment at the place that it names. What three of its workers died of
// (8: quarantined) and was forgotten before anybody looked is written down: to forget what is over is what was asked for.
constexpr const char* triggers = R"sql(
CREATE FUNCTION public.stand(place text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
  IF current_setting('test.stands', true) = place AND random() < 0.3 THEN PERFORM pg_sleep(0.05); END IF; END $$;
CREATE FUNCTION public.stand() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM public.stand(TG_ARGV[0]); RETURN coalesce(NEW, OLD); END $$;
CREATE FUNCTION public.stand_in_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM public.stand('migrating'); END $$;
CREATE TABLE public.forgotten (id text NOT NULL, endpoint bigint NOT NULL);
CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO public.forgotten SELECT id, OLD.endpoint FROM webhook.event WHERE number = OLD.id >> 20; RETURN OLD; END $$;
CREATE TRIGGER note BEFORE DELETE ON webhook.delivery FOR EACH ROW
  WHEN (OLD.state = 8) EXECUTE FUNCTION public.note();
CREATE EVENT TRIGGER stand ON ddl_command_end EXECUTE FUNCTION public.stand_in_ddl();
CREATE TRIGGER inserting BEFORE INSERT ON webhook.event FOR EACH ROW EXECUTE FUNCTION public.stand('inserting');
CREATE TRIGGER fanning_out BEFORE INSERT ON webhook.delivery FOR EACH ROW EXECUTE FUNCTION public.stand('fanning_out');
CREATE TRIGGER logging AFTER INSERT ON webhook.attempt FOR EACH ROW EXECUTE FUNCTION public.stand('logging');
CREATE TRIGGER logging AFTER UPDATE ON webhook.delivery FOR EACH ROW
  WHEN (OLD.last_at IS NULL AND NEW.last_at IS NOT NULL) EXECUTE FUNCTION public.stand('logging');
CREATE TRIGGER pruning BEFORE DELETE ON webhook.delivery FOR EACH ROW EXECUTE FUNCTION public.stand('pruning');
CREATE TRIGGER settling AFTER UPDATE ON webhook.delivery FOR EACH ROW
  WHEN (OLD.state = 1 AND NEW.state = 3) EXECUTE FUNCTION public.stand('settling');
CREATE TRIGGER reaping AFTER UPDATE ON webhook.delivery FOR EACH ROW
  WHEN (OLD.seat = 2 AND NEW.seat = 0 AND NEW.state = 1) EXECUTE FUNCTION public.stand('reaping');
)sql";

struct Death {
  Point point = any_moment;
  int left = 0;
  void at(Point here) {
    if (here == point && --left == 0) kill(getpid(), SIGKILL);
  }
};

/// Kills this process once the server stands within one of its words; before that the process that it has there.
[[noreturn]] void watch(const support::PostgresServer& server, const std::string& name, bool both) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> db(PQconnectdb(server.where().c_str()), PQfinish);
  const std::string standing =
      "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND application_name = '" + name + "'";
  for (;; poll(nullptr, 0, 5)) {
    const std::unique_ptr<PGresult, decltype(&PQclear)> answer(PQexec(db.get(), standing.c_str()), PQclear);
    if (PQstatus(db.get()) != CONNECTION_OK) PQreset(db.get());
    if (PQntuples(answer.get()) == 0) continue;
    if (both) kill(static_cast<pid_t>(std::strtol(PQgetvalue(answer.get(), 0, 0), nullptr, 10)), SIGKILL);
    kill(getpid(), SIGKILL);
  }
}

/// Calls, and forgives what passes: another process took the server with it.
template <class Call>
void passing(const Call& call) {
  try {
    call();
  } catch (const webhook::Error& error) {
    if (error.code() != webhook::errc::transient && error.code() != webhook::errc::unknown_commit) throw;
    poll(nullptr, 0, 2);
  }
}

void drop(const support::PostgresServer& server, const std::string& schema) {
  try {
    server.ask("DROP SCHEMA IF EXISTS " + schema + " CASCADE");
  } catch (const std::runtime_error&) {  // the server starts anew; so it stays
  }
}

/// A store whose process dies around a word.
class DyingStore : public webhook::PostgresStore {
 public:
  DyingStore(const std::string& where, Death& death) : PostgresStore(where), death_(&death) {}

  void append(const webhook::Now& now, std::span<const webhook::NewEvent> events,
              std::span<webhook::Appended> appended_to) {
    PostgresStore::append(now, events, appended_to);
    death_->at(appended);
  }
  void append(PGconn* host, std::span<const webhook::NewEvent> events, std::span<webhook::Appended> appended_to) {
    PostgresStore::append(host, events, appended_to);
    death_->at(uncommitted);
  }
  bool route(const webhook::Now& now, std::span<const webhook::Route> routes, webhook::Version registry) {
    const bool routed = PostgresStore::route(now, routes, registry);
    if (routed && !routes.empty()) death_->at(fanned_out);
    return routed;
  }
  webhook::Found claim(const webhook::Claim& ask, std::vector<webhook::Claimed>& here) {
    webhook::Claim impatient = ask;  // so that what a killed process held comes again soon
    impatient.lease = 100ms;
    const webhook::Found found = PostgresStore::claim(impatient, here);
    if (!here.empty()) death_->at(claimed);
    return found;
  }
  void settle(const webhook::Now& now, std::span<const webhook::Settlement> words,
              std::span<webhook::Settled> settled) {
    death_->at(answered);
    PostgresStore::settle(now, words, settled);
  }

 private:
  Death* death_;
};

const std::array<std::string, 2> urls{"https://a.example/", "https://b.example/"};

/// What a process does until it is killed: emits, in a transaction of its own and in the host's, delivers, forgets.
[[noreturn]] void live(const support::PostgresServer& server, const support::Oracle& oracle, unsigned run, Death death,
                       bool both) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const std::string name = "run-" + std::to_string(run);
  std::string where = server.where() + " application_name=" + name;
  if (const char* const place = places[death.point].within) {
    where += std::string(" options='-c test.stands=") + place + "'";
    std::thread([&server, name, both] { watch(server, name, both); }).detach();
  }
  while (death.point == migrating) {
    webhook::PostgresOptions fresh;
    fresh.schema = "fresh_" + std::to_string(run);
    passing([&] { webhook::PostgresStore(where, fresh); });
    drop(server, fresh.schema);
  }
  const auto open = [&] {
    return webhook::Dispatcher{[&](const webhook::Request& request) {
                                 death.at(connected);
                                 oracle.tell('d', std::string(*request.headers.find("webhook-id")) + request.url);
                                 death.at(sent);
                                 webhook::Response answer;
                                 answer.status = 204;
                                 return answer;
                               },
                               webhook::JsonSerializer{}, webhook::StandardWebhooks{}, DyingStore(where, death),
                               webhook::SystemClock{}};
  };
  std::unique_ptr<decltype(open())> opened;
  while (!opened) passing([&] { opened.reset(new auto(open())); });
  auto& hooks = *opened;
  const std::unique_ptr<PGconn, decltype(&PQfinish)> host(PQconnectdb(server.where().c_str()), PQfinish);
  const auto run_sql = [&host](const char* sql) {
    PGresult* const answer = PQexec(host.get(), sql);
    const bool done = PQresultStatus(answer) == PGRES_COMMAND_OK;
    PQclear(answer);
    return done;
  };
  std::unique_ptr<webhook::PostgresStore> careless;
  for (unsigned n = 0;; ++n) {
    const std::string id = std::to_string(run) + "-" + std::to_string(n);
    bool kept = false;
    if (n % 4 == 3) {
      if (!run_sql("BEGIN")) {  // the server started anew
        PQreset(host.get());
        continue;
      }
      passing([&] {
        hooks.emit(webhook::in_transaction(host.get()), "order.created", {{"n", n}}, {.id = id});
        kept = true;
      });
      kept = run_sql("COMMIT") && kept;
      if (kept) death.at(committed);
    } else {
      passing([&] {
        hooks.emit("order.created", {{"n", n}}, {.id = id});
        kept = true;
      });
    }
    for (const std::string& url : urls) {
      if (kept) oracle.tell('k', id + url);
    }
    if (death.point == reaping) {  // leases that run out at once
      passing([&] {
        std::vector<webhook::Claimed> lost;
        if (!careless) careless = std::make_unique<webhook::PostgresStore>(where);
        careless->claim({{}, webhook::WorkerId{9}, 1ms, 2, 2}, lost);
      });
    }
    for (int i = 0; i < 4; ++i) passing([&] { hooks.run_once(); });  // so that little is left behind
    if (death.point == pruning && n % 3 == 0) passing([&] { hooks.prune(webhook::Duration::zero()); });
  }
}

unsigned kills() {                                          // more of them for a longer look: WEBHOOK_KILLS=3000
  const char* const wanted = std::getenv("WEBHOOK_KILLS");  // NOLINT(concurrency-mt-unsafe)
  return wanted == nullptr ? 200 : static_cast<unsigned>(std::strtoul(wanted, nullptr, 10));
}

/// Of tables that were being made there are none, or all of them; either way a store can begin there.
void look_at_fresh(const support::PostgresServer& server, const std::string& schema) {
  webhook::PostgresOptions options;
  options.schema = schema;
  webhook::Version given = 0;
  const auto end = std::chrono::steady_clock::now() + 60s;
  while (given == 0 && std::chrono::steady_clock::now() < end) {
    passing([&] {
      webhook::Endpoint endpoint;
      endpoint.id = webhook::EndpointId{1};
      given = webhook::PostgresStore(server.where(), options).put(endpoint);
    });
  }
  CHECK(given == 1);
  drop(server, schema);
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
  std::array<std::uint64_t, 2> endpoints{};
  const auto deliver = [&](const webhook::Request& request) {
    oracle.tell('d', std::string(*request.headers.find("webhook-id")) + request.url);
    webhook::Response answer;
    answer.status = 204;
    return answer;
  };
  {
    auto hooks = hooks_of(deliver);
    for (std::size_t url = 0; url < urls.size(); ++url)
      endpoints.at(url) = static_cast<std::uint64_t>(hooks.add({.url = urls.at(url), .cap = 64}).id);
  }
  server.ask(triggers);
  std::array<unsigned, points> hits{};
  unsigned servers = 0;
  std::uint64_t state = 1;
  const auto random = [&state](std::uint64_t below) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return (state >> 33U) % below;
  };
  struct Life {
    pid_t process = 0;
    Point point = any_moment;
    bool both = false;
    unsigned run = 0;
    std::chrono::steady_clock::time_point end{};
  };
  std::array<Life, 4> lives{};
  unsigned begun = 0, ended = 0;
  while (ended < kills()) {
    for (Life& life : lives) {
      if (life.process != 0) {
        if (life.point == any_moment && std::chrono::steady_clock::now() >= life.end) kill(life.process, SIGKILL);
        int status = 0;
        if (waitpid(life.process, &status, WNOHANG) == 0) continue;
        life.process = 0;
        REQUIRE(WIFSIGNALED(status));
        REQUIRE(WTERMSIG(status) == SIGKILL);
        ++hits[life.point];
        servers += life.both ? 1U : 0U;
        ++ended;
        if (life.point == migrating) look_at_fresh(server, "fresh_" + std::to_string(life.run));
      }
      if (begun == kills()) continue;
      life.point = static_cast<Point>(begun % points);
      // Not of the last ones, so that the server is there when these are over.
      life.both = places[life.point].within != nullptr && (begun / points) % 4 == life.point % 4 &&
                  begun + 4 * points < kills();
      life.run = begun++;
      life.end = std::chrono::steady_clock::now() + std::chrono::milliseconds{20 + random(100)};
      const Death death{life.point, 1 + static_cast<int>(random(6))};
      life.process = fork();
      REQUIRE(life.process >= 0);
      if (life.process != 0) continue;
      try {
        live(server, oracle, life.run, death, life.both);
      } catch (const std::exception& error) {
        std::fprintf(stderr, "a process ended by itself: %s\n", error.what());
        _exit(2);
      }
    }
    oracle.listen();
    poll(nullptr, 0, 1);
  }

  // Someone is left: what is pending is delivered, and what killed three of its workers is sent once more.
  server.ask("DROP EVENT TRIGGER stand; DROP FUNCTION public.stand() CASCADE");
  std::size_t quarantined = 0;
  {
    auto hooks = hooks_of([&](const webhook::Request& request) {
      const webhook::Response answer = deliver(request);
      oracle.listen();
      return answer;
    });
    const auto end = std::chrono::steady_clock::now() + 120s + kills() * 100ms;
    const auto pending = [&] {
      return server.ask(
                 "SELECT EXISTS (SELECT 1 FROM webhook.event WHERE unrouted) OR EXISTS (SELECT 1 FROM"
                 " webhook.delivery WHERE seat IS NOT NULL)") == "t";
    };
    for (int round = 0; round < 2; ++round) {
      while (pending() && std::chrono::steady_clock::now() < end) {
        for (int i = 0; i < 200; ++i) hooks.run_once(1ms);
      }
      for (const auto& endpoint : hooks.endpoints()) quarantined += hooks.recover(endpoint.id, webhook::WallTime{});
    }
    CHECK(!pending());
  }
  oracle.listen();
  std::size_t forgotten = 0;
  for (std::size_t url = 0; url < urls.size(); ++url) {
    std::istringstream ids(
        server.ask("SELECT coalesce(string_agg(DISTINCT id, E'\\n'), '') FROM public.forgotten"
                   " WHERE endpoint = " +
                   std::to_string(endpoints.at(url))));
    for (std::string id; std::getline(ids, id);) forgotten += oracle.forget(id + urls.at(url)) ? 1U : 0U;
  }
  std::printf(
      "%u kills, %u of them with the server's process: %zu events kept for two endpoints, %zu deliveries lost, "
      "%zu made more than once, %zu quarantined and made again, %zu quarantined and forgotten as asked\n",
      kills(), servers, oracle.kept.size() / 2, oracle.lost(), oracle.twice(), quarantined, forgotten);
  for (unsigned point = 0; point < points; ++point) std::printf("  %5u  %s\n", hits[point], places[point].name);
  for (const std::string& id : oracle.kept) {
    if (oracle.delivered.count(id) == 0) std::printf("lost: %s\n", id.c_str());
  }
  CHECK(oracle.lost() == 0);
  CHECK(oracle.kept.size() > kills());
}
