// SPDX-License-Identifier: MIT
// A host that runs for a while: 80 receivers that are well get 400 events a second between them, 20 hostile ones get
// one a second each. Its memory and descriptors must stay flat, what the well ones get must arrive within a second, and
// nothing may be lost. WEBHOOK_SOAK_SECONDS says for how long; a line is printed every tenth of it.
#include <dirent.h>
#include <unistd.h>
#include <webhook/webhook.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "soak/hostile_town.hpp"

namespace {

using namespace std::chrono_literals;
using Time = std::chrono::steady_clock;

constexpr std::size_t well_ones = 80, hostile_ones = 20;
constexpr auto pace = 2500us;  // 400 a second
constexpr std::size_t most_milliseconds = 1000;
constexpr double most_growth = 1.02;        // of the last third beside the second, and ...
constexpr std::size_t allowance = 2 << 20;  // ... so many bytes
constexpr std::size_t most_descriptors = 32 + 4 * (well_ones + hostile_ones);

struct Sample {
  std::size_t bytes = 0, descriptors = 0;
};
Sample take_sample() {
  Sample sample;
  std::ifstream file("/proc/self/statm");
  std::size_t all = 0;
  file >> all >> sample.bytes;
  sample.bytes *= static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  DIR* const folder = opendir("/proc/self/fd");
  while (folder != nullptr && readdir(folder) != nullptr) ++sample.descriptors;
  if (folder != nullptr) closedir(folder);
  return sample;
}

struct Third {  // of the run: how its samples compare
  std::size_t bytes = 0, descriptors = 0;
  void add(const Sample& sample) {
    bytes = (std::max)(bytes, sample.bytes);
    descriptors = (std::max)(descriptors, sample.descriptors);
  }
};

webhook::Options options() {
  webhook::Options options;
  options.retry = webhook::RetrySchedule({0s, 1s, 2s});  // so that a minute sees many rounds
  options.breaker.longest_rest = 5s;
  options.timeout = 2s;
  return options;
}
webhook::MemoryOptions memory() {
  webhook::MemoryOptions memory;
  memory.keep_finished = 1000;
  memory.keep_log_bytes = 1 << 20;
  return memory;
}

int run(std::chrono::seconds length) {
  const soak::HostileTown town(well_ones + hostile_ones);
  webhook::CurlOptions local;
  local.allow_http = local.allow_loopback = true;
  webhook::Dispatcher hooks{webhook::CurlTransport{local}, webhook::MemoryStore{memory()}, options()};
  const auto add = [&hooks](const std::string& url, const std::string& type) {
    webhook::Endpoint endpoint;
    endpoint.url = url;
    endpoint.events = {type};
    hooks.add(endpoint);
  };
  for (std::size_t i = 0; i < well_ones; ++i) add(town.url(i, "well"), "well.n" + std::to_string(i));
  for (std::size_t i = 0; i < hostile_ones; ++i)
    add(town.url(well_ones + i, soak::hostile_ways[i % soak::hostile_ways.size()]), "hostile.n" + std::to_string(i));
  hooks.start();

  const Time::time_point start = Time::now();
  Third thirds[3];
  std::uint64_t emitted = 0;
  Time::duration printed{};
  webhook::EmitOptions perishable;
  for (std::uint64_t tick = 0;; ++tick) {
    const Time::duration elapsed = Time::now() - start;
    if (elapsed >= length) break;
    hooks.emit("well.n" + std::to_string(tick % well_ones), {{"at", soak::milliseconds_now()}});
    ++emitted;
    if (tick % 20 == 0) {  // 20 a second, one for each; nobody wants them after 10 s
      perishable.expires =
          std::chrono::time_point_cast<webhook::WallTime::duration>(std::chrono::system_clock::now()) + 10s;
      hooks.emit("hostile.n" + std::to_string(tick / 20 % hostile_ones), {{"at", 0}}, perishable);
    }
    if (tick % 400 == 0) {
      const Sample sample = take_sample();
      thirds[(std::min)(elapsed * 3 / length, Time::rep{2})].add(sample);
      if (elapsed >= printed) {
        const webhook::Counters counters = hooks.counters();
        std::printf("%5.0f s: %llu delivered, %llu failed, %llu in flight, %zu KiB, %zu descriptors, p99 %zu ms\n",
                    std::chrono::duration<double>(elapsed).count(), static_cast<unsigned long long>(counters.delivered),
                    static_cast<unsigned long long>(counters.failed),
                    static_cast<unsigned long long>(counters.in_flight), sample.bytes / 1024, sample.descriptors,
                    town.within(0.99));
        std::fflush(stdout);
        printed += length / 10;
      }
    }
    std::this_thread::sleep_until(start + (tick + 1) * pace);
  }
  for (const Time::time_point end = Time::now() + 30s; town.well() < emitted && Time::now() < end;)
    std::this_thread::sleep_for(10ms);
  const Time::time_point stopping = Time::now();
  hooks.stop(5s);
  const bool stopped = Time::now() - stopping < 6s;

  int wrong = 0;
  const auto require = [&wrong](bool holds, const char* sentence) {
    std::printf("%s: %s\n", holds ? "holds" : "FAILS", sentence);
    wrong += holds ? 0 : 1;
  };
  std::printf("%llu events to well receivers, %llu requests to hostile ones; p50 %zu ms, p99 %zu ms, p99.9 %zu ms\n",
              static_cast<unsigned long long>(emitted), static_cast<unsigned long long>(town.hostile()),
              town.within(0.5), town.within(0.99), town.within(0.999));
  std::printf("memory by thirds: %zu, %zu, %zu KiB; descriptors: %zu, %zu, %zu\n", thirds[0].bytes / 1024,
              thirds[1].bytes / 1024, thirds[2].bytes / 1024, thirds[0].descriptors, thirds[1].descriptors,
              thirds[2].descriptors);
  require(town.well() == emitted, "each event arrived once at each receiver that is well");
  require(town.hostile() > 0, "the hostile receivers were tried");
  require(town.within(0.99) < most_milliseconds, "99 % of them within a second");
  require(static_cast<double>(thirds[2].bytes) <= most_growth * static_cast<double>(thirds[1].bytes) + allowance,
          "memory is flat");
  require(thirds[2].descriptors <= thirds[1].descriptors + hostile_ones && thirds[2].descriptors <= most_descriptors,
          "the number of descriptors is flat");
  require(stopped, "stop() ends in time");
  return wrong;
}

}  // namespace

int main() {
  const char* const seconds = std::getenv("WEBHOOK_SOAK_SECONDS");
  try {
    return run(std::chrono::seconds((std::max)(seconds == nullptr ? 60 : std::atol(seconds), 3L)));
  } catch (const std::exception& error) {
    std::printf("FAILS: %s\n", error.what());
    return 1;
  }
}
