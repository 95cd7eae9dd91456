// SPDX-License-Identifier: MIT
#include <webhook/emit_rules.hpp>

#include <catch2/catch.hpp>

#include <string>

#include "support/thrown.hpp"

namespace unit_emit_rules {
using support::thrown;
using webhook::check_emit_options;
using webhook::EmitOptions;
using webhook::errc;
using webhook::is_traceparent;

TEST_CASE("a traceparent is what W3C Trace Context says it is") {
  CHECK(is_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
  CHECK(is_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"));
  CHECK(is_traceparent("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-comes-later"));
  for (const std::string& bad :
       {std::string(), std::string("00"), std::string("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1"),
        std::string("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"),
        std::string("00-00000000000000000000000000000000-00f067aa0ba902b7-01"),
        std::string("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"),
        std::string("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        std::string("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"),
        std::string("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more"),
        std::string("00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01"),
        std::string("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-\r\nX-Injected: 1"),
        "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-" + std::string(100, 'x')}) {
    CAPTURE(bad);
    CHECK_FALSE(is_traceparent(bad));
    EmitOptions options;
    options.traceparent = bad;
    if (!bad.empty()) CHECK(thrown([&] { check_emit_options(options); }) == errc::invalid);
  }
}

TEST_CASE("the labels of an event are bounded") {
  const std::string longest(256, 'x'), longer(257, 'x');
  for (std::string_view EmitOptions::*label : {&EmitOptions::tenant, &EmitOptions::key, &EmitOptions::channel}) {
    EmitOptions options;
    options.*label = longest;
    CHECK_FALSE(thrown([&] { check_emit_options(options); }));
    options.*label = longer;
    CHECK(thrown([&] { check_emit_options(options); }) == errc::invalid);
  }
}

}  // namespace unit_emit_rules
