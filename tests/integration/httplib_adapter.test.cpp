// SPDX-License-Identifier: MIT
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>
#include <webhook/adapter/httplib.hpp>
#include <webhook/inbox/none.hpp>
#include <webhook/receiver.hpp>
#include <webhook/rest_hooks.hpp>
#include <webhook/scheme/standard.hpp>
#include <webhook/serializer/json.hpp>
#include <webhook/testing/manual_clock.hpp>

#include "support/virtual_host.hpp"

namespace integration_httplib_adapter {

namespace {
using webhook::Request;
using webhook::Secret;
using webhook::StandardWebhooks;
using webhook::Verification;

const Secret secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
const webhook::ManualClock stopped_clock;

struct Challenge : StandardWebhooks {
  std::optional<webhook::Response> handshake(const Request& request, const Verification&, std::span<Key>,
                                             const webhook::Fields&) const {
    if (request.method != "GET") return std::nullopt;
    webhook::Response response{200, {{"content-type", "application/json"}, {"x-extra", "1"}}};
    response.body = "{\"url\":\"" + request.url + "\"}";
    return response;
  }
};

// A real server on a port of the system's choosing, with a receiver mounted in it.
class Served {
 public:
  Served() {
    inbox_.otherwise([this](const nlohmann::json& data, const webhook::Event& event, const Request& request) {
      const std::lock_guard lock(mutex_);
      last_ = request;
      last_data_ = data;
      last_id_ = std::string(event.id.view());
    });
    server_.Post("/hooks", webhook::mount(inbox_));
    server_.Put("/hooks", webhook::mount(inbox_));
    server_.Get("/hooks", webhook::mount_bodiless(inbox_));
    server_.Post("/proxied", webhook::mount(inbox_, "https://shop.example"));
    port_ = server_.bind_to_any_port("127.0.0.1");
    REQUIRE(port_ > 0);
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    // stop() does nothing to a server that is not yet listening.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!server_.is_running() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  }
  ~Served() {
    server_.stop();
    thread_.join();
  }

  httplib::Client client() const {
    httplib::Client client("127.0.0.1", port_);
    client.set_keep_alive(true);
    return client;
  }
  int port() const { return port_; }
  Request last() const {
    const std::lock_guard lock(mutex_);
    return last_;
  }
  std::string last_id() const {
    const std::lock_guard lock(mutex_);
    return last_id_;
  }

 private:
  webhook::Receiver<Challenge, webhook::JsonSerializer, webhook::ManualClock, webhook::NoInbox> inbox_{
      secret, stopped_clock, webhook::ReceiverOptions{.body_limit = 4096}};
  httplib::Server server_{};
  mutable std::mutex mutex_{};
  Request last_{};
  nlohmann::json last_data_{};
  std::string last_id_{};
  int port_ = 0;
  std::thread thread_{};
};

httplib::Headers signature(std::string_view body) {
  const StandardWebhooks scheme;
  Request request;
  request.body = webhook::Bytes(body);
  std::vector<StandardWebhooks::Key> keys;
  keys.push_back(scheme.prepare(secret, ""));
  scheme.sign({"evt_1", stopped_clock.now().wall, request}, keys, request.headers);
  httplib::Headers headers;
  for (const webhook::Header header : request.headers)
    headers.emplace(std::string(header.name), std::string(header.value));
  return headers;
}
}  // namespace

TEST_CASE("a receiver mounted in httplib gets method, URL, headers and body", "[adapter][httplib]") {
  Served served;
  const std::string body = R"({"n":1})";
  const auto answer = served.client().Post("/hooks?a=1&b=two", signature(body), body, "application/json");
  REQUIRE(answer);
  CHECK(answer->status == 204);
  CHECK(answer->body.empty());
  CHECK(served.last_id() == "evt_1");
  const Request seen = served.last();
  CHECK(seen.method == "POST");
  CHECK(seen.url == "http://127.0.0.1:" + std::to_string(served.port()) + "/hooks?a=1&b=two");
  CHECK(seen.body.view() == body);
  CHECK(seen.headers.find("content-type") == std::string_view("application/json"));
}

TEST_CASE("behind a proxy the URL is made of the origin that the host names", "[adapter][httplib]") {
  Served served;
  REQUIRE(served.client().Post("/proxied?x=1", signature("{}"), "{}", "application/json"));
  CHECK(served.last().url == "https://shop.example/proxied?x=1");
}

TEST_CASE("a refusal reaches the sender with its status and reason", "[adapter][httplib]") {
  Served served;
  const auto unsigned_answer = served.client().Post("/hooks", "{}", "application/json");
  REQUIRE(unsigned_answer);
  CHECK(unsigned_answer->status == 400);
  CHECK(unsigned_answer->body == webhook::to_string(Verification::missing_header));
  const auto wrong = served.client().Post("/hooks", signature("{}"), "{ }", "application/json");
  REQUIRE(wrong);
  CHECK(wrong->status == 401);
  CHECK(wrong->get_header_value("Content-Type") == "text/plain; charset=utf-8");
  CHECK(wrong->get_header_value_count("Content-Type") == 1);
  const auto put = served.client().Put("/hooks", signature("{}"), "{}", "application/json");
  REQUIRE(put);
  CHECK(put->status == 405);
  CHECK(put->get_header_value("Allow") == "POST");
}

TEST_CASE("a form is verified as the raw bytes that came", "[adapter][httplib]") {
  Served served;
  const std::string form = "\"payload=" + std::string(3000, 'x') + "\"";  // valid JSON, so that it reaches the handler
  const auto answer = served.client().Post("/hooks", signature(form), form, "application/x-www-form-urlencoded");
  REQUIRE(answer);
  CHECK(answer->status == 204);
  CHECK(served.last().body.view() == form);
}

TEST_CASE("a multipart body, whose raw bytes httplib hides, is refused, and the connection stays usable",
          "[adapter][httplib]") {
  Served served;
  httplib::Client client = served.client();
  const std::string parts = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x--\r\n";
  const auto refused = client.Post("/hooks", signature(parts), parts, "multipart/form-data; boundary=x");
  REQUIRE(refused);
  CHECK(refused->status == 415);
  const auto next = client.Post("/hooks", signature("{}"), "{}", "application/json");
  REQUIRE(next);
  CHECK(next->status == 204);
}

TEST_CASE("an empty body and one with NULs arrive whole", "[adapter][httplib]") {
  Served served;
  const auto empty = served.client().Post("/hooks", signature(""), "", "application/json");
  REQUIRE(empty);
  CHECK(empty->status == 400);  // verified, but no JSON
  CHECK(empty->body == "the body cannot be read");
  const std::string odd("\"\0\"", 3);
  const auto answer = served.client().Post("/hooks", signature(odd), odd, "application/json");
  REQUIRE(answer);
  CHECK(answer->body == "the body cannot be read");
}

TEST_CASE("a body over the limit is dropped as it comes, and the connection stays usable", "[adapter][httplib][G12]") {
  Served served;
  httplib::Client client = served.client();
  // What follows the limit looks like a request of its own; it must not be served as one.
  std::string body(4097, ' ');
  body += "POST /hooks HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
  body += std::string(1'000'000, ' ');
  const auto large = client.Post("/hooks", signature(body), body, "application/json");
  REQUIRE(large);
  CHECK(large->status == 413);
  const auto next = client.Post("/hooks", signature("{}"), "{}", "application/json");
  REQUIRE(next);
  CHECK(next->status == 204);
}

TEST_CASE("a chunked body is read to its end", "[adapter][httplib]") {
  Served served;
  const std::string body = "\"" + std::string(2000, 'y') + "\"";
  const auto answer = served.client().Post(
      "/hooks", signature(body),
      [&](std::size_t, httplib::DataSink& sink) {
        for (std::size_t at = 0; at < body.size(); at += 100)
          sink.write(body.data() + at, (std::min)(body.size() - at, std::size_t{100}));
        sink.done();
        return true;
      },
      "application/json");
  REQUIRE(answer);
  CHECK(answer->status == 204);
  CHECK(served.last().body.view() == body);
}

TEST_CASE("a handshake by GET is answered with the scheme's headers and body", "[adapter][httplib]") {
  Served served;
  const auto answer = served.client().Get("/hooks?challenge=7");
  REQUIRE(answer);
  CHECK(answer->status == 200);
  CHECK(answer->get_header_value("Content-Type") == "application/json");
  CHECK(answer->get_header_value("x-extra") == "1");
  CHECK(answer->body == "{\"url\":\"http://127.0.0.1:" + std::to_string(served.port()) + "/hooks?challenge=7\"}");
}

TEST_CASE("a subscription API is mounted in httplib as a receiver is", "[adapter][httplib][rest_hooks]") {
  support::VirtualHost host;
  const webhook::JsonSerializer json;
  webhook::RestHookOptions options;
  options.authenticate = [](const Request&) { return std::optional<std::string>(""); };
  options.body_limit = 100;
  webhook::RestHooks rest(host.hooks, json, options);

  const auto post = [&](const std::string& body) {
    std::size_t offered = 0;
    const httplib::ContentReader reader(
        [&](const httplib::ContentReceiver& receive) {
          for (const char& c : body) offered += receive(&c, 1) ? 1U : 0U;
          return true;
        },
        [](const httplib::MultipartContentHeader&, const httplib::ContentReceiver&) { return false; });
    httplib::Request from;
    from.method = "POST";
    from.target = "/api/hooks";
    from.set_header("Content-Type", "application/json");
    httplib::Response to;
    webhook::mount(rest)(from, to, reader);
    CHECK(offered == body.size());
    return to.status;
  };
  CHECK(post(R"({"target_url":"https://a.example/h","event":"order.created"})") == 201);
  CHECK(host.hooks.endpoints().size() == 1);
  CHECK(post(std::string(101, ' ')) == 413);

  const httplib::Request gone = [&] {
    httplib::Request request;
    request.method = "DELETE";
    request.target = "/api/hooks/" + std::to_string(static_cast<std::uint64_t>(host.hooks.endpoints().at(0).id));
    return request;
  }();
  httplib::Response answer;
  webhook::mount_bodiless(rest)(gone, answer);
  CHECK(answer.status == 204);
  CHECK(host.hooks.endpoints().empty());
}

}  // namespace integration_httplib_adapter
