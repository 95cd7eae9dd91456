// SPDX-License-Identifier: MIT
// What emit accepts, refuses and promises on the caller's thread.
#include <catch2/catch.hpp>

#include <limits>
#include <set>
#include <thread>

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

TEST_CASE("a payload given as bytes is sent byte for byte", "[B6]") {
  VirtualHost host;
  host.hooks.add({.url = "https://a.example/"});
  const std::string payload = R"({"b":1,"a":2,"b":3,"n":12345678901234567890123,"u":"\u0000"})";
  host.hooks.emit_bytes("a.b", payload);
  host.settle();
  CHECK(host.transport.requests().at(0).body.view().find(payload) != std::string_view::npos);
}

TEST_CASE("the same id with the same content is a duplicate, with other content a conflict", "[B8]") {
  VirtualHost host;
  host.hooks.add({.url = "https://a.example/"});
  CHECK(host.hooks.emit("a.b", {{"n", 1}}, named("one")).outcome == Appended::inserted);
  CHECK(host.hooks.emit("a.b", {{"n", 1}}, named("one")).outcome == Appended::duplicate);
  CHECK(thrown([&] { host.hooks.emit("a.b", {{"n", 2}}, named("one")); }) == errc::conflict);
  CHECK(thrown([&] { host.hooks.emit("a.c", {{"n", 1}}, named("one")); }) == errc::conflict);
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

TEST_CASE("many threads emit at once; nothing is lost, nothing doubled, every id is its own", "[B14]") {
  webhook::RecordingTransport transport;
  webhook::Dispatcher hooks{transport};
  hooks.add({.url = "https://a.example/", .cap = 64});
  hooks.start();
  constexpr int threads = 8, each = 500;
  std::vector<std::thread> emitters;
  for (int thread = 0; thread < threads; ++thread) {
    emitters.emplace_back([&hooks] {
      for (int i = 0; i < each; ++i) hooks.emit_bytes("a.b", "{}");
    });
  }
  for (std::thread& emitter : emitters) emitter.join();
  hooks.stop(60s);
  std::set<std::string> ids;
  for (const webhook::Request& request : transport.requests()) ids.emplace(request.headers.find("webhook-id").value());
  CHECK(transport.requests().size() == threads * each);
  CHECK(ids.size() == threads * each);
}
