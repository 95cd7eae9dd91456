// SPDX-License-Identifier: MIT
// JsonFilter: a condition on an event's data, compiled once and judged many times.
// It is written against any JSON tree type, so that it names no library; parsing is the serializer's.
#ifndef WEBHOOK_DETAIL_JSON_FILTER_HPP
#define WEBHOOK_DETAIL_JSON_FILTER_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../error.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// One compiled filter. The language is JSON itself: an object is a conjunction, whose keys are fields by JSON Pointer
/// (RFC 6901) or and, or, not:
///   {"/price": {"gte": 10, "lt": 100}, "/country": {"in": ["DE", "FR"]}, "not": {"/test": true}}
///   {"or": [{"/status": "paid"}, {"/total": 0}]}
/// A field that is absent meets ne, not_in and exists:false, and nothing else. Numbers compare with
/// numbers and strings with strings (byte by byte); values of different kinds are unequal, and neither is the greater.
template <class Json>
class JsonFilter {
 public:
  static constexpr std::size_t max_depth = 16;        ///< of and, or, not within each other
  static constexpr std::size_t max_conditions = 100;  ///< in all

  /// Throws Error (errc::invalid_filter) that names the field or operator that is wrong. If `sample` is given, every
  /// field must be there, but for the children of empty objects, arrays and nulls, which stand for maps and optionals.
  JsonFilter(const Json& text, const Json* sample) {
    std::size_t conditions = 0;
    root_ = compile_all(text, sample, 0, conditions);
  }

  bool matches(const Json& data) const { return holds(root_, data); }

 private:
  enum class Kind : std::uint8_t {
    all,
    any,
    none,
    eq,
    ne,
    gt,
    gte,
    lt,
    lte,
    in,
    not_in,
    exists,
    starts_with,
    ends_with
  };
  using Pointer = typename Json::json_pointer;
  struct Node {
    Kind kind = Kind::all;
    std::vector<Node> nodes{};  // of all, any, none
    Pointer field{};            // of the others
    Json value{};
  };

  [[noreturn]] static void refuse(const std::string& what) {
    throw Error(errc::invalid_filter, "the filter is wrong: " + what);
  }

  static std::optional<Kind> comparison(std::string_view name) {
    constexpr std::array<std::pair<std::string_view, Kind>, 11> names{{{"eq", Kind::eq},
                                                                       {"ne", Kind::ne},
                                                                       {"gt", Kind::gt},
                                                                       {"gte", Kind::gte},
                                                                       {"lt", Kind::lt},
                                                                       {"lte", Kind::lte},
                                                                       {"in", Kind::in},
                                                                       {"not_in", Kind::not_in},
                                                                       {"exists", Kind::exists},
                                                                       {"starts_with", Kind::starts_with},
                                                                       {"ends_with", Kind::ends_with}}};
    for (const auto& [known, kind] : names) {
      if (known == name) return kind;
    }
    return std::nullopt;
  }

  // ------------------------------------------------------------------------------------------------------- compile
  static Node compile_all(const Json& text, const Json* sample, std::size_t depth, std::size_t& conditions) {
    if (!text.is_object()) refuse("an object of fields was expected, such as {\"/price\": {\"gt\": 10}}");
    if (depth > max_depth) refuse("it nests more than 16 levels deep");
    Node all;
    for (auto at = text.begin(); at != text.end(); ++at) {
      const std::string& key = at.key();
      if (key == "and" || key == "or") {
        if (!at->is_array() || at->empty()) refuse("\"" + key + "\" takes an array of objects");
        Node group;
        group.kind = key == "and" ? Kind::all : Kind::any;
        for (const Json& part : *at) group.nodes.push_back(compile_all(part, sample, depth + 1, conditions));
        all.nodes.push_back(std::move(group));
      } else if (key == "not") {
        Node negation;
        negation.kind = Kind::none;
        negation.nodes.push_back(compile_all(*at, sample, depth + 1, conditions));
        all.nodes.push_back(std::move(negation));
      } else {
        compile_field(key, *at, sample, all, conditions);
      }
    }
    return all;
  }

  static void compile_field(const std::string& key, const Json& wanted, const Json* sample, Node& all,
                            std::size_t& conditions) {
    if (!key.empty() && key.front() != '/') {
      refuse("\"" + key +
             "\" is neither and, or, not, nor a field; fields are JSON Pointers, such as \"/customer/country\"");
    }
    Pointer field;
    try {
      field = Pointer(key);
    } catch (const typename Json::exception&) {
      refuse("the field \"" + key + "\" is no JSON Pointer (RFC 6901)");
    }
    if (sample != nullptr && !could_be_in(*sample, field)) refuse("the event has no field \"" + key + "\"");
    if (!wanted.is_object()) return add(all, Kind::eq, field, wanted, key, conditions);
    if (wanted.empty()) refuse("the field \"" + key + "\" has no operator");
    for (auto at = wanted.begin(); at != wanted.end(); ++at) {
      const std::optional<Kind> kind = comparison(at.key());
      if (!kind) {
        refuse("the field \"" + key + "\" has the unknown operator \"" + at.key() +
               "\"; there are eq, ne, gt, gte, lt, lte, in, not_in, exists, starts_with, ends_with");
      }
      add(all, *kind, field, *at, key, conditions);
    }
  }

  static void add(Node& all, Kind kind, const Pointer& field, const Json& value, const std::string& key,
                  std::size_t& conditions) {
    if (++conditions > max_conditions) refuse("it has more than 100 conditions");
    const auto require = [&](bool holds, const char* what) {
      if (!holds) refuse("the field \"" + key + "\": " + what);
    };
    switch (kind) {
      case Kind::gt:
      case Kind::gte:
      case Kind::lt:
      case Kind::lte:
        require(value.is_number() || value.is_string(), "gt, gte, lt and lte take a number or a string");
        break;
      case Kind::in:
      case Kind::not_in:
        require(value.is_array(), "in and not_in take an array");
        break;
      case Kind::exists:
        require(value.is_boolean(), "exists takes true or false");
        break;
      case Kind::starts_with:
      case Kind::ends_with:
        require(value.is_string(), "starts_with and ends_with take a string");
        break;
      default:
        break;
    }
    Node node;
    node.kind = kind;
    node.field = field;
    node.value = value;
    all.nodes.push_back(std::move(node));
  }

  // Walks down as far as the sample says anything: an empty object, an empty array or null says nothing of what it may
  // hold in another event.
  static bool could_be_in(const Json& sample, Pointer field) {
    std::vector<std::string> way;
    for (; !field.empty(); field.pop_back()) way.push_back(field.back());
    const Json* here = &sample;
    for (; !way.empty(); way.pop_back()) {
      if (here->is_null() || (here->is_structured() && here->empty())) return true;
      if (here->is_array()) return true;  // of another length in another event
      if (!here->is_object()) return false;
      const auto found = here->find(way.back());
      if (found == here->end()) return false;
      here = &*found;
    }
    return true;
  }

  // ---------------------------------------------------------------------------------------------------------- judge
  static bool holds(const Node& node, const Json& data) {
    switch (node.kind) {
      case Kind::all:
        for (const Node& part : node.nodes) {
          if (!holds(part, data)) return false;
        }
        return true;
      case Kind::any:
        for (const Node& part : node.nodes) {
          if (holds(part, data)) return true;
        }
        return false;
      case Kind::none:
        return !holds(node.nodes.front(), data);
      default:
        break;
    }
    const Json* found = find(data, node.field);
    switch (node.kind) {
      case Kind::eq:
        return found != nullptr && *found == node.value;
      case Kind::ne:
        return found == nullptr || *found != node.value;
      case Kind::in:
        return found != nullptr && contains(node.value, *found);
      case Kind::not_in:
        return found == nullptr || !contains(node.value, *found);
      case Kind::exists:
        return (found != nullptr) == node.value.template get<bool>();
      default:
        break;
    }
    if (found == nullptr) return false;
    if (node.kind == Kind::starts_with || node.kind == Kind::ends_with) {
      if (!found->is_string()) return false;
      const std::string_view whole = found->template get_ref<const std::string&>();
      const std::string_view part = node.value.template get_ref<const std::string&>();
      if (whole.size() < part.size()) return false;
      return (node.kind == Kind::starts_with ? whole.substr(0, part.size())
                                             : whole.substr(whole.size() - part.size())) == part;
    }
    const bool comparable =
        (found->is_number() && node.value.is_number()) || (found->is_string() && node.value.is_string());
    if (!comparable) return false;
    switch (node.kind) {
      case Kind::gt:
        return *found > node.value;
      case Kind::gte:
        return *found >= node.value;
      case Kind::lt:
        return *found < node.value;
      default:
        return *found <= node.value;
    }
  }

  static const Json* find(const Json& data, const Pointer& field) {
    return data.contains(field) ? &data.at(field) : nullptr;
  }

  static bool contains(const Json& list, const Json& value) {
    for (const Json& one : list) {
      if (one == value) return true;
    }
    return false;
  }

  Node root_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
