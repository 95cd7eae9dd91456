// SPDX-License-Identifier: MIT
// Data that came as nothing but text (XML, forms) made to fit a type of the host, by the shape of a default value of it.
// It is written against any JSON tree type, so that it names no library, and it never changes what is no text.
#ifndef WEBHOOK_DETAIL_FITTED_HPP
#define WEBHOOK_DETAIL_FITTED_HPP

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "json_walk.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// One fit. Where the shape has a number or a boolean, text that is one becomes it; where it has a list, a lone value
/// becomes its only element, and empty text an empty list; where it has an object, a list becomes an object of its
/// indices. The elements of empty lists, and nulls, have no shape to show: there, text that looks exactly like a number
/// or a boolean is guessed to be one. Guesses are numbered by their place in the document (all elements of a list share
/// one), and `kept` says which of them stay text after all.
template <class Json>
class Fit {
 public:
  static constexpr std::size_t max_guesses = 6;  ///< that are tried both ways

  explicit Fit(unsigned kept) noexcept : kept_(kept) {}

  Json operator()(const Json& data, const Json* shape) {
    if (shape == nullptr || shape->is_null()) return guessed(data);
    if (shape->is_array()) return listed(data, shape->empty() ? nullptr : &shape->front());
    if (shape->is_object()) return with_members(data, *shape);
    if (!data.is_string()) return data;
    const std::string& text = data.template get_ref<const std::string&>();
    if (shape->is_number()) return number_or(data, text);
    if (shape->is_boolean()) {
      if (text == "true" || text == "1") return true;
      if (text == "false" || text == "0") return false;
    }
    return data;
  }

  /// How many places there were to guess at, as far as they are tried both ways.
  std::size_t guesses() const noexcept { return (std::min)(places_.size(), max_guesses); }

 private:
  static Json number_or(const Json& data, const std::string& text) {
    if (text.empty() || json_number_length(text) != text.size()) return data;
    Json number = Json::parse(text, nullptr, false);  // discarded if it is out of range
    return number.is_discarded() ? data : number;
  }

  Json guessed(const Json& data) {
    if (data.is_array()) return listed(data, nullptr);
    if (data.is_object()) return with_members(data, Json::object());
    if (!data.is_string()) return data;
    const std::string& text = data.template get_ref<const std::string&>();
    Json guess = data;
    if (text == "true" || text == "false") {
      guess = text == "true";
    } else if (Json number = number_or(data, text); number.is_number() && number.dump() == text) {
      guess = std::move(number);  // and not 007, or 1.50, which are names and prices
    }
    if (guess.is_string()) return guess;
    auto place = std::find(places_.begin(), places_.end(), path_);
    if (place == places_.end()) place = places_.insert(place, path_);
    const auto index = static_cast<std::size_t>(place - places_.begin());
    return index < max_guesses && ((kept_ >> index) & 1U) != 0 ? data : guess;
  }

  Json listed(const Json& data, const Json* element) {
    Json list = Json::array();
    if (data.is_string() && data.template get_ref<const std::string&>().empty()) return list;
    const std::size_t length = path_.size();
    path_ += "/*";
    if (data.is_array()) {
      for (const Json& each : data) list.push_back((*this)(each, element));
    } else {
      list.push_back((*this)(data, element));
    }
    path_.resize(length);
    return list;
  }

  Json with_members(const Json& data, const Json& shape) {
    Json object = Json::object();
    const auto put = [&](const std::string& key, const Json& value) {
      const std::size_t length = path_.size();
      path_.append("/").append(key);
      const auto known = shape.find(key);
      object[key] = (*this)(value, known == shape.end() ? nullptr : &*known);
      path_.resize(length);
    };
    if (data.is_object()) {
      for (auto member = data.begin(); member != data.end(); ++member) put(member.key(), member.value());
    } else if (data.is_array() && data.size() == 1 && shape.contains("item")) {
      put("item", data.front());  // in XML, an object whose only member is "item" looks like a list
    } else if (data.is_array()) {
      for (std::size_t i = 0; i < data.size(); ++i) put(std::to_string(i), data[i]);
    } else if (!data.is_string() || !data.template get_ref<const std::string&>().empty()) {
      return data;
    }
    return object;
  }

  unsigned kept_;
  std::string path_{};
  std::vector<std::string> places_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
