// SPDX-License-Identifier: MIT
#include <webhook/serializer/slack.hpp>

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <webhook/serializer/formats.hpp>

#include "support/thrown.hpp"

namespace unit_serializer_slack {

namespace {
using webhook::Bytes;
using webhook::errc;
using webhook::Event;
using webhook::SlackMessage;
using webhook::SlackSerializer;

Event event_of(std::string_view payload) {
  Event event;
  event.type = "order.created";
  event.payload = Bytes(payload);
  return event;
}
template <class Serializer>
nlohmann::json message(const Serializer& serializer, std::string_view payload) {
  const webhook::Rendering rendering = serializer.render(event_of(payload), "slack");
  CHECK(rendering.headers.find("content-type") == std::string_view("application/json; charset=utf-8"));
  return nlohmann::json::parse(rendering.body.view());
}
}  // namespace

TEST_CASE("without a function of the host, a message lists what the event says", "[serializer][slack]") {
  CHECK(message(SlackSerializer{},
                R"({"customer":"Smith","price":19.990,"lines":[{"sku":"A"},{"sku":"B"}],"note":null})") ==
        nlohmann::json{
            {"text", "*order.created*\ncustomer: Smith\nprice: 19.990\nlines.1.sku: A\nlines.2.sku: B\nnote: null"}});
  CHECK(message(SlackSerializer{}, "\"hello\"") == nlohmann::json{{"text", "*order.created*\nhello"}});
  CHECK(message(SlackSerializer{}, "") == nlohmann::json{{"text", "*order.created*"}});
  CHECK(message(SlackSerializer{}, "{}") == nlohmann::json{{"text", "*order.created*"}});
}

TEST_CASE("no value becomes a mention, a link or a line of its own", "[serializer][slack]") {
  const std::string text = message(
      SlackSerializer{}, R"({"<!channel>":"<!here> & <http://x.example|bank>","b":"x\n*order.paid*\u0000"})")["text"];
  CHECK(text == std::string("*order.created*\n&lt;!channel&gt;: &lt;!here&gt; &amp; &lt;http://x.example|bank&gt;\n"
                            "b: x *order.paid* "));
}

TEST_CASE("a summary is bounded in lines and in their length", "[serializer][slack]") {
  std::string many = "[0";
  for (int i = 1; i < 50; ++i) many += "," + std::to_string(i);
  const std::string text = message(SlackSerializer{}, many + "]")["text"];
  CHECK(std::count(text.begin(), text.end(), '\n') == 21);
  CHECK(text.find("\n20: 19\n\xE2\x80\xA6 and 30 more") != std::string::npos);
  std::string wide;
  for (int i = 0; i < 300; ++i) wide += "\xE2\x82\xAC";  // three bytes each: never cut inside
  const std::string cut = message(SlackSerializer{}, "{\"" + wide + "\":1,\"b\":\"" + wide + "\"}")["text"];
  CHECK(cut.size() < 500);
}

TEST_CASE("a host says what it wants, as text or with blocks", "[serializer][slack]") {
  const SlackSerializer texts{
      [](const Event& event) { return "New: " + webhook::slack_escaped(event.payload.view()); }};
  CHECK(message(texts, "\"<a>\"") == nlohmann::json{{"text", "New: \"&lt;a&gt;\""}});
  const SlackSerializer blocks{[](const Event&) { return SlackMessage{"fallback", R"([{"type":"divider"}])"}; }};
  CHECK(message(blocks, "1") == nlohmann::json{{"text", "fallback"}, {"blocks", {{{"type", "divider"}}}}});
}

TEST_CASE("a message that Slack would refuse is refused here", "[serializer][slack]") {
  const auto refused = [](SlackMessage said) {
    const SlackSerializer serializer{[said](const Event&) { return said; }};
    return support::thrown([&] { serializer.render(event_of("1"), ""); });
  };
  CHECK(refused({"", ""}) == errc::invalid_payload);
  CHECK(refused({"\xFF", ""}) == errc::invalid_payload);
  CHECK(refused({"a", "{}"}) == errc::invalid_payload);
  CHECK(refused({"a", "[1"}) == errc::invalid_payload);
  CHECK(support::thrown([] { SlackSerializer{}.render(event_of("{"), ""); }) == errc::invalid_payload);
  CHECK(support::thrown([] { SlackSerializer{}.render(event_of("1"), "json"); }) == errc::unsupported);
}

TEST_CASE("Slack is one format among others", "[serializer][slack][formats]") {
  const webhook::Formats formats{webhook::JsonSerializer{}, SlackSerializer{}};
  CHECK(formats.renders("slack"));
  CHECK(formats.render(event_of("1"), "slack").body.view() == R"({"text":"*order.created*\n1"})");
  static_assert(webhook::Decodes<decltype(formats), int>);
}

}  // namespace unit_serializer_slack
