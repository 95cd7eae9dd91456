// SPDX-License-Identifier: MIT
// What a delivery costs, from emit to the settled answer, over loopback to a receiver in another process.
// Beside it, in the same rounds: other clients with the bare request (libcurl, Boost.Beast, cpp-httplib; wrk and undici, where
// they are), Boost.Beast with a deadline and signing each request, too, and the dispatcher with a transport that answers at
// once, which is the engine's own share.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>
#include <webhook/webhook.hpp>

#include "bare_curl.hpp"
#include "beast_client.hpp"
#include "delivering_host.hpp"
#include "httplib_client.hpp"
#include "instant_transport.hpp"
#include "measure.hpp"
#include "payload.hpp"
#include "sink.hpp"
#include "tls_sink.hpp"
#include "undici.hpp"
#include "wrk.hpp"

namespace {

constexpr const char* about =
    "webhook.bench.delivery: deliveries per second, and the sender's CPU for each, over loopback, 1 KiB of JSON";
constexpr std::size_t many = 100;  // endpoints, each on a host of its own

struct Row {
  const char* name = "";
  bench::Figure per_second{}, cpu{};  // microseconds of this process for each delivery
};

/// Notes what `work`, which makes so many deliveries, took once it had made half as many: what worked before it has put
/// this one's code and memory out of the processor's caches.
template <class Work>
void measure(Row& into, std::size_t deliveries, const Work& work) {
  work(deliveries / 2);
  const double wall = bench::wall();
  const double cpu = bench::process_cpu();
  work(deliveries);
  into.cpu.add((bench::process_cpu() - cpu) / static_cast<double>(deliveries));
  into.per_second.add(static_cast<double>(deliveries) * 1e9 / (bench::wall() - wall));
}

/// The request as the dispatcher would send it: its body, and its header lines.
struct SameRequest {
  std::string body{};
  std::vector<std::string> headers{};
};
constexpr std::string_view same_id = "msg_01hzzzzzzzaaaaaaaabbbbbbbb";
SameRequest same_request(const std::string& payload, const webhook::Secret& secret) {
  webhook::Event event;
  event.id = webhook::EventId(same_id);
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

/// Signs each request anew, with the library's own scheme, which is the fastest at hand.
auto signing(const SameRequest& same, const webhook::Secret& secret) {
  webhook::Request request;
  request.body = webhook::Bytes(same.body);
  const auto key = std::make_shared<webhook::StandardWebhooks::Key>(webhook::StandardWebhooks().prepare(secret, ""));
  return [request, key](auto& sent) {
    webhook::Headers added;
    webhook::StandardWebhooks().sign({same_id, webhook::SystemClock().now().wall, request}, {key.get(), 1}, added);
    for (const webhook::Header field : added) {
      sent.set(std::string(field.name), std::string(field.value));
    }
  };
}

webhook::MemoryStore memory() { return webhook::MemoryStore{{.max_deliveries = 200'000}}; }

void print(const Row& row, const Row& limit) {
  if (row.cpu.empty()) return;
  std::printf("  %-52s %8.0f %7.0f..%-8.0f %6.2f %6.2f..%-6.2f", row.name, row.per_second.median(),
              row.per_second.least(), row.per_second.most(), row.cpu.median(), row.cpu.least(), row.cpu.most());
  if (!limit.cpu.empty()) std::printf(" %5.2f", row.cpu.quotient(limit.cpu).median());
  std::printf("\n");
}

void run(bool quick) {
  const std::size_t rounds = quick ? 3 : 9;
  const std::size_t deliveries = quick ? 4'000 : 20'000;
  const std::string payload = bench::order().dump();
  const webhook::Secret secret = webhook::StandardWebhooks().generate("");

  const auto [here, there] = bench::Halves();
  const bench::Sink sink(many, secret, there);  // forks: before there is any thread
  const Certificate root = Certificate::make({"authority", "", true, -3600, 36000, nullptr});
  const Certificate receiver = Certificate::make({"receiver", "IP:127.0.0.1", false, -3600, 36000, &root});
  const bench::TlsSink secure(&receiver, there);  // forks, too
  const PemFile authority(root);
  bench::run_on(here);
  std::printf("         the sender runs on %zu cores, the receiver on %s\n", here.size(),
              here == there ? "the same" : "another");

  std::vector<std::string> urls;
  for (const std::string& origin : sink.origins()) urls.push_back(origin + "/hooks");
  const std::vector<std::string> one(urls.begin(), urls.begin() + 1), over_tls{secure.origin() + "/hooks"};
  const SameRequest same = same_request(payload, secret);

  Row wrk{"wrk"}, undici{"undici's Pool (Node)"};
  Row hooks{"dispatcher, in all"}, whole{"dispatcher, libcurl's own exchange"}, two{"dispatcher, two workers"};
  Row burst{"dispatcher, all of them emitted at once"};
  Row wrk_tls{"wrk, over TLS"}, hooks_tls{"dispatcher, over TLS"};
  Row many_hosts{"dispatcher, 400 in flight to 100 hosts"}, one_host{"dispatcher, 400 in flight to one host"};
  Row engine{"dispatcher, its transport answers at once"};
  Row curl{"libcurl's multi, one easy handle each"}, beast{"Boost.Beast, asynchronous"},
      beast_signs{"Boost.Beast, with a deadline, signing each"};
  Row httplib{"cpp-httplib, 32 threads"};
  Row alone{"dispatcher, 1 in flight"}, wide{"dispatcher, 256 in flight"}, widest{"dispatcher, 2,000 in flight"};
  const bench::WrkScript script(same.headers, same.body);
  const auto foreign = [](Row& row, const auto& result) {
    if (!result) return;
    row.per_second.add(result->per_second);
    row.cpu.add(result->cpu);
  };
  {
    webhook::CurlOptions options;
    options.allow_http = options.allow_loopback = true;
    options.max_in_flight = 2000;
    options.ca_file = authority.path();
    options.keep_connections = 4096;
    using CurlHost = bench::Host<webhook::CurlTransport, webhook::MemoryStore>;
    const auto host = [&](const std::vector<std::string>& to, std::uint32_t cap, std::size_t workers, bool direct) {
      options.direct = direct;
      return std::make_unique<CurlHost>(webhook::CurlTransport(options), memory(), to, cap, secret, workers);
    };
    const auto to_one = host(one, 32, 1, true), by_curl = host(one, 32, 1, false), by_two = host(one, 32, 2, true);
    const auto to_many = host(urls, 4, 1, true), single = host(one, 1, 1, true), to_400 = host(one, 400, 1, true),
               by_tls = host(over_tls, 32, 1, true), to_256 = host(one, 256, 1, true),
               to_2000 = host(one, 2000, 1, true);
    bench::Host<bench::InstantTransport, webhook::MemoryStore> nowhere(bench::InstantTransport(), memory(), one, 32,
                                                                       secret);
    bench::BareCurl bare(one, same.headers, same.body, 32);
    bench::BeastClient<boost::asio::ip::tcp::socket> by_beast(one.front(), same.headers, same.body, 32);
    bench::BeastClient<boost::beast::tcp_stream> by_signing_beast(one.front(), same.headers, same.body, 32,
                                                                  signing(same, secret));
    bench::HttplibClient by_httplib(one.front(), same.headers, same.body, 32);
    // What all of them emitted at once cost has a row of its own.
    const auto stream = [&](auto& sender, std::size_t number) { sender.stream(payload, number, 2'000); };
    for (std::size_t round = 0; round <= rounds; ++round) {
      foreign(wrk, script.run(one.front(), 1));
      measure(hooks, deliveries, [&](std::size_t number) { stream(*to_one, number); });
      measure(beast, deliveries, [&](std::size_t number) { by_beast.send(number); });
      measure(beast_signs, deliveries, [&](std::size_t number) { by_signing_beast.send(number); });
      measure(burst, deliveries, [&](std::size_t number) { to_one->deliver(payload, number); });
      measure(curl, deliveries, [&](std::size_t number) { bare.send(number); });
      measure(httplib, deliveries, [&](std::size_t number) { by_httplib.send(number); });
      foreign(undici, bench::run_undici(one.front(), deliveries, 32, same.headers, same.body));
      measure(whole, deliveries, [&](std::size_t number) { stream(*by_curl, number); });
      measure(two, deliveries, [&](std::size_t number) { stream(*by_two, number); });
      foreign(wrk_tls, script.run(over_tls.front(), 1));
      measure(hooks_tls, deliveries, [&](std::size_t number) { stream(*by_tls, number); });
      measure(many_hosts, deliveries, [&](std::size_t number) { stream(*to_many, number); });
      measure(one_host, deliveries, [&](std::size_t number) { stream(*to_400, number); });
      measure(alone, deliveries / 4, [&](std::size_t number) { stream(*single, number); });
      measure(wide, deliveries, [&](std::size_t number) { stream(*to_256, number); });
      measure(widest, deliveries, [&](std::size_t number) { to_2000->deliver(payload, number); });
      measure(engine, deliveries, [&](std::size_t number) { stream(nowhere, number); });
      if (round > 0) continue;  // the first only warms up: connections, heaps
      for (Row* row : {&wrk, &hooks, &burst, &beast, &beast_signs, &curl, &httplib, &undici, &whole, &two, &wrk_tls,
                       &hooks_tls, &many_hosts, &one_host, &alone, &wide, &widest, &engine}) {
        *row = Row{row->name};
      }
    }
  }
  if (sink.counts().refused != 0 || sink.counts().verified == 0) {
    throw std::runtime_error("the receiver refused a signature, or saw none");
  }

  std::printf("\n%zu rounds of %zu deliveries, after half as many; median, least..most\n", rounds, deliveries);
  std::printf("  %-52s %8s %17s %6s %14s %5s\n", "", "per s", "", "us CPU", "", "ratio");
  for (const Row* row : {&wrk, &hooks, &burst, &beast, &beast_signs, &undici, &curl, &httplib, &whole, &two, &alone,
                         &wide, &widest, &engine, &wrk_tls, &hooks_tls, &one_host, &many_hosts}) {
    if (row->cpu.empty()) std::printf("  %-52s skipped: not there, or it failed\n", row->name);
    const Row& first = wrk.cpu.empty() ? hooks : wrk;
    const Row& tls = wrk_tls.cpu.empty() ? hooks_tls : wrk_tls;
    const bool of_400 = row == &one_host || row == &many_hosts;
    print(*row, row == &wrk_tls || row == &hooks_tls ? tls : of_400 ? one_host : row == &two ? hooks : first);
  }
  std::printf(
      "us CPU: user and system time of the sending process for each delivery, emit included. ratio: to wrk in the same "
      "round, the\nmedian; over TLS to wrk's over TLS, of two workers to one, of 100 hosts to one. 32 in flight to one "
      "host where nothing else\nis said. Every answer was 2xx; the receiver saw %llu requests and verified the "
      "signatures of %llu.\n",
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
