// SPDX-License-Identifier: MIT
#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webhook/serializer/json.hpp>

#include "support/thrown.hpp"

namespace unit_serializer_json {
struct Order {
  std::string customer{};
  double price = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Order, customer, price)

struct Particular {};  // its conversion quotes the data
inline void from_json(const nlohmann::json& data, Particular&) {
  throw std::runtime_error("cannot use " + data.dump());
}
struct Opaque {};

namespace {
using namespace std::string_literals;
using webhook::Bytes;
using webhook::Event;
using webhook::JsonSerializer;

static_assert(webhook::Encodes<JsonSerializer, Order>);
static_assert(webhook::Decodes<JsonSerializer, Order>);
static_assert(!webhook::Encodes<JsonSerializer, Opaque>);
static_assert(!webhook::Decodes<JsonSerializer, Opaque>);

const JsonSerializer serializer;

// The sentence of the Error that `call` throws, which must be invalid_payload.
template <class Call>
std::string refusal(Call call) {
  try {
    call();
  } catch (const webhook::Error& error) {
    CHECK(error.code() == webhook::errc::invalid_payload);
    return error.what();
  }
  FAIL("nothing was thrown");
  return {};
}

nlohmann::json nested(std::size_t levels) {
  nlohmann::json value = nlohmann::json::array();
  for (std::size_t level = 1; level < levels; ++level) {
    nlohmann::json outer = nlohmann::json::array();
    outer.push_back(std::move(value));
    value = std::move(outer);
  }
  return value;
}

std::string text_nested(std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); }

nlohmann::json read(std::string_view body, Event& event) {
  webhook::Request request;
  request.body = Bytes(body);
  return serializer.read(request, event);
}
nlohmann::json read(std::string_view body) {
  Event event;
  return read(body, event);
}

Event order_event() {
  Event event;
  event.id = webhook::EventId("evt_1");
  event.type = "order.created";
  event.time = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + std::chrono::hours(14) +
               std::chrono::microseconds(123456);
  event.payload = Bytes("{ \"price\":12.50,\"price\":1, \"big\":123456789012345678901234567890,\"nul\":\"\\u0000\" }");
  return event;
}
}  // namespace

TEST_CASE("types, containers, text and JSON are encoded compactly", "[serializer][json]") {
  CHECK(serializer.encode(Order{"Smith", 12.5}).view() == R"({"customer":"Smith","price":12.5})");
  CHECK(serializer.encode({{"name", "Smith"}}).view() == R"({"name":"Smith"})");
  CHECK(serializer.encode(std::map<std::string, int>{{"a", 1}}).view() == R"({"a":1})");
  CHECK(serializer.encode("text").view() == R"("text")");
  CHECK(serializer.encode(std::string_view("text")).view() == R"("text")");
  CHECK(serializer.encode(nullptr).view() == "null");
  CHECK(serializer.encode(nlohmann::json::array({1, 2})).view() == "[1,2]");
}

TEST_CASE("ordered JSON keeps its order", "[serializer][json]") {
  nlohmann::ordered_json value;
  value["z"] = 1;
  value["a"] = 2;
  CHECK(serializer.encode(value).view() == R"({"z":1,"a":2})");
}

TEST_CASE("text that is not UTF-8 is refused", "[serializer][json][B3]") {
  for (const std::string& text : {"\xFF"s, "\xC3"s, "a\xC3\x28"s, "\xED\xA0\x80"s, "\xC0\xAF"s}) {
    CHECK(refusal([&] { serializer.encode(text); }).find("UTF-8") != std::string::npos);
    CHECK(refusal([&] { serializer.encode(Order{text, 1}); }).find("UTF-8") != std::string::npos);
    CHECK_FALSE(refusal([&] { serializer.encode(nlohmann::json{{text, 1}}); }).empty());  // as a key
  }
  CHECK(serializer.encode("\xC3\xA9\0!"s).view() == "\"\xC3\xA9\\u0000!\"");
}

TEST_CASE("a number that is not finite is refused wherever it is, and the sentence says where",
          "[serializer][json][B4]") {
  const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  CHECK(refusal([&] { serializer.encode(nan); }).find("at the top is not finite") != std::string::npos);
  CHECK(refusal([&] { serializer.encode(Order{"Smith", inf}); }).find("at /price is not finite") != std::string::npos);
  const nlohmann::json deep{{"items", {{{"ok", 1}}, {{"values", {1.0, -inf}}}}}};
  CHECK(refusal([&] { serializer.encode(deep); }).find("at /items/1/values/1 is not finite") != std::string::npos);
  CHECK(serializer.encode((std::numeric_limits<double>::max)()).view() == "1.7976931348623157e+308");
}

TEST_CASE("what nests deeper than 512 levels is refused, and 100,000 levels harm nobody", "[serializer][json][B5]") {
  CHECK(serializer.encode(nested(512)).view() == text_nested(512));
  CHECK(refusal([] { serializer.encode(nested(513)); }).find("512 levels") != std::string::npos);
  CHECK_FALSE(refusal([] { serializer.encode(nested(100'000)); }).empty());
}

TEST_CASE("binary and discarded values have no JSON, and are refused", "[serializer][json]") {
  CHECK_FALSE(refusal([] { serializer.encode(nlohmann::json{{"a", nlohmann::json::binary({1, 2})}}); }).empty());
  CHECK_FALSE(refusal([] { serializer.encode(nlohmann::json(nlohmann::json::value_t::discarded)); }).empty());
}

TEST_CASE("the envelope holds the payload's bytes as they are", "[serializer][json]") {
  const webhook::Rendering rendering = serializer.render(order_event(), "json");
  CHECK(rendering.headers.size() == 1);
  CHECK(rendering.headers.find("content-type") == std::string_view("application/json"));
  CHECK(rendering.body.view() ==
        "{\"id\":\"evt_1\",\"type\":\"order.created\",\"timestamp\":\"2026-11-23T14:00:00.123456Z\",\"data\":"
        "{ \"price\":12.50,\"price\":1, \"big\":123456789012345678901234567890,\"nul\":\"\\u0000\" }}");
}

TEST_CASE("an event without payload is rendered with null as its data", "[serializer][json]") {
  Event event = order_event();
  event.payload = {};
  const std::string body(serializer.render(event, "").body.view());
  CHECK(nlohmann::json::parse(body).at("data").is_null());
}

TEST_CASE("no id or type breaks out of its quotes", "[serializer][json]") {
  for (const std::string& hostile :
       {"a\",\"data\":1,\"x\":\""s, "back\\slash"s, "new\nline"s, "nul\0"s, "\xC3\xA9"s, "\xFF"s}) {
    Event event = order_event();
    event.type = hostile;
    event.id = webhook::EventId(hostile);
    event.payload = Bytes("{}");
    const auto body = nlohmann::json::parse(serializer.render(event, "").body.view());
    CHECK(body.size() == 4);
    CHECK(body.at("data") == nlohmann::json::object());
    if (hostile != "\xFF") CHECK(body.at("type") == hostile);
  }
}

TEST_CASE("bare, the payload is the body, byte for byte", "[serializer][json]") {
  Event event = order_event();
  const webhook::Rendering rendering = serializer.render(event, "json-bare");
  CHECK(rendering.headers.find("content-type") == std::string_view("application/json"));
  CHECK(rendering.body == event.payload);
  event.payload = {};
  CHECK(serializer.render(event, "json-bare").body.view() == "null");
}

TEST_CASE("a body that is no JSON and does not claim to be is unsupported; one that lies is invalid",
          "[serializer][json]") {
  webhook::Request request;
  const auto problem = [&](std::string_view name, std::string_view value, std::string_view body) {
    request.headers = {{name, value}};
    request.body = Bytes(body);
    Event event;
    return support::thrown([&] { serializer.read(request, event); });
  };
  CHECK(problem("content-type", "application/xml", "<a/>") == webhook::errc::unsupported);
  CHECK(problem("content-type", "application/json", "<a/>") == webhook::errc::invalid_payload);
  CHECK(problem("content-type", "text/plain", "{}") == std::error_code());  // many a sender mislabels
  CHECK(problem("content-encoding", "gzip", "\x1F\x8B") == webhook::errc::unsupported);
  CHECK(problem("content-encoding", "Identity", "{}") == std::error_code());
}

TEST_CASE("only the formats json, json-bare and the empty name are rendered", "[serializer][json]") {
  CHECK(serializer.renders(""));
  CHECK(serializer.renders("json"));
  CHECK_FALSE(serializer.renders("xml"));
  CHECK_FALSE(serializer.renders("JSON"));
  CHECK_THROWS_AS(serializer.render(order_event(), "xml"), webhook::Error);
}

TEST_CASE("an envelope gives the event its type, time and id, and returns the data", "[serializer][json]") {
  Event event;
  const auto data =
      read(R"({"type":"order.created","timestamp":"2026-11-23T15:00:00+01:00","id":"evt_9","data":{"a":1}})", event);
  CHECK(data == nlohmann::json{{"a", 1}});
  CHECK(event.type == "order.created");
  CHECK(event.time == std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + std::chrono::hours(14));
  CHECK(event.id.view() == "evt_9");
}

TEST_CASE("an id that the scheme verified is not replaced by the body's", "[serializer][json]") {
  Event event;
  event.id = webhook::EventId("signed");
  read(R"({"id":"other","type":"a","data":1})", event);
  CHECK(event.id.view() == "signed");
  Event unnamed;
  read(R"({"id":")" + std::string(65, 'x') + R"(","type":"a","data":1})", unnamed);
  CHECK(unnamed.id.empty());
}

TEST_CASE("a timestamp that is none leaves the event's time as it was", "[serializer][json]") {
  for (const char* time : {"\"yesterday\"", "17", "null", "{}"}) {
    Event event;
    event.time = webhook::WallTime(std::chrono::seconds(5));
    read(std::string(R"({"type":"a","data":null,"timestamp":)") + time + "}", event);
    CHECK(event.type == "a");
    CHECK(event.time == webhook::WallTime(std::chrono::seconds(5)));
  }
}

TEST_CASE("a body that is no envelope is returned whole, and the event stays as it was", "[serializer][json]") {
  for (const char* body :
       {R"({"type":"a"})", R"({"data":1})", R"({"type":7,"data":1})", "[1,2]", "\"type\"", "3", "null", "{}"}) {
    Event event;
    event.type = "before";
    CHECK(read(body, event) == nlohmann::json::parse(body));
    CHECK(event.type == "before");
  }
}

TEST_CASE("an unreadable body is refused by position, and never quoted", "[serializer][json]") {
  for (const std::string& body :
       {""s, "{"s, "[1,]"s, "{\"secretword\" 1}"s, "secretword"s, "\"\xFFsecretword\""s, "\"secretword"s,
        "1 2 secretword"s, "[1e999]"s, "{\"a\":\"\\secretword\"}"s, "\xEF\xBB"s, "NaN"s, "{}\0secretword"s, "{}\0"s}) {
    INFO(body);
    const std::string sentence = refusal([&] { read(body); });
    CHECK(sentence.find("secretword") == std::string::npos);
    CHECK((sentence.find("at byte ") != std::string::npos || body == "[1e999]"));
  }
  CHECK(refusal([] { read("[1,]"); }).find("at byte 4") != std::string::npos);
}

TEST_CASE("a body may nest 512 levels, not more, whatever brackets its strings have", "[serializer][json]") {
  CHECK_NOTHROW(read(text_nested(512)));
  CHECK(refusal([] { read(text_nested(513)); }).find("at byte 513") != std::string::npos);
  CHECK_FALSE(refusal([] { read(std::string(1'000'000, '[')); }).empty());
  CHECK_FALSE(
      refusal([] { read("{\"\\\"\":" + std::string(600, '[')); }).empty());  // a quoted quote does not hide them
  CHECK_NOTHROW(read("[\"" + std::string(10'000, '[') + "\"]"));
  CHECK_NOTHROW(read("[\"\\\"" + std::string(10'000, '{') + "\\\\\"]"));
  std::string wide = "[";
  for (int i = 0; i < 10'000; ++i) wide += "[],{},";
  CHECK_NOTHROW(read(wide + "1]"));
}

TEST_CASE("data that does not fit a type is refused, naming the field, not its value", "[serializer][json]") {
  const Order order = serializer.decode<Order>(nlohmann::json::parse(R"({"customer":"Smith","price":2,"more":true})"));
  CHECK(order.customer == "Smith");
  CHECK(order.price == 2.0);
  CHECK(refusal([] { serializer.decode<Order>({{"customer", "Smith"}}); }).find("'price'") != std::string::npos);
  const std::string kind = refusal([] {
    serializer.decode<Order>({{"customer", "secretword"}, {"price", "secretword"}});
  });
  CHECK(kind.find("must be number, but is string") != std::string::npos);
  CHECK(kind.find("secretword") == std::string::npos);
  CHECK(refusal([] { serializer.decode<Particular>("secretword"); }).find("secretword") == std::string::npos);
  CHECK(serializer.decode<nlohmann::json>({{"a", 1}}) == nlohmann::json{{"a", 1}});
}

}  // namespace unit_serializer_json
