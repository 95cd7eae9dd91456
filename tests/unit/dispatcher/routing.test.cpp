// SPDX-License-Identifier: MIT
// Who gets an event: by pattern, tenant, and what is in it.
#include <catch2/catch.hpp>

#include "support/thrown.hpp"
#include "support/virtual_host.hpp"

namespace shop {
struct Order {
  std::string country{};
  double price = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Order, country, price)
}  // namespace shop
template <>
inline constexpr std::string_view webhook::event_type<shop::Order> = "order.created";

namespace unit_dispatcher_routing {
using namespace std::chrono_literals;
using support::VirtualHost;
using webhook::Endpoint;
using webhook::errc;

TEST_CASE("a filter decides by the event's data, for each endpoint its own") {
  VirtualHost host;
  host.hooks.add({.url = "https://all.example/", .events = {"order.*"}});
  host.hooks.add({.url = "https://large.example/", .events = {"order.*"}, .filter = R"({"/price": {"gte": 100}})"});
  host.hooks.add({.url = "https://german.example/", .events = {"order.*"}, .filter = R"({"/country": "DE"})"});
  CHECK(host.hooks.emit(shop::Order{"DE", 150}).endpoints == 3);
  CHECK(host.hooks.emit(shop::Order{"FR", 150}).endpoints == 2);
  CHECK(host.hooks.emit(shop::Order{"FR", 15}).endpoints == 1);
  host.settle();
  CHECK(host.transport.requests().size() == 6);
}

TEST_CASE("an event that no filter lets pass is not stored") {
  VirtualHost host;
  host.hooks.add({.url = "https://large.example/", .filter = R"({"/price": {"gte": 100}})"});
  CHECK(host.hooks.emit(shop::Order{"DE", 1}).endpoints == 0);
  CHECK(host.all().empty());
}

TEST_CASE("a changed filter is in force at once") {
  VirtualHost host;
  Endpoint endpoint = host.hooks.add({.url = "https://a.example/", .filter = R"({"/price": {"gte": 100}})"});
  CHECK(host.hooks.emit(shop::Order{"DE", 50}).endpoints == 0);
  endpoint.filter = R"({"/price": {"gte": 10}})";
  endpoint = host.hooks.change(endpoint);
  CHECK(host.hooks.emit(shop::Order{"DE", 50}).endpoints == 1);
  endpoint.filter.clear();
  host.hooks.change(endpoint);
  CHECK(host.hooks.emit(shop::Order{"DE", 1}).endpoints == 1);
}

TEST_CASE("a filter that is wrong is refused when its endpoint is added or changed") {
  VirtualHost host;
  std::error_code error;
  CHECK_FALSE(
      host.hooks.add({.url = "https://a.example/", .filter = R"({"/price": {"above": 1}})"}, error).has_value());
  CHECK(error == errc::invalid_filter);
  Endpoint endpoint = host.hooks.add({.url = "https://a.example/"});
  endpoint.filter = "price > 1";
  CHECK_FALSE(host.hooks.change(endpoint, error).has_value());
  CHECK(error == errc::invalid_filter);
}

TEST_CASE("the fields of a declared type are known: a filter that names another is refused") {
  VirtualHost host;
  host.hooks.declare<shop::Order>();
  host.hooks.declare("customer.created", {{"name", ""}});
  std::error_code error;
  CHECK_FALSE(host.hooks.add({.url = "https://a.example/", .events = {"order.*"}, .filter = R"({"/prize": 1})"}, error)
                  .has_value());
  CHECK(error == errc::invalid_filter);
  CHECK(host.hooks.add({.url = "https://a.example/", .events = {"order.*"}, .filter = R"({"/price": 1})"}, error)
            .has_value());
  CHECK(host.hooks.add({.url = "https://a.example/", .events = {"*"}, .filter = R"({"/name": "Smith"})"}, error)
            .has_value());
  CHECK(host.hooks.add({.url = "https://a.example/", .events = {"stock.*"}, .filter = R"({"/level": 1})"}, error)
            .has_value());
}

TEST_CASE("a payload that is no JSON cannot be judged by a filter, and emit says so") {
  VirtualHost host;
  host.hooks.add({.url = "https://a.example/", .filter = R"({"/price": 1})"});
  std::error_code error;
  CHECK_FALSE(host.hooks.emit_bytes("a.b", "no json", error).has_value());
  CHECK(error == errc::invalid_payload);
  CHECK(host.all().empty());
}

TEST_CASE("a list of fields declares a type as well, and what is below them may be anything") {
  VirtualHost host;
  host.hooks.declare_fields("customer.created", {"/name", "/address/country", "/tags/0"});
  const auto refusal = [&](const std::string& filter) {
    try {
      host.hooks.add({.url = "https://a.example/", .events = {"customer.*"}, .filter = filter});
    } catch (const webhook::Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(refusal(R"({"/name": "Smith", "/address/country": {"in": ["DE"]}, "/tags/7": "x", "/name/first": "J"})") == "");
  CHECK_THAT(refusal(R"({"/address/county": "Kent"})"), Catch::Contains("no field \"/address/county\""));
  CHECK_THAT(refusal(R"({"or": [{"/name": "Smith"}, {"not": {"/nmae": 1}}]})"), Catch::Contains("no field \"/nmae\""));
  for (const std::string_view bad : {"name", "/a~2"}) {
    CHECK(support::thrown([&] { host.hooks.declare_fields("a.b", {bad}); }) == errc::invalid_filter);
  }
  CHECK(support::thrown([&] { host.hooks.declare_fields("a b", {"/a"}); }) == errc::invalid_type);
}

TEST_CASE("optional fields and maps of a declared type may hold anything") {
  VirtualHost host;
  host.hooks.declare("stock.level", {{"product", 0}, {"warehouse", nullptr}, {"by_size", nlohmann::json::object()}});
  const auto accepted = [&](const std::string& filter) {
    std::error_code error;
    return host.hooks.add({.url = "https://a.example/", .events = {"stock.level"}, .filter = filter}, error)
        .has_value();
  };
  CHECK(accepted(R"({"/warehouse/city": "Leeds"})"));
  CHECK(accepted(R"({"/by_size/XL": {"gt": 3}})"));
  CHECK_FALSE(accepted(R"({"/product/name": "a book"})"));
  CHECK_FALSE(accepted(R"({"/by_colour": 1})"));
}

TEST_CASE("an endpoint that names channels gets the events of these, one that names none gets all") {
  VirtualHost host;
  host.hooks.add({.url = "https://all.example/"});
  host.hooks.add({.url = "https://eu.example/", .channels = {"eu", "uk"}});
  const auto in = [&](std::string_view channel) {
    webhook::EmitOptions options;
    options.channel = channel;
    return host.hooks.emit("a.b", {}, options).endpoints;
  };
  CHECK(in("eu") == 2);
  CHECK(in("uk") == 2);
  CHECK(in("us") == 1);
  CHECK(in("") == 1);
  host.settle();
  CHECK(host.transport.requests().size() == 6);
}

TEST_CASE("a trace that the host gives is sent along, at each attempt, and none is made up") {
  webhook::Options options;
  options.retry = webhook::RetrySchedule({0s, 5s}, 0.0);
  VirtualHost host(std::move(options));
  host.transport.answer_with([](const webhook::Request&) { return webhook::RecordingTransport::answer(500); });
  host.hooks.add({.url = "https://a.example/"});
  constexpr std::string_view trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  webhook::EmitOptions traced;
  traced.traceparent = trace;
  host.hooks.emit("a.b", {}, traced);
  host.pass(10s);
  REQUIRE(host.transport.requests().size() == 2);
  for (const auto& request : host.transport.requests()) CHECK(request.headers.find("traceparent") == trace);
  host.hooks.emit("a.b", {});
  host.settle();
  CHECK(host.transport.requests().back().headers.count("traceparent") == 0);
}

TEST_CASE("an endpoint's own headers go with each of its deliveries, and with nobody else's") {
  VirtualHost host;
  host.hooks.add({.url = "https://a.example/", .headers = {{"Authorization", "Bearer abc"}, {"X-Shop", "7"}}});
  host.hooks.add({.url = "https://b.example/"});
  host.hooks.emit("a.b", {});
  host.settle();
  REQUIRE(host.transport.requests().size() == 2);
  for (const auto& request : host.transport.requests()) {
    const bool first = request.url == "https://a.example/";
    CHECK(request.headers.count("authorization") == (first ? 1 : 0));
    CHECK(request.headers.count("x-shop") == (first ? 1 : 0));
  }
}

}  // namespace unit_dispatcher_routing
