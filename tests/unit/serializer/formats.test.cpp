// SPDX-License-Identifier: MIT
#include <webhook/serializer/formats.hpp>

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <webhook/dispatcher.hpp>
#include <webhook/inbox/none.hpp>
#include <webhook/serializer/json.hpp>
#include <webhook/serializer/renderer.hpp>
#include <webhook/testing/manual_clock.hpp>
#include <webhook/webhook.hpp>

#include "support/thrown.hpp"

namespace unit_serializer_formats {
struct Basket {
  std::string customer{};
  int amount = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Basket, customer, amount)

namespace {
using webhook::Bytes;
using webhook::Event;
using webhook::Formats;
using webhook::JsonSerializer;
using webhook::Recognition;
using webhook::Renderer;
using webhook::Request;

// A format of the kind that a host writes: "customer amount", one line.
struct LineSerializer {
  using role = webhook::role::serializer;
  using Value = nlohmann::json;
  bool renders(std::string_view format) const { return format.empty() || format == "line" || format == "json"; }
  webhook::Rendering render(const Event& event, std::string_view) const {
    return {{{"content-type", "text/x-line"}}, Bytes(event.type + "\n")};
  }
  Recognition recognises(const Request& request) const {
    return request.headers.find("x-line") ? Recognition::own : Recognition::no;
  }
  Value read(const Request& request, Event& event) const {
    event.type = "line";
    return std::string(request.body.view());
  }
  std::optional<std::string> find(const Value&, std::string_view) const { return std::nullopt; }
  template <class T>
  T decode(const Value& data) const {
    if (!data.is_string()) throw webhook::Error(webhook::errc::invalid_payload, "no line");
    return T{data.get<std::string>(), 1};
  }
};

using Both = Formats<JsonSerializer, LineSerializer>;
static_assert(webhook::SerializerPolicy<Both> && webhook::Recognises<Both> && webhook::Filters<Both>);
static_assert(webhook::Encodes<Both, Basket> && webhook::Decodes<Both, Basket> &&
              webhook::Encodes<Both, nlohmann::json>);

struct Mute {  // renders, and does nothing else
  using role = webhook::role::serializer;
  bool renders(std::string_view) const { return true; }
  webhook::Rendering render(const Event&, std::string_view) const { return {}; }
};
static_assert(webhook::SerializerPolicy<Formats<Mute, JsonSerializer>>);
static_assert(!webhook::Reads<Formats<Mute, JsonSerializer>> && !webhook::Filters<Formats<Mute>>);

Event order_event() {
  Event event;
  event.id = webhook::EventId("evt_1");
  event.type = "order.created";
  event.payload = Bytes(R"({"customer":"Smith","amount":2})");
  return event;
}
Request posted(std::string_view type, std::string_view body) {
  Request request;
  if (!type.empty()) request.headers.add("Content-Type", type);
  request.body = Bytes(body);
  return request;
}
}  // namespace

TEST_CASE("names resolve to members, and the empty name to the first", "[serializer][formats]") {
  const Both formats;
  CHECK(formats.renders(""));
  CHECK(formats.renders("json"));
  CHECK(formats.renders("json-bare"));
  CHECK(formats.renders("line"));
  CHECK_FALSE(formats.renders("xml"));
  const std::string_view json = "application/json", line = "text/x-line";
  CHECK(formats.render(order_event(), "").headers.find("content-type") == json);
  CHECK(formats.render(order_event(), "json").headers.find("content-type") == json);  // both know it: the earlier one
  CHECK(formats.render(order_event(), "line").headers.find("content-type") == line);
  CHECK(support::thrown([&] { formats.render(order_event(), "xml"); }) == webhook::errc::unsupported);
}

TEST_CASE("a body is read by the member that is surest of it", "[serializer][formats]") {
  const Both formats;
  Event event;
  CHECK(formats.read(posted("application/json; charset=utf-8", "[1]"), event) == nlohmann::json{1});
  CHECK(formats.read(posted("Application/Vnd.Shop+JSON", "[2]"), event) == nlohmann::json{2});
  CHECK(formats.read(posted("", "[3]"), event) == nlohmann::json{3});  // says nothing about itself: the first
  CHECK(event.type.empty());
  Request marked = posted("application/json", "Smith");
  marked.headers.add("X-Line", "1");
  CHECK(formats.read(marked, event) == "Smith");
  CHECK(event.type == "line");
}

TEST_CASE("a content type that is nobody's is unsupported, and named", "[serializer][formats]") {
  const Both formats;
  Event event;
  for (const char* type : {"text/plain", "application/xml", "multipart/form-data; boundary=x", "application/jsonx"}) {
    CHECK(support::thrown([&] { formats.read(posted(type, "{}"), event); }) == webhook::errc::unsupported);
  }
  CHECK_THROWS_WITH(formats.read(posted("text/\x1B[31m", "{}"), event), Catch::Contains("\"text/?[31m\""));
}

TEST_CASE("data is decoded as the first member does, or else as another can", "[serializer][formats]") {
  const Both formats;
  CHECK(formats.decode<Basket>({{"customer", "Smith"}, {"amount", 2}}).amount == 2);
  CHECK(formats.decode<Basket>("Jones").customer == "Jones");
  CHECK_THROWS_WITH(formats.decode<Basket>({{"customer", "Smith"}}), Catch::Contains("'amount'"));
}

TEST_CASE("a host's own renderer is a format under its name", "[serializer][formats][renderer]") {
  auto owned = std::make_unique<std::string>("crm says ");
  const Formats formats{
      JsonSerializer{},
      Renderer{"crm", [prefix = std::move(owned)](const Event& event) {
                 return webhook::Rendering{{{"content-type", "text/plain"}}, Bytes(*prefix + event.type)};
               }}};
  CHECK(formats.renders("crm"));
  CHECK(formats.render(order_event(), "crm").body.view() == "crm says order.created");
  CHECK(formats.render(order_event(), "").headers.find("content-type") == std::string_view("application/json"));
  CHECK(support::thrown([] {
          Renderer{"", [](const Event&) { return webhook::Rendering{}; }};
        }) == webhook::errc::invalid);
}

TEST_CASE("endpoints of one dispatcher get their formats, signed as sent", "[serializer][formats]") {
  std::vector<Request> sent;
  webhook::Dispatcher hooks{Formats{JsonSerializer{}, LineSerializer{},
                                    Renderer{"crm",
                                             [](const Event&) -> webhook::Rendering {
                                               return {{}, Bytes("x")};
                                             }}},
                            [&](const Request& request) {
                              sent.push_back(request);
                              return webhook::Response{.status = 204};
                            }};
  std::vector<webhook::Secret> secrets;
  for (const char* format : {"", "line", "crm"}) {
    secrets.push_back(hooks.add({.url = "https://a.example/", .format = format}).secrets.front());
  }
  CHECK(support::thrown([&] { hooks.add({.url = "https://a.example/", .format = "xml"}); }) ==
        webhook::errc::unsupported);
  hooks.emit("customer.created", {{"name", "Smith"}});
  while (sent.size() < 3) hooks.run_once();
  for (const Request& request : sent) {
    bool verified = false;
    for (const webhook::Secret& secret : secrets) {
      verified = verified || webhook::Receiver{secret}.verify(request);
    }
    CHECK(verified);
  }
}

TEST_CASE("a receiver takes several formats to the same typed handler", "[serializer][formats]") {
  const webhook::Secret secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  const webhook::ManualClock clock;
  webhook::Receiver inbox{secret, clock, Both{}, webhook::NoInbox{}};
  std::string seen;
  const auto note = [&](const Basket& order) { seen += order.customer + " "; };
  inbox.on("line", [&](const nlohmann::json& data) { seen += data.get<std::string>() + " "; });
  inbox.on("order.created", [&](const nlohmann::json& data) { note(data.get<Basket>()); });

  const webhook::StandardWebhooks scheme;
  auto key = scheme.prepare(secret, "");
  const auto handled = [&](Request request) {
    webhook::Headers headers;
    scheme.sign({"evt_1", clock.now().wall, request}, {&key, 1}, headers);
    for (const webhook::Header header : headers) request.headers.add(header.name, header.value);
    return inbox.handle(request).status;
  };
  Request line = posted("text/x-line", "Jones");
  line.headers.add("x-line", "1");
  CHECK(handled(line) == 204);
  CHECK(handled(posted("application/json", R"({"type":"order.created","data":{"customer":"Smith","amount":1}})")) ==
        204);
  CHECK(seen == "Jones Smith ");
}

}  // namespace unit_serializer_formats
