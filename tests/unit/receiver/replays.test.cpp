// SPDX-License-Identifier: MIT
// A handler runs once for each message: repetitions, handlers that fail, several at once, inboxes that fail; and the
// answers that handlers word, which repetitions get too.
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <future>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/received.hpp"

namespace unit_receiver_replays {

namespace {
using namespace std::chrono_literals;
using support::envelope;
using support::secret;
using support::signed_request;
using webhook::ManualClock;
using webhook::MemoryInbox;
using webhook::Now;
using webhook::Receiver;
using webhook::ReceiverOptions;
using webhook::Response;

// Marks in a transaction of the host's own.
struct Transaction {
  std::set<std::string> marked{};
};
struct TransactionInbox {
  using role = webhook::role::inbox;
  std::shared_ptr<std::set<std::string>> committed = std::make_shared<std::set<std::string>>();
  bool first(Transaction* where, std::string_view key, const Now&, webhook::Duration) {
    return committed->count(std::string(key)) == 0 && where->marked.insert(std::string(key)).second;
  }
  void forget(Transaction* where, std::string_view key) { where->marked.erase(std::string(key)); }
};
static_assert(webhook::InboxPolicy<TransactionInbox, Transaction*> && !webhook::InboxPolicy<TransactionInbox>);

struct Unforgetting : MemoryInbox {
  void forget(std::string_view) { throw webhook::Error(webhook::errc::transient, "the database is down"); }
};
struct Unreachable {
  using role = webhook::role::inbox;
  bool first(std::string_view, const Now&, webhook::Duration) {
    throw webhook::Error(webhook::errc::transient, "the database is down");
  }
  void forget(std::string_view) {}
};
}  // namespace

TEST_CASE("the same message twice runs its handler once, and is answered 200 the second time",
          "[receiver][inbox][G13]") {
  ManualClock clock;
  Receiver inbox{secret(), clock};
  int handled = 0;
  inbox.otherwise([&](const nlohmann::json&) { ++handled; });
  CHECK(inbox.handle(signed_request("{}", clock, "evt_1")).status == 204);
  const Response again = inbox.handle(signed_request("{}", clock, "evt_1"));
  CHECK(again.status == 200);
  CHECK(again.body.empty());  // Twilio would send a text to whoever wrote
  clock.advance(24h);         // a later attempt, signed afresh
  CHECK(inbox.handle(signed_request("{}", clock, "evt_1")).status == 200);
  CHECK(inbox.handle(signed_request("{}", clock, "evt_2")).status == 204);
  CHECK(handled == 2);
}

TEST_CASE("a message is remembered as long as the host says", "[receiver][inbox]") {
  ManualClock clock;
  Receiver inbox{secret(), clock, ReceiverOptions{.remember = 1h}};
  int handled = 0;
  inbox.otherwise([&](const nlohmann::json&) { ++handled; });
  inbox.handle(signed_request("{}", clock));
  clock.advance(1h - 1s);
  CHECK(inbox.handle(signed_request("{}", clock)).status == 200);
  clock.advance(1s);
  CHECK(inbox.handle(signed_request("{}", clock)).status == 204);
  CHECK(handled == 2);
}

TEST_CASE("a handler that throws lets the next attempt in", "[receiver][inbox][G13]") {
  const ManualClock clock;
  Receiver inbox{secret(), clock};
  int tries = 0;
  inbox.otherwise([&](const nlohmann::json&) {
    if (++tries < 3) throw std::runtime_error("not yet");
  });
  CHECK(inbox.handle(signed_request("{}", clock)).status == 500);
  CHECK(inbox.handle(signed_request("{}", clock)).status == 500);
  CHECK(inbox.handle(signed_request("{}", clock)).status == 204);
  CHECK(inbox.handle(signed_request("{}", clock)).status == 200);
  CHECK(tries == 3);
}

TEST_CASE("an inbox that cannot forget does not turn a failure into a success", "[receiver][inbox]") {
  const ManualClock clock;
  Receiver inbox{secret(), clock, Unforgetting{}};
  int tries = 0;
  inbox.otherwise([&](const nlohmann::json&) {
    if (++tries < 3) throw std::runtime_error("not yet");
  });
  CHECK(inbox.handle(signed_request("{}", clock)).status == 500);
  CHECK(inbox.handle(signed_request("{}", clock)).status == 500);
  CHECK(inbox.handle(signed_request("{}", clock)).status == 204);
  CHECK(inbox.handle(signed_request("{}", clock)).status == 200);
}

TEST_CASE("without its inbox a receiver handles nothing, and the sender tries again", "[receiver][inbox]") {
  const ManualClock clock;
  std::string told;
  Receiver inbox{secret(), clock, Unreachable{},
                 ReceiverOptions{.on_error = [&](std::string_view text) { told = text; }}};
  inbox.otherwise([](const nlohmann::json&) { FAIL("handled without a mark"); });
  CHECK(inbox.handle(signed_request("{}", clock)).status == 500);
  CHECK(inbox.handle(signed_request("{}", clock)).status == 500);
  CHECK(told.find("the database is down") != std::string::npos);
}

TEST_CASE("refused and unreadable requests mark nothing", "[receiver][inbox]") {
  const ManualClock clock;
  Receiver inbox{secret(), clock};
  int handled = 0;
  inbox.otherwise([&](const nlohmann::json&) { ++handled; });
  CHECK(inbox.handle(support::with_body(signed_request("{}", clock), "{ }")).status == 401);
  CHECK(inbox.handle(signed_request("{", clock)).status == 400);
  CHECK(inbox.handle(signed_request("{}", clock)).status == 204);
  CHECK(handled == 1);
}

TEST_CASE("while a message is being handled its repetition is not acknowledged", "[receiver][inbox][G13]") {
  const ManualClock clock;
  Receiver inbox{secret(), clock};
  std::promise<void> begun, go_on;
  std::atomic<int> tries = 0;
  inbox.otherwise([&](const nlohmann::json&) {
    if (++tries > 1) return;
    begun.set_value();
    go_on.get_future().wait();
    throw std::runtime_error("failed in the end");
  });
  const auto request = signed_request("{}", clock);
  std::thread first([&] { CHECK(inbox.handle(request).status == 500); });
  begun.get_future().wait();
  // An acknowledgement now would lose the event: the sender would not come again.
  const Response meanwhile = inbox.handle(request);
  go_on.set_value();
  first.join();
  CHECK(meanwhile.status == 409);
  CHECK(inbox.handle(request).status == 204);
  CHECK(inbox.handle(request).status == 200);
  CHECK(tries == 2);
}

TEST_CASE("of many at once exactly one is handled", "[receiver][inbox][G13]") {
  const ManualClock clock;
  Receiver inbox{secret(), clock};
  std::atomic<int> handled = 0, refused = 0;
  inbox.otherwise([&](const nlohmann::json&) { ++handled; });
  std::vector<webhook::Request> requests;
  for (int i = 0; i < 100; ++i) requests.push_back(signed_request("{}", clock, "evt_" + std::to_string(i)));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (const auto& request : requests) {
        const int status = inbox.handle(request).status;
        if (status != 204 && status != 200 && status != 409) ++refused;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(handled == 100);
  CHECK(refused == 0);
}

TEST_CASE("a full inbox still takes every new message; an old one may be handled again", "[receiver][inbox][G14]") {
  const ManualClock clock;
  Receiver inbox{secret(), clock, MemoryInbox{{.max_keys = 10}}};
  int handled = 0;
  inbox.otherwise([&](const nlohmann::json&) { ++handled; });
  for (int i = 0; i < 11; ++i)
    CHECK(inbox.handle(signed_request("{}", clock, "evt_" + std::to_string(i))).status == 204);
  CHECK(inbox.handle(signed_request("{}", clock, "evt_10")).status == 200);
  CHECK(inbox.handle(signed_request("{}", clock, "evt_0")).status == 204);  // forgotten
  CHECK(handled == 12);
}

TEST_CASE("a message may be marked in the host's transaction, together with what its handler does",
          "[receiver][inbox]") {
  const ManualClock clock;
  const TransactionInbox durable;
  Receiver inbox{secret(), clock, durable};
  Transaction* open = nullptr;
  int tries = 0;
  inbox.otherwise([&](const nlohmann::json&) {
    open->marked.insert("effect");
    if (++tries == 1) throw std::runtime_error("roll back");
  });
  const auto request = signed_request("{}", clock, "evt_1");
  const auto receive = [&] {
    Transaction transaction;
    open = &transaction;
    const int status = inbox.handle(request, open).status;
    if (status / 100 == 2) durable.committed->insert(transaction.marked.begin(), transaction.marked.end());
    return status;
  };
  CHECK(receive() == 500);
  CHECK(durable.committed->empty());
  CHECK(receive() == 204);
  CHECK(*durable.committed == std::set<std::string>{"effect", "evt_1"});
  CHECK(receive() == 200);
  CHECK(tries == 2);
}

TEST_CASE("a handler may word the answer, and a repetition gets the same one", "[receiver][answers]") {
  const ManualClock clock;
  Receiver inbox{secret(), clock};
  int asked = 0;
  inbox.on("ask", [&](const nlohmann::json& data) {
    ++asked;
    return Response{.status = 201,
                    .headers = {{"content-type", "text/xml"}},
                    .body = "<Message>" + data.at("name").get<std::string>() + "</Message>"};
  });
  for (int i = 0; i < 3; ++i) {
    const Response answer = inbox.handle(signed_request(envelope("ask", R"({"name":"Smith"})"), clock, "1"));
    CHECK(answer.status == 201);
    CHECK(answer.headers.find("content-type") == "text/xml");
    CHECK(answer.body == "<Message>Smith</Message>");
  }
  CHECK(inbox.handle(signed_request(envelope("ask", R"({"name":"Jones"})"), clock, "2")).body ==
        "<Message>Jones</Message>");
  CHECK(asked == 2);
}

TEST_CASE("an answer without a status is 200, and 204 without a body", "[receiver][answers]") {
  const ManualClock clock;
  Receiver inbox{secret(), clock};
  inbox.on("text", [](const nlohmann::json&) { return Response{.body = "thanks"}; })
      .otherwise([](const nlohmann::json&) { return Response(); });
  CHECK(inbox.handle(signed_request(envelope("text"), clock, "1")).status == 200);
  CHECK(inbox.handle(signed_request(envelope("text"), clock, "1")).body == "thanks");
  CHECK(inbox.handle(signed_request(envelope("other"), clock, "2")).status == 204);
  CHECK(inbox.handle(signed_request(envelope("other"), clock, "2")).status == 204);
}

TEST_CASE("a handler that answers anything but a 2xx has not handled the message", "[receiver][answers]") {
  const ManualClock clock;
  Receiver inbox{secret(), clock};
  int status = 503;
  inbox.otherwise([&](const nlohmann::json&) { return Response{.status = status, .body = "later, please"}; });
  CHECK(inbox.handle(signed_request("{}", clock)).status == 503);
  status = 302;
  CHECK(inbox.handle(signed_request("{}", clock)).status == 302);
  status = 200;
  CHECK(inbox.handle(signed_request("{}", clock)).status == 200);
  status = 500;
  CHECK(inbox.handle(signed_request("{}", clock)).status == 200);
}

TEST_CASE("an answer that no server can send is the receiver's failure, and tells the host why",
          "[receiver][answers]") {
  const ManualClock clock;
  std::vector<std::string> told;
  Receiver inbox{secret(), clock, ReceiverOptions{.on_error = [&](std::string_view text) { told.emplace_back(text); }}};
  std::vector<Response> bad{{.status = 100},
                            {.status = 600},
                            {.status = 200, .headers = {{"x-name", "Smith\r\nset-cookie: stolen"}}},
                            {.status = 200, .headers = {{"two words", "1"}}},
                            {.status = 200, .headers = {{"Content-Length", "1"}}}};
  std::size_t at = 0;
  inbox.otherwise([&](const nlohmann::json&) { return bad.at(at); });
  for (at = 0; at < bad.size(); ++at) {
    INFO(at);
    CHECK(inbox.handle(signed_request("{}", clock)).status == 500);
  }
  REQUIRE(told.size() == bad.size());
  CHECK(told[0].find("the status 100") != std::string::npos);
  CHECK(told[2].find("stolen") == std::string::npos);
  CHECK(told[4].find("Content-Length") != std::string::npos);
}

TEST_CASE("kept answers are bounded, the oldest goes first, and without one a repetition gets an empty 200",
          "[receiver][answers]") {
  const ManualClock clock;
  Receiver inbox{secret(), clock, ReceiverOptions{.replies = 4096}};
  int asked = 0;
  std::size_t size = 1500;
  inbox.otherwise([&](const nlohmann::json&) {
    ++asked;
    return Response{.body = std::string(size, 'a')};
  });
  const auto ask = [&](std::string_view id) { return inbox.handle(signed_request("{}", clock, id)); };
  for (const std::string_view id : {"1", "2", "3"}) CHECK(ask(id).body.size() == size);
  CHECK(ask("1").status == 200);
  CHECK(ask("1").body.empty());
  CHECK(ask("2").body.size() == size);
  CHECK(ask("3").body.size() == size);
  size = 5000;  // more than there is room for: answered, and not kept
  CHECK(ask("4").body.size() == size);
  CHECK(ask("4").body.empty());
  CHECK(ask("3").body.size() == 1500);
  CHECK(asked == 4);
}

TEST_CASE("a handler that answers is asked again once its message is forgotten, and the newer answer stands",
          "[receiver][answers]") {
  ManualClock clock;
  Receiver inbox{secret(), clock, ReceiverOptions{.remember = 1h}};
  int asked = 0;
  inbox.otherwise([&](const nlohmann::json&) { return Response{.body = std::to_string(++asked)}; });
  const auto ask = [&] { return inbox.handle(signed_request("{}", clock)).body; };
  CHECK(ask() == "1");
  CHECK(ask() == "1");
  clock.advance(2h);
  CHECK(ask() == "2");
  CHECK(ask() == "2");
}

TEST_CASE("what could not be forgotten in a transaction that ended is not handled again, once another has handled it",
          "[receiver][inbox]") {
  struct Lost : TransactionInbox {
    void forget(Transaction*, std::string_view) { throw webhook::Error(webhook::errc::transient, "the disk failed"); }
  };
  const ManualClock clock;
  Lost marks;
  Receiver<webhook::StandardWebhooks, webhook::JsonSerializer, ManualClock, Lost> inbox{secret(), clock, marks};
  int tries = 0;
  inbox.otherwise([&](const nlohmann::json&) {
    if (++tries == 1) throw std::runtime_error("not yet");
  });
  Transaction first, second;
  CHECK(inbox.handle(signed_request("{}", clock, "evt_1"), &first).status == 500);  // and is rolled back
  marks.committed->insert("evt_1");                                                 // by another process
  CHECK(inbox.handle(signed_request("{}", clock, "evt_1"), &second).status == 200);
  CHECK(tries == 1);
}

}  // namespace unit_receiver_replays
