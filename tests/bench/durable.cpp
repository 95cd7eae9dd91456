// SPDX-License-Identifier: MIT
// What durability costs: deliveries per second end to end over loopback through the SQLite store beside the memory store,
// in turns, and the bytes of the process's memory that a pending retry takes when it is kept in a file.
#include <malloc.h>

#include <cstddef>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>
#include <webhook/store/sqlite.hpp>
#include <webhook/webhook.hpp>

#include "delivering_host.hpp"
#include "measure.hpp"
#include "payload.hpp"
#include "refusals.hpp"
#include "sink.hpp"
#include "usage.hpp"

namespace {

constexpr const char* about =
    "webhook.bench.durable: deliveries per second through SQLite beside memory, and the memory of a durable retry";
constexpr double limit = 64, aim = 24;  // bytes

/// A file that is gone when this ends.
struct File {
  explicit File(const char* name) : path((std::filesystem::current_path() / name).string()) { clear(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { clear(); }
  void clear() const {
    for (const char* end : {"", "-wal", "-shm", "-journal", "-owners"}) std::filesystem::remove(path + end);
  }
  std::string path;
};

struct Row {
  std::string name{};
  bench::Figure per_second{}, share{};
};

void deliveries(bool quick) {
  constexpr std::size_t endpoints = 20, threads = 32;
  const std::size_t rounds = quick ? 3 : 7, each = quick ? 2'000 : 8'000;
  const std::string payload = bench::order().dump();
  const webhook::Secret secret = webhook::StandardWebhooks().generate("");
  const auto [here, there] = bench::Halves();
  const bench::Sink sink(endpoints, secret, there);  // forks: before there is any thread
  bench::run_on(here);
  std::vector<std::string> urls;
  for (const std::string& origin : sink.origins()) urls.push_back(origin + "/hooks");

  const File alone("webhook-bench-alone.db"), shared("webhook-bench-shared.db");
  webhook::CurlOptions curl;
  curl.allow_http = curl.allow_loopback = true;
  webhook::SqliteStore exclusive(alone.path, {.exclusive = true}), beside(shared.path);
  Row memory{"memory"}, wal{"SQLite, exclusive, journal " + exclusive.journal()},
      persist{"SQLite, shared, journal " + beside.journal()};
  bench::Host in_memory(webhook::CurlTransport(curl), webhook::MemoryStore{}, urls, 16, secret);
  bench::Host in_file(webhook::CurlTransport(curl), std::move(exclusive), urls, 16, secret);
  bench::Host in_shared_file(webhook::CurlTransport(curl), std::move(beside), urls, 16, secret);
  for (std::size_t round = 0; round <= rounds; ++round) {
    const auto run = [&](Row& row, auto& host) {
      const double before = bench::wall();
      host.deliver(payload, each, threads);
      if (round > 0) row.per_second.add(static_cast<double>(each) * 1e9 / (bench::wall() - before));
    };
    run(memory, in_memory);
    run(wal, in_file);
    run(persist, in_shared_file);
    if (round == 0) continue;  // it only warms up
    for (Row* row : {&memory, &wal, &persist}) row->share.add(row->per_second.last() / memory.per_second.last());
  }
  if (sink.counts().refused != 0 || sink.counts().verified == 0)
    throw std::runtime_error("the receiver refused a signature, or saw none");
  std::printf(
      "\n%zu threads emit, each waiting for its commit; %zu endpoints; %zu rounds of %zu; medians, least..most\n",
      threads, endpoints, rounds, each);
  for (const Row* row : {&memory, &wal, &persist}) {
    std::printf("  %-36s %8.0f/s %7.0f..%-7.0f %5.2f of memory's\n", row->name.c_str(), row->per_second.median(),
                row->per_second.least(), row->per_second.most(), row->share.median());
  }
}

/// Every delivery fails once and waits; the file is SQLite's, whose cache is warm and full before it begins.
void retries(bool quick) {
  const std::size_t warm = quick ? 20'000 : 50'000, measured = quick ? 50'000 : 500'000;
  constexpr std::size_t endpoints = 100, body = 1024, wave = 1000;
  bench::Refusals refusals;
  const File file("webhook-bench-retries.db");
  webhook::Dispatcher hooks(bench::refuse, refusals.options(), webhook::SqliteStore(file.path, {.exclusive = true}));
  std::vector<std::string> types;
  for (std::size_t i = 0; i < endpoints; ++i) {
    webhook::Endpoint endpoint;
    endpoint.url = "https://receiver.example/hooks";
    endpoint.events = {types.emplace_back("order.of_" + std::to_string(i))};
    endpoint.cap = 32;
    hooks.add(endpoint);
  }
  const std::string payload = "\"" + std::string(body - 2, 'x') + "\"";
  const auto run = [&](std::size_t from, std::size_t to) {
    const auto emit = [&](std::size_t first) {  // several, so that they share commits
      for (std::size_t i = from + first; i < to; i += 16) hooks.emit_bytes(types[i % endpoints], payload);
    };
    std::vector<std::thread> crew;
    for (std::size_t i = 0; i < 16; ++i) crew.emplace_back(emit, i);
    for (std::thread& one : crew) one.join();
    while (refusals.all() < to) hooks.run_once();
  };
  for (std::size_t done = 0; done < warm; done += wave) run(done, done + wave);
  malloc_trim(0);
  const bench::Usage before = bench::usage();
  for (std::size_t done = warm; done < warm + measured; done += wave) run(done, done + wave);
  malloc_trim(0);
  const bench::Usage after = bench::usage();
  if (refusals.other != 0 || hooks.gauges().due != warm + measured)
    throw std::runtime_error("not every delivery waits for its retry");
  const auto count = static_cast<double>(measured);
  std::printf("\na delivery with a body of %zu bytes that failed once and waits in a file, %zu beside %zu\n", body,
              measured, warm);
  std::printf("  heap %.1f bytes each, resident %.1f; limit %.0f, aim %.0f\n", (after.heap - before.heap) / count,
              (after.resident - before.resident) / count, limit, aim);
}

}  // namespace

int main(int count, char** words) {
  const bench::Arguments arguments = bench::arguments(count, words, about);
  std::printf("%s\n", about);
  bench::print_machine(words[0], arguments.quick);
  std::fflush(stdout);  // a child must not print it again
  try {
    deliveries(arguments.quick);
    retries(arguments.quick);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "webhook.bench.durable: this run is void: %s\n", error.what());
    return 1;
  }
  return 0;
}
