// SPDX-License-Identifier: MIT
// BareCurl: the same requests by libcurl alone, as lean as it can be used: one multi handle, easy handles used again.
// No retries, no guards, no signing, no store: the limit for whoever sends with libcurl.
#ifndef WEBHOOK_TESTS_BENCH_BARE_CURL_HPP
#define WEBHOOK_TESTS_BENCH_BARE_CURL_HPP

#include <curl/curl.h>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace bench {

class BareCurl {
 public:
  BareCurl(std::vector<std::string> urls, const std::vector<std::string>& headers, const std::string& body,
           std::size_t in_flight)
      : urls_(std::move(urls)), multi_(curl_multi_init()) {
    for (const std::string& line : headers) headers_ = curl_slist_append(headers_, line.c_str());
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 1024L);
    for (std::size_t i = 0; i < in_flight; ++i) {
      CURL* const easy = curl_easy_init();
      curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
      curl_easy_setopt(easy, CURLOPT_PROXY, "");
      curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_);
      curl_easy_setopt(easy, CURLOPT_POST, 1L);
      curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
      curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, body.c_str());
      easies_.push_back(easy);
    }
  }
  BareCurl(const BareCurl&) = delete;
  BareCurl& operator=(const BareCurl&) = delete;
  ~BareCurl() {
    for (CURL* const easy : easies_) {
      curl_multi_remove_handle(multi_, easy);
      curl_easy_cleanup(easy);
    }
    curl_multi_cleanup(multi_);
    curl_slist_free_all(headers_);
  }

  /// Sends so many requests. Throws for any answer that is not 2xx.
  void send(std::size_t requests) {
    std::size_t started = 0, ended = 0;
    for (CURL* const easy : easies_) {
      if (started < requests) start(easy, started++);
    }
    while (ended < requests) {
      int running = 0, left = 0;
      curl_multi_perform(multi_, &running);
      bool any = false;
      while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        CURL* const easy = message->easy_handle;
        long status = 0;
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        if (message->data.result != CURLE_OK || status < 200 || status > 299) {
          throw std::runtime_error("libcurl alone got something else than 2xx: " + std::to_string(status));
        }
        curl_multi_remove_handle(multi_, easy);
        ++ended;
        any = true;
        if (started < requests) start(easy, started++);
      }
      if (!any) curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
    }
  }

 private:
  void start(CURL* easy, std::size_t number) {
    curl_easy_setopt(easy, CURLOPT_URL, urls_[number % urls_.size()].c_str());
    curl_multi_add_handle(multi_, easy);
  }

  std::vector<std::string> urls_;
  CURLM* multi_;
  curl_slist* headers_ = nullptr;
  std::vector<CURL*> easies_{};
};

}  // namespace bench

#endif
