// SPDX-License-Identifier: MIT
// MemoryOptions: the bounds of a MemoryStore, as data.
// Who keeps to them is memory_book.hpp.
#ifndef WEBHOOK_DETAIL_MEMORY_OPTIONS_HPP
#define WEBHOOK_DETAIL_MEMORY_OPTIONS_HPP

#include <cstddef>

namespace webhook {
inline namespace v0 {

/// How much a MemoryStore holds. At a bound on what is pending it refuses (errc::full); of what is over it forgets the
/// oldest first.
struct MemoryOptions {
  std::size_t max_deliveries = 1'000'000;                      ///< pending
  std::size_t max_bytes = std::size_t{1024} * 1024 * 1024;     ///< of pending payload, each event counted once
  std::size_t keep_finished = 10'000;                          ///< deliveries kept for the log after they are over
  std::size_t keep_log_bytes = std::size_t{32} * 1024 * 1024;  ///< of attempts, and of payloads kept for resending
};

}  // namespace v0
}  // namespace webhook

#endif
