// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <webhook/scheme/discord.hpp>
#include <webhook/scheme/rfc9421.hpp>
#include <webhook/scheme/standard.hpp>
#include <webhook/testing/scheme_conformance.hpp>

namespace conformance_scheme_asymmetric {

namespace {
constexpr auto report = [](bool held, std::string_view promise) {
  INFO(std::string(promise));
  CHECK(held);
};
}  // namespace

TEST_CASE("StandardWebhooks keeps what every scheme owes with Ed25519 keys too", "[conformance][scheme]") {
  const webhook::StandardWebhooks scheme;
  const webhook::Secret one = scheme.generate("standard-v1a"), other = scheme.generate("standard-v1a");
  webhook::SchemeConformance(scheme, one, other, report).run();
}

TEST_CASE("Discord keeps what every scheme owes", "[conformance][scheme]") {
  const webhook::Discord scheme;
  const webhook::Secret one = scheme.generate(""), other = scheme.generate("");
  webhook::SchemeConformance(scheme, one, other, report, {.signs_with_all = false}).run();
}

TEST_CASE("MessageSignatures keeps what every scheme owes, with keys of either kind", "[conformance][scheme]") {
  const webhook::MessageSignatures scheme;
  const webhook::Secret one = scheme.generate(""), other = scheme.generate("");
  webhook::SchemeConformance(scheme, one, other, report).run();
  const webhook::Secret shared("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), second("C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
  webhook::SchemeConformance(scheme, shared, second, report).run();
}

}  // namespace conformance_scheme_asymmetric
