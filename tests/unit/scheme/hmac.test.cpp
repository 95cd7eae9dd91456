// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webhook/scheme/hmac.hpp>

#include "support/vectors.hpp"

namespace unit_scheme_hmac {

namespace {
using namespace std::string_literals;
using webhook::Hmac;
using webhook::HmacOptions;
using webhook::Request;
using webhook::Verification;

constexpr std::int64_t sent = 1700000000;

HmacOptions timed() {
  HmacOptions options;
  options.timestamp_prefix = "t=";
  options.prefix = "v1=";
  options.separator = ",";
  options.content = "{timestamp}.{body}";
  return options;
}
HmacOptions with(const std::function<void(HmacOptions&)>& change, HmacOptions options = {}) {
  change(options);
  return options;
}
Request body(std::string_view text) {
  Request request;
  request.method = "POST";
  request.url = "https://example.com/hook";
  request.body = webhook::Bytes(text);
  return request;
}
Request signed_by(const Hmac& scheme, Request request, std::vector<std::string_view> keys = {"key"}) {
  const webhook::Headers headers = support::sign(scheme, request, keys, sent);
  for (const webhook::Header header : headers) request.headers.add(header.name, header.value);
  return request;
}
Verification verify(const Hmac& scheme, const Request& request, std::int64_t now = sent) {
  return support::verify(scheme, request, {"key"}, now);
}
Request with_value(std::string_view value) {
  Request request = body("{}");
  request.headers.add("X-Signature", value);
  return request;
}
}  // namespace

TEST_CASE("each hash agrees with RFC 2202 and RFC 4231", "[scheme][hmac]") {
  const auto made = [](HmacOptions::Hash hash) {
    const Hmac scheme(with([&](HmacOptions& options) { options.hash = hash; }));
    const webhook::Headers headers = support::sign(scheme, body("what do ya want for nothing?"), {"Jefe"}, sent);
    return std::string(headers.find("X-Signature").value());
  };
  CHECK(made(HmacOptions::Hash::sha1) == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  CHECK(made(HmacOptions::Hash::sha256) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(made(HmacOptions::Hash::sha512) ==
        "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
        "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
}

TEST_CASE("what a configurable HMAC signs it verifies, whatever its options", "[scheme][hmac]") {
  for (const auto hash : {HmacOptions::Hash::sha1, HmacOptions::Hash::sha256, HmacOptions::Hash::sha512}) {
    for (const auto encoding :
         {HmacOptions::Encoding::hex, HmacOptions::Encoding::hex_upper, HmacOptions::Encoding::base64}) {
      for (HmacOptions options : {HmacOptions(), timed(), with([](HmacOptions& o) { o.prefix = "HMAC "; })}) {
        options.hash = hash;
        options.encoding = encoding;
        const Hmac scheme(options);
        const Request good = signed_by(scheme, body("{}"));
        CHECK(verify(scheme, good).reason == Verification::ok);
        Request changed = good;
        changed.body = webhook::Bytes("[]");
        CHECK(verify(scheme, changed).reason == Verification::bad_signature);
      }
    }
  }
}

TEST_CASE("a signature has the configured spelling and no other", "[scheme][hmac]") {
  const Hmac lower{HmacOptions()}, upper(with([](HmacOptions&o) { o.encoding = HmacOptions::Encoding::hex_upper; }));
  const Request small = signed_by(lower, body("{}")), large = signed_by(upper, body("{}"));
  CHECK(verify(lower, large).reason == Verification::malformed);
  CHECK(verify(upper, small).reason == Verification::malformed);
  const Hmac prefixed(with([](HmacOptions& o) { o.prefix = "sha256="; }));
  CHECK(verify(prefixed, small).reason == Verification::malformed);
  CHECK(verify(lower, signed_by(prefixed, body("{}"))).reason == Verification::malformed);
}

TEST_CASE("all that a template names is signed", "[scheme][hmac]") {
  const Hmac scheme(with([](HmacOptions& o) {
    o.content = "{{v1}}:{method}:{url}:{header:X-Topic}:{id}:{timestamp}:{body}";
    o.timestamp_header = "X-Time";
    o.id_header = "X-Id";
  }));
  Request request = body("{}");
  request.headers.add("X-Topic", "orders");
  const Request good = signed_by(scheme, request);
  const Verification verdict = verify(scheme, good);
  CHECK(verdict.reason == Verification::ok);
  CHECK(verdict.id == "msg_1");

  Hmac plain(with([](HmacOptions& o) { o.header = "X-Plain"; }));
  const Request same = signed_by(plain, body("{v1}:POST:https://example.com/hook:orders:msg_1:1700000000:{}"));
  CHECK(same.headers.find("X-Plain") == good.headers.find("X-Signature"));

  const auto changed = [&](std::string_view name, std::string_view value) {
    Request other = good;
    other.headers.clear();
    for (const webhook::Header header : good.headers)
      if (header.name != name || !value.empty())
        other.headers.add(header.name, header.name == name ? value : header.value);
    return verify(scheme, other);
  };
  CHECK(changed("X-Topic", "other").reason == Verification::bad_signature);
  CHECK(changed("X-Id", "msg_2").reason == Verification::bad_signature);
  CHECK(changed("X-Id", "msg:1").reason == Verification::malformed);
  CHECK(changed("X-Time", "1700000001").reason == Verification::bad_signature);
  CHECK(changed("X-Time", "01700000000").header == "X-Time");
  CHECK(changed("X-Topic", "").reason == Verification::missing_header);
  CHECK(changed("X-Topic", "").header == "X-Topic");
  Request get = good;
  get.method = "GET";
  CHECK(verify(scheme, get).reason == Verification::bad_signature);
  get = good;
  get.url += "x";
  CHECK(verify(scheme, get).reason == Verification::bad_signature);
  CHECK_THROWS_WITH(signed_by(scheme, body("{}")), Catch::Contains("X-Topic"));
}

TEST_CASE("a timestamp of a configurable HMAC is bounded both ways, unless any age will do", "[scheme][hmac]") {
  for (const bool any_age : {false, true}) {
    const Hmac scheme(with([&](HmacOptions& o) { o.any_age = any_age; }, timed()));
    const Request good = signed_by(scheme, body("{}"));
    CHECK(verify(scheme, good, sent + 300).reason == Verification::ok);
    CHECK(verify(scheme, good, sent - 300).reason == Verification::ok);
    CHECK(verify(scheme, good, sent + 301).reason == (any_age ? Verification::ok : Verification::too_old));
    CHECK(verify(scheme, good, sent - 301).reason == (any_age ? Verification::ok : Verification::too_new));
  }
}

TEST_CASE("several signatures of a configurable HMAC stand in one header, at most 16", "[scheme][hmac]") {
  const Hmac scheme(timed());
  const Request both = signed_by(scheme, body("{}"), {"new", "key"});
  CHECK(verify(scheme, both).reason == Verification::ok);
  CHECK(support::verify(scheme, both, {"other", "new"}, sent).key == 1);
  CHECK(support::verify(scheme, both, {}, sent).reason == Verification::unknown_key);

  const std::string one(signed_by(scheme, body("{}")).headers.find("X-Signature").value());
  const std::string mac = one.substr(one.find(',') + 1);
  CHECK(verify(scheme, with_value(one)).reason == Verification::ok);
  CHECK(verify(scheme, with_value(mac + ",t=1700000000")).reason == Verification::ok);
  CHECK(verify(scheme, with_value(one + ",v0=abc,v1=potato")).reason == Verification::ok);
  CHECK(verify(scheme, with_value(mac)).reason == Verification::malformed);
  CHECK(verify(scheme, with_value("t=1700000000")).reason == Verification::unsupported);
  CHECK(verify(scheme, with_value("t=1700000000,v1=potato")).reason == Verification::bad_signature);
  CHECK(verify(scheme, with_value("t=1700000000," + one)).reason == Verification::malformed);
  for (const std::string& bad : {""s, ","s, one + ",", "," + one, "t=,"s + mac, "t=x,"s + mac})
    CHECK(verify(scheme, with_value(bad)).reason == Verification::malformed);
  std::string many = "t=1700000000";
  for (int i = 0; i < 16; ++i) many += "," + mac;
  CHECK(verify(scheme, with_value(many)).reason == Verification::malformed);
  CHECK(verify(scheme, with_value(many.substr(0, many.size() - mac.size() - 1))).reason == Verification::ok);
}

TEST_CASE("a key may be given as base64", "[scheme][hmac]") {
  const Hmac text{HmacOptions()}, base64(with([](HmacOptions&o) { o.key = HmacOptions::KeyText::base64; }));
  const auto made = [](const Hmac& scheme, std::string_view key) {
    return std::string(support::sign(scheme, body("{}"), {key}, sent).find("X-Signature").value());
  };
  CHECK(made(base64, "a2V5") == made(text, "key"));
  for (const std::string& bad : {"a2V"s, "a2V5="s, "k-y_"s, std::string(400, 'A')}) {
    const auto sentence = support::refusal(base64, bad);
    REQUIRE(sentence);
    CHECK(sentence->find("base64") != std::string::npos);
    CHECK(sentence->find(bad) == std::string::npos);
  }
  CHECK(support::refusal(base64, ""));
  CHECK_FALSE(support::refusal(base64, base64.generate("").reveal()));
  CHECK_FALSE(support::refusal(text, text.generate("hmac").reveal()));
  CHECK(base64.generate("").reveal().size() == 44);
}

TEST_CASE("options that cannot work are refused when the scheme is made, by name", "[scheme][hmac]") {
  using Change = std::function<void(HmacOptions&)>;
  const std::vector<std::pair<std::string, Change>> cases{
      {"HmacOptions::name", [](HmacOptions& o) { o.name = ""; }},
      {"HmacOptions::name", [](HmacOptions& o) { o.name = "a+b"; }},
      {"HmacOptions::header", [](HmacOptions& o) { o.header = ""; }},
      {"HmacOptions::header", [](HmacOptions& o) { o.header = "X Signature"; }},
      {"HmacOptions::header", [](HmacOptions& o) { o.header = "Content-Length"; }},
      {"different headers", [](HmacOptions& o) { o.id_header = "x-signature"; }},
      {"HmacOptions::prefix", [](HmacOptions& o) { o.prefix = "a\n"; }},
      {"HmacOptions::separator", [](HmacOptions& o) { o.separator = "a"; }},
      {"HmacOptions::separator",
       [](HmacOptions& o) {
         o.encoding = HmacOptions::Encoding::base64;
         o.separator = "+";
       }},
      {"HmacOptions::separator",
       [](HmacOptions& o) {
         o.separator = ",";
         o.prefix = "a,b";
       }},
      {"HmacOptions::timestamp_prefix",
       [](HmacOptions& o) {
         o = timed();
         o.timestamp_header = "X-Time";
       }},
      {"HmacOptions::separator",
       [](HmacOptions& o) {
         o = timed();
         o.separator = "";
       }},
      {"HmacOptions::timestamp_prefix",
       [](HmacOptions& o) {
         o = timed();
         o.prefix = "t=";
       }},
      {"{body}", [](HmacOptions& o) { o.content = "{url}"; }},
      {"not closed", [](HmacOptions& o) { o.content = "{body"; }},
      {"closes nothing", [](HmacOptions& o) { o.content = "{body}}"; }},
      {"none of", [](HmacOptions& o) { o.content = "{body}{time}"; }},
      {"none of", [](HmacOptions& o) { o.content = "{body}{header:}"; }},
      {"no header carries it", [](HmacOptions& o) { o.content = "{timestamp}.{body}"; }},
      {"sent but not signed", [](HmacOptions& o) { o.timestamp_header = "X-Time"; }},
      {"set id_header", [](HmacOptions& o) { o.content = "{id}.{body}"; }},
      {"right after",
       [](HmacOptions& o) {
         o.id_header = "X-Id";
         o.content = "{id}{body}";
       }},
  };
  for (const auto& [word, change] : cases) {
    INFO(word);
    CHECK_THROWS_WITH(Hmac(with(change)), Catch::Contains(word));
    try {
      Hmac made(with(change));
    } catch (const webhook::Error& error) {
      CHECK(error.code() == webhook::errc::invalid);
    }
  }
}

TEST_CASE("a configurable HMAC answers to the name it was given", "[scheme][hmac]") {
  const Hmac scheme(with([](HmacOptions& o) { o.name = "convoy"; }));
  CHECK(scheme.signs(""));
  CHECK(scheme.signs("convoy"));
  CHECK_FALSE(scheme.signs("hmac"));
  CHECK_THROWS_AS(scheme.generate("hmac"), webhook::Error);
}

}  // namespace unit_scheme_hmac
