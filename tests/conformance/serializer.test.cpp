// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <webhook/serializer/json.hpp>
#include <webhook/testing/serializer_conformance.hpp>

namespace {
struct Sample {
  std::string text{};
  int number = 0;
  bool operator==(const Sample&) const = default;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Sample, text, number)

constexpr auto report = [](bool held, std::string_view promise) {
  INFO(std::string(promise));
  CHECK(held);
};
}  // namespace

TEST_CASE("JsonSerializer keeps what every serializer owes", "[conformance][serializer]") {
  const webhook::JsonSerializer serializer;
  const Sample sample{"\"quoted\" <b>&\xC3\xA9\n", -7};
  webhook::SerializerConformance(serializer, sample, report).run();
}
