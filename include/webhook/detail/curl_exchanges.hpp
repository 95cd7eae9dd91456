// SPDX-License-Identifier: MIT
// CurlExchanges: the exchanges of one worker that libcurl carries itself, over one multi handle that keeps their connections.
// It knows when to move them; what an exchange may do and what its answer means is curl_exchange.hpp's.
#ifndef WEBHOOK_DETAIL_CURL_EXCHANGES_HPP
#define WEBHOOK_DETAIL_CURL_EXCHANGES_HPP

#include <curl/curl.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../concepts.hpp"
#include "curl_exchange.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// libcurl points into it: it stays where it is. Used by one thread at a time.
class CurlExchanges {
 public:
  /// Throws Error (errc::transient).
  CurlExchanges(std::shared_ptr<const CurlConfig> config, const CurlShare& share) : multi_(curl_multi_init()) {
    if (!multi_) throw Error(errc::transient, "libcurl could not make a multi handle: out of memory or descriptors");
    const auto keep = static_cast<long>((std::min)(config->options.keep_connections, std::size_t{1} << 20U));
    // The default, four times the handles, closes connections that the next delivery would have used again.
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, (std::max)(keep, 1L));
    context_.config = std::move(config);
    context_.share = &share;
  }
  CurlExchanges(const CurlExchanges&) = delete;
  CurlExchanges& operator=(const CurlExchanges&) = delete;
  ~CurlExchanges() {
    for (const auto& exchange : active_) curl_multi_remove_handle(multi_.get(), exchange->easy());
  }

  std::size_t active() const noexcept { return active_.size(); }

  /// Begins an exchange. What is returned is why it cannot be sent, and then it has not begun; of which kind is in `failure`.
  std::string start(Ticket ticket, const Request& request, Failure& failure) {
    active_.reserve(active_.size() + 1);  // so that nothing can fail once libcurl has the handle
    if (!reuses_handles_) idle_.clear();
    if (idle_.empty()) {
      idle_.reserve(idle_.size() + active_.size() + 1);
      idle_.push_back(std::make_unique<CurlExchange>(context_));
    }
    CurlExchange& exchange = *idle_.back();
    failure = Failure::invalid_request;
    if (std::string wrong = exchange.begin(ticket, request); !wrong.empty()) return wrong;
    failure = Failure::internal;
    if (curl_multi_add_handle(multi_.get(), exchange.easy()) != CURLM_OK) {
      return "libcurl could not take the request: out of memory";
    }
    active_.push_back(std::move(idle_.back()));
    idle_.pop_back();
    return {};
  }

  /// Moves everything on; true if anything was reported. Throws Error (errc::transient) if libcurl itself fails, which only
  /// a lack of memory explains.
  bool advance(Exchanges& exchanges) {
    const Serving serving(context_, exchanges);
    running_callbacks_ = true;
    int running = 0;
    const CURLMcode code = curl_multi_perform(multi_.get(), &running);
    running_callbacks_ = false;
    if (code != CURLM_OK) throw Error(errc::transient, std::string("libcurl: ") + curl_multi_strerror(code));
    drop_cancelled();
    return report_finished(exchanges);
  }

  /// Waits until something can be moved on, or until the other descriptor is readable.
  void wait(int milliseconds, int other) noexcept {
    curl_waitfd also{other, CURL_WAIT_POLLIN, 0};
    curl_multi_poll(multi_.get(), &also, other < 0 ? 0 : 1, milliseconds, nullptr);
  }

  /// True if there was one of that ticket.
  bool cancel(Ticket ticket) noexcept {
    const auto same = [ticket](const auto& exchange) { return exchange->ticket() == ticket && !exchange->cancelled; };
    const auto found = std::find_if(active_.begin(), active_.end(), same);
    if (found == active_.end()) return false;
    if (running_callbacks_) {  // asked from may_send(): libcurl takes no handle out while it is at work
      (*found)->cancelled = some_cancelled_ = true;
    } else {
      release(static_cast<std::size_t>(found - active_.begin()));
    }
    return true;
  }

 private:
  struct CloseMulti {
    void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
  };
  struct Serving {  // lets the callbacks ask the engine, as long as advance() lasts
    Serving(CurlContext& context, Exchanges& exchanges) noexcept : context_(context) {
      context_.exchanges = &exchanges;
    }
    Serving(const Serving&) = delete;
    Serving& operator=(const Serving&) = delete;
    ~Serving() { context_.exchanges = nullptr; }
    CurlContext& context_;
  };

  // Takes an exchange out of libcurl's hands and puts its handle aside for the next.
  void release(std::size_t index) noexcept {
    std::swap(active_[index], active_.back());
    curl_multi_remove_handle(multi_.get(), active_.back()->easy());
    idle_.push_back(std::move(active_.back()));  // start() has reserved the place
    active_.pop_back();
  }

  void drop_cancelled() noexcept {
    if (!std::exchange(some_cancelled_, false)) return;
    for (std::size_t i = active_.size(); i-- > 0;) {
      if (active_[i]->cancelled) release(i);
    }
  }

  bool report_finished(Exchanges& exchanges) {
    bool any = false;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;  // the message goes with the handle
      char* owner = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner);
      auto* exchange = static_cast<CurlExchange*>(static_cast<void*>(owner));
      const auto same = [exchange](const auto& one) { return one.get() == exchange; };
      const auto found = std::find_if(active_.begin(), active_.end(), same);
      if (found == active_.end()) continue;
      release(static_cast<std::size_t>(found - active_.begin()));
      any = true;
      exchanges.done(exchange->ticket(), exchange->finish(code));
    }
    return any;
  }

  CurlContext context_{};
  std::unique_ptr<CURLM, CloseMulti> multi_;
  std::vector<std::unique_ptr<CurlExchange>> active_{}, idle_{};  // go before the multi handle does
  // Until 8.1, a handle that is used again has a dangling pointer to the last answer's last header, and follows it where
  // the next answer begins with a folded line: any peer could make it do so (libcurl issue 11101).
  const bool reuses_handles_ = curl_version_info(CURLVERSION_NOW)->version_num >= 0x080100;
  bool running_callbacks_ = false;
  bool some_cancelled_ = false;
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
