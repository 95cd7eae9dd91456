// SPDX-License-Identifier: MIT
#include <webhook/detail/endpoint_cache.hpp>
#include <webhook/router.hpp>

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

namespace unit_router {
using webhook::Endpoint;
using webhook::EndpointId;
using webhook::EndpointState;
using webhook::Error;
using webhook::Router;
using webhook::Version;

namespace {
Endpoint made(std::uint64_t id, Version version, std::vector<std::string> events, std::string tenant = {},
              EndpointState state = EndpointState::active) {
  Endpoint endpoint;
  endpoint.id = EndpointId{id};
  endpoint.version = version;
  endpoint.url = "https://example.com/";
  endpoint.events = std::move(events);
  endpoint.tenant = std::move(tenant);
  endpoint.state = state;
  return endpoint;
}
bool goes_to(Router& router, std::string_view type, std::uint64_t id, std::string_view tenant = {}) {
  const auto routes = router.routes(tenant, type);
  return routes != nullptr && std::count(routes->endpoints.begin(), routes->endpoints.end(), EndpointId{id}) == 1;
}
}  // namespace

TEST_CASE("an event goes to every endpoint with a pattern that chooses it, once") {
  Router router;
  router.update(
      {made(1, 1, {"order.*", "order.created", "*"}), made(2, 2, {"customer.*"}), made(3, 3, {"order.created"})});
  CHECK(goes_to(router, "order.created", 1));
  CHECK_FALSE(goes_to(router, "order.created", 2));
  CHECK(goes_to(router, "order.created", 3));
  CHECK(router.routes("", "order.created")->endpoints.size() == 2);
  CHECK(router.routes("", "order.created")->registry == 3);
}

TEST_CASE("tenants do not hear of each other") {
  Router router;
  router.update({made(1, 1, {"*"}, "acme"), made(2, 2, {"*"}, "globex"), made(3, 3, {"*"})});
  CHECK(router.routes("acme", "order.created")->endpoints == std::vector{EndpointId{1}});
  CHECK(router.routes("", "order.created")->endpoints == std::vector{EndpointId{3}});
}

TEST_CASE("paused and disabled endpoints keep getting events, gone and removed ones do not") {
  Router router;
  router.update({made(1, 1, {"*"}, "", EndpointState::paused), made(2, 2, {"*"}, "", EndpointState::disabled),
                 made(3, 3, {"*"}, "", EndpointState::gone), made(4, 4, {"*"}, "", EndpointState::removed)});
  CHECK(goes_to(router, "a.b", 1));
  CHECK(goes_to(router, "a.b", 2));
  CHECK_FALSE(goes_to(router, "a.b", 3));
  CHECK_FALSE(goes_to(router, "a.b", 4));
  CHECK(router.list("").size() == 3);
}

TEST_CASE("an answer that was remembered is forgotten when an endpoint changes") {
  Router router;
  router.update({made(1, 1, {"order.*"})});
  CHECK(goes_to(router, "order.created", 1));
  router.update({made(1, 2, {"customer.*"})});
  CHECK_FALSE(goes_to(router, "order.created", 1));
  router.update({made(1, 1, {"order.*"})});  // an old copy that comes late
  CHECK_FALSE(goes_to(router, "order.created", 1));
  CHECK(router.version() == 2);
}

TEST_CASE("a malformed type is refused each time, and asking for many types stays bounded and right") {
  Router router;
  router.update({made(1, 1, {"t.*"})});
  CHECK_THROWS_AS(router.routes("", "not a type"), Error);
  CHECK_THROWS_AS(router.routes("", "not a type"), Error);
  for (int i = 0; i < 10'000; ++i) CHECK(goes_to(router, "t.n" + std::to_string(i), 1));
}

TEST_CASE("a change beside which others may be missing is taken over, but the rest is still asked for") {
  Router router;
  router.update({made(1, 1, {"*"})});
  router.update({made(3, 3, {"*"})}, false);  // 2 is another process's
  CHECK(goes_to(router, "a.b", 3));
  CHECK(router.version() == 1);
  CHECK(router.routes("", "a.b")->registry == 1);
  router.update({made(2, 2, {"*"}), made(3, 3, {"*"})});
  CHECK(router.version() == 3);
  CHECK(router.routes("", "a.b")->endpoints.size() == 3);
}

TEST_CASE("a worker's own copies are asked again once an endpoint changed, and only then") {
  Router router;
  webhook::detail::EndpointCache cache(router);
  CHECK(cache.find(EndpointId{1}) == nullptr);
  router.update({made(1, 1, {"*"}), made(2, 2, {"*"})});
  const Endpoint* const first = cache.find(EndpointId{1}).get();
  CHECK(first == router.find(EndpointId{1}).get());
  CHECK(cache.find(EndpointId{1}).use_count() == 2);  // the router's and the cache's
  CHECK(cache.find(EndpointId{3}) == nullptr);
  router.update({made(1, 1, {"*"})});  // as it is known
  CHECK(cache.find(EndpointId{1}).get() == first);
  router.update({made(1, 3, {"*"}, "", EndpointState::paused), made(3, 4, {"*"})});
  CHECK(cache.find(EndpointId{1})->state == EndpointState::paused);
  CHECK(cache.find(EndpointId{3})->version == 4);
  cache.clear();
  CHECK(router.find(EndpointId{3}).use_count() == 2);  // the router's and this one
}

}  // namespace unit_router
