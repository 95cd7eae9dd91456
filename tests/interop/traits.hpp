// SPDX-License-Identifier: MIT
// Traits: the one thing that is unusual about a case, by name. Most change a request after it was signed; some are
// there before. What each side makes of it is for the comparison.
#ifndef WEBHOOK_TESTS_INTEROP_TRAITS_HPP
#define WEBHOOK_TESTS_INTEROP_TRAITS_HPP

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "draw.hpp"
#include "libraries.hpp"
#include "party.hpp"

namespace interop {

struct Trait {
  std::string name{};
  std::function<void(Message&, Draw&)> before = [](Message&, Draw&) {};
  std::function<void(Message&, Draw&)> after = [](Message&, Draw&) {};
  bool genuine = true;      // false: nobody may accept it
  bool second_key = false;  // signed with another key beside the right one
  bool early = false;       // there before it was signed
};

using Edit = std::function<std::optional<std::string>(std::string, Draw&)>;  // of a header's value; nothing: removed

template <class Change>
void edit_header(webhook::Headers& headers, std::string_view name, const Change& change) {
  webhook::Headers edited;
  for (const webhook::Header header : headers) {
    if (!webhook::Headers::same_name(header.name, name)) {
      edited.add(header.name, header.value);
    } else if (const std::optional<std::string> value = change(std::string(header.value))) {
      edited.add(header.name, *value);
    }
  }
  headers = std::move(edited);
}

inline std::vector<std::pair<std::string, Edit>> edits_of(std::string_view role) {
  using Text = std::optional<std::string>;
  std::vector<std::pair<std::string, Edit>> edits{
      {"removed", [](std::string, Draw&) -> Text { return std::nullopt; }},
      {"empty", [](std::string, Draw&) -> Text { return ""; }},
      {"character",
       [](std::string value, Draw& draw) -> Text {
         char& place = value[draw.below(value.size())];
         place = static_cast<char>(place == '~' ? '!' : place + 1);
         return value;
       }},
      {"cut", [](std::string value, Draw& draw) -> Text { return value.substr(0, draw.below(value.size())); }},
      {"longer", [](std::string value, Draw& draw) -> Text { return value + draw.of("abcXYZ019=,; +/-_"); }},
      {"upper-case",
       [](std::string value, Draw&) -> Text {
         for (char& c : value) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
         return value;
       }},
      {"blank-after", [](std::string value, Draw&) -> Text { return value + " "; }},
      {"tab-before", [](std::string value, Draw&) -> Text { return "\t" + value; }}};
  const auto add = [&](std::string name, Edit edit) { edits.emplace_back(std::move(name), std::move(edit)); };
  if (role == "time") {
    add("zero-before", [](std::string value, Draw&) -> Text { return "0" + value; });
    add("plus-before", [](std::string value, Draw&) -> Text { return "+" + value; });
    add("minus-before", [](std::string value, Draw&) -> Text { return "-" + value; });
    add("fraction", [](std::string value, Draw&) -> Text { return value + ".0"; });
    add("exponent", [](std::string value, Draw&) -> Text { return value + "e0"; });
    add("letters-after", [](std::string value, Draw&) -> Text { return value + "abc"; });
    add("zero", [](std::string, Draw&) -> Text { return "0"; });
    add("huge", [](std::string, Draw&) -> Text { return "99999999999999999999"; });
    add("another", [](std::string value, Draw&) -> Text {
      value.back() = value.back() == '9' ? '0' : '9';
      return value;
    });
  }
  if (role == "signature") {
    add("unpadded", [](std::string value, Draw&) -> Text {
      while (!value.empty() && value.back() == '=') value.pop_back();
      return value;
    });
    add("url-safe", [](std::string value, Draw&) -> Text {
      std::replace(value.begin(), value.end(), '+', '-');
      std::replace(value.begin(), value.end(), '/', '_');
      return value;
    });
    add("unknown-kind-before",
        [](std::string value, Draw& draw) -> Text { return "v9," + draw.word(20) + " " + value; });
    add("garbage-before", [](std::string value, Draw& draw) -> Text { return draw.word(12) + " " + value; });
    add("wrong-one-after",
        [](std::string value, Draw& draw) -> Text { return value + " v1," + base64(draw.bytes(32)); });
    add("empty-one-before", [](std::string value, Draw&) -> Text { return "v1, " + value; });
    add("bare-kind-before", [](std::string value, Draw&) -> Text { return "v1 " + value; });
    add("two-blanks", [](std::string value, Draw&) -> Text { return "v9,x  " + value; });
    add("third-part", [](std::string value, Draw&) -> Text { return value + ",x"; });
    add("many", [](std::string value, Draw&) -> Text {
      for (int i = 0; i < 20; ++i) value += " v9,x";
      return value;
    });
  }
  if (role == "pairs") {
    add("old-kind-after",
        [](std::string value, Draw& draw) -> Text { return value + ",v0=" + draw.text("0123456789abcdef", 64); });
    add("wrong-one-after",
        [](std::string value, Draw& draw) -> Text { return value + ",v1=" + draw.text("0123456789abcdef", 64); });
    add("short-one-after", [](std::string value, Draw&) -> Text { return value + ",v1=abc"; });
    add("bare-word-after", [](std::string value, Draw& draw) -> Text { return value + "," + draw.word(5); });
    add("comma-after", [](std::string value, Draw&) -> Text { return value + ","; });
    add("blank-between", [](std::string value, Draw&) -> Text { return value.replace(value.find(','), 1, ", "); });
    add("time-again", [](std::string value, Draw&) -> Text { return value + "," + value.substr(0, value.find(',')); });
    add("other-time-before", [](std::string value, Draw&) -> Text { return "t=1," + value; });
    add("order", [](std::string value, Draw&) -> Text {
      const std::size_t comma = value.find(',');
      return value.substr(comma + 1) + "," + value.substr(0, comma);
    });
    add("time-letters", [](std::string value, Draw&) -> Text { return value.replace(value.find(','), 1, "abc,"); });
    add("time-zero-before", [](std::string value, Draw&) -> Text { return value.replace(0, 2, "t=0"); });
    add("third-part", [](std::string value, Draw&) -> Text { return value + "=x"; });
    add("many", [](std::string value, Draw&) -> Text {
      for (int i = 0; i < 20; ++i) value += ",v0=x";
      return value;
    });
  }
  if (role == "input") {
    add("no-created", [](std::string value, Draw&) -> Text {
      const std::size_t at = value.find(";created=");
      return value.erase(at, 9 + 10);
    });
    add("less-covered", [](std::string value, Draw&) -> Text {
      const std::size_t at = value.find(" \"content-digest\"");
      return at == std::string::npos ? value : value.erase(at, 17);
    });
    add("parameter-after", [](std::string value, Draw&) -> Text { return value + ";tag=\"x\""; });
    add("other-label", [](std::string value, Draw&) -> Text { return "x" + value; });
    add("another-before", [](std::string value, Draw&) -> Text { return "sig0=(\"@method\");created=1, " + value; });
  }
  return edits;
}

inline std::vector<Trait> traits_of(const Library& library) {
  std::vector<Trait> traits;
  const auto before = [&](std::string name, std::function<void(Message&, Draw&)> change) {
    traits.push_back({std::move(name), std::move(change)});
    traits.back().early = true;
  };
  const auto after = [&](std::string name, std::function<void(Message&, Draw&)> change, bool genuine = true) {
    traits.push_back({std::move(name), [](Message&, Draw&) {}, std::move(change), genuine});
  };
  const auto body = [](auto make) {
    return [make](Message& message, Draw& draw) {
      message.request.body = webhook::Bytes(make(std::string(message.request.body.view()), draw));
    };
  };

  if (library.name != "twilio") {  // its bodies are forms, or named by their URL
    before("body-empty", body([](const std::string&, Draw&) { return std::string(); }));
    before("body-not-utf8", body([](const std::string& text, Draw& draw) { return text + "\xFF" + draw.bytes(20); }));
    before("body-byte-order-mark", body([](const std::string& text, Draw&) { return "\xEF\xBB\xBF" + text; }));
    before("body-null-byte", body([](const std::string& text, Draw&) { return text + '\0' + text; }));
  }
  after("body-bit", body([](std::string text, Draw& draw) {
          char& place = text[draw.below(text.size())];
          place = static_cast<char>(place ^ static_cast<char>(1U << draw.below(7)));
          return text;
        }),
        false);
  after("body-cut", body([](const std::string& text, Draw&) { return text.substr(0, text.size() - 1); }), false);
  after("body-longer", body([](const std::string& text, Draw& draw) { return text + draw.of("x\n {\r0"); }), false);
  after(
      "other-key", [](Message& message, Draw&) { message.secret = message.other_secret; }, false);
  if (library.timed) {
    for (const int late : {300, 301, 100000, -300, -301, -100000}) {
      std::string name = (late < 0 ? "early-" : "late-") + std::to_string(std::abs(late));
      after(
          std::move(name), [late](Message& message, Draw&) { message.now = message.time + late; },
          std::abs(late) <= 300);
    }
  }
  if (library.many) {
    traits.push_back({"second-key"});
    traits.back().second_key = true;
  }
  if (library.places) {
    const auto replace = [](std::string from, std::string to) {
      return [from, to](Message& message, Draw&) {
        std::string& url = message.request.url;
        if (const std::size_t at = url.find(from, 0); at != std::string::npos) url.replace(at, from.size(), to);
      };
    };
    after("url-port-added", replace("receiver.example/", "receiver.example:443/"));
    after("url-port-other", replace("receiver.example/", "receiver.example:8443/"));
    after("url-port-removed", replace(":8443/", "/"));
    after("url-http", replace("https://", "http://"));
    after("url-host-upper-case", replace("receiver", "RECEIVER"));
    after("url-apostrophe-encoded", replace("'", "%27"));
    after("url-apostrophe-decoded", replace("%27", "'"));
    after("url-path-longer", replace("/hooks", "/hooks/"));
    after("url-blank-as-plus", replace("%20", "+"));
    if (!library.apostrophes)
      before("url-apostrophe", [](Message& message, Draw&) {
        message.request.url += message.request.url.find('?') == std::string::npos ? "?it's=so" : "&it's=so";
      });
    after("method", [](Message& message, Draw&) { message.request.method = "PUT"; });
  }
  for (const Role& role : library.roles) {
    for (const auto& [name, edit] : edits_of(role.name)) {
      const Edit change = edit;
      after(role.name + "-" + name, [header = role.header, change](Message& message, Draw& draw) {
        edit_header(message.request.headers, header, [&](std::string value) { return change(std::move(value), draw); });
      });
    }
    after(role.name + "-twice", [header = role.header](Message& message, Draw&) {
      const auto value = message.request.headers.find(header);
      if (value) message.request.headers.add(header, std::string(*value));
    });
  }
  return traits;
}

}  // namespace interop

#endif
