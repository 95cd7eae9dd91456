// SPDX-License-Identifier: MIT
// What the PostgreSQL store does per second on a server of its own: blocking emits, one transaction each; batched emits
// beside COPY of the same rows into the same tables; claim and settle. Prints; judges nothing.
#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "support/postgres_server.hpp"

#include <webhook/store/postgres.hpp>

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t batch = 500;
const std::string payload(1024, 'x');

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

webhook::Now now() {
  return {Clock::now().time_since_epoch(),
          std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now())};
}

class Bench {
 public:
  explicit Bench(const support::PostgresServer& server)
      : store_(server.where()), copying_(PQconnectdb(server.where().c_str()), PQfinish) {
    webhook::Endpoint endpoint;
    endpoint.id = webhook::EndpointId{1};
    endpoint.url = "https://receiver.example/";
    endpoint.cap = 1'000'000;
    registry_ = store_.put(endpoint);
  }

  void append(std::size_t count) {
    const std::array<webhook::EndpointId, 1> routes{webhook::EndpointId{1}};
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

  std::size_t claim_and_settle() {
    claimed_.clear();
    store_.claim({now(), webhook::WorkerId{1}, 30s, batch, batch}, claimed_);
    std::vector<webhook::Settlement> words;
    webhook::Attempt attempt;
    attempt.status = 204;
    for (const webhook::Claimed& one : claimed_) words.push_back({one.lease, webhook::State::delivered, {}, &attempt});
    std::vector<webhook::Settled> answers(words.size());
    store_.settle(now(), words, answers);
    return words.size();
  }

  void copy(std::size_t count) {  // of the rows that append(count) writes, in one transaction
    PGconn* const db = copying_.get();
    std::string events, deliveries;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string number = std::to_string(1'000'000'000 + ++copied_);
      events += number + "\tf\tcopied-" + number + "\torder.created\t\t\t\t\t0\t\\N\t0\t0\t" + payload + "\n";
      deliveries += std::to_string((1'000'000'000 + copied_) << 20U) + "\t1\t0\t\\N\t0\t0\t0\t0\t0\t1\tf\t\\N\t\\N\n";
    }
    PQclear(PQexec(db, "BEGIN"));
    for (const auto& [table, rows] :
         {std::pair<const char*, const std::string&>{"COPY webhook.event FROM STDIN", events},
          {"COPY webhook.delivery FROM STDIN", deliveries}}) {
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
  std::size_t events_ = 0;
  std::size_t copied_ = 0;
  std::vector<webhook::Claimed> claimed_{};
};

template <class Call>
double rate(std::size_t rounds, std::size_t each, const Call& call) {
  const auto start = Clock::now();
  for (std::size_t i = 0; i < rounds; ++i) call();
  return static_cast<double>(rounds * each) / since(start);
}

}  // namespace

int main() {
  const std::string bin = support::PostgresServer::binaries();
  if (bin.empty()) return 0;
  const support::PostgresServer server(bin, {"fsync=on"});
  auto start = Clock::now();
  Bench bench(server);
  std::printf("open and migrate                         %8.1f ms\n", since(start) * 1e3);
  start = Clock::now();
  bench.append(1);
  std::printf("first emit of a connection               %8.1f ms\n", since(start) * 1e3);
  start = Clock::now();
  bench.claim_and_settle();
  std::printf("first claim and settle of a connection   %8.1f ms\n", since(start) * 1e3);
  std::printf("blocking emits, one transaction each     %8.0f /s\n", rate(1000, 1, [&] { bench.append(1); }));
  while (bench.claim_and_settle() > 0) {
  }
  const double copied = rate(20, batch, [&] { bench.copy(batch); });
  server.ask("DELETE FROM webhook.delivery WHERE id >= 1000000000::bigint << 20");
  const double batched = rate(20, batch, [&] { bench.append(batch); });
  std::printf("batched emits of %zu                      %8.0f /s\n", batch, batched);
  std::printf("COPY of the same rows                    %8.0f /s, of which that is %.0f %%\n", copied,
              100 * batched / copied);
  std::size_t done = 0;
  start = Clock::now();
  while (const std::size_t some = bench.claim_and_settle()) done += some;
  std::printf("claim and settle, batches of %zu          %8.0f /s\n", batch, static_cast<double>(done) / since(start));
}
