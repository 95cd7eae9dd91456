// SPDX-License-Identifier: MIT
// What durable stores write alike: times, states, and the lists of an endpoint as runs of length-prefixed pieces.
// It knows no database, and decides nothing about what it writes.
#ifndef WEBHOOK_DETAIL_STORED_ROWS_HPP
#define WEBHOOK_DETAIL_STORED_ROWS_HPP

#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "../access.hpp"
#include "../endpoint.hpp"
#include "../error.hpp"
#include "../time.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

constexpr std::int64_t stored_wall(WallTime time) noexcept { return time.time_since_epoch().count(); }
constexpr WallTime stored_wall(std::int64_t time) noexcept { return WallTime(WallTime::duration(time)); }
inline std::optional<std::int64_t> stored_wall(const std::optional<WallTime>& time) noexcept {
  return time ? std::optional<std::int64_t>(stored_wall(*time)) : std::nullopt;
}

[[noreturn]] inline void throw_bad_row(const char* what) {
  throw Error(errc::corrupt, std::string("the store has ") + what + " that cannot be read");
}

/// A list of byte strings as one. It may hold secrets: it wipes itself.
class StoredList {
 public:
  StoredList() = default;
  StoredList(const StoredList&) = delete;
  StoredList& operator=(const StoredList&) = delete;
  ~StoredList() { Secret::wipe(text_.data(), text_.size()); }

  void reserve(std::size_t size) { text_.reserve(size); }
  void add(std::string_view piece) {
    const auto size = static_cast<std::uint32_t>(piece.size());
    for (unsigned shift = 0; shift < 32; shift += 8) text_.push_back(static_cast<char>((size >> shift) & 0xFFU));
    text_.append(piece);
  }
  void add(std::int64_t number) { add(std::to_string(number)); }
  std::string_view bytes() const noexcept { return text_; }

 private:
  std::string text_{};
};

/// Takes such a list apart; views into it.
class StoredListReader {
 public:
  explicit StoredListReader(std::string_view text) noexcept : left_(text) {}
  bool empty() const noexcept { return left_.empty(); }
  std::string_view piece() {
    if (left_.size() < 4) throw_bad_row("a list");
    std::uint32_t size = 0;
    for (unsigned i = 0; i < 4; ++i) size |= std::uint32_t{static_cast<unsigned char>(left_[i])} << (8 * i);
    left_.remove_prefix(4);
    if (left_.size() < size) throw_bad_row("a list");
    const std::string_view piece = left_.substr(0, size);
    left_.remove_prefix(size);
    return piece;
  }
  std::int64_t number() {
    const std::string_view text = piece();
    std::int64_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size()) throw_bad_row("a number");
    return value;
  }

 private:
  std::string_view left_;
};

template <class Enum>
Enum stored_enum(std::int64_t value, Enum last, const char* what) {
  if (value < 0 || value > static_cast<std::int64_t>(last)) throw_bad_row(what);
  return static_cast<Enum>(value);
}

/// The lists of an endpoint, as columns.
struct EndpointLists {
  explicit EndpointLists(const Endpoint& endpoint) {
    for (const std::string& one : endpoint.events) events.add(one);
    for (const std::string& one : endpoint.channels) channels.add(one);
    for (const Header header : endpoint.headers) {
      headers.add(header.name);
      headers.add(header.value);
    }
    std::size_t size = 0;
    for (const Secret& secret : endpoint.secrets) size += secret.reveal().size() + 32;
    secrets.reserve(size);  // growing would leave copies behind
    for (const Secret& secret : endpoint.secrets) {
      secrets.add(secret.reveal());
      if (secret.expires()) {
        secrets.add(stored_wall(*secret.expires()));
      } else {
        secrets.add(std::string_view());
      }
    }
    if (endpoint.retry) {
      retry.add(std::bit_cast<std::int64_t>(endpoint.retry->jitter()));
      for (const Duration wait : endpoint.retry->waits()) retry.add(wait.count());
    }
    if (endpoint.access) write(*endpoint.access);
  }
  StoredList events{}, channels{}, headers{}, secrets{}, retry{}, access{};

 private:
  void write(const Access& what) {
    const std::string_view pieces[] = {what.authorities, what.certificate, what.certificate_key.reveal(),
                                       what.token_url,   what.client_id,   what.client_secret.reveal(),
                                       what.scope};
    std::size_t size = 0;
    for (const std::string_view piece : pieces) size += piece.size() + 4;
    access.reserve(size);  // growing would leave copies behind
    for (const std::string_view piece : pieces) access.add(piece);
  }
};

inline Access read_access(std::string_view text) {
  StoredListReader list(text);
  Access access;
  access.authorities = list.piece();
  access.certificate = list.piece();
  access.certificate_key = Secret(list.piece());
  access.token_url = list.piece();
  access.client_id = list.piece();
  access.client_secret = Secret(list.piece());
  access.scope = list.piece();
  return access;
}

inline void read_lists(Endpoint& endpoint, std::string_view events, std::string_view channels, std::string_view headers,
                       std::string_view secrets, const std::optional<std::string_view>& retry) {
  endpoint.events.clear();
  for (StoredListReader list(events); !list.empty();) endpoint.events.emplace_back(list.piece());
  for (StoredListReader list(channels); !list.empty();) endpoint.channels.emplace_back(list.piece());
  for (StoredListReader list(headers); !list.empty();) {
    const std::string_view name = list.piece();
    endpoint.headers.add(name, list.piece());
  }
  for (StoredListReader list(secrets); !list.empty();) {
    const std::string_view text = list.piece();
    StoredListReader expiry = list;
    if (list.piece().empty()) {
      endpoint.secrets.emplace_back(text);
    } else {
      endpoint.secrets.emplace_back(text, stored_wall(expiry.number()));
    }
  }
  if (retry) {
    StoredListReader list(*retry);
    const auto jitter = std::bit_cast<double>(list.number());
    std::vector<Duration> waits;
    while (!list.empty()) waits.emplace_back(list.number());
    endpoint.retry = RetrySchedule(std::move(waits), jitter);
  }
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
