// SPDX-License-Identifier: MIT
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>
#include <webhook/clock/system.hpp>
#include <webhook/inbox/memory.hpp>
#include <webhook/inbox/none.hpp>
#include <webhook/receiver.hpp>
#include <webhook/scheme/standard.hpp>
#include <webhook/serializer/json.hpp>
#include <webhook/testing/manual_clock.hpp>

struct OrderCreated {
  std::string customer{};
  double price = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(OrderCreated, customer, price)
template <>
inline constexpr std::string_view webhook::event_type<OrderCreated> = "order.created";

namespace unit_receiver {

namespace {
using namespace std::chrono_literals;
using webhook::Event;
using webhook::JsonSerializer;
using webhook::ManualClock;
using webhook::Receiver;
using webhook::ReceiverOptions;
using webhook::Request;
using webhook::Response;
using webhook::Secret;
using webhook::StandardWebhooks;
using webhook::SystemClock;
using webhook::Verification;

const Secret secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
const Secret other("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");

Request signed_request(std::string_view body, const ManualClock& clock, const Secret& by = secret,
                       std::string_view id = "evt_1") {
  const StandardWebhooks scheme;
  Request request;
  request.body = webhook::Bytes(body);
  std::vector<StandardWebhooks::Key> keys;
  keys.push_back(scheme.prepare(by, ""));
  scheme.sign({id, clock.now().wall, request}, keys, request.headers);
  return request;
}

std::string envelope(std::string_view type, std::string_view data = "{}") {
  return "{\"type\":\"" + std::string(type) +
         "\",\"timestamp\":\"2026-01-01T00:00:00Z\",\"data\":" + std::string(data) + "}";
}

constexpr std::string_view order = R"({"customer":"Smith","price":12.5})";

// A scheme that proves an endpoint by a GET, as some services do, with the key.
struct Shaking : StandardWebhooks {
  std::optional<Response> handshake(const Request& request, const Verification& verdict, std::span<Key> keys,
                                    const webhook::Fields&) const {
    if (request.method != "GET") return std::nullopt;
    Response response;
    response.status = 200;
    response.body =
        std::string("challenge ") + (verdict ? "signed" : "unsigned") + " keys " + std::to_string(keys.size());
    return response;
  }
};
}  // namespace

TEST_CASE("policies, secrets and options are told apart in any order", "[receiver]") {
  const ManualClock clock;
  Receiver shortest{Secret{secret}};
  STATIC_REQUIRE(std::is_same_v<decltype(shortest), Receiver<StandardWebhooks, JsonSerializer, SystemClock>>);
  Receiver inbox{webhook::StandardWebhooks{}, webhook::Secret{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}};
  STATIC_REQUIRE(std::is_same_v<decltype(inbox), Receiver<>>);
  Receiver full{ReceiverOptions{.tolerance = 10s}, secret, clock, other, JsonSerializer{}, Shaking{}};
  STATIC_REQUIRE(std::is_same_v<decltype(full), Receiver<Shaking, JsonSerializer, ManualClock>>);
  Receiver unremembered{webhook::NoInbox{}, secret};
  STATIC_REQUIRE(std::is_same_v<decltype(unremembered),
                                Receiver<StandardWebhooks, JsonSerializer, SystemClock, webhook::NoInbox>>);
  Receiver several{std::vector<Secret>{secret, other}, clock};
  STATIC_REQUIRE(std::is_same_v<decltype(several), Receiver<StandardWebhooks, JsonSerializer, ManualClock>>);
  STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<Receiver<>>);

  CHECK(full.verify(signed_request("{}", clock, secret)).key == 0);
  CHECK(full.verify(signed_request("{}", clock, other)).key == 1);
  CHECK(several.verify(signed_request("{}", clock, other)).key == 1);
}

TEST_CASE("a receiver without a usable secret or with bad options is refused", "[receiver]") {
  CHECK_THROWS_AS(Receiver{std::vector<Secret>{}}, webhook::Error);
  CHECK_THROWS_AS(Receiver{Secret{"short"}}, webhook::Error);
  CHECK_THROWS_AS((Receiver{secret, Secret{"short"}}), webhook::Error);
  CHECK_THROWS_AS((Receiver{secret, ReceiverOptions{.tolerance = -1s}}), webhook::Error);
  CHECK_THROWS_AS((Receiver{secret, ReceiverOptions{.remember = -1s}}), webhook::Error);
}

TEST_CASE("a typed handler gets the decoded data and the event", "[receiver]") {
  const ManualClock clock;
  Receiver inbox{secret, clock};
  std::string seen;
  inbox.on<OrderCreated>([&](const OrderCreated& data, const Event& event) {
    seen = data.customer + " " + event.type + " " + std::string(event.id.view());
    CHECK(event.time == webhook::WallTime(std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)));
    CHECK(event.payload.view() == envelope("order.created", order));
  });
  const Response answer = inbox.handle(signed_request(envelope("order.created", order), clock));
  CHECK(answer.status == 204);
  CHECK(answer.body.empty());
  CHECK(seen == "Smith order.created evt_1");
}

TEST_CASE("a handler takes the data, also the event, and also the request", "[receiver]") {
  const ManualClock clock;
  Receiver inbox{webhook::NoInbox{}, secret, clock};
  int calls = 0;
  inbox.on("one", [&](const nlohmann::json& data) { calls += data.at("n").get<int>(); });
  inbox.on("two", [&](const nlohmann::json&, const Event& event) { calls += event.type == "two" ? 10 : 0; });
  inbox.on("three", [&](const nlohmann::json&, const Event&, const Request& request) {
    calls += request.headers.size() == 3 ? 100 : 0;
  });
  inbox.on<OrderCreated>([&](OrderCreated data) { calls += data.price > 12 ? 1000 : 0; });
  for (const char* type : {"one", "two", "three"})
    CHECK(inbox.handle(signed_request(envelope(type, "{\"n\":1}"), clock)).status == 204);
  CHECK(inbox.handle(signed_request(envelope("order.created", order), clock)).status == 204);
  CHECK(calls == 1111);
}

TEST_CASE("a handler may own what cannot be copied", "[receiver]") {
  const ManualClock clock;
  Receiver inbox{webhook::NoInbox{}, secret, clock};
  int sum = 0;
  inbox.on("a", [&sum, owned = std::make_unique<int>(3)](const nlohmann::json&) { sum += (*owned)++; });
  inbox.on<OrderCreated>([&sum, owned = std::make_unique<int>(10)](const OrderCreated&) mutable { sum += *owned; });
  inbox.handle(signed_request(envelope("a"), clock));
  inbox.handle(signed_request(envelope("a"), clock));
  inbox.handle(signed_request(envelope("order.created", order), clock));
  CHECK(sum == 3 + 4 + 10);
}

TEST_CASE("the exact handler wins, then patterns in the order of registration, then otherwise", "[receiver]") {
  const ManualClock clock;
  Receiver inbox{webhook::NoInbox{}, secret, clock};
  std::string ran;
  const auto say = [&ran](std::string name) { return [&ran, name](const nlohmann::json&) { ran += name + " "; }; };
  inbox.on("order.*", say("order.*")).on("order.line.*", say("order.line.*")).on("order.created", say("exact"));
  inbox.on("order.created", say("second exact")).otherwise(say("otherwise"));
  const auto handle = [&](std::string_view type) {
    ran.clear();
    CHECK(inbox.handle(signed_request(envelope(type), clock)).status == 204);
    return ran;
  };
  CHECK(handle("order.created") == "exact ");
  CHECK(handle("order.paid") == "order.* ");
  CHECK(handle("order.line.added") == "order.* ");
  CHECK(handle("order") == "otherwise ");
  CHECK(handle("customer.created") == "otherwise ");
  inbox.on("*", say("*"));
  CHECK(handle("customer.created") == "* ");
}

TEST_CASE("an event that nobody handles is acknowledged, so that it is not sent for days", "[receiver]") {
  const ManualClock clock;
  Receiver inbox{secret, clock};
  CHECK(inbox.handle(signed_request(envelope("unknown"), clock)).status == 204);
}

TEST_CASE("a malformed pattern is refused when it is registered", "[receiver]") {
  Receiver inbox{secret};
  for (const char* pattern : {"", "order.", ".order", "order.*.x", "or der", "**"}) {
    CHECK_THROWS_AS(inbox.on(pattern, [](const nlohmann::json&) {}), webhook::Error);
  }
}

TEST_CASE("a body without an envelope goes to otherwise, whole, with the time of arrival", "[receiver]") {
  const ManualClock clock;
  Receiver inbox{secret, clock};
  nlohmann::json seen;
  inbox.otherwise([&](const nlohmann::json& data, const Event& event) {
    seen = data;
    CHECK(event.type.empty());
    CHECK(event.time == clock.now().wall);
  });
  CHECK(inbox.handle(signed_request("{\"zen\":1}", clock)).status == 204);
  CHECK(seen == nlohmann::json{{"zen", 1}});
}

TEST_CASE("what cannot be trusted is refused with the reason, and no handler runs", "[receiver]") {
  ManualClock clock;
  Receiver inbox{secret, clock};
  inbox.on("*", [](const nlohmann::json&) { FAIL("a handler ran"); });
  const Request good = signed_request(envelope("order.created"), clock);

  Request changed = good;
  changed.body = webhook::Bytes(envelope("order.deleted"));
  Response answer = inbox.handle(changed);
  CHECK(answer.status == 401);
  CHECK(answer.body == webhook::to_string(Verification::bad_signature));
  CHECK(answer.headers.find("content-type") == std::string_view("text/plain; charset=utf-8"));

  Request bare = good;
  bare.headers.clear();
  answer = inbox.handle(bare);
  CHECK(answer.status == 400);
  CHECK(answer.body == webhook::to_string(Verification::missing_header));

  Request repeated = good;
  repeated.headers.add("webhook-id", "evt_2");
  CHECK(inbox.handle(repeated).status == 400);

  clock.advance(301s);
  answer = inbox.handle(good);
  CHECK(answer.status == 401);
  CHECK(answer.body == webhook::to_string(Verification::too_old));
  CHECK(inbox.handle(signed_request("{}", clock, other)).status == 401);
}

TEST_CASE("no answer shows a secret, the body or what an exception says", "[receiver]") {
  const ManualClock clock;
  std::vector<std::string> told;
  Receiver inbox{webhook::NoInbox{}, secret, clock,
                 ReceiverOptions{.on_error = [&](std::string_view text) { told.emplace_back(text); }}};
  inbox.on<OrderCreated>([](const OrderCreated&) { throw std::runtime_error("password=hunter2"); });
  inbox.on("odd", [](const nlohmann::json&) { throw 7; });  // NOLINT: a host may throw anything

  const Response thrown = inbox.handle(signed_request(envelope("order.created", order), clock));
  CHECK(thrown.status == 500);
  CHECK(thrown.body.find("hunter2") == std::string::npos);
  CHECK(inbox.handle(signed_request(envelope("odd"), clock)).status == 500);
  const Response unfit = inbox.handle(signed_request(envelope("order.created", R"({"customer":"hunter2"})"), clock));
  CHECK(unfit.status == 400);
  CHECK(unfit.body.find("hunter2") == std::string::npos);
  const Response unreadable = inbox.handle(signed_request("{hunter2", clock));
  CHECK(unreadable.status == 400);
  CHECK(unreadable.body.find("hunter2") == std::string::npos);

  REQUIRE(told.size() == 4);
  CHECK(told[0] == "the handler of \"order.created\" threw: password=hunter2");
  CHECK(told[1].find("the handler of \"odd\" threw") == 0);
  CHECK(told[2].find("'price'") != std::string::npos);
  CHECK(told[3].find("at byte 2") != std::string::npos);
}

TEST_CASE("a webhook::Error from inside a typed handler is the handler's failure, not the sender's", "[receiver]") {
  const ManualClock clock;
  Receiver inbox{secret, clock};
  inbox.on<OrderCreated>(
      [](const OrderCreated&) { throw webhook::Error(webhook::errc::invalid_payload, "of another message"); });
  CHECK(inbox.handle(signed_request(envelope("order.created", order), clock)).status == 500);
}

TEST_CASE("an on_error that throws changes no answer", "[receiver]") {
  const ManualClock clock;
  Receiver inbox{webhook::NoInbox{}, secret, clock,
                 ReceiverOptions{.on_error = [](std::string_view) { throw std::runtime_error("log full"); }}};
  inbox.on("*", [](const nlohmann::json&) { throw std::runtime_error("no"); });
  CHECK(inbox.handle(signed_request(envelope("a"), clock)).status == 500);
  CHECK(inbox.handle(signed_request("{", clock)).status == 400);
}

TEST_CASE("anything but POST is refused with the method that is allowed", "[receiver]") {
  const ManualClock clock;
  Receiver inbox{secret, clock};
  for (const char* method : {"GET", "PUT", "OPTIONS", "post", ""}) {
    Request request = signed_request("{}", clock);
    request.method = method;
    const Response answer = inbox.handle(request);
    CHECK(answer.status == 405);
    CHECK(answer.headers.find("Allow") == std::string_view("POST"));
  }
}

TEST_CASE("a body over the limit is refused before anything is computed", "[receiver][G12]") {
  const ManualClock clock;
  Receiver inbox{secret, clock, ReceiverOptions{.body_limit = 100}};
  CHECK(inbox.body_limit() == 100);
  CHECK(Receiver{secret}.body_limit() == 1024 * 1024);
  const std::string body = "\"" + std::string(98, 'x') + "\"";
  CHECK(inbox.handle(signed_request(body, clock)).status == 204);
  Request large = signed_request(body + " ", clock);
  CHECK(inbox.handle(large).status == 413);
  CHECK(inbox.verify(large).reason == Verification::too_large);
  large.headers.clear();
  CHECK(inbox.verify(large).reason == Verification::too_large);
}

TEST_CASE("an old secret verifies until it expires, and not after", "[receiver][G8]") {
  ManualClock clock;
  const Secret old(other.reveal(), clock.now().wall + 24h);
  Receiver inbox{old, secret, clock};  // the one that ends is given first
  Verification verdict = inbox.verify(signed_request("{}", clock, other));
  CHECK(verdict.reason == Verification::ok);
  CHECK(verdict.key == 0);
  CHECK(inbox.verify(signed_request("{}", clock, secret)).key == 1);
  clock.advance(24h - 1s);
  CHECK(inbox.verify(signed_request("{}", clock, other)));
  clock.advance(1s);
  CHECK(inbox.verify(signed_request("{}", clock, other)).reason == Verification::bad_signature);
  verdict = inbox.verify(signed_request("{}", clock, secret));
  CHECK(verdict.reason == Verification::ok);
  CHECK(verdict.key == 1);
}

TEST_CASE("when every secret has expired, the key is unknown", "[receiver]") {
  ManualClock clock;
  Receiver inbox{Secret(secret.reveal(), clock.now().wall), clock};
  CHECK(inbox.verify(signed_request("{}", clock)).reason == Verification::unknown_key);
  CHECK(inbox.handle(signed_request("{}", clock)).status == 401);
}

TEST_CASE("the tolerance is the host's to choose", "[receiver]") {
  ManualClock clock;
  Receiver inbox{secret, clock, ReceiverOptions{.tolerance = 10s}};
  const Request request = signed_request("{}", clock);
  clock.advance(10s);
  CHECK(inbox.verify(request));
  clock.advance(1s);
  CHECK(inbox.verify(request).reason == Verification::too_old);
}

TEST_CASE("the verdict's id is the message's, to find duplicates by", "[receiver]") {
  const ManualClock clock;
  Receiver inbox{secret, clock};
  const Request request = signed_request("{}", clock, secret, "evt_duplicate");
  CHECK(inbox.verify(request).id == "evt_duplicate");
}

TEST_CASE("an id that an event cannot hold is refused, not cut off", "[receiver]") {
  const ManualClock clock;
  Receiver inbox{secret, clock};
  inbox.otherwise([](const nlohmann::json&, const Event& event) { CHECK(event.id.view() == std::string(64, 'a')); });
  CHECK(inbox.handle(signed_request("{}", clock, secret, std::string(64, 'a'))).status == 204);
  const Request request = signed_request("{}", clock, secret, std::string(65, 'a'));
  CHECK(inbox.verify(request));
  CHECK(inbox.handle(request).status == 400);
}

TEST_CASE("a scheme's handshake is asked first, with the verdict and the keys", "[receiver]") {
  const ManualClock clock;
  Receiver inbox{Shaking{}, secret, other, clock};
  Request request;
  request.method = "GET";
  CHECK(inbox.handle(request).body == "challenge unsigned keys 2");
  request = signed_request("", clock);
  request.method = "GET";
  CHECK(inbox.handle(request).body == "challenge signed keys 2");
  CHECK(inbox.handle(signed_request("{}", clock)).status == 204);
}

TEST_CASE("a failing scheme is our failure, and the sender may try again", "[receiver]") {
  struct Failing : StandardWebhooks {
    Verification verify(const Request&, std::span<Key>, const webhook::Now&, webhook::Duration) const {
      throw webhook::Error(webhook::errc::transient, "out of memory");
    }
  };
  std::string told;
  Receiver inbox{Failing{}, secret, ReceiverOptions{.on_error = [&](std::string_view text) { told = text; }}};
  CHECK(inbox.handle(Request()).status == 500);
  CHECK(told.find("out of memory") != std::string::npos);
}

TEST_CASE("many threads may handle and verify at once", "[receiver]") {
  const ManualClock clock;
  Receiver inbox{webhook::NoInbox{}, secret, other, clock};
  std::atomic<int> handled = 0, refused = 0;
  inbox.on<OrderCreated>([&](const OrderCreated&) { ++handled; });
  const Request good = signed_request(envelope("order.created", order), clock, other);
  Request bad = good;
  bad.body = webhook::Bytes("{}");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        if (inbox.handle(good).status == 204 && inbox.verify(good).key == 1 && inbox.handle(bad).status == 401)
          ++refused;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(handled == 800);
  CHECK(refused == 800);
}

}  // namespace unit_receiver
