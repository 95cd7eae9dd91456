// SPDX-License-Identifier: MIT
// Structured fields (RFC 8941), as much of them as signatures and digests need: keys, integers, strings, tokens, bytes and
// booleans, and parameters. Stricter than the RFC where it lets a repetition win silently: a repeated key is a fault.
// It does not know which field it reads, and it keeps views into the text it was given.
#ifndef WEBHOOK_DETAIL_STRUCTURED_FIELDS_HPP
#define WEBHOOK_DETAIL_STRUCTURED_FIELDS_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base64.hpp"
#include "http_fields.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

struct BareItem {
  enum class Kind : std::uint8_t { boolean, integer, string, token, bytes };
  Kind kind = Kind::boolean;
  std::string_view raw{};   // as it was written
  std::string text{};       // of a string, without its escapes; of bytes, the bytes
  std::int64_t number = 1;  // of an integer or a boolean
};
struct Parameter {
  std::string_view name{};
  BareItem value{};
};

/// Reads a field from its beginning to its end. Each word returns false at the first fault; what follows is then void.
class FieldReader {
 public:
  static constexpr std::size_t max_parameters = 16;  // of one item

  explicit FieldReader(std::string_view text) noexcept : rest_(text) { spaces(); }

  bool at_end() const noexcept { return rest_.empty(); }
  void spaces() noexcept {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
  }
  bool accept(char c) noexcept {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  /// After a member of a dictionary: its end, or a comma and another member.
  bool between_members() noexcept {
    blanks();
    if (at_end()) return true;
    if (!accept(',')) return false;
    blanks();
    return !at_end();
  }

  bool key(std::string_view& name) noexcept {
    std::size_t size = 0;
    const auto begins = [](char c) { return (c >= 'a' && c <= 'z') || c == '*'; };
    const auto goes_on = [](char c) { return (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.'; };
    while (size < rest_.size() && (begins(rest_[size]) || (size > 0 && goes_on(rest_[size])))) ++size;
    return cut(size, name);
  }

  bool bare_item(BareItem& item) {
    const std::string_view before = rest_;
    const bool read = value(item);
    item.raw = before.substr(0, before.size() - rest_.size());
    return read;
  }

  /// Any number of ";name" and ";name=value".
  bool parameters(std::vector<Parameter>& list) {
    while (accept(';')) {
      spaces();
      Parameter one;
      if (list.size() == max_parameters || !key(one.name)) return false;
      for (const Parameter& other : list) {
        if (other.name == one.name) return false;
      }
      if (accept('=') && !bare_item(one.value)) return false;
      list.push_back(std::move(one));
    }
    return true;
  }

 private:
  void blanks() noexcept {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t')) rest_.remove_prefix(1);
  }
  bool cut(std::size_t size, std::string_view& to) noexcept {
    to = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return size > 0;
  }

  bool value(BareItem& item) {
    if (rest_.empty()) return false;
    const char c = rest_.front();
    if (c == '"') return string(item);
    if (c == ':') return bytes(item);
    if (c == '?') return boolean(item);
    if (c == '-' || (c >= '0' && c <= '9')) return integer(item);
    return token(item);
  }

  bool string(BareItem& item) {
    item.kind = BareItem::Kind::string;
    rest_.remove_prefix(1);
    while (!rest_.empty()) {
      char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return true;
      if (c == '\\') {
        if (rest_.empty() || (rest_.front() != '"' && rest_.front() != '\\')) return false;
        c = rest_.front();
        rest_.remove_prefix(1);
      }
      if (c < 0x20 || c > 0x7E) return false;  // bytes above 0x7F too, whether char is signed or not
      item.text += c;
    }
    return false;
  }

  bool bytes(BareItem& item) {
    item.kind = BareItem::Kind::bytes;
    rest_.remove_prefix(1);
    const std::size_t size = rest_.find(':');
    if (size == std::string_view::npos) return false;
    std::string_view text;
    if (size > 0) cut(size, text);
    rest_.remove_prefix(1);
    item.text.resize(size / 4 * 3);
    const auto decoded = decode_base64(text, {reinterpret_cast<unsigned char*>(item.text.data()), item.text.size()});
    if (!decoded) return false;
    item.text.resize(*decoded);
    return true;
  }

  bool boolean(BareItem& item) {
    item.kind = BareItem::Kind::boolean;
    rest_.remove_prefix(1);
    item.number = accept('1') ? 1 : 0;
    return item.number == 1 || accept('0');
  }

  // One spelling for each number: no leading zero, no "-0"; and no decimals, which nothing here is.
  bool integer(BareItem& item) {
    item.kind = BareItem::Kind::integer;
    const bool negative = accept('-');
    std::size_t size = 0;
    while (size < rest_.size() && rest_[size] >= '0' && rest_[size] <= '9') ++size;
    std::string_view digits;
    if (!cut(size, digits) || size > 15 || (digits.front() == '0' && (size > 1 || negative))) return false;
    if (!rest_.empty() && rest_.front() == '.') return false;
    item.number = 0;
    for (const char c : digits) item.number = item.number * 10 + (c - '0');
    if (negative) item.number = -item.number;
    return true;
  }

  bool token(BareItem& item) {
    item.kind = BareItem::Kind::token;
    const char first = rest_.front();
    if (!((first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z') || first == '*')) return false;
    std::size_t size = 0;
    while (size < rest_.size() && (is_token_character(rest_[size]) || rest_[size] == ':' || rest_[size] == '/')) ++size;
    std::string_view text;
    if (!cut(size, text)) return false;
    item.text = text;
    return true;
  }

  std::string_view rest_;
};

/// Whether a text can stand between quotes as it is: visible ASCII and spaces, no quote and no backslash.
constexpr bool is_plain_string(std::string_view text) noexcept {
  for (const char c : text) {
    if (c < 0x20 || c > 0x7E || c == '"' || c == '\\') return false;
  }
  return true;
}

/// All values of a field as one, as RFC 9110 §5.3 joins them; `found` counts them.
inline std::string joined_field(const Headers& headers, std::string_view name, std::size_t& found) {
  std::string value;
  found = 0;
  for (const Header header : headers) {
    if (!Headers::same_name(header.name, name)) continue;
    if (found++ > 0) value += ", ";
    value += trimmed(header.value);
  }
  return value;
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
