// SPDX-License-Identifier: MIT
// HmacTemplate: what a configurable scheme signs, "{timestamp}.{body}" say, taken apart once and filled in for each
// request without copying a byte of it.
// It computes nothing, and does not know where an id or a timestamp came from.
#ifndef WEBHOOK_SCHEME_HMAC_TEMPLATE_HPP
#define WEBHOOK_SCHEME_HMAC_TEMPLATE_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../detail/field.hpp"
#include "../detail/http_fields.hpp"
#include "../error.hpp"
#include "../http.hpp"
#include "../verification.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

class HmacTemplate {
 public:
  /// Throws Error (errc::invalid) for a brace that is not closed, and for a name that is none.
  explicit HmacTemplate(std::string_view text) {
    if (text.size() > 1024) throw Error(errc::invalid, "HmacOptions::content has at most 1024 bytes");
    std::string literal;
    while (!text.empty()) {
      const char c = text.front();
      if ((c == '{' || c == '}') && text.size() > 1 && text[1] == c) {  // "{{" and "}}"
        literal += c;
        text.remove_prefix(2);
      } else if (c == '{') {
        const std::size_t end = text.find('}');
        if (end == std::string_view::npos) {
          throw Error(errc::invalid, "HmacOptions::content has a '{' that is not closed; write \"{{\" for a brace");
        }
        add(Kind::literal, literal);
        literal.clear();
        add_field(text.substr(1, end - 1));
        text.remove_prefix(end + 1);
      } else if (c == '}') {
        throw Error(errc::invalid, "HmacOptions::content has a '}' that closes nothing; write \"}}\" for a brace");
      } else {
        literal += c;
        text.remove_prefix(1);
      }
    }
    add(Kind::literal, literal);
  }

  bool covers_body() const noexcept { return covers(Kind::body); }
  bool covers_time() const noexcept { return covers(Kind::timestamp); }
  bool covers_id() const noexcept { return covers(Kind::id); }

  /// The character that ends an id where it is signed: it must not occur in one. '\0': another field follows, or nothing
  /// is signed; ' ', which no id has, if the id is the last.
  char after_id() const noexcept {
    for (std::size_t at = 0; at < pieces_.size(); ++at) {
      if (pieces_[at].kind != Kind::id) continue;
      if (at + 1 == pieces_.size()) return ' ';
      return pieces_[at + 1].kind == Kind::literal ? pieces_[at + 1].text.front() : '\0';
    }
    return '\0';
  }

  /// Fills `parts` with views into this, the request, the id and the time. Not ok: a header that is signed is absent, or
  /// stands there twice.
  Verification build(const Request& request, std::string_view id, std::string_view time,
                     std::vector<std::string_view>& parts) const {
    parts.reserve(pieces_.size());
    for (const Piece& piece : pieces_) {
      std::string_view value = piece.text;
      switch (piece.kind) {
        case Kind::literal:
          break;
        case Kind::body:
          value = request.body.view();
          break;
        case Kind::timestamp:
          value = time;
          break;
        case Kind::id:
          value = id;
          break;
        case Kind::url:
          value = request.url;
          break;
        case Kind::method:
          value = request.method;
          break;
        case Kind::header:
          if (const Verification found = only_field(request.headers, piece.text, value); !found) return found;
          break;
      }
      parts.push_back(value);
    }
    return Verification{Verification::ok};
  }

 private:
  enum class Kind : std::uint8_t { literal, body, timestamp, id, url, method, header };
  struct Piece {
    Kind kind = Kind::literal;
    std::string text{};  // a literal, or a header's name
  };

  void add(Kind kind, std::string_view text) {
    if (kind != Kind::literal || !text.empty()) pieces_.push_back({kind, std::string(text)});
  }
  void add_field(std::string_view name) {
    constexpr std::string_view header = "header:";
    if (name == "body") return add(Kind::body, {});
    if (name == "timestamp") return add(Kind::timestamp, {});
    if (name == "id") return add(Kind::id, {});
    if (name == "url") return add(Kind::url, {});
    if (name == "method") return add(Kind::method, {});
    if (name.substr(0, header.size()) == header && is_token(name.substr(header.size())))
      return add(Kind::header, name.substr(header.size()));
    throw Error(errc::invalid,
                "HmacOptions::content has a {field} that is none of {body}, {timestamp}, {id}, {url}, {method} and "
                "{header:name}");
  }
  bool covers(Kind kind) const noexcept {
    for (const Piece& piece : pieces_) {
      if (piece.kind == kind) return true;
    }
    return false;
  }

  std::vector<Piece> pieces_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
