// SPDX-License-Identifier: MIT
// Looks again at a request whose signature does not match: with expired keys, with other forms of its body and with
// other URLs. It finds out what happened on the way and changes no refusal into anything else; how often is bounded.
#ifndef WEBHOOK_DETAIL_DIAGNOSIS_HPP
#define WEBHOOK_DETAIL_DIAGNOSIS_HPP

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "../concepts.hpp"
#include "json_check.hpp"
#include "json_rewriter.hpp"
#include "public_urls.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// So many each second, and no more. Thread-safe.
class PerSecond {
 public:
  explicit PerSecond(std::uint32_t most) noexcept : most_(most) {}

  bool take(const Now& now) noexcept {
    if (most_ == 0) return false;
    const std::lock_guard lock(mutex_);
    if (taken_ == 0 || now.steady - since_ >= std::chrono::seconds{1}) {
      since_ = now.steady;
      taken_ = 0;
    }
    if (taken_ == most_) return false;
    ++taken_;
    return true;
  }

 private:
  const std::uint32_t most_;
  std::mutex mutex_{};
  Duration since_{};
  std::uint32_t taken_ = 0;
};

template <class Scheme>
class Diagnosis {
 public:
  using Keys = std::span<typename Scheme::Key>;

  static constexpr std::size_t largest_body = 256 * 1024;  ///< bytes; a larger one is not rewritten

  Diagnosis(const Scheme& scheme, const Now& now, Duration tolerance) noexcept
      : scheme_(scheme), now_(now), tolerance_(tolerance) {}

  /// The verdict with what was found. The key that it names, if an expired one matches, counts `valid` and `expired`
  /// together.
  Verification operator()(const Request& request, Verification verdict, Keys valid, Keys expired) const {
    const bool no_key = verdict.reason == Verification::unknown_key;
    if (verdict.reason != Verification::bad_signature && !no_key) return verdict;
    if (!expired.empty()) {
      if (const Verification old = scheme_.verify(request, expired, now_, tolerance_)) {
        verdict.reason = Verification::expired_key;
        verdict.key = valid.size() + old.key;
        return verdict;
      }
    }
    if (no_key) return verdict;
    verdict.clue = clue_of_body(request, valid);
    if (verdict.clue == Clue::none) verdict.clue = clue_of_url(request, valid);
    return verdict;
  }

 private:
  bool matches(const Request& request, Keys keys) const {
    return static_cast<bool>(scheme_.verify(request, keys, now_, tolerance_));
  }

  Clue clue_of_url(const Request& request, Keys keys) const {
    Request changed = request;
    for (PublicUrl& guess : PublicUrls::of(request)) {
      changed.url = std::move(guess.url);
      if (matches(changed, keys)) return guess.clue;
    }
    return Clue::none;
  }

  Clue clue_of_body(const Request& request, Keys keys) const {
    const std::string_view body = request.body.view();
    if (body.size() > largest_body) return Clue::none;
    Request changed = request;
    const auto fits = [&](std::string_view text) {
      if (text == body) return false;
      changed.body = Bytes(text);
      return matches(changed, keys);
    };
    const std::string_view bare = body.substr(0, body.find_last_not_of(" \t\r\n") + 1);
    if (fits(bare) || fits(std::string(body).append("\n"))) return Clue::end_changed;
    constexpr std::string_view mark = "\xEF\xBB\xBF";
    if (fits(body.substr(0, mark.size()) == mark ? std::string(body.substr(mark.size()))
                                                 : std::string(mark).append(body)))
      return Clue::byte_order_mark;
    if (body.find('\n') != std::string_view::npos &&
        (fits(with_line_ends(body, "\n")) || fits(with_line_ends(body, "\r\n"))))
      return Clue::line_ends_changed;

    const std::size_t first = body.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos || (body[first] != '{' && body[first] != '[')) return Clue::none;
    for (const JsonStyle& style : styles) {
      if (style.indent != 0 && find_too_deep(body, 64) != std::string_view::npos)
        continue;  // it would grow with the square
      if (fits(JsonRewriter(style)(body))) return Clue::json_rewritten;
    }
    return Clue::none;
  }

  static std::string with_line_ends(std::string_view text, std::string_view end) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] == '\r' && at + 1 < text.size() && text[at + 1] == '\n') continue;
      if (text[at] == '\n') {
        out += end;
      } else {
        out += text[at];
      }
    }
    return out;
  }

  // What the common serializers of JavaScript, Python, PHP, Ruby, Go and Java write.
  static constexpr std::array<JsonStyle, 7> styles{{{",", ":", 0, JsonStyle::as_they_are},
                                                    {", ", ": ", 0, JsonStyle::as_they_are},
                                                    {",", ": ", 2, JsonStyle::as_they_are},
                                                    {",", ":", 0, JsonStyle::none},
                                                    {", ", ": ", 0, JsonStyle::ascii},
                                                    {",", ":", 0, JsonStyle::ascii},
                                                    {",", ":", 0, JsonStyle::ascii_slash}}};

  const Scheme& scheme_;
  const Now& now_;
  Duration tolerance_;
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
