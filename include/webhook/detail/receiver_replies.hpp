// SPDX-License-Identifier: MIT
// The answers that handlers worded, kept for the repetitions of their messages: whoever did not hear the first answer
// wants that one. Bounded, the oldest goes first. Whether a message is a repetition is the inbox's to say.
#ifndef WEBHOOK_DETAIL_RECEIVER_REPLIES_HPP
#define WEBHOOK_DETAIL_RECEIVER_REPLIES_HPP

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "../http.hpp"

namespace webhook {
inline namespace v0 {
namespace detail::receiving {

/// Thread-safe.
class Replies {
 public:
  static constexpr std::size_t overhead = 256;  ///< bytes counted for each answer beside its text and its key

  explicit Replies(std::size_t max_bytes) noexcept : max_bytes_(max_bytes) {}

  /// Keeps an answer, if it fits and there is memory for it: the message is handled either way.
  void keep(const std::string& key, const Response& answer) noexcept {
    const std::size_t size = size_of(key, answer);
    if (size > max_bytes_) return;
    try {
      auto kept = std::make_shared<const Response>(answer);
      const std::lock_guard lock(mutex_);
      if (const auto found = answers_.find(key); found != answers_.end()) {
        bytes_ -= size_of(key, *found->second);
        found->second = std::move(kept);  // in its old place
      } else {
        order_.push_back(key);
        try {
          answers_.emplace(key, std::move(kept));
        } catch (...) {
          order_.pop_back();
          throw;
        }
      }
      bytes_ += size;
      while (bytes_ > max_bytes_) forget_oldest();
    } catch (...) {
    }
  }

  /// The answer to a message, or null.
  std::shared_ptr<const Response> find(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    const auto found = answers_.find(key);
    return found == answers_.end() ? nullptr : found->second;
  }

 private:
  static std::size_t size_of(const std::string& key, const Response& answer) noexcept {
    return overhead + 2 * key.size() + answer.body.size() + answer.headers.bytes();
  }
  void forget_oldest() noexcept {
    const auto found = answers_.find(order_.front());
    bytes_ -= size_of(found->first, *found->second);
    answers_.erase(found);
    order_.pop_front();
  }

  const std::size_t max_bytes_;
  mutable std::mutex mutex_{};
  std::deque<std::string> order_{};  // the oldest first
  std::unordered_map<std::string, std::shared_ptr<const Response>> answers_{};
  std::size_t bytes_ = 0;
};

}  // namespace detail::receiving
}  // namespace v0
}  // namespace webhook

#endif
