// SPDX-License-Identifier: MIT
// Runs undici.cjs where a Node and undici are: WEBHOOK_BENCH_UNDICI says how, as the beginning of a command line.
#ifndef WEBHOOK_TESTS_BENCH_UNDICI_HPP
#define WEBHOOK_TESTS_BENCH_UNDICI_HPP

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "wrk.hpp"

namespace bench {

/// Nothing if it cannot be run, or if it failed.
inline std::optional<WrkResult> run_undici(const std::string& url, std::size_t requests, std::size_t in_flight,
                                           const std::vector<std::string>& headers, const std::string& body) {
  const char* const command = std::getenv("WEBHOOK_BENCH_UNDICI");
  if (command == nullptr) return std::nullopt;
  std::string path = "/tmp/webhook-bench-undici-XXXXXX";
  const int file = mkstemp(path.data());
  if (file < 0) return std::nullopt;
  ::close(file);
  const std::unique_ptr<std::string, void (*)(std::string*)> removed(&path,
                                                                     [](std::string* one) { ::unlink(one->c_str()); });
  {
    std::ofstream input(path, std::ios::binary);
    for (const std::string& line : headers) input << line << '\n';
    input << '\n' << body;
  }
  const std::string line =
      std::string(command) + " " + url + " " + std::to_string(requests) + " " + std::to_string(in_flight) + " <" + path;
  FILE* const pipe = ::popen(line.c_str(), "r");
  if (pipe == nullptr) return std::nullopt;
  WrkResult result;
  const bool read = std::fscanf(pipe, "%lf %lf", &result.per_second, &result.cpu) == 2;
  return ::pclose(pipe) == 0 && read ? std::optional(result) : std::nullopt;
}

}  // namespace bench

#endif
