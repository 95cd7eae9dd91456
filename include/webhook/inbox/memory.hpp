// SPDX-License-Identifier: MIT
// MemoryInbox: the messages that a receiver has seen, in memory, bounded in number, in bytes and in time.
// It ends with the process, and another process does not share it: what must survive belongs into a durable one.
#ifndef WEBHOOK_INBOX_MEMORY_HPP
#define WEBHOOK_INBOX_MEMORY_HPP

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "../concepts.hpp"
#include "../error.hpp"

namespace webhook {
inline namespace v0 {

/// The bounds of a MemoryInbox.
struct MemoryInboxOptions {
  std::size_t max_keys = 100'000;            ///< at least 1
  std::size_t max_bytes = 16 * 1024 * 1024;  ///< of keys, and what keeping one costs; a longer key is errc::too_large
};

/// Remembers keys for as long as it is told. When it is full it forgets the oldest one, so a new message is never
/// refused for want of room; an old duplicate may then be handled again. Only messages that verified get here, so
/// filling it takes a valid key. Thread-safe.
class MemoryInbox {
 public:
  using role = webhook::role::inbox;

  static constexpr std::size_t overhead = 192;  ///< bytes counted for each key beside its own

  MemoryInbox() : MemoryInbox(MemoryInboxOptions()) {}

  /// Throws Error (errc::invalid) for bounds that hold no key at all.
  explicit MemoryInbox(MemoryInboxOptions options) : book_(std::make_unique<Book>(options)) {
    if (options.max_keys == 0 || options.max_bytes <= overhead)
      throw Error(errc::invalid, "a MemoryInbox holds at least one key: raise max_keys and max_bytes");
  }

  /// Whether `key` is new, or was forgotten; if so it is remembered for `keep`. Of several calls at once, one is first.
  /// Throws Error (errc::too_large) for a key that has no room even alone.
  bool first(std::string_view key, const Now& now, Duration keep) {
    Book& book = *book_;
    if (key.size() > book.options.max_bytes - overhead)
      throw Error(errc::too_large, "the key of a message is larger than the inbox");
    const std::lock_guard lock(book.mutex);
    // In the order of arrival, so that one look at the front is enough as long as all are kept equally long.
    while (!book.seen.empty() && book.seen.front().until <= now.steady) book.drop(book.seen.begin());
    if (const auto found = book.index.find(key); found != book.index.end()) {
      if (found->second->until > now.steady) return false;
      book.drop(found->second);
    }
    // Clamped, so that "for ever" does not overflow.
    const Duration until = now.steady + (std::min)(keep, Duration(std::chrono::hours(24 * 365 * 50)));
    book.seen.push_back({std::string(key), until});
    try {
      book.index.emplace(book.seen.back().key, std::prev(book.seen.end()));
    } catch (...) {
      book.seen.pop_back();
      throw;
    }
    book.bytes += key.size() + overhead;
    while (book.seen.size() > book.options.max_keys || book.bytes > book.options.max_bytes)
      book.drop(book.seen.begin());
    return true;
  }

  /// Lets the next message of that key be first; does nothing for an unknown one.
  void forget(std::string_view key) {
    const std::lock_guard lock(book_->mutex);
    if (const auto found = book_->index.find(key); found != book_->index.end()) book_->drop(found->second);
  }

  /// How many keys it holds, those among them whose time is over and that nobody has asked for since.
  std::size_t size() const {
    const std::lock_guard lock(book_->mutex);
    return book_->seen.size();
  }

 private:
  struct Mark {
    std::string key{};
    Duration until{};  // steady
  };
  struct Book {  // stays where it is when the inbox moves
    explicit Book(MemoryInboxOptions bounds) : options(bounds) {}

    void drop(std::list<Mark>::iterator mark) {
      bytes -= mark->key.size() + overhead;
      index.erase(mark->key);  // before the mark, whose text it looks at
      seen.erase(mark);
    }

    const MemoryInboxOptions options;
    std::mutex mutex{};
    std::list<Mark> seen{};  // the oldest first
    std::unordered_map<std::string_view, std::list<Mark>::iterator> index{};
    std::size_t bytes = 0;
  };
  std::unique_ptr<Book> book_;
};

static_assert(InboxPolicy<MemoryInbox>);

}  // namespace v0
}  // namespace webhook

#endif
