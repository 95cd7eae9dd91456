// SPDX-License-Identifier: MIT
// Memory runs out at every place once: the n-th allocation of a call fails, for every n until the call has no n-th.
// And how many allocations a delivery is allowed.
// It replaces operator new for the whole program, so it is a program of its own.
#include <catch2/catch.hpp>

#include <cstdlib>
#include <functional>
#include <new>
#include <string>
#include <vector>

#include "bench/instant_transport.hpp"
#include "support/virtual_host.hpp"

using namespace std::chrono_literals;
using support::VirtualHost;
using webhook::Appended;
using webhook::Endpoint;
using webhook::Options;
using webhook::RecordingTransport;
using webhook::Request;
using webhook::RetrySchedule;
using webhook::State;

namespace {
constexpr long off = -1;
thread_local long left = off;  // allocations until one fails
thread_local bool failed = false;
thread_local std::size_t allocations = 0;

void* allocate(std::size_t size) noexcept {
  ++allocations;
  if (left >= 0 && left-- == 0) {
    failed = true;
    return nullptr;
  }
  return std::malloc(size > 0 ? size : 1);
}

/// Runs `call` with its n-th allocation failing; true if it had so many.
template <class Call>
bool starved(long n, const Call& call) {
  failed = false;
  left = n;
  try {
    call();
  } catch (...) {
    left = off;
    throw;
  }
  left = off;
  return failed;
}
}  // namespace

// Not inlined: g++ would see free() meet the result of an operator new, and warn.
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (void* const memory = allocate(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }

namespace shop {
struct Order {
  std::string customer{};
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Order, customer)
}  // namespace shop

namespace {

using Hooks = webhook::Dispatcher<RecordingTransport, webhook::JsonSerializer, webhook::StandardWebhooks,
                                  webhook::MemoryStore, webhook::ManualClock>;
constexpr std::string_view tenant = "a tenant whose name is too long to live within a string itself";
const std::string long_text = "a text that is too long to live within a string itself";

struct Way {  // of emitting, and of what stands there before
  const char* name = "";
  std::function<Appended(Hooks&)> emit{};
  std::function<void(Hooks&)> before{};
  Options options{};
  std::size_t max_deliveries = 1000;
};

webhook::EmitOptions everything() {
  webhook::EmitOptions options;
  options.id = "order_42";
  options.tenant = tenant;
  options.key = "a key that is too long to live within a string itself";
  options.channel = "a channel that is too long to live within a string itself";
  options.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  options.expires = webhook::ManualClock().now().wall + 1h;
  options.delay = 5s;
  return options;
}

void add(Hooks& hooks, Endpoint endpoint = {}) {
  endpoint.url = "https://a.example/";
  hooks.add(std::move(endpoint));
}
}  // namespace
template <>
inline constexpr std::string_view webhook::event_type<shop::Order> = "order.created";

TEST_CASE("an emit that ran out of memory stored nothing, and can be repeated under its id", "[B16]") {
  webhook::EmitOptions named;
  named.id = "order_42";
  const nlohmann::json data{{"name", long_text}, {"price", 12.5}};
  const auto json = [&](Hooks& hooks) { return hooks.emit("a.b", data, named).outcome; };
  const auto plain = [](Hooks& hooks) { add(hooks); };
  Options operational;
  operational.operational = "operations";
  const std::vector<Way> ways{
      {"a json value", json, plain},
      {"a typed value", [&](Hooks& hooks) { return hooks.emit(shop::Order{long_text}, named).outcome; }, plain},
      {"through an emitter", [&](Hooks& hooks) { return hooks.emitter().emit_bytes("a.b", long_text, named).outcome; },
       plain},
      {"all options, to an ordered endpoint that supersedes",
       [](Hooks& hooks) { return hooks.emit_bytes("a.b", "{}", everything()).outcome; },
       [](Hooks& hooks) {
         Endpoint endpoint;
         endpoint.tenant = tenant;
         endpoint.channels = {std::string(everything().channel)};
         endpoint.order = webhook::Order::by_key;
         endpoint.supersede = true;
         add(hooks, endpoint);
       }},
      {"through filters", json,
       [](Hooks& hooks) {
         add(hooks, {.filter = R"({"/price": {"gte": 10}, "or": [{"/name": {"starts_with": "a"}}, {"/none": 1}]})"});
         add(hooks, {.filter = R"({"/price": {"lt": 10}})"});
         add(hooks, {.filter = R"({"not": {"/name": {"in": ["x", "y"]}}})"});
       }},
      {"where the dispatcher's own events are emitted too", json, plain, operational},
  };
  for (const Way& way : ways) {
    CAPTURE(way.name);
    long n = 0;
    for (bool more = true; more; ++n) {
      CAPTURE(n);
      webhook::ManualClock clock;
      RecordingTransport transport;
      Hooks hooks{clock, transport, way.options};
      way.before(hooks);
      hooks.run_once();
      bool thrown = false;
      try {
        more = starved(n, [&] { way.emit(hooks); });
      } catch (const std::bad_alloc&) {
        thrown = true;
      }
      if (thrown) {
        CHECK(hooks.deliveries().empty());
        CHECK(hooks.gauges().due + hooks.gauges().bytes == 0);
        CHECK(way.emit(hooks) == Appended::inserted);
      }
      const std::size_t wanted = hooks.deliveries().size();
      CHECK(wanted >= 1);
      CHECK(way.emit(hooks) == Appended::duplicate);
      CHECK(hooks.deliveries().size() == wanted);
      clock.advance(10s);
      for (int i = 0; i < 4 * static_cast<int>(wanted); ++i) hooks.run_once();
      CHECK(transport.requests().size() == wanted);
    }
    CHECK(n > 5);
  }
}

TEST_CASE("a duplicate that ran out of memory adds nothing, and is one when it is repeated", "[B16]") {
  const nlohmann::json data{{"name", long_text}};
  webhook::EmitOptions named;
  named.id = "order_42";
  long n = 0;
  for (bool more = true; more; ++n) {
    CAPTURE(n);
    VirtualHost host;
    host.hooks.add({.url = "https://a.example/"});
    host.hooks.emit("a.b", data, named);
    try {
      more = starved(n, [&] { host.hooks.emit("a.b", data, named); });
    } catch (const std::bad_alloc&) {
    }
    CHECK(host.hooks.emit("a.b", data, named).outcome == Appended::duplicate);
    host.settle();
    CHECK(host.transport.requests().size() == 1);
  }
  CHECK(n > 5);
}

TEST_CASE("an emit into a full store that ran out of memory keeps its bound, whatever it does when it is full",
          "[B16]") {
  for (const webhook::WhenFull how :
       {webhook::WhenFull::reject, webhook::WhenFull::wait, webhook::WhenFull::drop_oldest}) {
    long n = 0;
    for (bool more = true; more; ++n) {
      CAPTURE(static_cast<int>(how), n);
      Options options;
      options.when_full = how;
      options.wait_for_room = 1ms;
      Hooks hooks{webhook::ManualClock(), RecordingTransport(), webhook::MemoryStore{{.max_deliveries = 2}}, options};
      add(hooks);
      hooks.emit_bytes("a.b", long_text);
      hooks.emit_bytes("a.b", long_text);
      bool stored = false;
      try {
        more = starved(n, [&] { hooks.emit_bytes("a.c", long_text); });
        stored = true;
      } catch (const std::bad_alloc&) {
      } catch (const webhook::Error& error) {
        CHECK(error.code() == webhook::errc::full);
        more = failed;
      }
      left = off;
      webhook::Query fresh;
      fresh.type = "a.c";
      webhook::Query cancelled;
      cancelled.state = State::cancelled;
      CHECK(hooks.deliveries(fresh).size() == (stored ? 1 : 0));
      CHECK(hooks.gauges().due + hooks.counters().dropped == (stored ? 3 : 2));
      CHECK(hooks.deliveries(cancelled).size() == hooks.counters().dropped);
      CHECK(hooks.gauges().due <= 2);
    }
    CHECK(n > 5);
  }
}

TEST_CASE("an add that ran out of memory leaves the dispatcher usable, and agreeing with its store") {
  long n = 0;
  for (bool more = true; more; ++n) {
    CAPTURE(n);
    VirtualHost host;
    host.hooks.add({.url = "https://first.example/"});
    const Endpoint second{.url = "https://second.example/"};
    try {
      more = starved(n, [&] { host.hooks.add(second); });
    } catch (const std::bad_alloc&) {
    } catch (const webhook::Error&) {  // a library below that says so in its own words
    }
    host.settle();
    const std::size_t stored = host.hooks.store().endpoints(0).size();
    CHECK(host.hooks.endpoints().size() == stored);
    CHECK(host.hooks.emit("a.b", {}).endpoints == stored);
    host.settle();
    CHECK(host.transport.requests().size() == stored);
    host.hooks.add({.url = "https://third.example/"});
    CHECK(host.hooks.endpoints().size() == stored + 1);
  }
  CHECK(n > 5);
}

TEST_CASE("a step that ran out of memory throws nothing and loses nothing") {
  for (const int status : {204, 500, 503, 410}) {
    long n = 0;
    for (bool more = true; more; ++n) {
      CAPTURE(status, n);
      Options options;
      options.retry = RetrySchedule({0s, 5s, 5s}, 0.0);
      VirtualHost host(std::move(options));
      int answers = 1;
      host.transport.answer_with(
          [&](const Request&) { return RecordingTransport::answer(answers-- > 0 ? status : 204); });
      host.hooks.add({.url = "https://a.example/"});
      host.hooks.run_once();
      for (int i = 0; i < 3; ++i) host.hooks.emit("a.b", {});
      CHECK_NOTHROW(more = starved(n, [&] { host.hooks.run_once(); }));
      left = off;
      host.pass(100s, 5s);
      for (const auto& delivery : host.all()) {
        CHECK((delivery.state == State::delivered || (status == 410 && delivery.state == State::cancelled)));
      }
      CHECK_NOTHROW(host.hooks.stop(0s));
    }
    CHECK(n > 5);
  }
}

TEST_CASE("a delivery takes eight allocations, from emit to the settled answer") {
  webhook::Dispatcher<bench::InstantTransport> hooks;
  hooks.add({.url = "https://a.example/", .cap = 32});
  const std::string payload(1000, ' ');
  const auto deliver = [&](std::size_t times) {
    const std::uint64_t before = hooks.counters().delivered;
    for (std::size_t i = 0; i < times; ++i) hooks.emit_bytes("order.created", payload);
    while (hooks.counters().delivered < before + times) hooks.run_once();
  };
  deliver(1000);  // what is there only once
  const std::size_t before = allocations;
  deliver(1000);
  // Emit: the payload, the event, its block in the store. Then the event again, its body, its two of headers; and the
  // attempt for the log. What grows with the log is a handful.
  CHECK(static_cast<double>(allocations - before) / 1000 < 8.2);
}
