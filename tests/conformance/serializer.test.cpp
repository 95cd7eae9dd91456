// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <webhook/serializer/cloudevents.hpp>
#include <webhook/serializer/form.hpp>
#include <webhook/serializer/formats.hpp>
#include <webhook/serializer/gzip.hpp>
#include <webhook/serializer/json.hpp>
#include <webhook/serializer/slack.hpp>
#include <webhook/serializer/xml.hpp>
#include <webhook/testing/serializer_conformance.hpp>

namespace conformance_serializer {

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

template <class Serializer>
void keeps(const Serializer& serializer, std::string_view format) {
  INFO("the format \"" << format << '"');
  const Sample sample{"\"quoted\" <b>&\xC3\xA9\n", -7};
  webhook::SerializerConformance(serializer, sample, report, format).run();
}
}  // namespace

TEST_CASE("JsonSerializer keeps what every serializer owes", "[conformance][serializer]") {
  for (const char* format : {"", "json"}) keeps(webhook::JsonSerializer(), format);
}

TEST_CASE("XmlSerializer keeps what every serializer owes", "[conformance][serializer]") {
  for (const char* format : {"", "xml"}) keeps(webhook::XmlSerializer(), format);
}

TEST_CASE("FormSerializer keeps what every serializer owes", "[conformance][serializer]") {
  for (const char* format : {"", "form"}) keeps(webhook::FormSerializer(), format);
}

TEST_CASE("CloudEventsSerializer keeps what every serializer owes, in both modes", "[conformance][serializer]") {
  for (const char* format : {"", "cloudevents", "cloudevents-binary"}) {
    keeps(webhook::CloudEventsSerializer("/shop"), format);
  }
}

TEST_CASE("SlackSerializer keeps what every serializer owes", "[conformance][serializer]") {
  for (const char* format : {"", "slack"}) keeps(webhook::SlackSerializer(), format);
}

TEST_CASE("Gzip keeps what every serializer owes, around each of them", "[conformance][serializer]") {
  for (const char* format : {"", "json", "json+gzip"}) keeps(webhook::Gzip<webhook::JsonSerializer>(), format);
  keeps(webhook::Gzip<webhook::XmlSerializer>(), "xml+gzip");
  keeps(webhook::Gzip<webhook::CloudEventsSerializer>(), "cloudevents-binary+gzip");
}

TEST_CASE("Formats keep what every serializer owes, in each member's format", "[conformance][serializer]") {
  const webhook::Gzip<webhook::Formats<webhook::JsonSerializer, webhook::XmlSerializer, webhook::FormSerializer,
                                       webhook::CloudEventsSerializer>>
      formats;
  for (const char* format : {"", "json", "xml", "form", "cloudevents", "cloudevents-binary", "xml+gzip", "form+gzip"}) {
    keeps(formats, format);
  }
}

}  // namespace conformance_serializer
