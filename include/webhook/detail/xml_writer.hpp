// SPDX-License-Identifier: MIT
// Writing JSON as XML 1.0: elements only, no attributes; and the escapes for what XML cannot say, both ways.
// It is a visitor of a walk (json_walk.hpp) and knows no event. What it writes, expat_reader.hpp reads.
#ifndef WEBHOOK_DETAIL_XML_WRITER_HPP
#define WEBHOOK_DETAIL_XML_WRITER_HPP

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "utf8.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// The value of `count` upper-case hexadecimal digits at `at`, or nothing.
inline std::optional<char32_t> xml_hex(std::string_view text, std::size_t at, std::size_t count) noexcept {
  if (text.size() < at + count) return std::nullopt;
  char32_t code = 0;
  for (const char c : text.substr(at, count)) {
    const bool decimal = c >= '0' && c <= '9';
    if (!decimal && !(c >= 'A' && c <= 'F')) return std::nullopt;
    code = code * 16 + static_cast<char32_t>(decimal ? c - '0' : c - 'A' + 10);
  }
  return code;
}

/// Whether an escape may begin here: whatever follows its first digits, an underscore before them is written as one.
inline bool begins_xml_escape(std::string_view text, std::size_t at) noexcept {
  return text.substr(at, 2) == "_x" && xml_hex(text, at + 2, 4);
}

/// The code point of an escape "_xHHHH_" or "_xHHHHHHHH_" at `at`, and its length; 0: there is none.
inline std::pair<char32_t, std::size_t> xml_escape_at(std::string_view text, std::size_t at) noexcept {
  if (text.substr(at, 2) != "_x") return {0, 0};
  for (const std::size_t digits : {std::size_t{4}, std::size_t{8}}) {
    const std::optional<char32_t> code = xml_hex(text, at + 2, digits);
    if (!code || text.substr(at + 2 + digits, 1) != "_") continue;
    if (*code > 0x10FFFF || (*code >= 0xD800 && *code <= 0xDFFF)) return {0, 0};
    return {*code, digits + 3};
  }
  return {0, 0};
}

/// What XML 1.0 has no way to write, not even as a character reference (§2.2).
inline bool is_no_xml_character(char32_t code) noexcept {
  return (code < 0x20 && code != '\t' && code != '\n' && code != '\r') || code == 0xFFFE || code == 0xFFFF;
}

inline void append_xml_escape(std::string& text, char32_t code) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  text += "_x";
  for (int shift = code > 0xFFFF ? 28 : 12; shift >= 0; shift -= 4) text += digits[(code >> shift) & 15U];
  text += '_';
}

/// A member's name as an element's: ASCII letters, digits, '_', '-' and '.' stay; every other code point, what may not
/// begin a name, the underscore of what looks like an escape, and the first letter of "xml" become _xHHHH_. "" is _x_.
inline std::string xml_name(std::string_view name) {
  if (name.empty()) return "_x_";
  const auto lower = [&](std::size_t at) { return at < name.size() ? static_cast<char>(name[at] | 0x20) : '\0'; };
  std::string written;
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t length = utf8_length(name, at);
    const char32_t code = utf8_at(name, at, length);
    const bool letter = (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z');
    const bool inside = at > 0 && ((code >= '0' && code <= '9') || code == '-' || code == '.');
    const bool reserved = at == 0 && lower(0) == 'x' && lower(1) == 'm' && lower(2) == 'l';
    const bool underscore = code == '_' && !begins_xml_escape(name, at) && !(at == 0 && name == "_x_");
    if ((letter && !reserved) || inside || underscore) {
      written += name[at];
    } else {
      append_xml_escape(written, code);
    }
    at += length;
  }
  return written;
}

/// An element's name as a member's.
inline std::string name_from_xml(std::string_view name) {
  if (name == "_x_") return {};
  std::string read;
  for (std::size_t at = 0; at < name.size();) {
    const auto [code, length] = xml_escape_at(name, at);
    if (length != 0) {
      append_utf8(read, code);
      at += length;
    } else {
      read += name[at++];
    }
  }
  return read;
}

/// Appends text as an element's content. Text that XML cannot hold, and an underscore that would be read as the beginning
/// of such an escape, become _xHHHH_.
inline void append_xml_text(std::string& to, std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text, at);
    switch (const char32_t code = utf8_at(text, at, length); code) {
      case '&':
        to += "&amp;";
        break;
      case '<':
        to += "&lt;";
        break;
      case '>':
        to += "&gt;";
        break;
      case '\r':
        to += "&#13;";  // a bare one would be read as a line feed
        break;
      default:
        if (is_no_xml_character(code) || (code == '_' && begins_xml_escape(text, at))) {
          append_xml_escape(to, code);
        } else {
          to += text.substr(at, length);
        }
    }
    at += length;
  }
}

/// Undoes the escapes of append_xml_text and no others, so that a stranger's "_x0041_" stays what it is.
inline std::string text_from_xml(std::string_view text) {
  std::string read;
  for (std::size_t at = 0; at < text.size();) {
    const auto [code, length] = xml_escape_at(text, at);
    const bool underscore = code == '_' && begins_xml_escape(text, at + length - 1);
    if (length == 7 && (is_no_xml_character(code) || underscore)) {
      append_utf8(read, code);
      at += length;
    } else {
      read += text[at++];
    }
  }
  return read;
}

/// Members are elements of their names, elements of arrays are <item>; null, "", [] and {} are empty elements.
class XmlWriter {
 public:
  explicit XmlWriter(std::string_view root) : name_(xml_name(root)) {
    body_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  }

  void begin_object() { begin(false); }
  void begin_array() { begin(true); }
  void end_object() { end(); }
  void end_array() { end(); }
  void key(std::string_view name) { name_ = xml_name(name); }
  void string(std::string_view text) {
    open();
    append_xml_text(body_, text);
    close(name_);
  }
  void number(std::string_view text) { string(text); }
  void literal(std::string_view text) { string(text == "null" ? std::string_view() : text); }

  std::string take() { return std::move(body_); }

 private:
  struct Level {
    bool array = false;
    std::string name{};
  };

  void open() {
    if (!levels_.empty() && levels_.back().array) name_ = "item";
    body_.append("<").append(name_).append(">");
  }
  void close(const std::string& name) { body_.append("</").append(name).append(">"); }
  void begin(bool array) {
    open();
    levels_.push_back({array, name_});
  }
  void end() {
    close(levels_.back().name);
    levels_.pop_back();
  }

  std::string body_{}, name_{};
  std::vector<Level> levels_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
