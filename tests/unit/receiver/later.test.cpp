// SPDX-License-Identifier: MIT
// Handlers that run after their sender was answered: where, with what, and what becomes of their failures.
#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/received.hpp"
#include "support/thrown.hpp"

struct Parcel {
  int weight = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Parcel, weight)
template <>
inline constexpr std::string_view webhook::event_type<Parcel> = "parcel.sent";

namespace unit_receiver_later {

namespace {
using support::envelope;
using support::secret;
using support::signed_request;
using webhook::Event;
using webhook::later;
using webhook::ManualClock;
using webhook::Receiver;
using webhook::ReceiverOptions;
using webhook::Request;

// An executor that a test runs by hand.
struct Desk {
  std::vector<std::function<void()>> tasks{};
  std::vector<std::string> told{};
  bool full = false;

  ReceiverOptions options() {
    return {.on_error = [this](std::string_view text) { told.emplace_back(text); },
            .executor =
                [this](std::function<void()> task) {
                  if (full) throw std::runtime_error("no room");
                  tasks.push_back(std::move(task));
                }};
  }
  void work() {
    for (auto& task : std::exchange(tasks, {})) task();
  }
};
}  // namespace

TEST_CASE("a slow handler answers 202 at once and works later, on a copy of the request", "[receiver][later]") {
  const ManualClock clock;
  Desk desk;
  Receiver inbox{secret(), clock, desk.options()};
  std::string seen;
  inbox.on<Parcel>(later([&](const Parcel& parcel, const Event& event, const Request& request) {
    seen = std::to_string(parcel.weight) + " " + std::string(event.id.view()) + " " + std::string(request.body.view());
  }));
  const std::string body = envelope("parcel.sent", R"({"weight":7})");
  {
    auto request = std::make_unique<Request>(signed_request(body, clock, "evt_9"));
    CHECK(inbox.handle(*request).status == 202);
  }
  CHECK(seen.empty());
  desk.work();
  CHECK(seen == "7 evt_9 " + body);
}

TEST_CASE("untyped handlers and the one for the rest run later too", "[receiver][later]") {
  const ManualClock clock;
  Desk desk;
  Receiver inbox{secret(), clock, desk.options()};
  int sum = 0;
  inbox
      .on("a.*", later([&sum, owned = std::make_unique<int>(1)](const nlohmann::json& data) {
            sum += *owned * data.at("n").get<int>();
          }))
      .otherwise(later([&sum](const nlohmann::json&) mutable { sum += 100; }));
  CHECK(inbox.handle(signed_request(envelope("a.b", R"({"n":5})"), clock, "1")).status == 202);
  CHECK(inbox.handle(signed_request(envelope("c"), clock, "2")).status == 202);
  desk.work();
  CHECK(sum == 105);
}

TEST_CASE("data that does not fit is refused before anything is promised", "[receiver][later]") {
  const ManualClock clock;
  Desk desk;
  Receiver inbox{secret(), clock, desk.options()};
  inbox.on<Parcel>(later([](const Parcel&) {}));
  CHECK(inbox.handle(signed_request(envelope("parcel.sent", R"({"weight":"x"})"), clock)).status == 400);
  CHECK(desk.tasks.empty());
  CHECK(inbox.handle(signed_request(envelope("parcel.sent", R"({"weight":1})"), clock)).status == 202);
}

TEST_CASE("a message that waits for its handler is not acknowledged twice, and not handled twice",
          "[receiver][later]") {
  const ManualClock clock;
  Desk desk;
  Receiver inbox{secret(), clock, desk.options()};
  int handled = 0;
  inbox.otherwise(later([&](const nlohmann::json&) { ++handled; }));
  const auto request = signed_request("{}", clock);
  CHECK(inbox.handle(request).status == 202);
  CHECK(inbox.handle(request).status == 409);
  desk.work();
  CHECK(inbox.handle(request).status == 200);
  CHECK(handled == 1);
}

TEST_CASE("a slow handler that fails is told to the host, and a repetition is let in", "[receiver][later]") {
  const ManualClock clock;
  Desk desk;
  Receiver inbox{secret(), clock, desk.options()};
  int tries = 0;
  inbox.otherwise(later([&](const nlohmann::json&) {
    if (++tries == 1) throw std::runtime_error("disk full");
    if (tries == 2) throw 7;  // NOLINT: a host may throw anything
  }));
  const auto request = signed_request("{}", clock);
  for (int i = 0; i < 2; ++i) {
    CHECK(inbox.handle(request).status == 202);
    desk.work();
  }
  REQUIRE(desk.told.size() == 2);
  CHECK(desk.told[0] == "the handler of \"*\" threw, after its sender was answered: disk full");
  CHECK(inbox.handle(request).status == 202);
  desk.work();
  CHECK(inbox.handle(request).status == 200);
  CHECK(tries == 3);
}

TEST_CASE("an executor without room sends the message back, and a task that is dropped counts as failed",
          "[receiver][later]") {
  const ManualClock clock;
  Desk desk;
  Receiver inbox{secret(), clock, desk.options()};
  int handled = 0;
  inbox.otherwise(later([&](const nlohmann::json&) { ++handled; }));
  const auto request = signed_request("{}", clock);
  desk.full = true;
  CHECK(inbox.handle(request).status == 503);
  CHECK(desk.told == std::vector<std::string>{"the executor did not take a task: no room"});
  desk.full = false;
  CHECK(inbox.handle(request).status == 202);
  desk.tasks.clear();
  CHECK(inbox.handle(request).status == 202);
  desk.work();
  CHECK(handled == 1);
}

TEST_CASE("tasks may outlive their receiver", "[receiver][later]") {
  const ManualClock clock;
  Desk desk;
  int handled = 0;
  std::optional<Receiver<webhook::StandardWebhooks, webhook::JsonSerializer, ManualClock>> inbox;
  inbox.emplace(secret(), clock, desk.options());
  inbox->on<Parcel>(later([&](const Parcel& parcel) {
    handled += parcel.weight;
    throw std::runtime_error("told even now");
  }));
  CHECK(inbox->handle(signed_request(envelope("parcel.sent", R"({"weight":3})"), clock)).status == 202);
  inbox.reset();
  desk.work();
  CHECK(handled == 3);
  CHECK(desk.told.size() == 1);
}

TEST_CASE("a slow handler without an executor is refused when it is registered", "[receiver][later]") {
  Receiver inbox{secret()};
  CHECK(support::thrown([&] { inbox.on("*", later([](const nlohmann::json&) {})); }) == webhook::errc::misuse);
  CHECK(support::thrown([&] { inbox.otherwise(later([](const nlohmann::json&) {})); }) == webhook::errc::misuse);
}

}  // namespace unit_receiver_later
