// SPDX-License-Identifier: MIT
// A walk through a JSON text (RFC 8259) that hands every token to a visitor as it stands: members in their order, repeated
// ones too, and numbers as they are written, because a double would turn 20 digits into 17 and 1e400 into nothing.
// It builds no tree, and knows no JSON library: rendering a payload in another format needs neither.
#ifndef WEBHOOK_DETAIL_JSON_WALK_HPP
#define WEBHOOK_DETAIL_JSON_WALK_HPP

#include <cstddef>
#include <string>
#include <string_view>

#include "../error.hpp"
#include "json_check.hpp"
#include "utf8.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// The length of the JSON number that `text` begins with (RFC 8259 §6); 0: it begins with none.
inline std::size_t json_number_length(std::string_view text) noexcept {
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t from = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at > from;
  };
  if (at < text.size() && text[at] == '-') ++at;
  if (at < text.size() && text[at] == '0') {
    ++at;
  } else if (!digits()) {
    return 0;
  }
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (!digits()) return 0;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (!digits()) return 0;
  }
  return at;
}

/// One walk. The visitor is called begin_object, key(text), end_object, begin_array, end_array, string(text),
/// number(text as written), literal("true", "false" or "null"), each in its turn; views last for the call.
template <class Visitor>
class JsonWalk {
 public:
  JsonWalk(std::string_view text, Visitor& visitor) : text_(text), visitor_(visitor) {}

  /// Throws Error (errc::invalid_payload) with the byte that is wrong, for what is no JSON, no UTF-8, or nests too deep.
  void run() {
    value(0);
    blank();
    if (at_ != text_.size()) refuse();
  }

 private:
  [[noreturn]] void refuse() const {
    throw Error(errc::invalid_payload, "the payload is not valid JSON at byte " + std::to_string(at_ + 1));
  }

  void blank() noexcept {
    while (at_ < text_.size() && std::string_view(" \t\n\r").find(text_[at_]) != std::string_view::npos) ++at_;
  }
  char peek() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }
  void expect(char c) {
    blank();
    if (peek() != c) refuse();
    ++at_;
  }
  bool take(char c) noexcept {
    blank();
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  void value(std::size_t depth) {
    blank();
    switch (peek()) {
      case '{':
        object(enter(depth));
        return;
      case '[':
        array(enter(depth));
        return;
      case '"':
        visitor_.string(string());
        return;
      default:
        break;
    }
    for (const std::string_view word : {"true", "false", "null"}) {
      if (text_.substr(at_, word.size()) == word) {
        at_ += word.size();
        visitor_.literal(word);
        return;
      }
    }
    const std::size_t length = json_number_length(text_.substr(at_));
    if (length == 0) refuse();
    visitor_.number(text_.substr(at_, length));
    at_ += length;
  }

  std::size_t enter(std::size_t depth) {
    if (depth == max_json_depth) {
      throw Error(errc::invalid_payload, "the payload nests more than " + std::to_string(max_json_depth) +
                                             " levels deep at byte " + std::to_string(at_ + 1));
    }
    ++at_;
    return depth + 1;
  }

  void object(std::size_t depth) {
    visitor_.begin_object();
    if (!take('}')) {
      do {
        blank();
        if (peek() != '"') refuse();
        visitor_.key(string());
        expect(':');
        value(depth);
      } while (take(','));
      expect('}');
    }
    visitor_.end_object();
  }

  void array(std::size_t depth) {
    visitor_.begin_array();
    if (!take(']')) {
      do {
        value(depth);
      } while (take(','));
      expect(']');
    }
    visitor_.end_array();
  }

  // The text between the quotes: a view into the payload if nothing in it is escaped.
  std::string_view string() {
    const std::size_t from = ++at_;
    while (at_ < text_.size() && plain(text_[at_])) ++at_;
    if (peek() != '"' || at_ >= text_.size()) return escaped(from);
    const std::string_view whole = text_.substr(from, at_ - from);
    check_utf8(from, whole);
    ++at_;
    return whole;
  }

  std::string_view escaped(std::size_t from) {
    scratch_.clear();
    for (;;) {
      const std::string_view run = text_.substr(from, at_ - from);
      check_utf8(from, run);
      scratch_ += run;
      if (at_ >= text_.size()) refuse();
      const char c = text_[at_];
      if (c == '"') break;
      if (c != '\\') refuse();  // a control character
      ++at_;
      escape();
      from = at_;
      while (at_ < text_.size() && plain(text_[at_])) ++at_;
    }
    ++at_;
    return scratch_;
  }

  void escape() {
    const char c = peek();
    constexpr std::string_view names = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    if (const std::size_t which = names.find(c); which != std::string_view::npos && at_ < text_.size()) {
      scratch_ += meanings[which];
      ++at_;
      return;
    }
    if (c != 'u') refuse();
    ++at_;
    char32_t code = hex();
    if (code >= 0xDC00 && code <= 0xDFFF) refuse();
    if (code >= 0xD800 && code <= 0xDBFF) {  // the first half of a pair
      if (text_.substr(at_, 2) != "\\u") refuse();
      at_ += 2;
      const char32_t low = hex();
      if (low < 0xDC00 || low > 0xDFFF) refuse();
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    append_utf8(scratch_, code);
  }

  char32_t hex() {
    char32_t code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = peek();
      if (c >= '0' && c <= '9') {
        code = code * 16 + static_cast<char32_t>(c - '0');
      } else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
        code = code * 16 + static_cast<char32_t>((c | 0x20) - 'a' + 10);
      } else {
        refuse();
      }
    }
    return code;
  }

  static bool plain(char c) noexcept { return c != '"' && c != '\\' && static_cast<unsigned char>(c) >= 0x20; }
  void check_utf8(std::size_t from, std::string_view run) {
    if (const std::size_t bad = find_not_utf8(run); bad != std::string_view::npos) {
      at_ = from + bad;
      refuse();
    }
  }

  std::string_view text_;
  Visitor& visitor_;
  std::size_t at_ = 0;
  std::string scratch_{};
};

template <class Visitor>
void walk_json(std::string_view text, Visitor& visitor) {
  JsonWalk<Visitor>(text, visitor).run();
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
