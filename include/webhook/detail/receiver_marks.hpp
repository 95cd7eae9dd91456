// SPDX-License-Identifier: MIT
// Which messages are being handled and which were: a handler runs once for each, and again only if it failed.
// Between "being handled" and "handled" lies what an inbox cannot tell: until then a repetition is not acknowledged, or
// an event would be lost if the handler failed after all.
#ifndef WEBHOOK_DETAIL_RECEIVER_MARKS_HPP
#define WEBHOOK_DETAIL_RECEIVER_MARKS_HPP

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_set>
#include <utility>

#include "../concepts.hpp"

namespace webhook {
inline namespace v0 {
namespace detail::receiving {

enum class Arrival { first, in_progress, handled };

/// The inbox of a receiver and the messages at work, shared with tasks that outlive a call. Thread-safe.
template <class Inbox>
class Marks {
 public:
  explicit Marks(Inbox inbox) : inbox_(std::move(inbox)) {}

  /// A message with an empty key has no name to be known by: it is always the first. So is every one without an inbox.
  template <class... Where>
  Arrival arrive(const std::string& key, const Now& now, Duration keep, Where... where) {
    if (key.empty() || std::is_same_v<Inbox, NoInbox>) return Arrival::first;
    {
      const std::lock_guard lock(mutex_);
      if (!at_work_.insert(key).second) return Arrival::in_progress;
    }
    try {
      if (inbox_.first(where..., std::string_view(key), now, keep) || owed(key)) return Arrival::first;
    } catch (...) {
      leave(key);
      throw;
    }
    leave(key);
    return Arrival::handled;
  }

  /// The handler is done with it, and it stays marked.
  void leave(const std::string& key) noexcept {
    const std::lock_guard lock(mutex_);
    at_work_.erase(key);
    if (!owed_.empty()) owed_.erase(key);
  }

  /// The handler failed, so the next message of that key is let in; even if the inbox cannot forget it now. A mark within
  /// the host's transaction goes with that in any case.
  template <class... Where>
  void fail(const std::string& key, Where... where) noexcept {
    bool forgotten = false;
    try {
      inbox_.forget(where..., std::string_view(key));
      forgotten = true;
    } catch (...) {  // it may be a database that is down
    }
    const std::lock_guard lock(mutex_);
    at_work_.erase(key);
    try {
      if (!forgotten && sizeof...(Where) == 0 && owed_.size() < most_owed) owed_.insert(key);
    } catch (...) {  // no memory to remember it: nothing more can be done
    }
  }

 private:
  static constexpr std::size_t most_owed = 10'000;

  bool owed(const std::string& key) {
    const std::lock_guard lock(mutex_);
    return owed_.count(key) != 0;
  }

  Inbox inbox_;
  std::mutex mutex_{};
  std::unordered_set<std::string> at_work_{};
  std::unordered_set<std::string> owed_{};  // marked, but not handled
};

/// One message at work: unless it is said to be handled, it has failed when this goes, and may come again.
template <class Inbox, class... Where>
class Mark {
 public:
  Mark(std::shared_ptr<Marks<Inbox>> marks, std::string key, Where... where) noexcept
      : marks_(std::move(marks)), key_(std::move(key)), where_(where...) {}
  Mark(const Mark&) = delete;
  Mark& operator=(const Mark&) = delete;
  ~Mark() {
    if (!key_.empty()) std::apply([this](const Where&... where) { marks_->fail(key_, where...); }, where_);
  }

  void handled() noexcept {
    if (!key_.empty()) marks_->leave(key_);
    key_.clear();
  }

 private:
  std::shared_ptr<Marks<Inbox>> marks_;
  std::string key_;
  std::tuple<Where...> where_;
};

}  // namespace detail::receiving
}  // namespace v0
}  // namespace webhook

#endif
