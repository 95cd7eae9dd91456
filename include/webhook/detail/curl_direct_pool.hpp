// SPDX-License-Identifier: MIT
// DirectPool: the connections of a session by the origin that they lead to, and which of them are idle and may be used again.
// It bounds how many idle ones there are and how old they get. It does not know what is sent over them.
#ifndef WEBHOOK_DETAIL_CURL_DIRECT_POOL_HPP
#define WEBHOOK_DETAIL_CURL_DIRECT_POOL_HPP

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "curl_direct_connection.hpp"
#include "http1_request.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// Where connections lead to; all that differs between two connections is in its key.
struct DirectOrigin {
  std::string key{};  // as it stands in URLs
  Http1Origin plain{};
  std::vector<DirectConnection*> idle{};  // the last one was used last
  std::size_t users = 0;                  // exchanges under way, and connections
};

class DirectPool {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr auto longest_life = std::chrono::minutes(10);   // a busy connection still follows its name elsewhere
  static constexpr auto longest_idle = std::chrono::seconds(118);  // many peers give up an idle one after two minutes

  explicit DirectPool(std::size_t most_idle) noexcept : most_idle_(most_idle) {}
  DirectPool(const DirectPool&) = delete;
  DirectPool& operator=(const DirectPool&) = delete;
  ~DirectPool() {
    while (oldest_ != nullptr) close(*oldest_);
    bury();
  }

  /// Null if the URL's origin is not in its plain form. Whoever uses it says so by join() and leave().
  DirectOrigin* origin(std::string_view url) {
    // Most requests go where the one before went.
    if (recent_ != nullptr && url.substr(0, recent_->key.size()) == recent_->key &&
        authority_size(url.substr(recent_->key.size())) == 0)
      return recent_;
    const std::string_view key = http1_origin_of(url);
    if (const auto found = origins_.find(key); found != origins_.end()) return recent_ = found->second.get();
    std::optional<Http1Origin> plain = Http1Origin::read(key);
    if (!plain) return nullptr;
    auto made = std::make_unique<DirectOrigin>();
    made->key = key;
    made->plain = std::move(*plain);
    return recent_ = origins_.emplace(made->key, std::move(made)).first->second.get();
  }
  void join(DirectOrigin& origin) noexcept { ++origin.users; }
  void leave(DirectOrigin& origin) noexcept {
    if (--origin.users > 0) return;
    if (recent_ == &origin) recent_ = nullptr;
    origins_.erase(origins_.find(origin.key));
  }

  /// Makes a connection one of the origin's. Throws std::bad_alloc.
  void enter(DirectConnection& connection, DirectOrigin& origin, Clock::time_point now) {
    const std::size_t most = origin.idle.size() + origin.users + 1;
    if (origin.idle.capacity() < most) origin.idle.reserve(2 * most);  // so that put() cannot fail
    join(origin);
    connection.origin = &origin;
    connection.made = now;
  }
  /// Ends a connection. Its memory lasts until bury().
  void close(DirectConnection& connection) noexcept {
    if (connection.closed()) return;
    if (idle(connection)) take_out(connection);
    connection.close();
    if (std::unique_ptr<CurlHandle> handle = connection.take_handle(); handle) spare(std::move(handle));
    connection.newer = std::exchange(closed_, &connection);
    leave(*std::exchange(connection.origin, nullptr));
  }
  /// Frees what is closed: only while nobody holds events of closed connections.
  void bury() noexcept {
    while (closed_ != nullptr) {
      const std::unique_ptr<DirectConnection> last(closed_);
      closed_ = last->newer;
    }
  }

  /// The idle connection to that origin that was used last, young enough; null if there is none.
  DirectConnection* take(DirectOrigin& origin, Clock::time_point now) noexcept {
    while (!origin.idle.empty()) {
      DirectConnection& connection = *origin.idle.back();
      if (now - connection.idle_since <= longest_idle && now - connection.made <= longest_life) {
        take_out(connection);
        return &connection;
      }
      close(connection);
    }
    return nullptr;
  }
  /// Keeps a connection for the next exchange.
  void put(DirectConnection& connection, Clock::time_point now) noexcept {
    if (most_idle_ == 0 || now - connection.made > longest_life) return close(connection);
    if (idle_ >= most_idle_) close(*oldest_);
    connection.idle_since = now;
    connection.older = newest_;
    connection.newer = nullptr;
    (newest_ == nullptr ? oldest_ : newest_->newer) = &connection;
    newest_ = &connection;
    connection.origin->idle.push_back(&connection);
    ++idle_;
  }
  void close_outdated(Clock::time_point now) noexcept {
    while (oldest_ != nullptr && now - oldest_->idle_since > longest_idle) close(*oldest_);
  }

  /// A handle that nobody uses: connections need one while they are made.
  std::unique_ptr<CurlHandle> handle() noexcept {
    if (spares_.empty()) return nullptr;
    std::unique_ptr<CurlHandle> spare = std::move(spares_.back());
    spares_.pop_back();
    return spare;
  }
  void spare(std::unique_ptr<CurlHandle> handle) noexcept {
    if (spares_.size() < spares_.capacity()) spares_.push_back(std::move(handle));
  }
  void keep_spares(std::size_t most) { spares_.reserve(most); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };

  bool idle(const DirectConnection& connection) const noexcept {
    return connection.older != nullptr || oldest_ == &connection;
  }
  void take_out(DirectConnection& connection) noexcept {
    (connection.older == nullptr ? oldest_ : connection.older->newer) = connection.newer;
    (connection.newer == nullptr ? newest_ : connection.newer->older) = connection.older;
    connection.older = connection.newer = nullptr;
    std::vector<DirectConnection*>& idle = connection.origin->idle;
    idle.erase(std::find(idle.rbegin(), idle.rend(), &connection).base() - 1);
    --idle_;
  }

  std::size_t most_idle_, idle_ = 0;
  DirectConnection *oldest_ = nullptr, *newest_ = nullptr;  // of the idle ones
  DirectConnection* closed_ = nullptr;
  std::unordered_map<std::string, std::unique_ptr<DirectOrigin>, Hash, std::equal_to<>> origins_{};
  DirectOrigin* recent_ = nullptr;
  std::vector<std::unique_ptr<CurlHandle>> spares_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
