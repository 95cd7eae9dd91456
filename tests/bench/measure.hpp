// SPDX-License-Identifier: MIT
// What the benchmarks need to measure and to print: clocks, medians, the machine, the arguments.
// It knows nothing of webhooks.
#ifndef WEBHOOK_TESTS_BENCH_MEASURE_HPP
#define WEBHOOK_TESTS_BENCH_MEASURE_HPP

#include <sched.h>
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// One figure, measured once a round.
class Figure {
 public:
  void add(double sample) { samples_.push_back(sample); }
  bool empty() const noexcept { return samples_.empty(); }
  double last() const { return samples_.back(); }
  double least() const { return *std::min_element(samples_.begin(), samples_.end()); }
  double most() const { return *std::max_element(samples_.begin(), samples_.end()); }
  double mean() const {
    return std::accumulate(samples_.begin(), samples_.end(), 0.0) / static_cast<double>(samples_.size());
  }
  /// Round by round, where both were measured in each: what slows the machine for a while slows both.
  Figure quotient(const Figure& other) const {
    Figure result;
    for (std::size_t i = 0; i < samples_.size() && i < other.samples_.size(); ++i) {
      result.add(samples_[i] / other.samples_[i]);
    }
    return result;
  }
  double median() const {
    std::vector<double> sorted = samples_;
    std::sort(sorted.begin(), sorted.end());
    const std::size_t middle = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

 private:
  std::vector<double> samples_{};
};

inline double nanoseconds(const timespec& time) {
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

/// Of this thread, in nanoseconds.
inline double thread_cpu() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return nanoseconds(time);
}

/// How often this thread gave its processor up, waiting for something.
inline double thread_waits() {
  rusage use{};
#ifdef RUSAGE_THREAD  // a GNU name: 0 elsewhere
  getrusage(RUSAGE_THREAD, &use);
#endif
  return static_cast<double>(use.ru_nvcsw);
}

inline double wall() {
  return static_cast<double>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count());
}

/// User and system time together, in microseconds.
inline double cpu(const rusage& use) {
  const auto micros = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return micros(use.ru_utime) + micros(use.ru_stime);
}
inline double process_cpu() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  return cpu(use);
}

/// Makes the compiler believe that a value is looked at.
template <class Value>
void keep(const Value& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

/// The processors that this process may use.
inline std::vector<int> processors() {
  std::vector<int> allowed;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return allowed;
  for (int one = 0; one < CPU_SETSIZE; ++one) {
    if (CPU_ISSET(static_cast<unsigned>(one), &set)) allowed.push_back(one);
  }
  return allowed;
}

/// The receiver has a processor of its own where there is more than one, and the sender the others.
struct Halves {
  std::vector<int> here = processors(), there = here;
  Halves() {
    if (here.size() < 2) return;
    there = {here.back()};
    here.pop_back();
  }
};

inline void run_on(const std::vector<int>& chosen) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int one : chosen) CPU_SET(static_cast<unsigned>(one), &set);
  sched_setaffinity(0, sizeof set, &set);
}

struct Arguments {
  bool quick = false;
};

/// Takes --quick; anything else ends the program with its usage.
inline Arguments arguments(int count, char** words, const char* about) {
  Arguments taken;
  for (int i = 1; i < count; ++i) {
    if (std::string_view(words[i]) != "--quick") {
      std::printf("%s\nusage: %s [--quick]   (--quick: a few seconds, coarser figures)\n", about, words[0]);
      std::exit(std::string_view(words[i]) == "--help" ? 0 : 2);
    }
    taken.quick = true;
  }
  return taken;
}

inline void print_machine(const char* program, bool quick) {
  std::string model = "an unnamed processor";
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("model name", 0) != 0) continue;
    model = line.substr((std::min)(line.find(':') + 2, line.size()));
    break;
  }
  double load = 0;
  getloadavg(&load, 1);
  std::printf("machine: %s, %zu cores, load %.1f when this began; compiler: %s%s\n", model.c_str(), processors().size(),
              load, __VERSION__,
#ifdef __OPTIMIZE__
              ""
#else
              ", NOT OPTIMISED: the figures mean nothing"
#endif
  );
  std::printf("again:   %s%s   (or all benchmarks: sh tests/bench/run.sh%s)\n", program, quick ? " --quick" : "",
              quick ? " --quick" : "");
}

}  // namespace bench

#endif
