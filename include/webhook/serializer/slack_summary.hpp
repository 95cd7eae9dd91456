// SPDX-License-Identifier: MIT
// SlackSummary: an event as a few lines of text that people read, for whoever has nothing better to say about it.
// It knows the text's escapes and bounds, not the message around it (slack.hpp).
#ifndef WEBHOOK_SERIALIZER_SLACK_SUMMARY_HPP
#define WEBHOOK_SERIALIZER_SLACK_SUMMARY_HPP

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../detail/envelope.hpp"
#include "../event.hpp"

namespace webhook {
inline namespace v0 {

/// Text as Slack shows it unchanged: its three control characters &, < and > escaped, so that no value becomes a link, a
/// mention or a call to the whole channel.
inline std::string slack_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

namespace detail {

/// A visitor of a walk (json_walk.hpp): one line "name.of.member: value" for each value, as many as a reader bears.
class SlackLines {
 public:
  static constexpr std::size_t max_lines = 20, max_line = 200;  ///< the rest is counted, and cut off

  void begin_object() { begin(false); }
  void begin_array() { begin(true); }
  void end_object() { end(); }
  void end_array() { end(); }
  void key(std::string_view name) { levels_.back().name = std::string(name.substr(0, 2 * max_line)); }
  void number(std::string_view text) { string(text); }
  void literal(std::string_view text) { string(text); }
  void string(std::string_view value) {
    count();
    if (++lines_ > max_lines) return;
    std::string line;
    for (const Level& level : levels_) {
      if (line.size() > max_line) break;
      if (!line.empty()) line += '.';
      line += level.array ? std::to_string(level.index) : level.name;
    }
    if (!line.empty()) line += ": ";
    line += value.substr(0, 2 * max_line);
    for (char& c : line) {
      if (static_cast<unsigned char>(c) < ' ') c = ' ';
    }
    if (line.size() > max_line) {
      std::size_t end = max_line;
      while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0U) == 0x80U) --end;  // not inside a character
      line.resize(end);
      line += "\xE2\x80\xA6";
    }
    text_ += "\n" + slack_escaped(line);
  }

  std::string take() {
    if (lines_ > max_lines) text_ += "\n\xE2\x80\xA6 and " + std::to_string(lines_ - max_lines) + " more";
    return std::move(text_);
  }

 private:
  struct Level {
    bool array = false;
    std::string name{};
    std::size_t index = 0;  // of the element, from 1
  };
  void count() {
    if (!levels_.empty() && levels_.back().array) ++levels_.back().index;
  }
  void begin(bool array) {
    count();
    levels_.push_back({array});
  }
  void end() { levels_.pop_back(); }

  std::vector<Level> levels_{};
  std::size_t lines_ = 0;
  std::string text_{};
};

}  // namespace detail

/// The event's type in bold, and a line for each value of its data: at most 20 lines of 200 bytes.
struct SlackSummary {
  /// Throws Error (errc::invalid_payload) for a payload that is no JSON.
  std::string operator()(const Event& event) const {
    detail::SlackLines lines;
    if (!event.payload.empty()) detail::walk_json(event.payload.view(), lines);
    return "*" + slack_escaped(event.type) + "*" + lines.take();
  }
};

}  // namespace v0
}  // namespace webhook

#endif
