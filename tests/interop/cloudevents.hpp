// SPDX-License-Identifier: MIT
// One case of CloudEvents: an event written by one side in one of the two modes, and read by both, which must find the
// same event in it, or both none.
#ifndef WEBHOOK_TESTS_INTEROP_CLOUDEVENTS_HPP
#define WEBHOOK_TESTS_INTEROP_CLOUDEVENTS_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>
#include <webhook/serializer/cloudevents.hpp>

#include "draw.hpp"
#include "traits.hpp"
#include "verdicts.hpp"

namespace interop {

/// Numbers that a double holds: others are changed by JavaScript, whatever the format.
inline nlohmann::json draw_data(Draw& draw, int depth) {
  switch (draw.below(depth > 2 ? 5 : 8)) {
    case 0:
      return draw.utf8(draw.below(20));
    case 1:
      return draw.between(-9'007'199'254'740'991, 9'007'199'254'740'991);
    case 2:
      return static_cast<double>(draw.between(-100000, 100000)) / 64.0;
    case 3:
      return draw.one_in(2);
    case 4:
      return draw.one_in(3) ? nlohmann::json("") : nlohmann::json(draw.word(5));
    case 5: {
      nlohmann::json list = nlohmann::json::array();
      for (std::size_t more = draw.below(4); more-- > 0;) list.push_back(draw_data(draw, depth + 1));
      return list;
    }
    default: {
      nlohmann::json object = nlohmann::json::object();
      for (std::size_t more = draw.below(5); more-- > 0;) object[draw.word(6)] = draw_data(draw, depth + 1);
      return object;
    }
  }
}

struct Written {
  std::string id{}, source{}, type{}, subject{};
  std::int64_t time = 0;  // milliseconds: what both sides keep
  nlohmann::json data{};
  bool binary = false;
};

using Rewrite = std::function<void(webhook::Request&, Draw&)>;

inline std::vector<std::pair<std::string, Rewrite>> rewrites(bool binary) {
  std::vector<std::pair<std::string, Rewrite>> all;
  const auto attribute = [&](std::string name, std::string of, nlohmann::json value) {
    all.emplace_back(std::move(name), [binary, of, value](webhook::Request& request, Draw&) {
      if (binary) {
        edit_header(request.headers, "ce-" + of, [](const std::string&) { return std::optional<std::string>(); });
        if (!value.is_null())
          request.headers.add("ce-" + of, value.is_string() ? value.get<std::string>() : value.dump());
        return;
      }
      nlohmann::json document = nlohmann::json::parse(request.body.view());
      document.erase(of);
      if (!value.is_null()) document[of] = value;
      request.body = webhook::Bytes(document.dump());
    });
  };
  for (const char* name : {"id", "source", "type", "specversion"}) {
    attribute(std::string(name) + "-removed", name, nullptr);
    attribute(std::string(name) + "-empty", name, "");
  }
  attribute("id-number", "id", 17);
  attribute("type-number", "type", 17);
  attribute("version-0.3", "specversion", "0.3");
  attribute("version-2.0", "specversion", "2.0");
  attribute("time-word", "time", "yesterday");
  attribute("time-without-zone", "time", "2026-01-02T03:04:05");
  attribute("time-offset", "time", "2026-01-02T03:04:05+01:30");
  attribute("time-date-only", "time", "2026-01-02");
  attribute("extension", "comexample", "value");
  attribute("extension-name-long", "averyveryverylongextensionname", "value");
  all.emplace_back("type-header-removed", [](webhook::Request& request, Draw&) {
    edit_header(request.headers, "content-type", [](const std::string&) { return std::optional<std::string>(); });
  });
  for (const char* type :
       {"text/plain", "application/cloudevents-batch+json", "application/json; charset=utf-8",
        "application/cloudevents+json; charset=UTF-8", "APPLICATION/JSON", "application/vnd.x+json"}) {
    std::string name = type;
    for (char& c : name) c = c == ' ' ? '_' : c;
    all.emplace_back("type-" + name, [type](webhook::Request& request, Draw&) {
      edit_header(request.headers, "content-type",
                  [type](const std::string&) { return std::optional<std::string>(type); });
    });
  }
  all.emplace_back("body-cut", [](webhook::Request& request, Draw& draw) {
    request.body = webhook::Bytes(request.body.view().substr(0, draw.below(request.body.size())));
  });
  if (!binary) {
    attribute("data-removed", "data", nullptr);
    all.emplace_back("data-both", [](webhook::Request& request, Draw&) {
      nlohmann::json document = nlohmann::json::parse(request.body.view());
      document["data"] = 1;
      document["data_base64"] = "MQ==";
      request.body = webhook::Bytes(document.dump());
    });
    all.emplace_back("document-list", [](webhook::Request& request, Draw&) {
      request.body = webhook::Bytes::join({"[", request.body.view(), "]"});
    });
  }
  return all;
}

inline webhook::Request write_ours(const Written& event) {
  const webhook::CloudEventsSerializer writer(
      webhook::CloudEventsOptions{event.source, [&](const webhook::Event&) { return event.subject; }});
  webhook::Event one;
  one.id = webhook::EventId(event.id);
  one.type = event.type;
  one.time = webhook::WallTime{std::chrono::milliseconds{event.time}};
  one.payload = webhook::Bytes(event.data.dump());
  webhook::Rendering rendering = writer.render(one, event.binary ? "cloudevents-binary" : "cloudevents");
  webhook::Request request;
  request.headers = std::move(rendering.headers);
  request.body = std::move(rendering.body);
  return request;
}

inline webhook::Request write_theirs(const Written& event, Peer& peer) {
  const nlohmann::json answer =
      peer.ask({{"do", "write"},
                {"id", event.id},
                {"source", event.source},
                {"type", event.type},
                {"subject", event.subject.empty() ? nlohmann::json("none") : nlohmann::json(event.subject)},
                {"time", webhook::detail::format_rfc3339(webhook::WallTime{std::chrono::milliseconds{event.time}})},
                {"now", 0},
                {"data", event.data},
                {"binary", event.binary}});
  if (!answer.contains("result")) throw std::runtime_error("the library did not write: " + answer.dump());
  webhook::Request request;
  for (const auto& [name, value] : answer["result"]["headers"].items())
    request.headers.add(name, value.get<std::string>());
  const std::string packed = answer["result"]["body"].get<std::string>();
  std::string body(packed.size() / 4 * 3, '\0');
  body.resize(
      webhook::detail::decode_base64(packed, {reinterpret_cast<unsigned char*>(body.data()), body.size()}).value());
  request.body = webhook::Bytes(body);
  return request;
}

/// What we find in a request, as the peer words it; or {"error": why}.
inline nlohmann::json read_ours(const webhook::Request& request) {
  try {
    webhook::Event event;
    const nlohmann::json data = webhook::CloudEventsSerializer{}.read(request, event);
    const auto time = std::chrono::floor<std::chrono::milliseconds>(event.time).time_since_epoch().count();
    return {{"result", {{"id", event.id.view()}, {"type", event.type}, {"time", time}, {"data", data}}}};
  } catch (const webhook::Error& error) {
    return {{"error", error.what()}};
  }
}

inline Outcome run_cloudevent(Draw& draw, Peer& peer) {
  Written event;
  event.id = "evt_" + draw.word(1 + draw.below(40));
  event.source = draw.one_in(2) ? "/" : "https://shop.example/" + draw.word(5) + "%20" + draw.word(3);
  event.type = draw.text("abcdefghij", 5) + "." + draw.text("abcdefghij", 7);
  event.time = draw.between(1, 3'000'000'000'000);
  event.data = {{draw.word(4), draw_data(draw, 0)}};
  event.binary = draw.one_in(2);
  if (draw.one_in(2)) event.subject = draw.word(8);
  std::string trait = "none";
  const std::string mode = event.binary ? "binary:" : "structured:";
  const auto changes = rewrites(event.binary);
  const std::vector<std::pair<std::string, nlohmann::json>> values{
      {"data-null", nullptr},  {"data-false", false}, {"data-zero", 0},
      {"data-empty-text", ""}, {"data-true", true},   {"data-number", 12.5},
      {"data-text", "a text"}, {"data-list", {1, 2}}, {"data-empty-object", nlohmann::json::object()}};
  const std::size_t pick = draw.below(changes.size() + values.size() + 1);
  const bool plain = draw.one_in(4);
  if (!plain && pick == changes.size() + values.size()) {
    trait = "id-not-ascii";
    event.id = "\xC3\xA9% " + event.id;
  } else if (!plain && pick >= changes.size()) {
    trait = values[pick - changes.size()].first;
    event.data = values[pick - changes.size()].second;
  }

  Outcome outcome;
  outcome.by_us = draw.one_in(2);
  webhook::Request request = outcome.by_us ? write_ours(event) : write_theirs(event, peer);
  if (!plain && pick < changes.size()) {
    trait = changes[pick].first;
    changes[pick].second(request, draw);
  }
  Message message;
  message.request = request;
  const nlohmann::json asked = question("read", message);
  const nlohmann::json ours = read_ours(request), theirs = peer.ask(asked);

  const bool we_read = ours.contains("result"), they_read = theirs.contains("result");
  outcome.what = {"cloudevents", (trait == "none" ? "" : mode) + trait, we_read ? "ok" : "refused",
                  they_read ? "ok" : "refused"};
  outcome.agreed = we_read == they_read;
  outcome.accepted = we_read && they_read;
  if (outcome.accepted) {
    for (const char* fact : {"id", "type", "time", "data"}) {
      if (ours["result"][fact] == theirs["result"][fact]) continue;
      outcome.agreed = false;
      outcome.what.theirs = std::string("other-") + fact;
    }
  }
  if (trait == "none" && outcome.accepted && ours["result"]["id"] != event.id) outcome.agreed = false;
  if (trait == "none" && !outcome.accepted) outcome.agreed = false;
  outcome.detail = asked.dump() + "\n    we found " + ours.dump() + "\n    they found " + theirs.dump();
  return outcome;
}

}  // namespace interop

#endif
