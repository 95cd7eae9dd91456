// SPDX-License-Identifier: MIT
// What a receiver asks of its scheme: keys of several schemes, descriptions, handshakes over a body that is read once.
#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/received.hpp"
#include "support/thrown.hpp"

namespace unit_receiver_schemes {

namespace {
using support::Coloured;
using support::coloured_request;
using webhook::Event;
using webhook::Keyed;
using webhook::Receiver;
using webhook::Request;
using webhook::Response;
using webhook::Secret;
using webhook::Verification;

// Counts how often a body is read.
struct Counting : webhook::JsonSerializer {
  std::shared_ptr<int> reads = std::make_shared<int>(0);
  Value read(const Request& request, Event& event) const {
    ++*reads;
    if (request.headers.find("content-type") == std::string_view("application/xml"))
      throw webhook::Error(webhook::errc::unsupported, "application/xml is not read here");
    return JsonSerializer::read(request, event);
  }
};
}  // namespace

TEST_CASE("keys of several schemes verify on one URL, each its own scheme only", "[receiver][schemes]") {
  Receiver inbox{Coloured{}, Keyed{"red", Secret("r")}, Keyed{"blue", Secret("b")}};
  CHECK(inbox.verify(coloured_request("{}", "red", "r")).key == 0);
  CHECK(inbox.verify(coloured_request("{}", "blue", "b")).key == 1);
  CHECK(inbox.verify(coloured_request("{}", "blue", "r")).reason == Verification::bad_signature);
  CHECK(inbox.verify(coloured_request("{}", "red", "b")).reason == Verification::bad_signature);
}

TEST_CASE("bare secrets belong to the scheme's first name, and mix with keyed ones in vectors", "[receiver][schemes]") {
  Receiver inbox{Coloured{}, Secret("r"), std::vector<Keyed>{{"blue", Secret("b")}, {"blue", Secret("c")}}};
  CHECK(inbox.verify(coloured_request("{}", "red", "r")).key == 0);
  CHECK(inbox.verify(coloured_request("{}", "blue", "c")).key == 2);
}

TEST_CASE("a secret of a scheme that is not here is refused by its name", "[receiver][schemes]") {
  CHECK(support::thrown([] { Receiver inbox(Coloured{}, Keyed{"green", Secret("g")}); }) == webhook::errc::unsupported);
  try {
    Receiver inbox(Coloured{}, Keyed{"green", Secret("g")});
  } catch (const webhook::Error& error) {
    CHECK(std::string_view(error.what()).find("\"green\"") != std::string_view::npos);
  }
}

TEST_CASE("ids of different schemes do not hide each other", "[receiver][schemes][inbox]") {
  Receiver inbox{Coloured{}, Keyed{"red", Secret("r")}, Keyed{"blue", Secret("b")}};
  int handled = 0;
  inbox.otherwise([&](const nlohmann::json&) { ++handled; });
  CHECK(inbox.handle(coloured_request("{}", "red", "r", "7")).status == 204);
  CHECK(inbox.handle(coloured_request("{}", "blue", "b", "7")).status == 204);
  CHECK(inbox.handle(coloured_request("{}", "red", "r", "7")).status == 200);
  CHECK(handled == 2);
}

TEST_CASE("a scheme describes the event from headers and the body", "[receiver][schemes]") {
  Receiver inbox{Coloured{}, Secret("r")};
  std::vector<std::string> seen;
  const auto note = [&](const nlohmann::json&, const Event& event) {
    seen.push_back(event.type + " " + std::string(event.id.view()));
  };
  inbox.on("issues.opened", note).on("push", note);
  Request request = coloured_request(R"({"action":"opened","issue":{}})", "red", "r", "11");
  request.headers.add("x-event", "issues");
  CHECK(inbox.handle(request).status == 204);
  request = coloured_request(R"({"ref":"main"})", "red", "r", "12");
  request.headers.add("x-event", "push");
  CHECK(inbox.handle(request).status == 204);
  CHECK(seen == std::vector<std::string>{"issues.opened 11", "push 12"});
}

TEST_CASE("where no header names a message, the id in its body makes it known", "[receiver][schemes][inbox]") {
  Receiver inbox{Coloured{}, Secret("r")};
  int handled = 0;
  inbox.otherwise([&](const nlohmann::json&) { ++handled; });
  CHECK(inbox.handle(coloured_request(R"({"event_id":"Ev1","try":1})", "red", "r", "")).status == 204);
  CHECK(inbox.handle(coloured_request(R"({"event_id":"Ev1","try":2})", "red", "r", "")).status == 200);
  CHECK(inbox.handle(coloured_request(R"({"event_id":"Ev2","try":1})", "red", "r", "")).status == 204);
  CHECK(inbox.handle(coloured_request("{}", "red", "r", "")).status == 204);  // no id at all: nothing to know it by
  CHECK(inbox.handle(coloured_request("{}", "red", "r", "")).status == 204);
  CHECK(handled == 4);
}

TEST_CASE("a handshake looks into the body, which is read once for all who ask", "[receiver][schemes]") {
  const Counting serializer;
  Receiver inbox{Coloured{}, Secret("r"), serializer};
  int handled = 0;
  inbox.otherwise([&](const nlohmann::json&) { ++handled; });
  const Response shaken = inbox.handle(coloured_request(R"({"challenge":"3eZb"})", "red", "r"));
  CHECK(shaken.status == 200);
  CHECK(shaken.body == "3eZb");
  CHECK(handled == 0);
  CHECK(*serializer.reads == 1);
  CHECK(inbox.handle(coloured_request(R"({"n":1})", "red", "r")).status == 204);
  CHECK(handled == 1);
  CHECK(*serializer.reads == 2);
  CHECK(inbox.handle(coloured_request(R"({"challenge":"3eZb"})", "red", "wrong")).status == 401);

  Request proof;
  proof.method = "GET";
  CHECK(inbox.handle(proof).body == "r");
}

TEST_CASE("a body that nobody can read gives a handshake nothing, and the sender 400", "[receiver][schemes]") {
  Receiver inbox{Coloured{}, Secret("r")};
  CHECK(inbox.handle(coloured_request(R"({"challenge":)", "red", "r")).status == 400);
}

TEST_CASE("a verified body in a format that is not taken here is answered with 415", "[receiver]") {
  std::string told;
  Receiver inbox{Coloured{}, Secret("r"), Counting(),
                 webhook::ReceiverOptions{.on_error = [&](std::string_view text) { told = text; }}};
  Request request = coloured_request("<a/>", "red", "r");
  request.headers.add("content-type", "application/xml");
  const Response answer = inbox.handle(request);
  CHECK(answer.status == 415);
  CHECK(answer.body == "bodies of this content type are not taken here");
  CHECK(told.find("application/xml is not read here") != std::string::npos);
}

}  // namespace unit_receiver_schemes
