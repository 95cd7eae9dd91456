// SPDX-License-Identifier: MIT
// Reading application/x-www-form-urlencoded: fields, percent-decoded, and the tree that their bracketed names make.
// It is strict where browsers are lenient, and bounded. It builds any JSON tree type, and names no library.
#ifndef WEBHOOK_DETAIL_FORM_READER_HPP
#define WEBHOOK_DETAIL_FORM_READER_HPP

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../error.hpp"
#include "form_parameters.hpp"
#include "utf8.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

struct FormField {
  std::string name{}, value{};
};

/// Percent-decodes one name or value; `which` counts fields from 1, for the sentence.
inline std::string form_decoded(std::string_view text, std::size_t which) {
  const auto refuse = [which](const char* what) {
    throw Error(errc::invalid_payload, "field " + std::to_string(which) + " of the form " + what);
  };
  std::string decoded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '+') {
      decoded += ' ';
    } else if (text[at] == '%') {
      const std::optional<char> byte = percent_byte(text, at);
      if (!byte) refuse("has a '%' that no two hexadecimal digits follow");
      decoded += *byte;
      at += 2;
    } else {
      decoded += text[at];
    }
  }
  if (find_not_utf8(decoded) != std::string_view::npos) refuse("is not valid UTF-8");
  return decoded;
}

/// The fields in their order. Throws Error (errc::invalid_payload) for more than `most`, a bad escape or bad UTF-8.
inline std::vector<FormField> form_fields(std::string_view body, std::size_t most) {
  std::vector<FormField> fields;
  while (!body.empty()) {
    const std::string_view field = body.substr(0, body.find('&'));
    body.remove_prefix((std::min)(field.size() + 1, body.size()));
    if (field.empty()) continue;
    if (fields.size() == most) {
      throw Error(errc::invalid_payload, "the form has more than " + std::to_string(most) + " fields");
    }
    const std::size_t equals = field.find('=');
    const std::string_view value = equals == std::string_view::npos ? std::string_view() : field.substr(equals + 1);
    const std::size_t which = fields.size() + 1;
    fields.push_back({form_decoded(field.substr(0, equals), which), form_decoded(value, which)});
  }
  return fields;
}

/// The tree of a form: a[b] is a member, a[] the next element, a[0] an element; a name that repeats is a list. In a[][b]
/// a member that the last element has already begins the next one, as in Rails. A name whose brackets do not pair is
/// taken as it is.
class FormTree {
 public:
  explicit FormTree(std::size_t max_depth) noexcept : max_depth_(max_depth) {}

  /// Throws Error (errc::invalid_payload) if the name nests too deep.
  void add(const FormField& field, std::size_t which) {
    const std::vector<Part> path = parts(field.name, which);
    Node* node = &root_;
    for (std::size_t at = 0; at < path.size(); ++at) node = &below(*node, path, at);
    node->values.push_back(field.value);
  }

  /// Throws Error (errc::invalid_payload) if a name is both a value and a group.
  template <class Json>
  Json tree() const {
    Json all = built<Json>(root_);
    return all.is_null() ? Json::object() : all;
  }

 private:
  struct Part {
    std::string key{};
    bool append = false;
  };
  struct Node {
    std::vector<std::string> values{};
    std::map<std::string, std::unique_ptr<Node>, std::less<>> children{};
    std::size_t next = 0;  // one more than the greatest index among the children
  };

  std::vector<Part> parts(std::string_view name, std::size_t which) const {
    std::vector<Part> path;
    const std::size_t open = name.find('[');
    std::string_view rest = name.substr((std::min)(open, name.size()));
    path.push_back({unescaped(name.substr(0, open))});
    while (!rest.empty()) {
      const std::size_t close = rest.find(']');
      if (rest.front() != '[' || close == std::string_view::npos || open == 0) return {{unescaped(name)}};
      const std::string_view key = rest.substr(1, close - 1);
      if (path.size() > max_depth_) {
        throw Error(errc::invalid_payload, "field " + std::to_string(which) + " of the form nests more than " +
                                               std::to_string(max_depth_) + " levels deep");
      }
      path.push_back({unescaped(key), key.empty()});
      rest.remove_prefix(close + 1);
    }
    return path;
  }

  static std::string unescaped(std::string_view name) {
    std::string text;
    for (std::size_t at = 0; at < name.size(); ++at) {
      const std::string_view escape = name.substr(at, 3);
      const char plain = escape == "%5B" ? '[' : escape == "%5D" ? ']' : escape == "%25" ? '%' : '\0';
      text += plain != '\0' ? plain : name[at];
      if (plain != '\0') at += 2;
    }
    return text;
  }

  static std::optional<std::size_t> index_of(std::string_view key) noexcept {
    if (key.empty() || key.size() > 9 || (key.front() == '0' && key.size() > 1)) return std::nullopt;
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
    if (error != std::errc() || end != key.data() + key.size()) return std::nullopt;
    return index;
  }

  static Node& child(Node& node, const std::string& key) {
    std::unique_ptr<Node>& slot = node.children[key];
    if (slot == nullptr) slot = std::make_unique<Node>();
    if (const std::optional<std::size_t> index = index_of(key)) node.next = (std::max)(node.next, *index + 1);
    return *slot;
  }

  static Node& below(Node& node, const std::vector<Part>& path, std::size_t at) {
    if (!path[at].append) return child(node, path[at].key);
    if (at + 1 < path.size() && node.next > 0) {
      const auto last = node.children.find(std::to_string(node.next - 1));
      if (last != node.children.end() && last->second->values.empty() && !has(*last->second, path, at + 1)) {
        return *last->second;
      }
    }
    return child(node, std::to_string(node.next));
  }

  static bool has(const Node& node, const std::vector<Part>& path, std::size_t at) {
    const Node* here = &node;
    for (; at < path.size(); ++at) {
      if (path[at].append) return false;
      const auto found = here->children.find(path[at].key);
      if (found == here->children.end()) return false;
      here = found->second.get();
    }
    return true;
  }

  template <class Json>
  static Json built(const Node& node) {
    if (!node.values.empty() && !node.children.empty()) {
      throw Error(errc::invalid_payload, "a name of the form is both a value and a group of values");
    }
    if (node.values.size() == 1) return node.values.front();
    if (!node.values.empty()) return Json(node.values);
    if (node.children.empty()) return nullptr;
    if (node.next == node.children.size()) {  // as many children as indices, if all of them are indices
      Json list = Json::array();
      for (std::size_t i = 0; i < node.next; ++i) {
        const auto element = node.children.find(std::to_string(i));
        if (element == node.children.end()) break;
        list.push_back(built<Json>(*element->second));
      }
      if (list.size() == node.next) return list;
    }
    Json object = Json::object();
    for (const auto& [key, member] : node.children) object[key] = built<Json>(*member);
    return object;
  }

  std::size_t max_depth_;
  Node root_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
