// SPDX-License-Identifier: MIT
// What emit accepts, refuses and promises on the caller's thread.
#include <catch2/catch.hpp>

#include <cstdlib>
#include <limits>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <webhook/transport/function.hpp>

#include "support/thrown.hpp"
#include "support/virtual_host.hpp"

namespace shop {
struct OrderCreated {
  std::string customer{}, item{};
  double price = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(OrderCreated, customer, item, price)
}  // namespace shop
template <>
inline constexpr std::string_view webhook::event_type<shop::OrderCreated> = "order.created";

namespace unit_dispatcher_emit {
using namespace std::chrono_literals;
using support::thrown;
using support::VirtualHost;
using webhook::Appended;
using webhook::EmitOptions;
using webhook::errc;
using webhook::Error;

namespace {
EmitOptions named(std::string_view id) {
  EmitOptions options;
  options.id = id;
  return options;
}
}  // namespace

TEST_CASE("a typed event is emitted under the name of its type") {
  VirtualHost host;
  host.hooks.add({.url = "https://a.example/", .events = {"order.created"}});
  host.hooks.emit(shop::OrderCreated{"Smith", "a book", 12.5});
  host.settle();
  REQUIRE(host.transport.requests().size() == 1);
  const auto body = nlohmann::json::parse(host.transport.requests()[0].body.view());
  CHECK(body["data"] == nlohmann::json{{"customer", "Smith"}, {"item", "a book"}, {"price", 12.5}});
}

TEST_CASE("an event that nobody wants is not even encoded") {
  VirtualHost host;
  host.hooks.add({.url = "https://a.example/", .events = {"order.*"}});
  const webhook::Emitted emitted = host.hooks.emit("other.thing", {{"text", "\xff not UTF-8"}});
  CHECK(emitted.endpoints == 0);
  CHECK(emitted.id.empty());
  CHECK(host.all().empty());
}

TEST_CASE("what cannot be sent is refused, and nothing is stored", "[B2][B3][B4][B7]") {
  webhook::Options options;
  options.max_payload = 100;
  VirtualHost host(std::move(options));
  host.hooks.add({.url = "https://a.example/"});
  CHECK(thrown([&] { host.hooks.emit("bad type", {}); }) == errc::invalid_type);
  CHECK(thrown([&] { host.hooks.emit(std::string(129, 'a'), {}); }) == errc::invalid_type);
  CHECK(thrown([&] { host.hooks.emit("a.b", {{"text", "\xff"}}); }) == errc::invalid_payload);
  CHECK(thrown([&] {
          host.hooks.emit("a.b", {{"n", std::numeric_limits<double>::quiet_NaN()}});
        }) == errc::invalid_payload);
  CHECK(thrown([&] {
          host.hooks.emit("a.b", {{"n", std::numeric_limits<double>::infinity()}});
        }) == errc::invalid_payload);
  CHECK(thrown([&] { host.hooks.emit_bytes("a.b", std::string(101, '1')); }) == errc::too_large);
  CHECK(host.all().empty());
  CHECK_FALSE(thrown([&] { host.hooks.emit_bytes("a.b", std::string(100, '1')); }));
  CHECK(host.all().size() == 1);
}

TEST_CASE("an id of the host's own contains letters, digits, '_' and '-'", "[B1]") {
  VirtualHost host;
  host.hooks.add({.url = "https://a.example/"});
  for (const char* bad : {"a.b", "a b", "a\r\nb", "caf\xc3\xa9"})
    CHECK(thrown([&] { host.hooks.emit("a.b", {}, named(bad)); }) == errc::invalid_id);
  CHECK(thrown([&] { host.hooks.emit("a.b", {}, named(std::string(65, 'a'))); }) == errc::invalid_id);
  CHECK(host.hooks.emit("a.b", {}, named("order-7_created")).id.view() == "order-7_created");
}

TEST_CASE("JSON of 10,000 levels is refused as a value and under a filter, and sent as it is as bytes", "[B5]") {
  constexpr std::size_t levels = 10'000;
  const std::string text = std::string(levels, '[') + std::string(levels, ']');
  nlohmann::json value = nlohmann::json::array();
  for (std::size_t i = 1; i < levels; ++i) {
    nlohmann::json outer = nlohmann::json::array();
    outer.push_back(std::move(value));
    value = std::move(outer);
  }
  VirtualHost host;
  host.hooks.add({.url = "https://a.example/"});
  CHECK(thrown([&] { host.hooks.emit("a.b", value); }) == errc::invalid_payload);
  CHECK(thrown([&] { host.hooks.emitter().emit("a.b", value); }) == errc::invalid_payload);
  CHECK(host.all().empty());

  CHECK(host.hooks.emit_bytes("a.b", text).endpoints == 1);
  host.settle();
  REQUIRE(host.transport.requests().size() == 1);
  CHECK(host.transport.requests()[0].body.view().find(text) != std::string_view::npos);

  const webhook::Endpoint filtering = host.hooks.add({.url = "https://b.example/", .filter = R"({"/0": 1})"});
  CHECK(thrown([&] { host.hooks.emit_bytes("a.b", text); }) == errc::invalid_payload);
  webhook::Endpoint changed = filtering;
  changed.filter = text.substr(levels - 5000, 10'000);
  CHECK(thrown([&] { host.hooks.change(changed); }) == errc::invalid_filter);
  CHECK(host.all().size() == 1);
}

TEST_CASE("a payload given as bytes is sent byte for byte, at each attempt", "[B6]") {
  VirtualHost host;
  host.hooks.add({.url = "https://a.example/"});
  host.transport.answer_with([](const webhook::Request&) { return webhook::RecordingTransport::answer(500); });
  const std::string payload =
      R"({"b":1, "a":2,"b":3,"n":12345678901234567890123, "f":1.10,"u":"\u0000\ud83d\ude00\/"}  )";
  const webhook::EventId id = host.hooks.emit_bytes("a.b", payload).id;
  host.pass(10s);
  REQUIRE(host.transport.requests().size() == 2);
  for (const webhook::Request& request : host.transport.requests()) {
    const std::string body(request.body.view());
    const std::string head = "{\"id\":\"" + std::string(id.view()) + "\",\"type\":\"a.b\",\"timestamp\":\"";
    CHECK(body.substr(0, head.size()) == head);
    CHECK(body.substr(body.size() - payload.size() - 9) == ",\"data\":" + payload + "}");
  }
  CHECK(host.hooks.events().at(0).event->payload.view() == payload);
}

TEST_CASE("the same id with the same content is a duplicate, with other content a conflict", "[B8]") {
  VirtualHost host;
  host.hooks.add({.url = "https://a.example/"});
  CHECK(host.hooks.emit("a.b", {{"n", 1}}, named("one")).outcome == Appended::inserted);
  CHECK(host.hooks.emit("a.b", {{"n", 1}}, named("one")).outcome == Appended::duplicate);
  CHECK(thrown([&] { host.hooks.emit("a.b", {{"n", 2}}, named("one")); }) == errc::conflict);
  CHECK(thrown([&] { host.hooks.emit("a.c", {{"n", 1}}, named("one")); }) == errc::conflict);
  CHECK(host.all().size() == 1);
  CHECK(host.hooks.events().size() == 1);
  host.settle();
  CHECK(host.transport.requests().size() == 1);
}

TEST_CASE("every refusal has an overload that reports it as an error code") {
  VirtualHost host;
  host.hooks.add({.url = "https://a.example/"});
  std::error_code error;
  CHECK_FALSE(host.hooks.emit("bad type", {{"n", 1}}, error).has_value());
  CHECK(error == errc::invalid_type);
  CHECK(host.hooks.emit("a.b", {{"n", 1}}, error).has_value());
  CHECK_FALSE(error);
  CHECK(host.hooks.emit(shop::OrderCreated{}, error).has_value());
  CHECK_FALSE(host.hooks.emit_bytes("", "{}", error).has_value());
  CHECK(error == errc::invalid_type);
}

TEST_CASE("an emitter emits into the dispatcher it came from, without knowing its type") {
  VirtualHost host;
  host.hooks.add({.url = "https://a.example/"});
  const webhook::Emitter emitter = host.hooks.emitter();
  CHECK(emitter.emit(shop::OrderCreated{"Smith", "a book", 12.5}).endpoints == 1);
  CHECK(emitter.emit("a.b", nlohmann::json{{"n", 1}}).endpoints == 1);
  CHECK(emitter.emit_bytes("a.b", "{}", named("mine")).id.view() == "mine");
  host.settle();
  CHECK(host.transport.requests().size() == 3);
}

TEST_CASE("a full store refuses, and what was refused is not there", "[B13]") {
  webhook::RecordingTransport transport;
  webhook::Dispatcher hooks{transport, webhook::MemoryStore{{.max_deliveries = 2}}};
  hooks.add({.url = "https://a.example/"});
  hooks.emit("a.b", {});
  hooks.emit("a.b", {});
  CHECK(thrown([&] { hooks.emit("a.b", {}); }) == errc::full);
  CHECK(hooks.deliveries().size() == 2);
}

// WEBHOOK_TEST_EMITS sets how many each thread emits: 15625 make a million.
TEST_CASE("64 threads emit at once; nothing is lost, nothing doubled, every id is its own", "[B14]") {
  const char* const knob = std::getenv("WEBHOOK_TEST_EMITS");
  const std::size_t threads = 64, each = knob != nullptr ? std::stoul(knob) : 1000;
  std::mutex mutex;
  std::vector<std::string> sent;
  webhook::Options options;
  options.workers = 2;
  webhook::Dispatcher hooks{[&](const webhook::Request& request) {
                              const std::lock_guard lock(mutex);
                              sent.emplace_back(request.headers.find("webhook-id").value());
                              return webhook::Response{204, {}, {}, {}, {}};
                            },
                            webhook::MemoryStore{{.max_deliveries = threads * each}}, options};
  hooks.add({.url = "https://a.example/", .cap = 64});
  hooks.start();
  std::vector<std::vector<webhook::EventId>> emitted(threads);
  std::vector<std::thread> emitters;
  for (auto& mine : emitted) {
    emitters.emplace_back([&hooks, &mine, each] {
      for (std::size_t i = 0; i < each; ++i) mine.push_back(hooks.emit_bytes("a.b", "{}").id);
    });
  }
  for (std::thread& emitter : emitters) emitter.join();
  hooks.stop(600s);
  std::set<std::string> ids;
  for (const auto& mine : emitted) {
    for (const webhook::EventId& id : mine) ids.emplace(id.view());
  }
  CHECK(ids.size() == threads * each);
  CHECK(sent.size() == threads * each);
  CHECK(std::set<std::string>(sent.begin(), sent.end()) == ids);
}

}  // namespace unit_dispatcher_emit
