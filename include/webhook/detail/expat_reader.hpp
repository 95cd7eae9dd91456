// SPDX-License-Identifier: MIT
// Reading a stranger's XML with Expat: bounded in depth and elements, and without any document type declaration, so that
// there is no entity to expand, no external one to fetch, and nothing to look up.
// It builds any JSON tree type, and names no JSON library.
#ifndef WEBHOOK_DETAIL_EXPAT_READER_HPP
#define WEBHOOK_DETAIL_EXPAT_READER_HPP

#include <expat.h>

#include <cstddef>
#include <exception>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "../error.hpp"
#include "json_check.hpp"
#include "xml_writer.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

inline constexpr std::size_t max_xml_depth =
    max_json_depth + 2;                                ///< elements inside each other: an envelope's two more
inline constexpr std::size_t max_xml_nodes = 100'000;  ///< elements and attributes in all

/// One document, read once. An element without children is its text; one whose children are all <item> is a list; any
/// other is an object of its children, of which several of one name are a list. A stranger's attributes are members
/// "@name", and text beside children or attributes is the member "#text"; declarations of namespaces are left out, and
/// prefixes stay in names.
template <class Json>
class ExpatReader {
 public:
  /// Throws Error (errc::invalid_payload) with the line that is wrong, never with what stands there.
  static Json read(std::string_view text) {
    ExpatReader reader;
    return reader.parsed(text);
  }

 private:
  struct Free {
    void operator()(XML_Parser parser) const noexcept { XML_ParserFree(parser); }
  };
  struct Element {
    std::string name{};
    std::string text{};
    Json members = Json::object();
    std::map<std::string, std::size_t> counts{};  // of members by name
    bool items_only = true;
  };

  ExpatReader() : parser_(XML_ParserCreate(nullptr)) {
    if (parser_ == nullptr) throw std::bad_alloc();
    XML_SetUserData(parser_.get(), this);
    XML_SetElementHandler(parser_.get(), &ExpatReader::on_begin, &ExpatReader::on_end);
    XML_SetCharacterDataHandler(parser_.get(), &ExpatReader::on_text);
    XML_SetStartDoctypeDeclHandler(parser_.get(), &ExpatReader::on_doctype);
  }

  Json parsed(std::string_view text) {
    constexpr std::size_t most = 1U << 20U;  // the parser counts in int
    XML_Status status = XML_STATUS_OK;
    do {
      const std::string_view part = text.substr(0, most);
      text.remove_prefix(part.size());
      status = XML_Parse(parser_.get(), part.data(), static_cast<int>(part.size()), text.empty() ? 1 : 0);
    } while (status == XML_STATUS_OK && !text.empty());
    if (problem_) std::rethrow_exception(problem_);
    if (status != XML_STATUS_OK) {
      if (XML_GetErrorCode(parser_.get()) == XML_ERROR_NO_MEMORY) throw std::bad_alloc();
      refuse("is not well-formed XML");
    }
    return std::move(root_);
  }

  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(errc::invalid_payload,
                "the body " + what + " at line " + std::to_string(XML_GetCurrentLineNumber(parser_.get())));
  }

  // No exception may pass through the parser, which is C: it waits here until the parser has stopped.
  template <class Call>
  void contained(Call call) noexcept {
    if (problem_) return;
    try {
      call();
    } catch (...) {
      problem_ = std::current_exception();
      XML_StopParser(parser_.get(), XML_FALSE);
    }
  }
  static ExpatReader& self(void* data) noexcept { return *static_cast<ExpatReader*>(data); }

  static void XMLCALL on_doctype(void* data, const XML_Char*, const XML_Char*, const XML_Char*, int) {
    self(data).contained([&] { self(data).refuse("has a document type declaration, which is not accepted"); });
  }
  static void XMLCALL on_begin(void* data, const XML_Char* name, const XML_Char** attributes) {
    self(data).contained([&] { self(data).begin(name, attributes); });
  }
  static void XMLCALL on_text(void* data, const XML_Char* text, int size) {
    self(data).contained([&] { self(data).open_.back().text.append(text, static_cast<std::size_t>(size)); });
  }
  static void XMLCALL on_end(void* data, const XML_Char*) {
    self(data).contained([&] { self(data).end(); });
  }

  void count() {
    if (++nodes_ > max_xml_nodes) refuse("has more than " + std::to_string(max_xml_nodes) + " elements");
  }

  void begin(const XML_Char* name, const XML_Char** attributes) {
    if (open_.size() == max_xml_depth) refuse("nests more than " + std::to_string(max_xml_depth) + " levels deep");
    count();
    Element element;
    element.name = name;
    for (; *attributes != nullptr; attributes += 2) {
      const std::string_view attribute = attributes[0];
      if (attribute == "xmlns" || attribute.substr(0, 6) == "xmlns:") continue;
      count();
      put(element, "@" + name_from_xml(attribute), attributes[1]);
      element.items_only = false;
    }
    open_.push_back(std::move(element));
  }

  void end() {
    Element element = std::move(open_.back());
    open_.pop_back();
    Json value = value_of(element);
    if (open_.empty()) {
      root_ = std::move(value);
    } else {
      Element& parent = open_.back();
      parent.items_only = parent.items_only && element.name == "item";
      put(parent, name_from_xml(element.name), std::move(value));
    }
  }

  static Json value_of(Element& element) {
    const bool blank = element.text.find_first_not_of(" \t\r\n") == std::string::npos;
    if (element.members.empty()) return text_from_xml(element.text);
    if (!blank) {
      put(element, "#text", text_from_xml(element.text));
    } else if (element.items_only) {
      Json& items = element.members["item"];
      return element.counts["item"] > 1 ? std::move(items) : Json::array({std::move(items)});
    }
    return std::move(element.members);
  }

  // A value may be a list itself, so only the count tells whether a name has become one.
  static void put(Element& element, const std::string& key, Json value) {
    std::size_t& count = element.counts[key];
    Json& slot = element.members[key];
    if (++count == 1) {
      slot = std::move(value);
    } else {
      if (count == 2) slot = Json::array({std::move(slot)});
      slot.push_back(std::move(value));
    }
  }

  std::unique_ptr<std::remove_pointer_t<XML_Parser>, Free> parser_;
  std::vector<Element> open_{};
  std::size_t nodes_ = 0;
  Json root_{};
  std::exception_ptr problem_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
