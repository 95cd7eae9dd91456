// SPDX-License-Identifier: MIT
// What a pending retry costs in memory, beyond its body: events to endpoints that fail, through a real dispatcher, each
// tried once and waiting for its second attempt. The heap is asked (mallinfo2), and the system (resident pages).
// The log of attempts is bounded by MemoryOptions::keep_log_bytes in all; it is kept out of these figures, and named.
#include <malloc.h>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>
#include <webhook/webhook.hpp>

#include "measure.hpp"
#include "refusals.hpp"
#include "usage.hpp"

namespace {

constexpr const char* about = "webhook.bench.memory: bytes of a pending retry beyond its body, in memory";
constexpr double limit = 160, aim = 64;

struct Plan {
  std::size_t events = 0, fan_out = 1, body = 0, endpoints = 0;
};

/// Emits the events in waves, so that what is in flight stays small, and has every delivery fail once.
void measure(const Plan& plan) {
  const std::size_t deliveries = plan.events * plan.fan_out;
  bench::Refusals refusals;
  webhook::MemoryOptions bounds;
  bounds.max_deliveries = deliveries;
  bounds.max_bytes = plan.events * plan.body;
  bounds.keep_log_bytes = 0;  // see above
  webhook::Dispatcher hooks(bench::refuse, refusals.options(), webhook::MemoryStore{bounds});
  for (std::size_t i = 0; i < plan.endpoints; ++i) {
    webhook::Endpoint endpoint;
    endpoint.url = "https://receiver.example/hooks";
    endpoint.events = {"order.of_" + std::to_string(i / plan.fan_out)};
    endpoint.cap = 32;
    hooks.add(endpoint);
  }
  const std::string payload = "\"" + std::string(plan.body - 2, 'x') + "\"";
  const std::size_t groups = plan.endpoints / plan.fan_out;
  std::vector<std::string> types;
  for (std::size_t i = 0; i < groups; ++i) types.push_back("order.of_" + std::to_string(i));

  const auto run = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) hooks.emit_bytes(types[i % groups], payload);
    while (refusals.all() < to * plan.fan_out) hooks.run_once();
  };
  constexpr std::size_t wave = 1000;
  const std::size_t warm = (std::min)(wave, plan.events / 10);
  run(0, warm);  // what is there only once: threads, pools, the serializer's and signer's own
  malloc_trim(0);
  const bench::Usage before = bench::usage();
  for (std::size_t done = warm; done < plan.events; done += wave) run(done, (std::min)(done + wave, plan.events));
  malloc_trim(0);
  const bench::Usage after = bench::usage();
  const webhook::Gauges gauges = hooks.gauges();
  if (refusals.other != 0 || gauges.due != deliveries)
    throw std::runtime_error("not every delivery waits for its retry");

  const double measured = static_cast<double>((plan.events - warm) * plan.fan_out);
  const double bodies = static_cast<double>((plan.events - warm) * plan.body);
  const double heap = (after.heap - before.heap - bodies) / measured;
  const double resident = (after.resident - before.resident - bodies) / measured;
  std::printf("  %8zu %7zu %6zu %9zu   %9.0f %9.0f   %5.2f %5.2f\n", deliveries, plan.fan_out, plan.body,
              plan.endpoints, heap, resident, heap / limit, resident / limit);
}

}  // namespace

int main(int count, char** words) {
  const bench::Arguments arguments = bench::arguments(count, words, about);
  std::printf("%s\n", about);
  bench::print_machine(words[0], arguments.quick);
  std::printf("\nbytes for each delivery that failed once and waits, beyond the bodies; limit %.0f, aim %.0f\n", limit,
              aim);
  std::printf("  %8s %7s %6s %9s   %9s %9s   %11s\n", "pending", "fan-out", "body", "endpoints", "heap", "resident",
              "x limit");
  try {
    const std::size_t pending = arguments.quick ? 100'000 : 1'000'000;
    const std::size_t body = arguments.quick ? 256 : 1024;
    measure({pending, 1, body, 100});
    measure({pending / 10, 10, body, 100});
    measure({pending, 1, body, 1});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "webhook.bench.memory failed: %s\n", error.what());
    return 1;
  }
  std::printf(
      "heap: mallinfo2, allocated; resident: pages of the process. Beside this there is the log of attempts, at most\n"
      "MemoryOptions::keep_log_bytes in all (32 MiB), which does not grow with what is pending.\n");
  return 0;
}
