// SPDX-License-Identifier: MIT
// What a delivery costs, from emit to the settled answer, over loopback to a receiver in another process.
// Beside it, in the same rounds: libcurl alone, which is the limit of a sender that uses it; wrk, where it is installed;
// and the dispatcher with a transport that answers at once, which is the engine's own share.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>
#include <webhook/webhook.hpp>

#include "bare_curl.hpp"
#include "delivering_host.hpp"
#include "instant_transport.hpp"
#include "measure.hpp"
#include "payload.hpp"
#include "sink.hpp"
#include "wrk.hpp"

namespace {

constexpr const char* about =
    "webhook.bench.delivery: deliveries per second, and the sender's CPU for each, over loopback, 1 KiB of JSON";
constexpr std::size_t many = 100;  // endpoints, each on a host of its own

struct Row {
  const char* name = "";
  bench::Figure per_second{}, cpu{};  // microseconds of this process for each delivery
};

/// Notes what `work`, which makes so many deliveries, took.
template <class Work>
void measure(Row& into, std::size_t deliveries, const Work& work) {
  const double wall = bench::wall();
  const double cpu = bench::process_cpu();
  work();
  into.cpu.add((bench::process_cpu() - cpu) / static_cast<double>(deliveries));
  into.per_second.add(static_cast<double>(deliveries) * 1e9 / (bench::wall() - wall));
}

/// The request as the dispatcher would send it: its body, and its header lines.
struct SameRequest {
  std::string body{};
  std::vector<std::string> headers{};
};
SameRequest same_request(const std::string& payload, const webhook::Secret& secret) {
  webhook::Event event;
  event.id = webhook::EventId("msg_01hzzzzzzzaaaaaaaabbbbbbbb");
  event.type = "order.to_0";
  event.time = webhook::SystemClock().now().wall;
  event.payload = webhook::Bytes(payload);
  const webhook::Rendering rendering = webhook::JsonSerializer().render(event, "");
  webhook::Request request;
  request.body = rendering.body;
  request.headers = rendering.headers;
  const webhook::StandardWebhooks scheme;
  webhook::StandardWebhooks::Key key = scheme.prepare(secret, "");
  scheme.sign({event.id.view(), event.time, request}, {&key, 1}, request.headers);
  SameRequest same;
  same.body = request.body.view();
  for (const webhook::Header field : request.headers) {
    same.headers.push_back(std::string(field.name) + ": " + std::string(field.value));
  }
  same.headers.push_back("User-Agent: webhook/0.0.0");
  return same;
}

webhook::MemoryStore memory() { return webhook::MemoryStore{{.max_deliveries = 200'000}}; }

void print(const Row& row, const Row* bare) {
  if (row.cpu.empty()) return;
  std::printf("  %-52s %8.0f %7.0f..%-8.0f %6.2f %6.2f..%-6.2f", row.name, row.per_second.median(),
              row.per_second.least(), row.per_second.most(), row.cpu.median(), row.cpu.least(), row.cpu.most());
  if (bare != nullptr) std::printf(" %5.2f", row.cpu.median() / bare->cpu.median());
  std::printf("\n");
}

void run(bool quick) {
  const std::size_t rounds = quick ? 3 : 9;
  const std::size_t deliveries = quick ? 4'000 : 20'000;
  const std::string payload = bench::order().dump();
  const webhook::Secret secret = webhook::StandardWebhooks().generate("");

  // The receiver has a processor of its own where there is more than one, and the sender the others.
  std::vector<int> here = bench::processors(), there = here;
  if (here.size() > 1) {
    there = {here.back()};
    here.pop_back();
  }
  const bench::Sink sink(many, secret, there);  // forks: before there is any thread
  bench::run_on(here);
  std::printf("         the sender runs on %zu cores, the receiver on %s\n", here.size(),
              here == there ? "the same" : "another");

  std::vector<std::string> urls;
  for (const std::string& origin : sink.origins()) urls.push_back(origin + "/hooks");
  const std::vector<std::string> one(urls.begin(), urls.begin() + 1);
  const SameRequest same = same_request(payload, secret);

  Row hooks_one{"dispatcher, 1 endpoint, 32 in flight"}, hooks_many{"dispatcher, 100 endpoints, up to 256 in flight"};
  Row engine{"dispatcher, its transport answers at once"};
  Row bare_one{"libcurl alone, 1 host, 32 in flight"}, bare_many{"libcurl alone, 100 hosts, 256 in flight"};
  Row wrk{"wrk, 1 host, 32 in flight"};
  {
    const bench::WrkScript script(same.headers, same.body);  // forks, too
    for (std::size_t round = 0; round < (quick ? 1U : 3U); ++round) {
      const std::optional<bench::WrkResult> result = script.run(one.front(), quick ? 1 : 2);
      if (!result) break;
      wrk.per_second.add(result->per_second);
      wrk.cpu.add(result->cpu);
    }
  }
  {
    webhook::CurlOptions curl;
    curl.allow_http = curl.allow_loopback = true;
    bench::Host to_one(webhook::CurlTransport(curl), memory(), one, 32, secret);
    bench::Host to_many(webhook::CurlTransport(curl), memory(), urls, 4, secret);
    bench::Host nowhere(bench::InstantTransport(), memory(), one, 32, secret);
    bench::BareCurl bare_to_one(one, same.headers, same.body, 32);
    bench::BareCurl bare_to_many(urls, same.headers, same.body, 256);
    for (std::size_t round = 0; round <= rounds; ++round) {
      measure(bare_one, deliveries, [&] { bare_to_one.send(deliveries); });
      measure(hooks_one, deliveries, [&] { to_one.deliver(payload, deliveries); });
      measure(bare_many, deliveries, [&] { bare_to_many.send(deliveries); });
      measure(hooks_many, deliveries, [&] { to_many.deliver(payload, deliveries); });
      measure(engine, deliveries, [&] { nowhere.deliver(payload, deliveries); });
      if (round > 0) continue;  // the first only warms up: connections, heaps
      for (Row* row : {&bare_one, &hooks_one, &bare_many, &hooks_many, &engine}) *row = Row{row->name};
    }
  }
  if (sink.counts().refused != 0 || sink.counts().verified == 0) {
    throw std::runtime_error("the receiver refused a signature, or saw none");
  }

  std::printf("\n%zu rounds of %zu deliveries; median, least..most\n", rounds, deliveries);
  std::printf("  %-52s %8s %17s %6s %14s %5s\n", "", "per s", "", "us CPU", "", "ratio");
  print(bare_one, nullptr);
  print(hooks_one, &bare_one);
  print(bare_many, nullptr);
  print(hooks_many, &bare_many);
  print(engine, &bare_one);
  print(wrk, &bare_one);
  if (wrk.cpu.empty()) std::printf("  wrk is not installed (or failed): skipped\n");
  std::printf(
      "us CPU: user and system time of the sending process for each delivery, emit included; ratio: to libcurl "
      "alone.\nEvery answer was 2xx; the receiver saw %llu requests and verified the signatures of %llu.\n",
      static_cast<unsigned long long>(sink.counts().requests.load()),
      static_cast<unsigned long long>(sink.counts().verified.load()));
}

}  // namespace

int main(int count, char** words) {
  const bench::Arguments arguments = bench::arguments(count, words, about);
  std::printf("%s\n", about);
  bench::print_machine(words[0], arguments.quick);
  std::fflush(stdout);  // a child must not print it again
  try {
    run(arguments.quick);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "webhook.bench.delivery: this run is void: %s\n", error.what());
    return 1;
  }
  return 0;
}
