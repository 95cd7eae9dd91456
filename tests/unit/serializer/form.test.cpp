// SPDX-License-Identifier: MIT
#include <webhook/serializer/form.hpp>

#include <catch2/catch.hpp>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/random_json.hpp"
#include "support/thrown.hpp"

namespace unit_serializer_form {
struct Line {
  std::string sku{};
  int quantity = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Line, sku, quantity)
struct Purchase {
  std::string customer{};
  double price = 0;
  bool paid = false;
  std::vector<Line> lines{};
  std::map<std::string, std::string> notes{};
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Purchase, customer, price, paid, lines, notes)

namespace {
using webhook::Bytes;
using webhook::errc;
using webhook::Event;
using webhook::FormSerializer;

const FormSerializer serializer;

Event event_of(std::string_view payload) {
  Event event;
  event.id = webhook::EventId("evt_1");
  event.type = "order.created";
  event.time = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + std::chrono::hours(14);
  event.payload = Bytes(payload);
  return event;
}
std::string bare(std::string_view payload) {
  return std::string(serializer.render(event_of(payload), "form-bare").body.view());
}
nlohmann::json read(std::string_view body, Event& event, const FormSerializer& by = serializer) {
  webhook::Request request;
  request.body = Bytes(body);
  return by.read(request, event);
}
nlohmann::json read(std::string_view body, const FormSerializer& by = serializer) {
  Event event;
  return read(body, event, by);
}
std::error_code refused(std::string_view body) {
  return support::thrown([&] { read(body); });
}

// What a form makes of a JSON value: the documented losses and no others.
nlohmann::json as_form(const nlohmann::json& value) {
  if (!value.is_structured()) return support::as_text(value);
  if (value.empty()) return "";
  nlohmann::json seen = value.is_array() ? nlohmann::json::array() : nlohmann::json::object();
  bool indices = value.is_object();
  for (auto at = value.begin(); at != value.end(); ++at) {
    if (value.is_array()) {
      seen.push_back(as_form(*at));
    } else {
      seen[at.key()] = as_form(*at);
    }
  }
  for (std::size_t i = 0; indices && i < value.size(); ++i) indices = value.contains(std::to_string(i));
  if (!indices) return seen;
  nlohmann::json list = nlohmann::json::array();
  for (std::size_t i = 0; i < value.size(); ++i) list.push_back(seen[std::to_string(i)]);
  return list;
}
bool has_empty_name(const nlohmann::json& value) {
  if (!value.is_structured()) return false;
  if (value.is_object() && value.contains("")) return true;
  for (const nlohmann::json& part : value) {
    if (has_empty_name(part)) return true;
  }
  return false;
}
}  // namespace

TEST_CASE("an event is a form of its envelope", "[serializer][form]") {
  const webhook::Rendering rendering = serializer.render(event_of(R"({"customer":"Smith & Söhne","price":19.99})"), "");
  CHECK(rendering.headers.find("content-type") == std::string_view("application/x-www-form-urlencoded"));
  CHECK(rendering.body.view() ==
        "id=evt_1&type=order.created&timestamp=2026-11-23T14%3A00%3A00Z&"
        "data%5Bcustomer%5D=Smith+%26+S%C3%B6hne&data%5Bprice%5D=19.99");
}

TEST_CASE("numbers keep every digit", "[serializer][form]") {
  CHECK(bare(R"({"a":19.99,"b":0.4,"c":12345678901234567890,"d":1e400,"e":-0,"f":1.50,"g":1E+2})") ==
        "a=19.99&b=0.4&c=12345678901234567890&d=1e400&e=-0&f=1.50&g=1E%2B2");
}

TEST_CASE("members, elements and elements with members have the names that PHP and Rails read", "[serializer][form]") {
  CHECK(bare(R"({"a":{"b":1,"c":{"d":2}}})") == "a%5Bb%5D=1&a%5Bc%5D%5Bd%5D=2");
  CHECK(bare(R"({"a":[1,"x",true]})") == "a%5B%5D=1&a%5B%5D=x&a%5B%5D=true");
  CHECK(bare(R"({"a":[{"b":1},{"b":2}]})") == "a%5B0%5D%5Bb%5D=1&a%5B1%5D%5Bb%5D=2");
  CHECK(bare(R"({"a":[1,[2],{}]})") == "a%5B%5D=1&a%5B1%5D%5B%5D=2&a%5B2%5D=");
  CHECK(bare(R"({"a":null,"b":[],"c":{},"d":""})") == "a=&b=&c=&d=");
}

TEST_CASE("a bare payload without names of its own is called data", "[serializer][form]") {
  CHECK(bare("7") == "data=7");
  CHECK(bare("[1,{\"a\":2}]") == "data%5B%5D=1&data%5B1%5D%5Ba%5D=2");
  CHECK(bare("") == "data=");
  CHECK(bare("{}") == "");
}

TEST_CASE("a name with brackets does not reach into another's place", "[serializer][form]") {
  const std::string body = bare(R"({"user":{"name":"x","a][admin":"1"},"user[admin]":"1","50%":1,"%5B":2})");
  CHECK(body.find("%5Badmin%5D") == std::string::npos);
  CHECK(read(body) ==
        nlohmann::json{{"user", {{"name", "x"}, {"a][admin", "1"}}}, {"user[admin]", "1"}, {"50%", "1"}, {"%5B", "2"}});
}

TEST_CASE("a payload that is no JSON, nests too deep or grows too large is refused", "[serializer][form]") {
  CHECK(support::thrown([] { bare("{\"a\""); }) == errc::invalid_payload);
  CHECK(support::thrown([] { bare(std::string(70, '[') + std::string(70, ']')); }) == errc::invalid_payload);
  CHECK_NOTHROW(bare(std::string(64, '[') + std::string(64, ']')));
  std::string wide = "{\"" + std::string(100'000, 'k') + "\":[1";
  for (int i = 0; i < 1000; ++i) wide += ",1";
  CHECK(support::thrown([&] { bare(wide + "]}"); }) == errc::too_large);
  CHECK(support::thrown([] { serializer.render(Event(), "json"); }) == errc::unsupported);
}

TEST_CASE("forms of the systems that send them are read", "[serializer][form]") {
  CHECK(read("a=1&b=x+y%21&c") == nlohmann::json{{"a", "1"}, {"b", "x y!"}, {"c", ""}});
  CHECK(read("a[b]=1&a%5Bc%5D=2") == nlohmann::json{{"a", {{"b", "1"}, {"c", "2"}}}});
  CHECK(read("a[]=1&a[]=2") == nlohmann::json{{"a", {"1", "2"}}});
  CHECK(read("a[1]=y&a[0]=x") == nlohmann::json{{"a", {"x", "y"}}});
  CHECK(read("a[0]=x&a[2]=y") == nlohmann::json{{"a", {{"0", "x"}, {"2", "y"}}}});  // a hole is no list
  CHECK(read("a[x]=1&a[0]=2") == nlohmann::json{{"a", {{"x", "1"}, {"0", "2"}}}});
  CHECK(read("a[][n]=1&a[][m]=2&a[][n]=3") ==
        nlohmann::json{{"a", {{{"n", "1"}, {"m", "2"}}, {{"n", "3"}}}}});  // Rails
  CHECK(read("a=1&a=2") == nlohmann::json{{"a", {"1", "2"}}});
  CHECK(read("[a]=1&b[c=2&d[e]f=3") == nlohmann::json{{"[a]", "1"}, {"b[c", "2"}, {"d[e]f", "3"}});
  CHECK(read("a[4000000000]=1&b[00]=2") == nlohmann::json{{"a", {{"4000000000", "1"}}}, {"b", {{"00", "2"}}}});
  CHECK(read("&&a=1&&") == nlohmann::json{{"a", "1"}});
  CHECK(read("") == nlohmann::json::object());
}

TEST_CASE("a malformed form is refused by its field, and never quoted", "[serializer][form]") {
  for (const char* body : {"a=%", "a=%4", "a=%zz", "%=1", "a=%FF", "a=%C0%AF", "a=\xFF", "a=1&a[b]=2", "a[b]=2&a=1"}) {
    INFO(body);
    CHECK(refused(body) == errc::invalid_payload);
  }
  CHECK_THROWS_WITH(read("b=1&secretword=%zz"), Catch::Contains("field 2") && !Catch::Contains("secretword"));
}

TEST_CASE("a form is bounded in fields and depth", "[serializer][form]") {
  std::string body = "a=1";
  for (int i = 1; i < 1000; ++i) body += "&a=1";
  CHECK(read(body).at("a").size() == 1000);
  CHECK(refused(body + "&a=1") == errc::invalid_payload);
  std::string deep = "a";
  for (int i = 0; i < 64; ++i) deep += "[b]";
  CHECK(refused(deep) == std::error_code());
  CHECK(refused(deep + "[b]") == errc::invalid_payload);
  CHECK(refused(std::string(1'000'000, '[')) == std::error_code());  // one name
  const FormSerializer strict(webhook::FormOptions{.max_fields = 1, .max_depth = 1});
  CHECK_THROWS_AS(read("a=1&b=2", strict), webhook::Error);
  CHECK_THROWS_AS(read("a[b][c]=1", strict), webhook::Error);
}

TEST_CASE("JSON in a field is read as the event, where the host says so", "[serializer][form]") {
  const FormSerializer github(webhook::FormOptions{.json_field = "payload"});
  Event event;
  CHECK(read("payload=%7B%22action%22%3A%22opened%22%2C%22number%22%3A7%7D", event, github) ==
        nlohmann::json{{"action", "opened"}, {"number", 7}});
  CHECK(read("x=1&payload=%7B%22type%22%3A%22a.b%22%2C%22data%22%3A1%7D", event, github) == 1);
  CHECK(event.type == "a.b");
  CHECK(read("token=x", event, github) == nlohmann::json{{"token", "x"}});
  CHECK_THROWS_AS(read("payload=%7B", event, github), webhook::Error);
  CHECK(read("payload=%7B%7D") == nlohmann::json{{"payload", "{}"}});
}

TEST_CASE("a form becomes the types that a handler takes", "[serializer][form]") {
  Purchase sent{"007", 19.99, true, {{"4711", 2}, {"A-1", 1}}, {{"0", "fragile"}, {"gift", ""}}};
  const auto arrived = [](const Purchase& purchase) {
    Event event;
    const auto rendering = serializer.render(event_of(nlohmann::json(purchase).dump()), "form");
    const Purchase read_back = serializer.decode<Purchase>(read(rendering.body.view(), event));
    CHECK(event.type == "order.created");
    CHECK(event.id.view() == "evt_1");
    CHECK(event.time == event_of("1").time);
    return nlohmann::json(read_back);
  };
  CHECK(arrived(sent) == nlohmann::json(sent));
  sent.lines = {{"4711", 2}};  // text that looks like a number, where no default value shows that it is none
  CHECK(arrived(sent) == nlohmann::json(sent));
  sent.lines.clear();
  sent.notes = {{"0", "a list, by its names"}};
  CHECK(arrived(sent) == nlohmann::json(sent));
  CHECK(serializer.decode<std::vector<int>>(nlohmann::json{"1", "2"}) == std::vector<int>{1, 2});
  CHECK(serializer.decode<std::vector<std::string>>(nlohmann::json{"1", "2"}) == std::vector<std::string>{"1", "2"});
  CHECK(serializer.decode<std::map<std::string, double>>(nlohmann::json{{"a", "1.5"}}).at("a") == 1.5);
  CHECK(serializer.decode<bool>("1"));
  CHECK_THROWS_WITH(serializer.decode<int>("secretword"), !Catch::Contains("secretword"));
  CHECK_THROWS_AS(serializer.decode<int>("1e400"), webhook::Error);
}

TEST_CASE("what a form carries, arrives", "[serializer][form][property]") {
  support::RandomJson random(20261124);
  int carried = 0;
  for (int round = 0; round < 3000; ++round) {
    const nlohmann::json value = random.value();
    if (has_empty_name(value)) continue;  // "[]" is an element
    const webhook::Rendering rendering = serializer.render(event_of(value.dump()), "form");
    CHECK(rendering.body == serializer.render(event_of(value.dump()), "form").body);
    INFO(value.dump(-1, ' ', true) << "\n" << rendering.body.view());
    CHECK(read(rendering.body.view()) == as_form(value));
    carried += value.is_structured() ? 1 : 0;
  }
  CHECK(carried > 500);
}

}  // namespace unit_serializer_form
