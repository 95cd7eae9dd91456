// SPDX-License-Identifier: MIT
// What memory this process has taken: from its heap, and from the system.
#ifndef WEBHOOK_TESTS_BENCH_USAGE_HPP
#define WEBHOOK_TESTS_BENCH_USAGE_HPP

#include <malloc.h>
#include <unistd.h>

#include <fstream>

namespace bench {

struct Usage {
  double heap = 0, resident = 0;  // bytes
};

inline Usage usage() {
  Usage now;
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
  const struct mallinfo2 info = mallinfo2();
  now.heap = static_cast<double>(info.uordblks + info.hblkhd);
#endif
  std::ifstream statm("/proc/self/statm");
  double pages = 0;
  statm >> pages >> pages;
  now.resident = pages * static_cast<double>(sysconf(_SC_PAGESIZE));
  return now;
}

}  // namespace bench

#endif
