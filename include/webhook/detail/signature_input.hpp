// SPDX-License-Identifier: MIT
// The fields Signature-Input and Signature (RFC 9421 §4): what each signature covers, under which parameters, and its
// bytes. Bounded, and strict: a repeated label, component or parameter is a fault, and so is a label in one field only.
// It does not know the message that they belong to, and it judges no signature.
#ifndef WEBHOOK_DETAIL_SIGNATURE_INPUT_HPP
#define WEBHOOK_DETAIL_SIGNATURE_INPUT_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http_fields.hpp"
#include "structured_fields.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

inline constexpr std::size_t max_signature_field = 8192;     ///< bytes of each of the two fields, all lines together
inline constexpr std::size_t max_message_signatures = 8;     ///< labels
inline constexpr std::size_t max_covered_components = 32;    ///< of one signature
inline constexpr std::size_t max_signature_parameter = 256;  ///< bytes of a keyid, nonce, tag or alg

/// One thing that is covered: a field ("content-type"), or something derived ("@path", "@query-param";name="id").
struct Component {
  std::string name{};
  std::optional<std::string> parameter{};  // the name of a query parameter
  bool known = true;                       // false: with parameters that are not understood here

  std::string identifier() const {  // as both the list and the base write it
    return parameter ? '"' + name + "\";name=\"" + *parameter + '"' : '"' + name + '"';
  }
  friend bool operator==(const Component& left, const Component& right) noexcept {
    return left.name == right.name && left.parameter == right.parameter;
  }
};

struct SignatureInput {
  std::string label{};
  std::vector<Component> components{};
  std::string canonical{};  // the value of "@signature-params"
  std::optional<std::int64_t> created{}, expires{};
  std::optional<std::string> nonce{}, alg{}, keyid{}, tag{};
  std::string signature{};  // the bytes

  bool covers(std::string_view name) const noexcept {
    for (const Component& one : components) {
      if (one.name == name && !one.parameter && one.known) return true;
    }
    return false;
  }
};

/// Field names in lower case, or names that begin with "@".
constexpr bool is_component_name(std::string_view name) noexcept {
  if (name.substr(0, 1) == "@") name.remove_prefix(1);
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') return false;
  }
  return is_token(name);
}

/// Reads `("a" "b");created=1;…` after its label.
inline bool read_signature_params(FieldReader& reader, SignatureInput& input) {
  if (!reader.accept('(')) return false;
  input.canonical = "(";
  for (reader.spaces(); !reader.accept(')');) {
    BareItem item;
    std::vector<Parameter> parameters;
    if (input.components.size() == max_covered_components || !reader.bare_item(item) ||
        item.kind != BareItem::Kind::string || !is_component_name(item.text) || !reader.parameters(parameters)) {
      return false;
    }
    if (!input.components.empty()) input.canonical += ' ';
    input.canonical += item.raw;
    Component component{item.text};
    for (const Parameter& one : parameters) {
      input.canonical.append(1, ';').append(one.name);
      if (!one.value.raw.empty()) input.canonical.append(1, '=').append(one.value.raw);
      const bool query = one.name == "name" && one.value.kind == BareItem::Kind::string;
      if (query && item.text == "@query-param" && is_plain_string(one.value.text)) {
        component.parameter = one.value.text;
      } else {
        component.known = false;
      }
    }
    if (component.known) {
      for (const Component& other : input.components) {
        if (other == component) return false;
      }
    }
    input.components.push_back(std::move(component));
    // Items are parted by a space at least.
    if (reader.accept(' ')) {
      reader.spaces();
    } else if (!reader.accept(')')) {
      return false;
    } else {
      break;
    }
  }
  input.canonical += ')';

  std::vector<Parameter> parameters;
  if (!reader.parameters(parameters)) return false;
  for (const Parameter& one : parameters) {
    input.canonical.append(1, ';').append(one.name);
    if (!one.value.raw.empty()) input.canonical.append(1, '=').append(one.value.raw);
    const bool time = one.name == "created" || one.name == "expires";
    const bool text = one.name == "nonce" || one.name == "alg" || one.name == "keyid" || one.name == "tag";
    if (time) {
      constexpr std::int64_t latest = 999'999'999'999;  // twelve digits: nothing that is computed with it overflows
      if (one.value.kind != BareItem::Kind::integer || one.value.number <= 0 || one.value.number > latest) return false;
      (one.name == "created" ? input.created : input.expires) = one.value.number;
    } else if (text) {
      if (one.value.kind != BareItem::Kind::string || one.value.text.size() > max_signature_parameter) return false;
      (one.name == "nonce" ? input.nonce
       : one.name == "alg" ? input.alg
       : one.name == "tag" ? input.tag
                           : input.keyid) = one.value.text;
    }  // others are covered like these, and mean nothing here
  }
  return true;
}

/// All signatures of a message, in order; nothing if one of the two fields is malformed, or they do not fit together.
inline std::optional<std::vector<SignatureInput>> read_signatures(std::string_view inputs,
                                                                  std::string_view signatures) {
  if (inputs.size() > max_signature_field || signatures.size() > max_signature_field) return std::nullopt;
  std::vector<SignatureInput> read;
  FieldReader reader(inputs);
  while (!reader.at_end()) {
    SignatureInput input;
    std::string_view label;
    if (read.size() == max_message_signatures || !reader.key(label) || !reader.accept('=') ||
        !read_signature_params(reader, input) || !reader.between_members()) {
      return std::nullopt;
    }
    for (const SignatureInput& other : read) {
      if (other.label == label) return std::nullopt;
    }
    input.label = label;
    read.push_back(std::move(input));
  }
  std::size_t filled = 0;
  FieldReader values(signatures);
  while (!values.at_end()) {
    std::string_view label;
    BareItem item;
    std::vector<Parameter> parameters;
    if (!values.key(label) || !values.accept('=') || !values.bare_item(item) || item.kind != BareItem::Kind::bytes ||
        item.text.empty() || !values.parameters(parameters) || !values.between_members()) {
      return std::nullopt;
    }
    SignatureInput* of = nullptr;
    for (SignatureInput& input : read) {
      if (input.label == label) of = &input;
    }
    if (of == nullptr || !of->signature.empty()) return std::nullopt;
    of->signature = std::move(item.text);
    ++filled;
  }
  if (read.empty() || filled != read.size()) return std::nullopt;
  return read;
}

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
