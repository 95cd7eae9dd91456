// SPDX-License-Identifier: MIT
// Memory runs out at every place once: the n-th allocation of a call fails, for every n until the call has no n-th.
// It replaces operator new for the whole program, so it is a program of its own.
#include <catch2/catch.hpp>

#include <cstdlib>
#include <new>

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

void* allocate(std::size_t size) noexcept {
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

TEST_CASE("an emit that ran out of memory stored nothing, and can be repeated under its id", "[B16]") {
  const nlohmann::json data{{"name", "a text that is too long to live within a string itself"}};
  webhook::EmitOptions options;
  options.id = "order_42";
  long n = 0;
  for (bool more = true; more; ++n) {
    CAPTURE(n);
    VirtualHost host;
    host.hooks.add({.url = "https://a.example/"});
    bool thrown = false;
    try {
      more = starved(n, [&] { host.hooks.emit("a.b", data, options); });
    } catch (const std::bad_alloc&) {
      thrown = true;
    }
    if (thrown) {
      CHECK(host.all().empty());
      CHECK(host.hooks.emit("a.b", data, options).outcome == Appended::inserted);
    }
    host.settle();
    CHECK(host.transport.requests().size() == 1);
  }
  CHECK(n > 5);
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
