// SPDX-License-Identifier: MIT
// Writing JSON as application/x-www-form-urlencoded (the WHATWG URL standard's serializer), nested names in brackets.
// It is a visitor of a walk (json_walk.hpp) and knows no event. What it writes, form_reader.hpp reads.
#ifndef WEBHOOK_DETAIL_FORM_WRITER_HPP
#define WEBHOOK_DETAIL_FORM_WRITER_HPP

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../error.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

inline constexpr std::size_t max_form_depth = 64;           ///< names inside each other, as in PHP
inline constexpr std::size_t max_form_size = 16ULL << 20U;  ///< bytes: a name is repeated for each value below it

/// Members are a[b], elements that are scalars a[], other elements a[0]: as jQuery writes them, and PHP and Rails read
/// them. null, "", [] and {} are all the empty value. A bracket in a name is written %5B or %5D before the form's own
/// encoding, so that no name can reach into another's place.
class FormWriter {
 public:
  void begin_object() { begin(false); }
  void begin_array() { begin(true); }
  void end_object() { end(); }
  void end_array() { end(); }

  void key(std::string_view name) {
    name_.resize(levels_.back().base);
    if (levels_.size() > 1) {
      bracketed(escaped(name));
    } else {
      encode(escaped(name), name_);
    }
  }

  void string(std::string_view text) { scalar(text); }
  void number(std::string_view text) { scalar(text); }
  void literal(std::string_view text) { scalar(text == "null" ? std::string_view() : text); }

  std::string take() { return std::move(body_); }

 private:
  struct Level {
    bool array = false;
    std::size_t base = 0;   // bytes of the name above it
    std::size_t index = 0;  // of the next element
    bool empty = true;
  };

  void begin(bool array) {
    if (levels_.size() > max_form_depth) {
      throw Error(errc::invalid_payload, "the payload nests more than 64 levels deep, which a form cannot carry");
    }
    if (levels_.empty()) {
      if (array) name_ = "data";  // a form has names at its top
    } else {
      if (levels_.back().array) {
        name_.resize(levels_.back().base);
        bracketed(std::to_string(levels_.back().index++));
      }
      levels_.back().empty = false;
    }
    levels_.push_back({array, name_.size()});
  }

  void end() {
    const Level level = levels_.back();
    levels_.pop_back();
    name_.resize(level.base);
    if (level.empty && !name_.empty()) field({});
  }

  void scalar(std::string_view text) {
    if (levels_.empty()) {
      name_ = "data";
    } else {
      Level& level = levels_.back();
      level.empty = false;
      if (level.array) {
        name_.resize(level.base);
        bracketed({});
        ++level.index;
      }
    }
    field(text);
  }

  void field(std::string_view text) {
    if (body_.size() + name_.size() + text.size() > max_form_size) {
      throw Error(errc::too_large, "as a form, the payload is larger than 16 MiB");
    }
    if (!body_.empty()) body_ += '&';
    body_.append(name_).append("=");
    encode(text, body_);
  }

  void bracketed(std::string_view part) {
    name_ += "%5B";
    encode(part, name_);
    name_ += "%5D";
  }

  static std::string escaped(std::string_view name) {
    std::string text;
    for (std::size_t at = 0; at < name.size(); ++at) {
      const std::string_view next = name.substr(at + 1, 2);
      if (name[at] == '[') {
        text += "%5B";
      } else if (name[at] == ']') {
        text += "%5D";
      } else if (name[at] == '%' && (next == "5B" || next == "5D" || next == "25")) {
        text += "%25";
      } else {
        text += name[at];
      }
    }
    return text;
  }

  static void encode(std::string_view text, std::string& to) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    for (const char c : text) {
      if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '*' || c == '-' ||
          c == '.' || c == '_') {
        to += c;
      } else if (c == ' ') {
        to += '+';
      } else {
        const auto byte = static_cast<unsigned char>(c);
        to += '%';
        to += digits[byte >> 4U];
        to += digits[byte & 15U];
      }
    }
  }

  std::string body_{}, name_{};  // the name is encoded already
  std::vector<Level> levels_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
