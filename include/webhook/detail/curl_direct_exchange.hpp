// SPDX-License-Identifier: MIT
// DirectExchange: one request on its way over one connection, and the answer to it: what is still to be written, what has
// come, and until when. It moves bytes when it is told to; which connection it has, and what follows, is its user's.
#ifndef WEBHOOK_DETAIL_CURL_DIRECT_EXCHANGE_HPP
#define WEBHOOK_DETAIL_CURL_DIRECT_EXCHANGE_HPP

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "../concepts.hpp"
#include "../transport/curl_options.hpp"
#include "curl_direct_connection.hpp"
#include "curl_direct_pool.hpp"
#include "http1_reader.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

struct DirectExchange {
  using Clock = std::chrono::steady_clock;
  enum class Stage : std::uint8_t { free, waiting, connecting, moving };
  static constexpr auto slow_window = std::chrono::seconds(5);  // 10 bytes per second, once an answer has begun
  static constexpr std::size_t slow_bytes = 50;
  static constexpr std::size_t copied_body = 16 * 1024;  // up to there head and body go out in one piece

  explicit DirectExchange(const CurlOptions& options) noexcept
      : reader(options.header_limit, options.keep_response, options.read_response) {}

  Ticket ticket{};
  const Request* request = nullptr;
  std::string_view target{};  // of its URL
  DirectOrigin* origin = nullptr;
  DirectConnection* connection = nullptr;
  std::size_t place = 0;  // among those in flight
  Stage stage = Stage::free;
  bool cancelled = false;  // at the send gate
  bool reused = false;     // its connection had carried another one before
  bool repeated = false;   // it is sent again, because such a connection had ended
  bool sent = false;       // something of it may have left this host
  bool deaf = false;       // the peer takes no more of it
  Clock::time_point deadline{}, slow_at{(Clock::time_point::max)()};
  std::size_t slow_got = 0;
  Http1Reader reader;
  std::string unsent{};       // what of the head, and of a small body, the connection would not take
  std::size_t body_sent = 0;  // of a large body

  Clock::time_point due() const noexcept { return (std::min)(deadline, slow_at); }

  /// Begins with `wire`: head, and body if it is small. What could not be written stays to be written.
  void open(std::string_view wire, bool with_body) {
    sent = true;
    deaf = false;
    slow_at = (Clock::time_point::max)();
    reader.reset(request->method == "HEAD");
    body_sent = with_body ? request->body.size() : 0;
    unsent.clear();
    const std::size_t written = write(wire);
    if (written < wire.size() && !deaf) unsent.assign(wire.substr(written));
    if (unsent.empty()) write_body();
  }

  /// Writes on.
  void go_on() {
    if (!unsent.empty()) {
      unsent.erase(0, write(unsent));
      if (!unsent.empty()) return;
      unsent.shrink_to_fit();
    }
    write_body();
  }
  bool all_written() const noexcept { return unsent.empty() && body_sent == request->body.size(); }

  /// Reads what has come. False: the answer is over, or the connection is.
  bool read(std::span<char> buffer) {
    for (;;) {
      const Moved moved = connection->receive(buffer);
      if (moved.how == Moved::How::blocked) return true;
      if (moved.how != Moved::How::some) {
        reader.end();
        return false;
      }
      slow_got += moved.bytes;
      const std::size_t taken = reader.take({buffer.data(), moved.bytes});
      if (reader.over()) {
        surplus = taken < moved.bytes;
        return false;
      }
      if (slow_at == (Clock::time_point::max)() && reader.begun()) watch_speed(Clock::now());
      if (moved.bytes < buffer.size() && !connection->hides_bytes()) return true;
    }
  }
  bool surplus = false;  // bytes came that belong to no answer

  /// The window in which so many bytes had to come has ended. False: they have not.
  bool fast_enough(Clock::time_point now) noexcept {
    if (slow_got < slow_bytes) return false;
    watch_speed(now);
    return true;
  }

 private:
  void watch_speed(Clock::time_point now) noexcept {
    slow_at = now + slow_window;
    slow_got = 0;
  }

  std::size_t write(std::string_view bytes) noexcept {
    std::size_t written = 0;
    while (written < bytes.size()) {
      const Moved moved = connection->send(bytes.substr(written));
      deaf = moved.how == Moved::How::failed;
      if (moved.how != Moved::How::some) break;
      written += moved.bytes;
    }
    return written;
  }
  void write_body() noexcept {
    if (!deaf) body_sent += write(request->body.view().substr(body_sent));
  }
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
