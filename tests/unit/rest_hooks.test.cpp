// SPDX-License-Identifier: MIT
// The subscription API, before a real dispatcher in virtual time.
#include <catch2/catch.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <webhook/rest_hooks.hpp>

#include "support/handshake_vectors.hpp"
#include "support/thrown.hpp"
#include "support/virtual_host.hpp"

namespace unit_rest_hooks {

namespace {
using namespace std::chrono_literals;
using webhook::EndpointState;
using webhook::Request;
using webhook::Response;
using webhook::RestHookOptions;

std::optional<std::string> by_token(const Request& request) {
  const auto token = request.headers.find("authorization");
  if (token == std::string_view("Bearer smith")) return "smith";
  if (token == std::string_view("Bearer jones")) return "jones";
  return std::nullopt;
}

struct Api {
  explicit Api(RestHookOptions options = {}, webhook::Options dispatcher = {})
      : host(std::move(dispatcher)), rest(host.hooks, serializer, allowing(std::move(options))) {}

  static RestHookOptions allowing(RestHookOptions options) {
    if (!options.authenticate) options.authenticate = by_token;
    return options;
  }
  Response call(std::string_view method, std::string_view path, std::string_view body = {},
                std::string_view who = "smith") {
    Request request;
    request.method = std::string(method);
    request.url = "https://shop.example" + std::string(path);
    request.headers.add("authorization", "Bearer " + std::string(who));
    request.headers.add("content-type", "application/json");
    request.body = webhook::Bytes(body);
    return rest.handle(request);
  }
  std::string subscribe(std::string_view url, std::string_view event = "order.created",
                        std::string_view who = "smith") {
    const nlohmann::json body{{"target_url", std::string(url)}, {"event", std::string(event)}};
    const Response answer = call("POST", "/api/hooks", body.dump(), who);
    CHECK(answer.status == 201);
    return std::to_string(nlohmann::json::parse(answer.body).at("id").get<std::uint64_t>());
  }
  std::string error_of(const Response& answer) {
    return nlohmann::json::parse(answer.body).at("error").get<std::string>();
  }

  support::VirtualHost host;
  webhook::JsonSerializer serializer{};
  webhook::RestHooks<decltype(support::VirtualHost::hooks), webhook::JsonSerializer> rest;
};
}  // namespace

TEST_CASE("Zapier subscribes, gets its events and unsubscribes", "[rest_hooks][vectors]") {
  const auto vector = support::handshake("zapier-subscribe");
  Api api;
  const std::string path = vector["request"]["path"];
  const Response answer =
      api.call(vector["request"]["method"].get<std::string>(), path, vector["request"]["body"].get<std::string>());
  CHECK(answer.status == vector["responses"][0]["status"]);
  const auto body = nlohmann::json::parse(answer.body);
  CHECK(body.size() == 1);
  CHECK(body.at("id").is_number_unsigned());

  api.host.hooks.emit("user_created", {{"name", "Smith"}}, webhook::EmitOptions{.tenant = "smith"});
  api.host.hooks.emit("user_deleted", {{"name", "Smith"}}, webhook::EmitOptions{.tenant = "smith"});
  api.host.hooks.emit("user_created", {{"name", "Jones"}}, webhook::EmitOptions{.tenant = "jones"});
  api.host.settle();
  REQUIRE(api.host.transport.requests().size() == 1);
  CHECK(api.host.transport.requests()[0].url == "https://hooks.zapier.com/<unique_path>");

  const std::string id = std::to_string(body.at("id").get<std::uint64_t>());
  CHECK(api.call(vector["unsubscribe"]["method"].get<std::string>(), path + "/" + id).status == 204);
  CHECK(api.host.hooks.endpoints("smith").empty());
  CHECK(api.call("DELETE", path + "/" + id).status == 404);
}

TEST_CASE("the URL and the event go by several names", "[rest_hooks]") {
  for (const char* url : {"target_url", "targetUrl", "hookUrl", "hook_url", "url"}) {
    for (const char* event : {"event", "event_type"}) {
      Api api;
      CHECK(api.call("POST", "/api/hooks", nlohmann::json{{url, "https://a.example/h"}, {event, "order.*"}}.dump())
                .status == 201);
      CHECK(api.host.hooks.endpoints("smith").at(0).events == std::vector<std::string>{"order.*"});
    }
  }
}

TEST_CASE("a repeated request is the same subscription, another event is another one", "[rest_hooks]") {
  Api api;
  const std::string first = api.subscribe("https://a.example/h");
  CHECK(api.subscribe("https://a.example/h") == first);
  CHECK(api.subscribe("https://a.example/h", "order.paid") != first);
  CHECK(api.subscribe("https://b.example/h") != first);
  CHECK(api.subscribe("https://a.example/h", "order.created", "jones") != first);
  CHECK(api.host.hooks.endpoints("smith").size() == 3);
}

TEST_CASE("nobody sees or ends the subscriptions of others, nor endpoints that are none", "[rest_hooks]") {
  Api api;
  const std::string id = api.subscribe("https://a.example/h");
  const webhook::Endpoint own = api.host.hooks.add({.url = "https://settings.example", .tenant = "smith"});
  CHECK(api.call("DELETE", "/api/hooks/" + id, {}, "jones").status == 404);
  CHECK(api.call("DELETE", "/api/hooks/" + id, {}, "stranger").status == 401);
  CHECK(api.call("POST", "/api/hooks", "{}", "stranger").status == 401);
  CHECK(api.call("DELETE", "/api/hooks/" + std::to_string(static_cast<std::uint64_t>(own.id))).status == 404);
  CHECK(api.host.hooks.endpoints("smith").size() == 2);
  CHECK(api.call("DELETE", "/api/hooks/" + id + "/?reason=1").status == 204);
}

TEST_CASE("what cannot be subscribed to is refused with a sentence", "[rest_hooks]") {
  Api api{{.events = {"order.*", "customer.created"}, .body_limit = 200}};
  CHECK(api.rest.body_limit() == 200);
  const auto refused = [&](std::string_view body, int status) {
    const Response answer = api.call("POST", "/api/hooks", body);
    CHECK(answer.status == status);
    CHECK(answer.headers.find("content-type") == std::string_view("application/json"));
    return api.error_of(answer);
  };
  CHECK(refused("{", 400).find("JSON object") != std::string::npos);
  CHECK(refused("[]", 422).find("target_url") != std::string::npos);
  CHECK(refused(R"({"target_url":"https://a.example"})", 422).find("event") != std::string::npos);
  for (const char* event : {"customer.deleted", "*", "or der", "order", "invoice.*"}) {
    CHECK(refused(nlohmann::json{{"target_url", "https://a.example"}, {"event", event}}.dump(), 422) ==
          "there is no such event here");
  }
  CHECK(refused(R"({"target_url":"https://a.example/ x","event":"order.a"})", 422).find("target_url") !=
        std::string::npos);
  CHECK(refused(std::string(201, ' '), 413).find("large") != std::string::npos);
  CHECK(api.call("GET", "/api/hooks").status == 405);
  CHECK(api.call("GET", "/api/hooks").headers.find("allow") == std::string_view("POST, DELETE"));
  for (const char* path :
       {"/api/hooks", "/api/hooks/0", "/api/hooks/x", "/api/hooks/99999999999999999999999", "/api/hooks/-1"})
    CHECK(api.call("DELETE", path).status == 404);
  CHECK(api.host.hooks.endpoints("smith").empty());
  CHECK(api.call("POST", "/api/hooks", R"({"target_url":"https://a.example","event":"order.*"})").status == 201);
  CHECK(api.call("POST", "/api/hooks", R"({"target_url":"https://a.example","event":"customer.created"})").status ==
        201);
}

TEST_CASE("too many subscriptions are refused with 429, and a host that failed says no more than that",
          "[rest_hooks]") {
  Api api{{}, webhook::Options{.max_endpoints = 1}};
  api.subscribe("https://a.example/h");
  CHECK(api.call("POST", "/api/hooks", R"({"target_url":"https://b.example","event":"a"})").status == 429);
  Api failing{
      {.authenticate = [](const Request&) -> std::optional<std::string> { throw std::runtime_error("db: hunter2"); }}};
  const Response answer = failing.call("POST", "/api/hooks", "{}");
  CHECK(answer.status == 500);
  CHECK(answer.body.find("hunter2") == std::string::npos);
}

TEST_CASE("a subscriber that answers 410 is removed, at once or by sweeping", "[rest_hooks]") {
  for (const bool at_once : {true, false}) {
    Api* hearing = nullptr;
    webhook::Options options;
    options.on_notice = [&](const webhook::Notice& notice) {
      if (hearing != nullptr && at_once) hearing->rest.observe(notice);
    };
    Api api{{}, options};
    hearing = &api;
    const std::string gone = api.subscribe("https://gone.example/h");
    api.subscribe("https://stays.example/h");
    const webhook::Endpoint own = api.host.hooks.add({.url = "https://gone.example/own", .tenant = "smith"});
    api.host.transport.answer_with([](const Request& request) {
      return webhook::RecordingTransport::answer(request.url.find("gone") != std::string::npos ? 410 : 204);
    });
    api.host.hooks.emit("order.created", {{"n", 1}}, webhook::EmitOptions{.tenant = "smith"});
    api.host.settle();
    CHECK(api.rest.sweep("smith") == (at_once ? 0U : 1U));
    CHECK(api.rest.sweep("smith") == 0);
    std::set<std::string> left;
    for (const webhook::Endpoint& endpoint : api.host.hooks.endpoints("smith")) left.insert(endpoint.url);
    CHECK(left == std::set<std::string>{"https://stays.example/h", "https://gone.example/own"});
    CHECK(api.host.hooks.endpoint(own.id).state == EndpointState::gone);  // not ours to remove
    CHECK(api.call("DELETE", "/api/hooks/" + gone).status == 404);
    hearing = nullptr;
  }
}

TEST_CASE("a confirmed subscription gets nothing before its secret came back", "[rest_hooks][handshake][vectors]") {
  const auto vector = support::handshake("resthooks-confirm-immediate");
  const std::string name = vector["request"]["headers"].begin().key();
  Api api{{.show_secret = true, .confirm = true}};
  std::string secret;
  bool echo = true;
  api.host.transport.answer_with([&](const Request& request) {
    Response answer = webhook::RecordingTransport::answer(200);
    if (const auto asked = request.headers.find(name)) {
      secret = std::string(*asked);
      if (echo) answer.headers.add(name, secret);
    }
    return answer;
  });
  const auto emit = [&] {
    api.host.hooks.emit("order.created", {{"n", 1}}, webhook::EmitOptions{.tenant = "smith"});
    api.host.settle();
    return api.host.transport.requests().size();
  };
  // At once.
  const std::string first = api.subscribe("https://a.example/h");
  CHECK(api.host.hooks.endpoints("smith").at(0).state == EndpointState::active);
  CHECK(emit() == 2);  // the question, and the event
  CHECK(api.call("DELETE", "/api/hooks/" + first).status == 204);

  // Later, by a request of its own.
  echo = false;
  const Response answer =
      api.call("POST", "/api/hooks", R"({"target_url":"https://b.example/h","event":"order.created"})");
  CHECK(answer.status == 201);
  const auto body = nlohmann::json::parse(answer.body);
  CHECK(body.at("secret") == secret);
  const std::string path = "/api/hooks/" + std::to_string(body.at("id").get<std::uint64_t>());
  CHECK(emit() == 3);
  const auto confirm = [&](std::string_view with, std::string_view who = "smith") {
    Request request;
    request.url = "https://shop.example" + path;
    request.headers = {{"authorization", "Bearer " + std::string(who)}, {name, with}};
    return api.rest.handle(request).status;
  };
  CHECK(confirm("guessed") == 404);
  CHECK(confirm("") == 404);
  CHECK(confirm(secret, "jones") == 404);
  CHECK(api.host.hooks.endpoints("smith").at(0).state == EndpointState::paused);
  CHECK(confirm(secret) == 204);
  CHECK(confirm(secret) == 204);
  api.host.settle();
  CHECK(emit() == 5);  // what was kept meanwhile, and the new one
}

TEST_CASE("an API that lets nobody in is refused when it is made", "[rest_hooks]") {
  support::VirtualHost host;
  const webhook::JsonSerializer serializer;
  CHECK(support::thrown([&] { webhook::RestHooks(host.hooks, serializer, {}); }) == webhook::errc::misuse);
  CHECK(support::thrown([&] {
          webhook::RestHooks(host.hooks, serializer, {.authenticate = by_token, .events = {"a."}});
        }) == webhook::errc::invalid_pattern);
}

TEST_CASE("a subscriber may ask for one of the formats that are offered", "[rest_hooks]") {
  RestHookOptions options;
  options.formats = {"json-bare"};
  Api api(std::move(options));
  const auto asked = [&](std::string_view format) {
    const nlohmann::json body{{"target_url", "https://a.example/"}, {"event", "order.created"}, {"format", format}};
    return api.call("POST", "/api/hooks", body.dump());
  };
  const Response bare = asked("json-bare");
  REQUIRE(bare.status == 201);
  CHECK(asked("json-bare").body == bare.body);
  CHECK(asked("").body != bare.body);
  CHECK(asked("json").status == 422);
  const auto known = api.host.hooks.endpoints("smith");
  REQUIRE(known.size() == 2);
  CHECK(known[0].format + known[1].format == "json-bare");
}

}  // namespace unit_rest_hooks
