// SPDX-License-Identifier: MIT
// Writes a JSON text with other spaces and other escapes, as serializers of other languages would have written it.
// Lexical: it keeps the order of members and the digits of numbers, and neither checks nor understands the text.
#ifndef WEBHOOK_DETAIL_JSON_REWRITER_HPP
#define WEBHOOK_DETAIL_JSON_REWRITER_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace webhook {
inline namespace v0 {
namespace detail {

/// How a serializer writes JSON.
struct JsonStyle {
  enum Escapes : std::uint8_t {
    as_they_are,
    none,        ///< UTF-8 and slashes as themselves: JavaScript, Go without HTML
    ascii,       ///< \uXXXX for everything beyond ASCII: Python
    ascii_slash  ///< and \/ for slashes: PHP
  };
  std::string_view comma = ",", colon = ":";
  std::size_t indent = 0;  ///< blanks per level, each member on a line of its own
  Escapes escapes = as_they_are;
};

class JsonRewriter {
 public:
  explicit JsonRewriter(JsonStyle style) noexcept : style_(style) {}

  std::string operator()(std::string_view text) const {
    std::string out;
    out.reserve(text.size() + text.size() / 8);
    std::size_t depth = 0;
    bool empty = false;  // nothing since a bracket opened
    for (std::size_t at = 0; at < text.size();) {
      const char c = text[at];
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        ++at;
        continue;
      }
      const bool closes = c == '}' || c == ']';
      if (closes && depth > 0) --depth;
      if (empty != closes) line(out, depth);  // a first member, or the end of some
      empty = false;
      if (c == '"') {
        at = string(text, at, out);
        continue;
      }
      if (c == ':') {
        out += style_.colon;
      } else if (c == ',') {
        out += style_.comma;
        line(out, depth);
      } else {
        out += c;
        if (c == '{' || c == '[') {
          ++depth;
          empty = true;
        }
      }
      ++at;
    }
    return out;
  }

 private:
  void line(std::string& out, std::size_t depth) const {
    if (style_.indent != 0) out.append(1, '\n').append(depth * style_.indent, ' ');
  }

  // Writes the string that begins at `at`, quotes included; returns the position behind it.
  std::size_t string(std::string_view text, std::size_t at, std::string& out) const {
    out += text[at++];
    while (at < text.size()) {
      const char c = text[at];
      if (c == '"') {
        out += c;
        return at + 1;
      }
      if (c == '\\' && at + 1 < text.size()) {
        at = escape(text, at, out);
      } else if (c == '/' && style_.escapes == JsonStyle::ascii_slash) {
        out += "\\/";
        ++at;
      } else if (static_cast<unsigned char>(c) >= 0x80 && style_.escapes >= JsonStyle::ascii) {
        at = to_ascii(text, at, out);
      } else {
        out += c;
        ++at;
      }
    }
    return at;
  }

  std::size_t escape(std::string_view text, std::size_t at, std::string& out) const {
    const char kind = text[at + 1];
    if (kind == '/' && (style_.escapes == JsonStyle::none || style_.escapes == JsonStyle::ascii)) {
      out += '/';
      return at + 2;
    }
    if (kind == 'u' && style_.escapes == JsonStyle::none) {
      std::uint32_t code = 0;
      std::size_t end = at;
      if (!hex(text, end, code)) return copy(text, at, out);
      if (code >= 0xD800 && code < 0xDC00) {
        std::uint32_t low = 0;
        if (!hex(text, end, low) || low < 0xDC00 || low > 0xDFFF) return copy(text, at, out);
        code = 0x10000 + ((code - 0xD800) << 10U) + (low - 0xDC00);
      }
      if (code < 0x80) return copy(text, at, out);  // a control character, or one that is escaped for a reason
      append_utf8(code, out);
      return end;
    }
    return copy(text, at, out);
  }

  static std::size_t copy(std::string_view text, std::size_t at, std::string& out) {
    out.append(text.substr(at, 2));
    return at + 2;
  }

  // Reads \uXXXX at `at` and moves behind it.
  static bool hex(std::string_view text, std::size_t& at, std::uint32_t& code) noexcept {
    if (text.substr(at, 2) != "\\u" || text.size() - at < 6) return false;
    code = 0;
    for (std::size_t i = at + 2; i < at + 6; ++i) {
      const char c = text[i];
      if (c >= '0' && c <= '9') {
        code = code * 16 + static_cast<std::uint32_t>(c - '0');
      } else if (c >= 'a' && c <= 'f') {
        code = code * 16 + static_cast<std::uint32_t>(c - 'a' + 10);
      } else if (c >= 'A' && c <= 'F') {
        code = code * 16 + static_cast<std::uint32_t>(c - 'A' + 10);
      } else {
        return false;
      }
    }
    at += 6;
    return true;
  }

  static void append_utf8(std::uint32_t code, std::string& out) {
    const auto byte = [&out](std::uint32_t value) { out += static_cast<char>(static_cast<unsigned char>(value)); };
    if (code < 0x800) {
      byte(0xC0U | (code >> 6U));
    } else {
      if (code < 0x10000) {
        byte(0xE0U | (code >> 12U));
      } else {
        byte(0xF0U | (code >> 18U));
        byte(0x80U | ((code >> 12U) & 0x3FU));
      }
      byte(0x80U | ((code >> 6U) & 0x3FU));
    }
    byte(0x80U | (code & 0x3FU));
  }

  // Bytes that are not UTF-8 stay as they are: no serializer would have escaped them.
  static std::size_t to_ascii(std::string_view text, std::size_t at, std::string& out) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 1;
    std::uint32_t code = lead & (0xFFU >> (size + 1));
    bool sound = size > 1 && text.size() - at >= size;
    for (std::size_t i = 1; sound && i < size; ++i) {
      const auto next = static_cast<unsigned char>(text[at + i]);
      sound = (next & 0xC0U) == 0x80U;
      code = (code << 6U) | (next & 0x3FU);
    }
    if (!sound || code > 0x10FFFF) {
      out += text[at];
      return at + 1;
    }
    if (code >= 0x10000) {
      append_escape(0xD800U + ((code - 0x10000U) >> 10U), out);
      append_escape(0xDC00U + ((code - 0x10000U) & 0x3FFU), out);
    } else {
      append_escape(code, out);
    }
    return at + size;
  }
  static void append_escape(std::uint32_t code, std::string& out) {
    constexpr std::string_view digits = "0123456789abcdef";
    out += "\\u";
    for (const unsigned shift : {12U, 8U, 4U, 0U}) out += digits[(code >> shift) & 0xFU];
  }

  JsonStyle style_;
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
