// SPDX-License-Identifier: MIT
// Wrk: the same request by wrk, a load generator in C, where it is installed: about the least that a client can cost.
// It reads wrk's report and its CPU time; it knows nothing of webhooks.
#ifndef WEBHOOK_TESTS_BENCH_WRK_HPP
#define WEBHOOK_TESTS_BENCH_WRK_HPP

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "measure.hpp"

namespace bench {

struct WrkResult {
  double per_second = 0, cpu = 0;  // microseconds a request
};

/// The script that makes wrk send the request.
class WrkScript {
 public:
  WrkScript(const std::vector<std::string>& headers, const std::string& body) {
    const int file = mkstemp(path_.data());
    if (file < 0) throw std::runtime_error("no temporary file for wrk's script");
    std::string text = "wrk.method = \"POST\"\n";
    for (const std::string& line : headers) {
      const std::size_t colon = line.find(": ");
      text += "wrk.headers[\"" + line.substr(0, colon) + "\"] = \"" + line.substr(colon + 2) + "\"\n";
    }
    text += "wrk.body = [==[" + body + "]==]\n";
    const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    ::close(file);
    if (!written) throw std::runtime_error("wrk's script could not be written");
  }
  WrkScript(const WrkScript&) = delete;
  WrkScript& operator=(const WrkScript&) = delete;
  ~WrkScript() { ::unlink(path_.c_str()); }

  /// Runs wrk with 32 connections; nothing if there is no wrk. Throws for any answer that is not 2xx.
  std::optional<WrkResult> run(const std::string& url, int seconds) const {
    int ends[2];
    if (pipe(ends) != 0) throw std::runtime_error("no pipe for wrk's report");
    const std::string duration = "-d" + std::to_string(seconds) + "s";
    const pid_t child = fork();
    if (child < 0) throw std::runtime_error("wrk could not be started");
    if (child == 0) {
      dup2(ends[1], 1);
      dup2(ends[1], 2);
      ::close(ends[0]);
      ::close(ends[1]);
      execlp("wrk", "wrk", "-t1", "-c32", duration.c_str(), "-s", path_.c_str(), url.c_str(), nullptr);
      _exit(127);
    }
    ::close(ends[1]);
    std::string report;
    char part[4096];
    for (ssize_t got = 0; (got = ::read(ends[0], part, sizeof part)) > 0;) {
      report.append(part, static_cast<std::size_t>(got));
    }
    ::close(ends[0]);
    int status = 0;
    rusage use{};
    wait4(child, &status, 0, &use);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return std::nullopt;
    if (report.find("Non-2xx") != std::string::npos || report.find("Socket errors") != std::string::npos) {
      throw std::runtime_error("wrk got something else than 2xx");
    }
    const std::size_t in = report.find(" requests in ");
    const std::size_t line = in == std::string::npos ? in : report.rfind('\n', in);
    const std::size_t rate = report.find("Requests/sec:");
    if (line == std::string::npos || rate == std::string::npos) return std::nullopt;
    const double requests = std::atof(report.c_str() + line + 1);
    if (requests <= 0) return std::nullopt;
    return WrkResult{std::atof(report.c_str() + rate + 13), cpu(use) / requests};
  }

 private:
  std::string path_ = "/tmp/webhook-bench-wrk-XXXXXX";
};

}  // namespace bench

#endif
