// SPDX-License-Identifier: MIT
#include <webhook/serializer/cloudevents.hpp>

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <string_view>
#include <webhook/serializer/formats.hpp>

#include "support/random_json.hpp"
#include "support/thrown.hpp"

namespace unit_serializer_cloudevents {

namespace {
using namespace std::string_view_literals;
using webhook::Bytes;
using webhook::CloudEventsOptions;
using webhook::CloudEventsSerializer;
using webhook::errc;
using webhook::Event;
using webhook::Request;

const CloudEventsSerializer serializer("https://shop.example/orders");

Event event_of(std::string_view payload) {
  Event event;
  event.id = webhook::EventId("evt_1");
  event.type = "order.created";
  event.time = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + std::chrono::milliseconds(250);
  event.payload = Bytes(payload);
  return event;
}
Request received(const webhook::Rendering& rendering) {
  Request request;
  request.headers = rendering.headers;
  request.body = rendering.body;
  return request;
}
Request structured(std::string_view body, std::string_view type = "application/cloudevents+json") {
  return received({{{"content-type", type}}, Bytes(body)});
}
nlohmann::json read(const Request& request) {
  Event event;
  return serializer.read(request, event);
}
std::error_code refused(const Request& request) {
  return support::thrown([&] { read(request); });
}
}  // namespace

TEST_CASE("structured mode is one JSON document with the payload as it is", "[serializer][cloudevents]") {
  Event event = event_of("{ \"price\":19.990, \"big\":12345678901234567890123 }");
  event.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const webhook::Rendering rendering = serializer.render(event, "cloudevents");
  CHECK(rendering.headers.find("content-type") == "application/cloudevents+json; charset=utf-8"sv);
  CHECK(rendering.body.view() ==
        R"({"specversion":"1.0","id":"evt_1","source":"https://shop.example/orders","type":"order.created",)"
        R"("time":"2026-11-23T00:00:00.250Z","traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",)"
        R"("datacontenttype":"application/json","data":{ "price":19.990, "big":12345678901234567890123 }})");
}

TEST_CASE("binary mode has attributes in headers and the payload as body", "[serializer][cloudevents]") {
  const CloudEventsSerializer with_subject(
      CloudEventsOptions{"/shop", [](const Event& event) { return "Euro \xE2\x82\xAC \"50%\" " + event.key; }});
  Event event = event_of("[1,2]");
  event.key = "o-1";
  const webhook::Rendering rendering = with_subject.render(event, "cloudevents-binary");
  CHECK(rendering.body == event.payload);
  CHECK(rendering.headers.find("content-type") == "application/json"sv);
  CHECK(rendering.headers.find("ce-specversion") == "1.0"sv);
  CHECK(rendering.headers.find("ce-id") == "evt_1"sv);
  CHECK(rendering.headers.find("ce-source") == "/shop"sv);
  CHECK(rendering.headers.find("ce-type") == "order.created"sv);
  CHECK(rendering.headers.find("ce-time") == "2026-11-23T00:00:00.250Z"sv);
  CHECK(rendering.headers.find("ce-subject") ==
        "Euro%20%E2%82%AC%20%2250%25%22%20o-1"sv);  // as in the binding's §3.1.3.2
  CHECK_FALSE(rendering.headers.find("ce-traceparent"));
}

TEST_CASE("both modes are read into the same event", "[serializer][cloudevents]") {
  for (const char* format : {"", "cloudevents", "cloudevents-binary"}) {
    Event sent = event_of("{\"type\":\"x\",\"data\":1}");  // looks like an envelope, and is data
    sent.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    Event event;
    CHECK(serializer.read(received(serializer.render(sent, format)), event) ==
          nlohmann::json{{"type", "x"}, {"data", 1}});
    CHECK(event.type == sent.type);
    CHECK(event.time == sent.time);
    CHECK(event.id == sent.id);
    CHECK(event.traceparent == sent.traceparent);
    sent.payload = {};
    CHECK(read(received(serializer.render(sent, format))).is_null());
  }
  Event verified;
  verified.id = webhook::EventId("signed");
  serializer.read(received(serializer.render(event_of("1"), "")), verified);
  CHECK(verified.id.view() == "signed");
}

TEST_CASE("header values are decoded as the binding says", "[serializer][cloudevents]") {
  const auto attribute = [](std::string_view value) { return webhook::detail::ce_attribute(value); };
  CHECK(attribute("Euro%20%E2%82%AC%20%F0%9F%98%80") == "Euro \xE2\x82\xAC \xF0\x9F\x98\x80");
  CHECK(attribute("%e2%82%ac") == "\xE2\x82\xAC");
  CHECK(attribute("\"a \\\"b\\\" %41\"") == "a \"b\" A");
  CHECK(attribute("50%") == "50%");
  CHECK(attribute("%zz%4") == "%zz%4");
  CHECK(attribute("") == "");
  for (const auto value : {"%FF"sv, "%C0%AF"sv, "%ED%A0%80"sv, "\"open"sv, "\""sv, "\"a\\\""sv})
    CHECK_FALSE(attribute(value));
  support::RandomJson random(5);
  for (int round = 0; round < 2000; ++round) {
    const std::string text = random.text();
    CHECK(attribute(webhook::detail::ce_header_value(text)) == text);
  }
}

TEST_CASE("what is no CloudEvent of version 1.0 is refused with the reason", "[serializer][cloudevents]") {
  const auto good = [](const char* change, const nlohmann::json& value) {
    nlohmann::json event{{"specversion", "1.0"}, {"id", "1"}, {"source", "/"}, {"type", "a.b"}, {"data", 1}};
    event[change] = value;
    return structured(event.dump());
  };
  CHECK(refused(good("extension", 5)) == std::error_code());
  CHECK(refused(good("specversion", "0.3")) == errc::invalid_payload);
  for (const char* name : {"id", "source", "type"}) {
    for (const nlohmann::json& value : {nlohmann::json(nullptr), nlohmann::json(""), nlohmann::json(7)}) {
      CHECK(refused(good(name, value)) == errc::invalid_payload);
      CHECK_THROWS_WITH(read(good(name, value)), Catch::Contains("\"" + std::string(name) + "\""));
    }
  }
  CHECK(refused(good("time", "yesterday")) == errc::invalid_payload);
  CHECK(refused(good("data_base64", "eA==")) == errc::invalid_payload);
  CHECK(refused(structured("[]")) == errc::invalid_payload);
  CHECK(refused(structured("{")) == errc::invalid_payload);
  CHECK(refused(structured("{}", "application/json")) == errc::invalid_payload);

  Request binary = received(serializer.render(event_of("1"), "cloudevents-binary"));
  binary.headers.add("ce-type", "another");
  CHECK(refused(binary) == errc::invalid_payload);
  binary = received(serializer.render(event_of("{"), "cloudevents-binary"));
  CHECK(refused(binary) == errc::invalid_payload);
}

TEST_CASE("batches and other encodings are unsupported", "[serializer][cloudevents]") {
  CHECK_THROWS_WITH(read(structured("[]", "application/cloudevents-batch+json")),
                    Catch::Contains("one event per request"));
  for (const char* type :
       {"application/cloudevents-batch+json", "application/cloudevents+avro", "application/cloudevents", "text/xml"}) {
    CHECK(refused(structured("{}", type)) == errc::unsupported);
  }
  Request binary = received(serializer.render(event_of("1"), "cloudevents-binary"));
  webhook::Headers headers{{"content-type", "text/xml"}};
  for (const webhook::Header field : binary.headers) headers.add(field.name, field.value);
  binary.headers = headers;
  CHECK(refused(binary) == errc::unsupported);
}

TEST_CASE("base64 data is decoded if it is JSON", "[serializer][cloudevents]") {
  const auto with = [](std::string_view data, const char* type) {
    nlohmann::json event{{"specversion", "1.0"}, {"id", "1"}, {"source", "/"}, {"type", "a.b"}, {"data_base64", data}};
    if (type != nullptr) event["datacontenttype"] = type;
    return structured(event.dump());
  };
  CHECK(read(with("WzEsMl0=", nullptr)) == nlohmann::json{1, 2});
  CHECK(read(with("WzEsMl0=", "application/vnd.x+json; charset=utf-8")) == nlohmann::json{1, 2});
  CHECK(read(with("/w==", "image/png")) == "/w==");
  CHECK(refused(with("/w==", nullptr)) == errc::invalid_payload);
  CHECK(refused(with("a", "image/png")) == errc::invalid_payload);
}

TEST_CASE("among several formats, CloudEvents know their own", "[serializer][cloudevents][formats]") {
  const webhook::Formats formats{webhook::JsonSerializer{}, CloudEventsSerializer{"/shop"}};
  for (const char* format : {"json", "cloudevents", "cloudevents-binary"}) {
    Event event;
    CHECK(formats.read(received(formats.render(event_of("{\"type\":\"x\",\"data\":1}"), format)), event).size() == 2);
    CHECK(event.type == "order.created");
  }
  Event event;
  CHECK(support::thrown([&] { formats.read(structured("[]", "application/cloudevents-batch+json"), event); }) ==
        errc::unsupported);
}

TEST_CASE("a source is a URI-reference, and attributes are UTF-8", "[serializer][cloudevents]") {
  for (const char* source : {"", "a b", "\xC3\xA9", "a\nb", "<x>"}) {
    CHECK(support::thrown([&] { CloudEventsSerializer{source}; }) == errc::invalid);
  }
  Event event = event_of("1");
  event.type = "\xFF";
  CHECK(support::thrown([&] { serializer.render(event, ""); }) == errc::invalid_payload);
  CHECK(support::thrown([&] { serializer.render(event_of("1"), "json"); }) == errc::unsupported);
}

TEST_CASE("any payload arrives through both modes", "[serializer][cloudevents][property]") {
  support::RandomJson random(9);
  for (int round = 0; round < 1000; ++round) {
    const nlohmann::json value = random.value();
    for (const char* format : {"cloudevents", "cloudevents-binary"}) {
      CHECK(read(received(serializer.render(event_of(value.dump()), format))) == value);
    }
  }
}

}  // namespace unit_serializer_cloudevents
