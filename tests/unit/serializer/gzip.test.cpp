// SPDX-License-Identifier: MIT
#include <webhook/serializer/gzip.hpp>

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <string_view>
#include <webhook/serializer/form.hpp>
#include <webhook/serializer/formats.hpp>
#include <webhook/serializer/json.hpp>

#include "support/thrown.hpp"

namespace unit_serializer_gzip {

namespace {
using namespace std::string_view_literals;
using webhook::Bytes;
using webhook::errc;
using webhook::Event;
using webhook::Formats;
using webhook::FormSerializer;
using webhook::Gzip;
using webhook::JsonSerializer;
using webhook::Recognition;
using webhook::Request;

using Packed = Gzip<JsonSerializer>;
static_assert(webhook::SerializerPolicy<Packed> && webhook::Recognises<Packed> && webhook::Filters<Packed>);
static_assert(webhook::Encodes<Packed, int> && webhook::Decodes<Packed, int>);

Event event_of(std::string_view payload) {
  Event event;
  event.id = webhook::EventId("evt_1");
  event.type = "a.b";
  event.payload = Bytes(payload);
  return event;
}
Request received(const webhook::Rendering& rendering) {
  Request request;
  request.headers = rendering.headers;
  request.body = rendering.body;
  return request;
}
Request packed(std::string_view body, std::string_view encoding = "gzip") {
  return received({{{"content-type", "application/json"}, {"content-encoding", encoding}}, Bytes(body)});
}
template <class Serializer>
std::error_code refused(const Serializer& serializer, const Request& request) {
  Event event;
  return support::thrown([&] { serializer.read(request, event); });
}
}  // namespace

TEST_CASE("every format of a serializer has a compressed one beside it", "[serializer][gzip]") {
  const Packed gzip;
  CHECK(gzip.renders(""));
  CHECK(gzip.renders("json"));
  CHECK(gzip.renders("json+gzip"));
  CHECK(gzip.renders("json-bare+gzip"));
  for (const char* format : {"gzip", "+gzip", "xml+gzip", "json+gzip+gzip", "json+br"})
    CHECK_FALSE(gzip.renders(format));

  const Event event = event_of(R"({"a":1})");
  CHECK(gzip.render(event, "").headers.count("content-encoding") == 0);
  CHECK(gzip.render(event, "json").body == JsonSerializer().render(event, "json").body);
  const webhook::Rendering rendering = gzip.render(event, "json+gzip");
  CHECK(rendering.headers.find("content-type") == "application/json"sv);
  CHECK(rendering.headers.find("content-encoding") == "gzip"sv);
  CHECK(webhook::detail::gunzip(rendering.body.view(), 1000) == JsonSerializer().render(event, "json").body.view());
  CHECK(support::thrown([&] { gzip.render(event, "xml+gzip"); }) == errc::unsupported);
}

TEST_CASE("compressed bytes depend on nothing but the event", "[serializer][gzip]") {
  const Bytes packed_once = Packed().render(event_of("1"), "json+gzip").body;
  const std::string_view body = packed_once.view();
  CHECK(Packed().render(event_of("1"), "json+gzip").body.view() == body);
  CHECK(body.substr(0, 10) == "\x1F\x8B\x08\0\0\0\0\0\0\xFF"sv);  // no time, no name, no operating system
  for (const int level : {0, 10, -1}) {
    CHECK(support::thrown([&] { Packed(JsonSerializer(), {.level = level}); }) == errc::invalid);
  }
}

TEST_CASE("compressed bodies are read as what they contain", "[serializer][gzip]") {
  const Packed gzip;
  Event event;
  CHECK(gzip.read(received(gzip.render(event_of("[1,2]"), "json+gzip")), event) == nlohmann::json{1, 2});
  CHECK(event.type == "a.b");
  CHECK(gzip.read(received(gzip.render(event_of("[3]"), "json")), event) == nlohmann::json{3});
  std::string large = "\"";
  std::mt19937 random(3);
  while (large.size() < 300'000) large += static_cast<char>('a' + random() % 26);
  large += '"';
  CHECK(gzip.read(received(gzip.render(event_of(large), "json+gzip")), event).dump() == large);
  Request old = packed(webhook::detail::gzip("[4]", 9), " X-GZIP ");
  CHECK(gzip.read(old, event) == nlohmann::json{4});
}

TEST_CASE("what is no gzip, is cut off, damaged or continued is refused", "[serializer][gzip]") {
  const Packed gzip;
  const std::string whole = webhook::detail::gzip("[1,2,3,4,5,6,7,8]", 6);
  CHECK(refused(gzip, packed(whole)) == std::error_code());
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    CHECK(refused(gzip, packed(whole.substr(0, cut))) == errc::invalid_payload);
  }
  std::string damaged = whole;
  damaged[damaged.size() - 6] = static_cast<char>(damaged[damaged.size() - 6] ^ 1);  // the checksum
  CHECK(refused(gzip, packed(damaged)) == errc::invalid_payload);
  CHECK(refused(gzip, packed(whole + "x")) == errc::invalid_payload);
  CHECK(refused(gzip, packed(whole + whole)) == errc::invalid_payload);
  CHECK(refused(gzip, packed("[1]")) == errc::invalid_payload);
  CHECK(refused(gzip, packed(webhook::detail::gzip("[1", 6))) == errc::invalid_payload);
}

TEST_CASE("a bomb is refused when it exceeds its bound, not after", "[serializer][gzip]") {
  const std::string bomb = webhook::detail::gzip(std::string(64U << 20U, ' '), 9);
  CHECK(bomb.size() < 70'000);
  CHECK(refused(Packed(), packed(bomb)) == errc::too_large);
  const Packed strict(JsonSerializer(), {.max_inflated = 3});
  CHECK(refused(strict, packed(webhook::detail::gzip("[1]", 6))) == std::error_code());
  CHECK(refused(strict, packed(webhook::detail::gzip("[10]", 6))) == errc::too_large);
}

TEST_CASE("other encodings are unsupported", "[serializer][gzip]") {
  for (const char* encoding : {"br", "deflate", "zstd", "gzip, gzip", "gzip;q=1"}) {
    CHECK(refused(Packed(), packed("[1]", encoding)) == errc::unsupported);
  }
  Request twice = packed(webhook::detail::gzip("[1]", 6));
  twice.headers.add("content-encoding", "gzip");
  CHECK(refused(Packed(), twice) == errc::unsupported);
  CHECK(refused(JsonSerializer(), packed(webhook::detail::gzip("[1]", 6))) == errc::unsupported);
}

TEST_CASE("gzip goes around several formats, or beside them", "[serializer][gzip]") {
  const Gzip<Formats<JsonSerializer, FormSerializer>> around;
  CHECK(around.renders("form+gzip"));
  CHECK(around.renders("json+gzip"));
  Event event;
  CHECK(around.read(received(around.render(event_of("{\"a\":1}"), "form-bare+gzip")), event) ==
        nlohmann::json{{"a", "1"}});
  const Formats<JsonSerializer, Gzip<FormSerializer>> beside;
  CHECK_FALSE(beside.renders("json+gzip"));
  CHECK(beside.read(received(beside.render(event_of("{\"a\":1}"), "form-bare+gzip")), event) ==
        nlohmann::json{{"a", "1"}});
  const Formats<JsonSerializer, Gzip<JsonSerializer>> same;
  CHECK(same.read(received(same.render(event_of("[1]"), "json+gzip")), event) == nlohmann::json{1});
  CHECK(around.recognises(received(around.render(event_of("[1]"), "json+gzip"))) == Recognition::own);
}

}  // namespace unit_serializer_gzip
