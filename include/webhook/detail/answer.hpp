// SPDX-License-Identifier: MIT
// Answer: collects one HTTP answer line by line and chunk by chunk, within bounds, and knows when it counts.
// It counts when its final header block is complete, whatever becomes of the body. It reads no socket.
#ifndef WEBHOOK_DETAIL_ANSWER_HPP
#define WEBHOOK_DETAIL_ANSWER_HPP

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "../http.hpp"
#include "http_fields.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

class Answer {
 public:
  enum class Fault : std::uint8_t { none, malformed, headers_too_large };

  Answer(std::size_t header_limit, std::size_t keep_body, std::size_t read_body) noexcept
      : header_limit_(header_limit), keep_body_(keep_body), read_body_(read_body) {}

  /// Makes it ready for the next answer.
  void reset() noexcept {
    response_.headers.clear();  // what was taken left these as they happened to be
    response_.body.clear();
    response_.reason.clear();
    response_.failure = Failure::none;
    header_bytes_ = body_bytes_ = 0;
    status_ = 0;
    complete_ = in_block_ = false;
    fault_ = Fault::none;
  }

  /// One line of a header block, with its line end. False: read no further.
  bool line(std::string_view text) {
    header_bytes_ += text.size();
    if (complete_) return header_bytes_ <= header_limit_;  // a trailer: bounded, of no interest
    if (header_bytes_ > header_limit_) return fail(Fault::headers_too_large);
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
    if (!in_block_) return begin(text);
    if (text.empty()) return end();
    const std::size_t colon = text.find(':');
    // A line that is no field (a fold, a blank in the name) is left out; the status does not hang on it.
    if (colon != std::string_view::npos && is_token(text.substr(0, colon))) {
      response_.headers.add(text.substr(0, colon), trimmed(text.substr(colon + 1)));
    }
    return true;
  }

  /// A part of the body. False: enough was read.
  bool body(std::string_view part) {
    body_bytes_ += part.size();
    if (response_.body.size() < keep_body_) response_.body.append(part.substr(0, keep_body_ - response_.body.size()));
    return body_bytes_ <= read_body_;
  }

  /// Its final status line has come.
  bool begun() const noexcept { return status_ >= 200; }
  bool complete() const noexcept { return complete_; }
  int status() const noexcept { return status_; }
  Fault fault() const noexcept { return fault_; }

  /// What was collected; complete() says whether the status may be believed.
  Response take() noexcept {
    response_.status = complete_ ? status_ : 0;
    if (!complete_) response_.headers.clear();
    return std::move(response_);
  }

 private:
  bool fail(Fault fault) noexcept {
    fault_ = fault;
    return false;
  }

  // "HTTP/1.1 204 No Content", "HTTP/2 204": three digits and then a blank or nothing (RFC 9112 §4).
  bool begin(std::string_view text) {
    std::size_t version = 0;
    for (const std::string_view known : {"HTTP/1.1 ", "HTTP/1.0 ", "HTTP/2 "}) {
      if (text.substr(0, known.size()) == known) version = known.size();
    }
    if (version == 0) return fail(Fault::malformed);
    const std::string_view rest = text.substr(version);
    if (rest.size() < 3 || (rest.size() > 3 && rest[3] != ' ')) return fail(Fault::malformed);
    status_ = 0;
    for (const char digit : rest.substr(0, 3)) {
      if (digit < '0' || digit > '9') return fail(Fault::malformed);
      status_ = status_ * 10 + (digit - '0');
    }
    // 101 would hand the connection over to a protocol that nobody asked for.
    if (status_ < 100 || status_ > 599 || status_ == 101) return fail(Fault::malformed);
    in_block_ = true;
    return true;
  }

  bool end() noexcept {
    in_block_ = false;
    if (status_ >= 200) {
      complete_ = true;
    } else {
      response_.headers.clear();  // those of an interim answer are not the answer's
    }
    return true;
  }

  std::size_t header_limit_, keep_body_, read_body_;
  std::size_t header_bytes_ = 0;
  std::size_t body_bytes_ = 0;
  int status_ = 0;
  bool complete_ = false;
  bool in_block_ = false;
  Fault fault_ = Fault::none;
  Response response_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
