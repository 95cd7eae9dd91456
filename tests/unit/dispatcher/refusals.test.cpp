// SPDX-License-Identifier: MIT
// What a dispatcher refuses at once because it could only go wrong later, and how it says so.
#include <catch2/catch.hpp>

#include "support/virtual_host.hpp"

namespace unit_dispatcher_refusals {
using namespace std::chrono_literals;
using support::VirtualHost;
using webhook::Duration;
using webhook::Endpoint;
using webhook::errc;
using webhook::Error;
using webhook::Options;
using webhook::RecordingTransport;

namespace {
std::error_code refused(const Options& options) {
  try {
    VirtualHost host(options);
  } catch (const Error& error) {
    return error.code();
  }
  return {};
}
template <class Call>
std::string said(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  FAIL("accepted");
  return {};
}
}  // namespace

TEST_CASE("an endpoint cannot be disabled after no time at all, but it may never be") {
  Options options;
  for (const Duration senseless : {Duration::zero(), Duration(-1s)}) {
    options.disable_after = senseless;
    CHECK(refused(options) == errc::invalid);
  }
  options.disable_after = (Duration::max)();
  CHECK_FALSE(refused(options));
}

TEST_CASE("a timeout has an end: 24 hours are the longest, and work") {
  Options options;
  options.longest_timeout = (Duration::max)();
  CHECK(refused(options) == errc::invalid);
  options.longest_timeout = options.timeout = 24h;
  VirtualHost host(options);
  host.hooks.add({.url = "https://a.example/"});
  host.hooks.emit("a.b", {});
  host.settle();
  CHECK(host.transport.requests().size() == 1);
}

TEST_CASE("an event's tenant has at most 256 bytes, as an endpoint's") {
  VirtualHost host;
  host.hooks.add({.url = "https://a.example/", .tenant = std::string(256, 't')});
  webhook::EmitOptions options;
  const std::string longest(256, 't'), longer(257, 't');
  options.tenant = longest;
  CHECK(host.hooks.emit("a.b", {}, options).endpoints == 1);
  options.tenant = longer;
  CHECK_THROWS_WITH(host.hooks.emit("a.b", {}, options), Catch::Contains("256 bytes"));
}

TEST_CASE("a change that would leave an endpoint without a secret is refused, and the old ones sign on") {
  VirtualHost host;
  const Endpoint endpoint = host.hooks.add({.url = "https://a.example/"});
  Endpoint bare = endpoint;
  bare.secrets.clear();
  std::error_code error;
  CHECK_FALSE(host.hooks.change(bare, error).has_value());
  CHECK(error == errc::invalid_secret);
  CHECK(host.hooks.endpoint(endpoint.id).secrets.size() == 1);
  host.hooks.emit("a.b", {});
  host.settle();
  REQUIRE(host.transport.requests().size() == 1);
  CHECK(host.transport.requests()[0].headers.find("webhook-signature").has_value());
}

TEST_CASE("what a stranger wrote is shown in an error without control characters, and bounded") {
  VirtualHost host;
  const std::string forged = "x\n\x1b[31m2026-01-01 all is well\x7f" + std::string(100'000, 'y');
  const std::string short_forged = "x\r\n\x1b[31mfine\x7f";
  const auto adding = [&](Endpoint endpoint) { return said([&] { host.hooks.add(std::move(endpoint)); }); };
  for (const std::string& text :
       {said([&] { host.hooks.emit(forged, {}); }), said([&] { host.hooks.emit(short_forged, {}); }),
        adding({.url = "https://a.example/", .events = {forged}}),
        adding({.url = "https://a.example/", .format = short_forged}),
        adding({.url = "https://a.example/", .scheme = short_forged}),
        adding({.url = "https://a.example/" + short_forged}),
        adding({.url = "https://a.example/", .headers = {{short_forged, "1"}}}),
        adding({.url = "https://a.example/", .headers = {{"X-Name", short_forged}}}),
        adding({.url = "https://a.example/", .tenant = forged})}) {
    CAPTURE(text.substr(0, 400));
    CHECK(text.size() < 400);
    CHECK(std::none_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }));
  }
}

}  // namespace unit_dispatcher_refusals
