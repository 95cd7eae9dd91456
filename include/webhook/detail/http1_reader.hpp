// SPDX-License-Identifier: MIT
// Http1Reader: takes one HTTP/1.1 answer apart, from bytes in whatever pieces they come (RFC 9112), and knows where it ends.
// Strict: what two parties could read differently is refused, or ends the connection. It reads no socket and keeps no time.
#ifndef WEBHOOK_DETAIL_HTTP1_READER_HPP
#define WEBHOOK_DETAIL_HTTP1_READER_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "answer.hpp"
#include "http_fields.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// Refused: any status line but "HTTP/1.1 nnn" and "HTTP/1.0 nnn" and the status 101, lines that end in LF alone or contain
/// CR or another control character, folded fields, blanks around a field's name, lengths that are malformed or contradict
/// each other, a length beside chunks, any transfer coding but one "chunked" of HTTP/1.1, framing in an interim answer, and
/// more than 256 fields or 32 interim answers. From the end of the header block on an answer counts: what is wrong with its
/// body only ends the connection.
class Http1Reader {
 public:
  Http1Reader(std::size_t header_limit, std::size_t keep_body, std::size_t read_body) noexcept
      : answer_(header_limit, keep_body, read_body), header_limit_(header_limit) {}

  /// Makes it ready for the next answer; to HEAD there is none with a body.
  void reset(bool to_head) noexcept {
    answer_.reset();
    line_.clear();
    next_ = Next::status;
    to_head_ = to_head;
    started_ = refused_ = too_large_ = false;
    head_bytes_ = overhead_ = 0;
    interim_ = 0;
    reset_block();
  }

  /// Takes what has come, and returns how much of it belongs to this answer: all of it, until the answer is over.
  std::size_t take(std::string_view bytes) {
    const std::size_t all = bytes.size();
    started_ = started_ || all > 0;
    while (!bytes.empty() && next_ != Next::nothing) {
      if (next_ == Next::content || next_ == Next::chunk || next_ == Next::rest) {
        take_body(bytes);
      } else {
        take_line(bytes);
      }
    }
    return all - bytes.size();
  }

  /// The peer has ended the connection.
  void end() noexcept {
    keep_ = false;
    next_ = Next::nothing;
  }

  bool started() const noexcept { return started_; }             ///< a first byte has come
  bool begun() const noexcept { return answer_.begun(); }        ///< a final status line has
  bool complete() const noexcept { return answer_.complete(); }  ///< a final header block has: the answer counts
  bool over() const noexcept { return next_ == Next::nothing; }  ///< no further byte is wanted
  bool reusable() const noexcept { return over() && keep_; }     ///< and the next one belongs to the next answer
  bool refused() const noexcept { return refused_; }             ///< it was given up
  bool too_large() const noexcept { return too_large_; }         ///< the header block was over a limit

  /// What was collected; complete() says whether it may be believed.
  Response response() noexcept { return answer_.take(); }

 private:
  enum class Next : std::uint8_t { status, field, content, size, chunk, chunk_end, trailer, rest, nothing };
  static constexpr std::size_t most_fields = 256;
  static constexpr unsigned most_interim = 32;

  void reset_block() noexcept {
    length_.reset();
    chunked_ = old_ = false;
    keep_ = true;
    fields_ = 0;
  }

  void stop() noexcept {
    refused_ = true;
    end();
  }
  void stop_too_large() noexcept {
    too_large_ = true;
    stop();
  }

  // ---- Lines
  void take_line(std::string_view& bytes) {
    const void* const found = std::memchr(bytes.data(), '\n', bytes.size());
    const std::size_t size =
        found == nullptr ? bytes.size() : static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data()) + 1;
    const std::string_view part = bytes.substr(0, size);
    bytes.remove_prefix(size);
    const bool in_head = next_ == Next::status || next_ == Next::field;
    if (in_head) head_bytes_ += size;
    if (next_ == Next::status && !may_begin(part)) return stop();  // before a limit could be the verdict
    if (in_head && head_bytes_ > header_limit_) return stop_too_large();
    if (!in_head && (overhead_ += size) > header_limit_) return stop();
    if (found == nullptr) {
      line_.append(part);
      return;
    }
    if (line_.empty()) return judge(part);
    line_.append(part);
    std::string whole;
    whole.swap(line_);
    judge(whole);
    whole.clear();
    line_.swap(whole);  // keeps the memory
  }

  // Whether what is there of a status line can still become one: a peer that speaks something else is not waited for.
  bool may_begin(std::string_view part) const noexcept {
    constexpr std::string_view version = "HTTP/1.";
    const std::size_t have = line_.size();
    if (have >= version.size()) return true;
    const std::size_t size = (std::min)(part.size(), version.size() - have);
    return part.substr(0, size) == version.substr(have, size);
  }

  void judge(std::string_view line) {
    const bool ended = line.size() >= 2 && line[line.size() - 2] == '\r';
    const std::string_view text = ended ? line.substr(0, line.size() - 2) : line;
    if (!ended || !is_field_value(text)) return stop();
    switch (next_) {
      case Next::status:
        return begin(line, text);
      case Next::field:
        return text.empty() ? end_block(line) : field(line, text);
      case Next::size:
        return begin_chunk(text);
      case Next::chunk_end:
        if (!text.empty()) return stop();
        next_ = Next::size;
        return;
      default:
        return trailer(text);
    }
  }

  void begin(std::string_view line, std::string_view text) {
    reset_block();
    old_ = text.substr(0, 9) == "HTTP/1.0 ";
    if ((!old_ && text.substr(0, 9) != "HTTP/1.1 ") || !answer_.line(line)) return stop();
    next_ = Next::field;
  }

  void field(std::string_view line, std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || !is_token(text.substr(0, colon))) return stop();
    if (++fields_ > most_fields) return stop_too_large();
    if (!answer_.line(line)) return stop_too_large();
    const std::string_view name = text.substr(0, colon);
    const std::string_view value = trimmed(text.substr(colon + 1));
    if (Headers::same_name(name, "content-length")) {
      const std::optional<std::uint64_t> length = number(value, 10);
      if (!length || (length_ && *length_ != *length)) return stop();
      length_ = length;
    } else if (Headers::same_name(name, "transfer-encoding")) {
      if (chunked_ || !Headers::same_name(value, "chunked")) return stop();
      chunked_ = true;
    } else if (Headers::same_name(name, "connection")) {
      keep_ = keep_ && !lists(value, "close");
    }
  }

  void end_block(std::string_view line) {
    const bool final = answer_.begun();
    if ((chunked_ && (length_ || old_)) || (!final && (chunked_ || length_))) return stop();
    if (!final && ++interim_ > most_interim) return stop_too_large();
    answer_.line(line);
    if (!final) {
      next_ = Next::status;
      return;
    }
    keep_ = keep_ && !old_;
    const int status = answer_.status();
    if (to_head_ || status == 204 || status == 304) {
      // A body that must not be there may come nevertheless; then these bytes are no answer to the next request.
      keep_ = keep_ && (to_head_ || status == 304 || (!chunked_ && length_.value_or(0) == 0));
      next_ = Next::nothing;
    } else if (chunked_) {
      next_ = Next::size;
    } else if (length_) {
      left_ = *length_;
      next_ = left_ == 0 ? Next::nothing : Next::content;
    } else {
      keep_ = false;
      next_ = Next::rest;
    }
  }

  void begin_chunk(std::string_view text) {
    const std::size_t digits = text.find(';');
    const std::optional<std::uint64_t> size = number(text.substr(0, digits), 16);
    if (!size) return stop();
    left_ = *size;
    next_ = left_ == 0 ? Next::trailer : Next::chunk;
  }

  void trailer(std::string_view text) {
    if (text.empty()) {
      next_ = Next::nothing;
      return;
    }
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || !is_token(text.substr(0, colon))) stop();
  }

  // ---- Bodies
  void take_body(std::string_view& bytes) {
    std::size_t size = bytes.size();
    if (next_ != Next::rest) size = static_cast<std::size_t>((std::min)(std::uint64_t{size}, left_));
    const bool more = answer_.body(bytes.substr(0, size));
    bytes.remove_prefix(size);
    if (!more) return stop();
    if (next_ == Next::rest) return;
    left_ -= size;
    if (left_ == 0) next_ = next_ == Next::chunk ? Next::chunk_end : Next::nothing;
  }

  // Digits and nothing else, few enough not to overflow.
  static std::optional<std::uint64_t> number(std::string_view text, unsigned base) noexcept {
    if (text.empty() || text.size() > 15) return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : text) {
      const unsigned digit = c >= '0' && c <= '9'   ? static_cast<unsigned>(c - '0')
                             : c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a') + 10
                             : c >= 'A' && c <= 'F' ? static_cast<unsigned>(c - 'A') + 10
                                                    : 99U;
      if (digit >= base) return std::nullopt;
      value = value * base + digit;
    }
    return value;
  }

  static bool lists(std::string_view value, std::string_view option) noexcept {
    while (!value.empty()) {
      const std::size_t comma = (std::min)(value.find(','), value.size());
      if (Headers::same_name(trimmed(value.substr(0, comma)), option)) return true;
      value.remove_prefix((std::min)(comma + 1, value.size()));
    }
    return false;
  }

  Answer answer_;
  std::size_t header_limit_;
  std::size_t head_bytes_ = 0;  // of all header blocks
  std::size_t overhead_ = 0;    // of chunk lines and trailers
  std::uint64_t left_ = 0;      // of the body or of the chunk
  std::optional<std::uint64_t> length_{};
  std::size_t fields_ = 0;
  unsigned interim_ = 0;
  Next next_ = Next::status;
  bool to_head_ = false, started_ = false, refused_ = false, too_large_ = false, chunked_ = false, old_ = false,
       keep_ = true;
  std::string line_{};  // one that has not ended yet
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
