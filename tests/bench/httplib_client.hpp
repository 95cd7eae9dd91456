// SPDX-License-Identifier: MIT
// HttplibClient: the same requests by cpp-httplib, which blocks: as many threads as requests are in flight, each with a
// connection that it keeps.
#ifndef WEBHOOK_TESTS_BENCH_HTTPLIB_CLIENT_HPP
#define WEBHOOK_TESTS_BENCH_HTTPLIB_CLIENT_HPP

#include <httplib.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace bench {

class HttplibClient {
 public:
  HttplibClient(const std::string& url, const std::vector<std::string>& headers, std::string body,
                std::size_t in_flight)
      : path_(url.substr(url.find('/', 7))), body_(std::move(body)) {
    for (const std::string& line : headers) {
      const std::size_t end = line.find(": ");
      headers_.emplace(line.substr(0, end), line.substr(end + 2));
    }
    for (std::size_t i = 0; i < in_flight; ++i) {
      clients_.push_back(std::make_unique<httplib::Client>(url.substr(0, url.find('/', 7))));
      clients_.back()->set_keep_alive(true);
      clients_.back()->set_tcp_nodelay(true);
    }
  }

  /// Sends so many requests. Throws for any answer that is not 2xx.
  void send(std::size_t requests) {
    std::atomic<std::size_t> started{0};
    std::atomic<bool> failed{false};
    std::vector<std::thread> threads;
    for (const auto& client : clients_) {
      threads.emplace_back([&] {
        while (started++ < requests && !failed) {
          const auto answer = client->Post(path_.c_str(), headers_, body_, "application/json");
          if (!answer || answer->status / 100 != 2) failed = true;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    if (failed) throw std::runtime_error("cpp-httplib got something else than 2xx");
  }

 private:
  std::string path_, body_;
  httplib::Headers headers_{};
  std::vector<std::unique_ptr<httplib::Client>> clients_{};
};

}  // namespace bench

#endif
