// SPDX-License-Identifier: MIT
// Who gets an event: by pattern, tenant, and what is in it.
#include <catch2/catch.hpp>

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
