// SPDX-License-Identifier: MIT
// What the PostgreSQL store does per second on a server of its own, beside the job queues of others on the same server in
// the same run (store_postgres.sh): blocking emits, one transaction each; batched emits beside COPY of the same rows into
// the same tables; claim and settle. fsync is on; once in memory, where a sync costs nothing, and once on the disk.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "limits.hpp"
#include "measure.hpp"
#include "support/postgres_server.hpp"

#include <webhook/store/postgres.hpp>

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr const char* about = "The PostgreSQL store, beside job queues of others on the same server";
constexpr std::size_t batch = 500, emitters = 8, lanes = 4;
const std::string payload(1024, 'x');

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

webhook::Now now() {
  return {Clock::now().time_since_epoch(),
          std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now())};
}

/// The same work in several threads.
template <class Call>
void at_once(std::size_t threads, const Call& call) {
  std::vector<std::thread> running;
  for (std::size_t i = 0; i < threads; ++i) running.emplace_back(call);
  for (std::thread& one : running) one.join();
}

class Bench {
 public:
  explicit Bench(const support::PostgresServer& server)
      : store_(server.where(), {.connections = emitters}), copying_(PQconnectdb(server.where().c_str()), PQfinish) {
    for (std::uint64_t id = 1; id <= lanes; ++id) {
      webhook::Endpoint endpoint;
      endpoint.id = webhook::EndpointId{id};
      endpoint.url = "https://receiver.example/";
      endpoint.cap = 1'000'000;
      registry_ = store_.put(endpoint);
    }
  }

  void append(std::size_t count) {
    const std::array<webhook::EndpointId, 1> routes{webhook::EndpointId{1 + lane_++ % lanes}};
    std::vector<webhook::NewEvent> events;
    for (std::size_t i = 0; i < count; ++i) {
      auto event = std::make_shared<webhook::Event>();
      event->id = webhook::EventId("event-" + std::to_string(++events_));
      event->type = "order.created";
      event->payload = webhook::Bytes(payload);
      events.push_back({event, routes, registry_, false, {}});
    }
    std::vector<webhook::Appended> answers(count);
    store_.append(now(), events, answers);
  }

  webhook::Found claim(std::size_t most, std::vector<webhook::Claimed>& claimed) {
    return store_.claim({now(), webhook::WorkerId{1}, 30s, most, most}, claimed);
  }

  void settle(const std::vector<webhook::Claimed>& claimed) {
    std::vector<webhook::Settlement> words;
    webhook::Attempt attempt;
    attempt.status = 204;
    for (const webhook::Claimed& one : claimed) words.push_back({one.lease, webhook::State::delivered, {}, &attempt});
    std::vector<webhook::Settled> answers(words.size());
    store_.settle(now(), words, answers);
  }

  void drain() {
    while (claim_and_settle(batch) > 0) {
    }
  }
  std::size_t claim_and_settle(std::size_t most) {
    std::vector<webhook::Claimed> claimed;
    claim(most, claimed);
    settle(claimed);
    return claimed.size();
  }

  /// What no emit can be faster than: transactions of one number each, by so many connections at once.
  static double commits(const support::PostgresServer& server, std::size_t connections, std::size_t count) {
    server.ask("CREATE TABLE IF NOT EXISTS floor (number bigint)");
    std::vector<std::unique_ptr<PGconn, decltype(&PQfinish)>> open;
    for (std::size_t i = 0; i < connections; ++i) open.emplace_back(PQconnectdb(server.where().c_str()), PQfinish);
    std::atomic<std::size_t> next{0};
    const auto start = Clock::now();
    at_once(connections, [&] {
      PGconn* const db = open[next++].get();
      for (std::size_t i = 0; i < count / connections; ++i) PQclear(PQexec(db, "INSERT INTO floor VALUES (1)"));
    });
    return static_cast<double>(count) / since(start);
  }

  /// What no queue can be faster than that writes a claim down and hands bodies out: one update of a small row, whose
  /// body is read beside it, and its deletion, found by ranges of the primary key and checked by nothing.
  static double least(const support::PostgresServer& server, std::size_t connections, std::size_t jobs) {
    server.ask("CREATE TABLE IF NOT EXISTS least (id bigint PRIMARY KEY, state smallint NOT NULL)");
    server.ask("CREATE TABLE IF NOT EXISTS body (id bigint PRIMARY KEY, payload bytea NOT NULL)");
    const std::string all = " FROM generate_series(1, " + std::to_string(jobs) + ") AS g";
    server.ask("TRUNCATE least, body");
    server.ask("INSERT INTO least SELECT g, 0" + all);
    server.ask("INSERT INTO body SELECT g, convert_to(repeat('x', 1024), 'UTF8')" + all);
    server.ask("ANALYZE least, body");
    const std::string mine = "least.id > $1::bigint AND least.id <= $1::bigint + " + std::to_string(batch);
    std::atomic<std::size_t> next{0};
    const auto start = Clock::now();
    at_once(connections, [&] {
      const std::unique_ptr<PGconn, decltype(&PQfinish)> db(PQconnectdb(server.where().c_str()), PQfinish);
      PQclear(PQexec(db.get(), "SET enable_seqscan = off"));
      PQclear(PQprepare(
          db.get(), "claim",
          ("UPDATE least SET state = 1 FROM body WHERE body.id = least.id AND " + mine + " RETURNING least.id, payload")
              .c_str(),
          1, nullptr));
      PQclear(PQprepare(db.get(), "complete", ("DELETE FROM least WHERE " + mine).c_str(), 1, nullptr));
      for (std::size_t from = batch * next++; from < jobs; from = batch * next++) {
        const std::string text = std::to_string(from);
        const char* const with[] = {text.c_str()};
        PGresult* const claimed = PQexecPrepared(db.get(), "claim", 1, with, nullptr, nullptr, 1);
        if (PQntuples(claimed) != static_cast<int>(batch)) std::fprintf(stderr, "%s", PQresultErrorMessage(claimed));
        PQclear(claimed);
        PQclear(PQexecPrepared(db.get(), "complete", 1, with, nullptr, nullptr, 1));
      }
    });
    return static_cast<double>(jobs) / since(start);
  }

  void copy(std::size_t count) {  // of the rows that append(count) writes, in one transaction
    PGconn* const db = copying_.get();
    std::string events, deliveries;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string number = std::to_string(1'000'000'000 + ++copied_);
      events += number + "\tf\tcopied-" + number + "\torder.created\t\t\t\t\t0\t\\N\t0\t0\t" + payload + "\n";
      deliveries +=
          std::to_string((1'000'000'000 + copied_) << 20U) + "\t1\t0\t\\N\t0\t0\t0\t0\t0\t1\tf\t\\N\t\\N\tf\t1024\n";
    }
    PQclear(PQexec(db, "BEGIN"));
    for (const auto& [table, rows] :
         {std::pair<const char*, const std::string&>{"COPY webhook.event FROM STDIN", events},
          {"COPY webhook.delivery (id, endpoint, due, ended, fence, attempts, lost, seat, state, word, resent, grp, "
           "skey,"
           " early, size) FROM STDIN",
           deliveries}}) {
      PQclear(PQexec(db, table));
      PQputCopyData(db, rows.data(), static_cast<int>(rows.size()));
      PQputCopyEnd(db, nullptr);
      while (PGresult* const answer = PQgetResult(db)) {
        if (PQresultStatus(answer) != PGRES_COMMAND_OK) std::fprintf(stderr, "%s", PQresultErrorMessage(answer));
        PQclear(answer);
      }
    }
    PQclear(PQexec(db, "COMMIT"));
  }

 private:
  webhook::PostgresStore store_;
  std::unique_ptr<PGconn, decltype(&PQfinish)> copying_;
  webhook::Version registry_ = 0;
  std::atomic<std::size_t> events_{0}, lane_{0};
  std::size_t copied_ = 0;
};

template <class Call>
double rate(std::size_t rounds, std::size_t each, const Call& call) {
  const auto start = Clock::now();
  for (std::size_t i = 0; i < rounds; ++i) call();
  return static_cast<double>(rounds * each) / since(start);
}

struct Rates {
  double emit = 0, emits = 0, complete = 0;  // emits: of several at once
};

void keep_best(double& best, double value) { best = (std::max)(best, value); }

/// What another library reached: the best of its settings, and of all passes, for each of these.
struct Peer {
  std::string name{};
  Rates best{}, plain{};  // plain: without the options for batches
};

void measure_peers(const support::PostgresServer& server, std::size_t jobs, std::size_t emits,
                   std::vector<Peer>& found) {
  std::printf(" job queues of others:\n");
  const char* const command = std::getenv("WEBHOOK_BENCH_PEERS");  // NOLINT(concurrency-mt-unsafe)
  if (command == nullptr) {
    const char* const why = std::getenv("WEBHOOK_BENCH_NO_PEERS");  // NOLINT(concurrency-mt-unsafe)
    std::printf("  skipped: %s\n",
                why != nullptr ? why : "run by sh tests/bench/store_postgres.sh they are measured too");
    return;
  }
  const std::string line =
      std::string(command) + " '" + server.socket() + "' test " + std::to_string(jobs) + " " + std::to_string(emits);
  std::FILE* const pipe = popen(line.c_str(), "r");
  std::array<char, 64> name{}, what{}, how{};
  double value = 0;
  while (pipe != nullptr &&
         std::fscanf(pipe, "%63s %63s %lf %63s", name.data(), what.data(), &value, how.data()) == 4) {
    std::printf("  %-26s %-10s %8.0f /s  %s\n", name.data(), what.data(), value, how.data());
    auto at = std::find_if(found.begin(), found.end(), [&](const Peer& one) { return one.name == name.data(); });
    if (at == found.end()) at = found.insert(at, {name.data(), {}, {}});
    Peer& peer = *at;
    const std::string_view did(what.data());
    double Rates::*const of = did == "emit" ? &Rates::emit : did == "emits" ? &Rates::emits : &Rates::complete;
    keep_best(peer.best.*of, value);
    if (std::string_view(how.data()).find("batches") == std::string_view::npos) keep_best(peer.plain.*of, value);
  }
  if (pipe != nullptr) pclose(pipe);
  if (found.empty()) std::printf("  skipped: the command for them printed nothing\n");
}

void emit(Bench& bench, const support::PostgresServer& server, std::size_t count, Rates& best) {
  for (int i = 0; i < 200; ++i) bench.append(1);  // as the others do
  const double alone = rate(count, 1, [&] { bench.append(1); });
  std::printf("  blocking emits, one transaction each                     %8.0f /s\n", alone);
  const auto start = Clock::now();
  at_once(emitters, [&] {
    for (std::size_t i = 0; i < count / emitters; ++i) bench.append(1);
  });
  const double together = static_cast<double>(count) / since(start);
  std::printf("  the same from %zu threads, which share commits             %8.0f /s\n", emitters, together);
  std::printf("  of these an INSERT of one number would be                %8.0f /s, from %zu connections %.0f\n",
              Bench::commits(server, 1, count), emitters, Bench::commits(server, emitters, count));
  keep_best(best.emit, alone);
  keep_best(best.emits, together);
}

void complete(Bench& bench, std::size_t jobs, Rates& best) {
  for (const std::size_t most : {std::size_t{100}, batch, std::size_t{1000}}) {
    for (const std::size_t workers : {std::size_t{1}, std::size_t{2}, lanes}) {
      for (std::size_t added = 0; added < jobs; added += batch) bench.append(batch);
      std::atomic<std::size_t> taken{0};
      const auto start = Clock::now();
      at_once(workers, [&] {
        while (taken < jobs) {
          std::vector<webhook::Claimed> claimed;
          const webhook::Found found = bench.claim(most, claimed);
          taken += claimed.size();
          bench.settle(claimed);
          if (claimed.empty() && taken < jobs) std::this_thread::sleep_for(found.next);  // as a worker does
        }
      });
      const double reached = static_cast<double>(taken) / since(start);
      std::printf("  claim and settle, batches of %4zu, %zu at once           %8.0f /s\n", most, workers, reached);
      keep_best(best.complete, reached);
    }
  }
}

void run(const std::string& bin, bool in_memory, bool quick, bench::Limits& limits) {
  const support::PostgresServer server(bin, {"fsync=on", "synchronous_commit=on"}, !in_memory);
  std::printf("fsync=on, synchronous_commit=on, %s:\n",
              in_memory ? "files in memory, where a sync costs nothing" : "files on the disk");
  const std::size_t jobs = quick ? 5'000 : 20'000, emits = in_memory ? (quick ? 1'000 : 5'000) : (quick ? 400 : 1'000);
  auto start = Clock::now();
  Bench bench(server);
  const double opened = since(start) * 1e3;
  start = Clock::now();
  bench.append(1);
  const double first_emit = since(start) * 1e3;
  start = Clock::now();
  bench.claim_and_settle(batch);
  std::printf("  open and migrate %.1f ms; first emit of a connection %.1f, first claim and settle %.1f\n", opened,
              first_emit, since(start) * 1e3);
  Rates ours;
  std::vector<Peer> others;
  double least = 0, best_copied = 0, best_batched = 0;
  for (int pass = 0; pass < (quick ? 1 : 2); ++pass) {  // ours, theirs, and again: the machine is not always as fast
    emit(bench, server, emits, ours);
    bench.drain();
    const std::size_t rounds = jobs / batch;
    const double copied = rate(rounds, batch, [&] { bench.copy(batch); });
    server.ask("DELETE FROM webhook.delivery WHERE id >= 1000000000::bigint << 20");
    const double batched = rate(rounds, batch, [&] { bench.append(batch); });
    std::printf("  batched emits of %zu                                     %8.0f /s\n", batch, batched);
    std::printf("  COPY of the same rows                                    %8.0f /s\n", copied);
    keep_best(best_copied, copied);
    keep_best(best_batched, batched);
    bench.drain();
    if (in_memory) {
      complete(bench, jobs, ours);
      for (const std::size_t workers : {std::size_t{1}, std::size_t{2}})
        keep_best(least, Bench::least(server, workers, jobs));
      std::printf("  the least that a queue can write for it, batches of %4zu  %8.0f /s\n", batch, least);
    }
    measure_peers(server, in_memory ? jobs : 0, emits, others);
  }
  std::printf(" limits:\n");
  limits.faster("batched emits, of COPY of the same rows", best_batched / best_copied, 0.6);
  if (in_memory)
    std::printf("  %-60s %7.3f\n", "claim and settle, of the least that a queue can write", ours.complete / least);
  for (const Peer& one : others) {
    const bool is_boss = one.name.rfind("pg-boss", 0) == 0;
    if (in_memory) {
      limits.faster(("claim and settle, times " + one.name + ", best of both").c_str(),
                    ours.complete / one.best.complete, is_boss ? 3 : 8);
      std::printf("  that least, times %-42s %7.3f\n", one.name.c_str(), least / one.best.complete);
    }
    if (in_memory && !is_boss) limits.faster("the same, without its batches", ours.complete / one.plain.complete, 8);
    limits.faster(("blocking emits, times " + one.name).c_str(), ours.emit / one.best.emit, 2);
    limits.faster("the same from several at once", ours.emits / one.best.emits, 2);
  }
}

}  // namespace

int main(int count, char** words) {
  const bench::Arguments taken = bench::arguments(count, words, about);
  const std::string bin = support::PostgresServer::binaries();
  if (bin.empty()) return 0;
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // what a child inherits unsaid it would say, too
  try {
    std::printf("%s\n", about);
    bench::print_machine(words[0], taken.quick);
    bench::Limits limits;
    for (const bool in_memory : {true, false}) run(bin, in_memory, taken.quick, limits);
    return limits.missed() == 0 ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "webhook.bench.store_postgres: %s\n", error.what());
    return 2;
  }
}
