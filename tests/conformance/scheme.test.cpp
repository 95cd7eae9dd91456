// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <webhook/scheme/standard.hpp>
#include <webhook/testing/scheme_conformance.hpp>

namespace {
constexpr auto report = [](bool held, std::string_view promise) {
  INFO(std::string(promise));
  CHECK(held);
};
}  // namespace

TEST_CASE("StandardWebhooks keeps what every scheme owes", "[conformance][scheme]") {
  const webhook::StandardWebhooks scheme;
  const webhook::Secret one("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), other("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
  webhook::SchemeConformance(scheme, one, other, report).run();
}
