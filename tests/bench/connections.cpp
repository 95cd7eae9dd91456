// SPDX-License-Identifier: MIT
// What CurlTransport's connections cost, without engine, store or signing: CPU of a request over TLS that is kept, and of a
// new verified TLS connection with the system's authorities, new and resumed; memory of a delivery in flight and of an idle
// connection, in plain and over TLS.
#include <webhook/testing/transport_conformance.hpp>
#include <webhook/transport/curl.hpp>

#include <malloc.h>

#include <cstddef>
#include <cstdio>
#include <deque>
#include <exception>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "bare_tls.hpp"
#include "measure.hpp"
#include "tls_sink.hpp"
#include "wrk.hpp"

namespace {

constexpr const char* about = "webhook.bench.connections: TLS, new connections, and memory, of the transport alone";

struct Answers final : webhook::Exchanges {
  std::size_t good = 0, bad = 0;
  bool may_send(webhook::Ticket) override { return true; }
  void done(webhook::Ticket, webhook::Response response) override { ++(response.status == 204 ? good : bad); }
};

webhook::Request request_to(const std::string& url) {
  webhook::Request request;
  request.url = url;
  request.headers = {{"content-type", "application/json"}, {"webhook-id", "msg_2mWJ4YvbN8sKdQZ1LrXt5cHf"}};
  request.body = webhook::Bytes(std::string(1024, 'x'));
  request.timeout = std::chrono::seconds(60);
  return request;
}

/// Microseconds of CPU for each of so many requests.
double carry(webhook::CurlSession& session, const webhook::Request& request, std::size_t count, std::size_t in_flight) {
  Answers answers;
  const double cpu = bench::process_cpu();
  std::size_t started = 0;
  while (answers.good + answers.bad < count) {
    while (started < count && started - answers.good - answers.bad < in_flight) {
      session.start(static_cast<webhook::Ticket>(++started), request);
    }
    session.poll(std::chrono::seconds(1), answers);
  }
  if (answers.bad > 0) throw std::runtime_error("an answer was not 204");
  return (bench::process_cpu() - cpu) / static_cast<double>(count);
}

double heap() { return static_cast<double>(mallinfo2().uordblks); }

void print_memory(const char* name, const webhook::CurlTransport& transport, const std::string& origin) {
  constexpr std::size_t many = 500;
  auto session = transport.open();
  Answers answers;
  const webhook::Request kept = request_to(origin + "/kept"), held = request_to(origin + "/hold");
  carry(session, kept, 1, 1);
  const double before = heap();
  for (std::size_t i = 0; i < many; ++i) session.start(static_cast<webhook::Ticket>(i + 1), held);
  for (int i = 0; i < 100; ++i) session.poll(std::chrono::milliseconds(20), answers);
  const double flying = heap() - before;
  for (std::size_t i = 0; i < many; ++i) session.cancel(static_cast<webhook::Ticket>(i + 1));
  session.poll(webhook::Duration::zero(), answers);
  const double empty = heap();
  carry(session, kept, many, many);
  const double idle = heap() - empty;
  std::printf("  %-44s %8.1f KiB in flight, %8.1f KiB idle\n", name, flying / many / 1024, idle / many / 1024);
}

void run(bool quick) {
  const std::size_t rounds = quick ? 3 : 7;
  const std::size_t requests = quick ? 4'000 : 20'000, connections = quick ? 200 : 500;
  std::vector<int> here = bench::processors(), there = here;
  if (here.size() > 1) {
    there = {here.back()};
    here.pop_back();
  }
  const Certificate root = Certificate::make({"authority", "", true, -3600, 36000, nullptr});
  const Certificate receiver = Certificate::make({"receiver", "IP:127.0.0.1", false, -3600, 36000, &root});
  const bench::TlsSink secure(&receiver, there), forgetful(&receiver, there, false), plain(nullptr, there);
  bench::run_on(here);

  const PemFile bundle(root);  // ours, and then the system's, so that the cost is the real one
  {
    std::ofstream all(bundle.path(), std::ios::app | std::ios::binary);
    std::ifstream system(webhook::detail::system_ca_file(), std::ios::binary);
    if (system) all << system.rdbuf();
  }
  webhook::CurlOptions options;
  options.allow_http = options.allow_loopback = true;
  options.ca_file = bundle.path();
  options.max_in_flight = options.keep_connections = 4096;
  options.connect_timeout = std::chrono::seconds(60);  // a thousand handshakes at once take their time
  const webhook::CurlTransport direct(options);
  options.direct = false;
  const webhook::CurlTransport whole(options);

  bench::Figure kept, many, by_curl, in_plain, resumed, fresh, by_wrk, bare_resumed, bare_fresh;
  auto session = direct.open(), crowd = direct.open(), other = whole.open();
  const bench::WrkScript script({"content-type: application/json", "webhook-id: msg_2mWJ4YvbN8sKdQZ1LrXt5cHf"},
                                std::string(1024, 'x'));
  const webhook::Request over_tls = request_to(secure.origin() + "/kept"),
                         closing = request_to(secure.origin() + "/close"),
                         unknown = request_to(forgetful.origin() + "/close"),
                         unsecured = request_to(plain.origin() + "/kept");
  bench::BareTls bare(secure.origin(), bundle.path(), 1024), bare_unknown(forgetful.origin(), bundle.path(), 1024);
  for (std::size_t round = 0; round <= rounds; ++round) {
    const std::optional<bench::WrkResult> wrk = script.run(over_tls.url, 1);
    const double a = carry(session, over_tls, requests, 32), b = carry(other, over_tls, requests, 32);
    const double c = carry(session, unsecured, requests, 32), d = carry(session, closing, connections, 1);
    const double e = carry(crowd, over_tls, requests, 1000), f = carry(session, unknown, connections, 1);
    const double g = bare.carry(connections, true), h = bare_unknown.carry(connections, false);
    if (round == 0) continue;  // the first only warms up
    kept.add(a);
    many.add(e);
    by_curl.add(b);
    in_plain.add(c);
    resumed.add(d);
    fresh.add(f);
    bare_resumed.add(g);
    bare_fresh.add(h);
    if (wrk) by_wrk.add(wrk->cpu);
  }
  bench::Figure reading;
  for (std::size_t round = 0; round < rounds; ++round) {
    auto one = direct.open();
    reading.add(carry(one, closing, 1, 1));
  }

  const auto print = [](const char* name, const bench::Figure& figure, const char* unit) {
    if (figure.empty()) return std::printf("  %-44s skipped\n", name);
    return std::printf("  %-44s %9.2f %9.2f..%-9.2f %s\n", name, figure.median(), figure.least(), figure.most(), unit);
  };
  std::printf("\n%zu rounds; median, least..most; 1 KiB, 32 in flight where connections are kept\n", rounds);
  print("wrk, over TLS, kept", by_wrk, "us CPU a request");
  print("direct exchange, over TLS, kept", kept, "us CPU a request");
  print("the same, 1,000 connections in flight", many, "us CPU a request");
  print("libcurl's own exchange, over TLS, kept", by_curl, "us CPU a request");
  print("direct exchange, in plain, kept", in_plain, "us CPU a request");
  print("a new verified connection, resumed", resumed, "us CPU");
  print("the same by OpenSSL alone", bare_resumed, "us CPU");
  print("a new verified connection, not resumed", fresh, "us CPU");
  print("the same by OpenSSL alone", bare_fresh, "us CPU");
  print("a session's first, which reads the bundle", reading, "us CPU");
  print_memory("direct exchange, in plain", direct, plain.origin());
  print_memory("direct exchange, over TLS", direct, secure.origin());
  print_memory("libcurl's own exchange, in plain", whole, plain.origin());
  print_memory("libcurl's own exchange, over TLS", whole, secure.origin());
  std::printf("Memory is of the heap (mallinfo2); a delivery in flight includes its connection, not its body.\n");
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
    std::fprintf(stderr, "webhook.bench.connections: this run is void: %s\n", error.what());
    return 1;
  }
  return 0;
}
