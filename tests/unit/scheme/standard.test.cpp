// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webhook/scheme/standard.hpp>

namespace unit_scheme_standard {

namespace {
using namespace std::chrono_literals;
using namespace std::string_literals;
using webhook::Headers;
using webhook::Request;
using webhook::Secret;
using webhook::StandardWebhooks;
using webhook::Verification;

constexpr std::string_view published_secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr std::string_view good = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";  // of the message below
constexpr std::string_view wrong = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
constexpr std::int64_t sent = 1614265330;

webhook::Now at(std::int64_t seconds) {
  return {std::chrono::hours(1), webhook::WallTime(std::chrono::seconds(seconds))};
}

struct Message {
  std::string id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
  std::string timestamp = "1614265330";
  std::string signature{good};
  std::string body = R"({"test": 2432232314})";

  Request request() const {
    Request request;
    request.headers = {{"webhook-id", id}, {"webhook-timestamp", timestamp}, {"webhook-signature", signature}};
    request.body = webhook::Bytes(body);
    return request;
  }
};

Verification verify(const Request& request, webhook::Now now = at(sent),
                    std::vector<std::string_view> secrets = {published_secret}) {
  const StandardWebhooks scheme;
  std::vector<StandardWebhooks::Key> keys;
  for (const std::string_view secret : secrets) keys.push_back(scheme.prepare(Secret(secret), ""));
  return scheme.verify(request, keys, now, 300s);
}
Verification::Reason reason(const Message& message, webhook::Now now = at(sent)) {
  return verify(message.request(), now).reason;
}

Headers signed_headers(const Request& request, std::string_view id, std::int64_t seconds,
                       std::vector<std::string_view> secrets) {
  const StandardWebhooks scheme;
  std::vector<StandardWebhooks::Key> keys;
  for (const std::string_view secret : secrets) keys.push_back(scheme.prepare(Secret(secret), ""));
  Headers headers;
  REQUIRE(scheme.sign({id, webhook::WallTime(std::chrono::seconds(seconds)), request}, keys, headers));
  return headers;
}

std::string signature_for(const Message& message, std::string_view secret = published_secret) {
  const Headers headers = signed_headers(message.request(), message.id, std::stoll(message.timestamp), {secret});
  return std::string(headers.find("webhook-signature").value());
}

// Nothing if the secret is taken for an endpoint, else the error's sentence.
std::optional<std::string> refusal(std::string_view secret) {
  try {
    StandardWebhooks().check(Secret(secret), "");
    return std::nullopt;
  } catch (const webhook::Error& error) {
    CHECK(error.code() == webhook::errc::invalid_secret);
    return error.what();
  }
}

std::vector<nlohmann::json> vectors(std::string_view scheme) {
  std::ifstream file(WEBHOOK_TEST_VECTORS "/vectors.json");
  REQUIRE(file.good());
  std::vector<nlohmann::json> chosen;
  for (auto& vector : nlohmann::json::parse(file)) {
    if (vector.at("scheme") == scheme) chosen.push_back(vector);
  }
  return chosen;
}

Request request_of(const nlohmann::json& vector) {
  Request request;
  for (const auto& [name, value] : vector.at("headers").items()) request.headers.add(name, value.get<std::string>());
  request.body = webhook::Bytes(vector.at("body").get<std::string>());
  return request;
}
}  // namespace

TEST_CASE("every Standard Webhooks v1 vector gives its verdict, for its reason", "[scheme][standard][vectors]") {
  const std::map<std::string, Verification::Reason> reasons{
      {"one bit flipped signature", Verification::bad_signature},
      {"no valid signature in list", Verification::bad_signature},
      {"empty signature \"v1,\"", Verification::bad_signature},
      {"truncated signature (first 8 chars of header)", Verification::bad_signature},
      {"right MAC under wrong version tag v2", Verification::unsupported},
      {"timestamp 301 s old", Verification::too_old},
      {"timestamp 301 s in the future", Verification::too_new},
      {"body re-serialised (space removed)", Verification::bad_signature},
  };
  // Some libraries decode base64 without its padding; here a secret has one spelling.
  const std::vector<std::string> refused_on_purpose{"unpadded base64 secret 31 chars",
                                                    "unpadded base64 secret 34 chars"};

  std::size_t valid = 0, invalid = 0, refused = 0;
  for (const auto& vector : vectors("standard-webhooks-v1")) {
    const std::string name = vector.at("name");
    INFO(name);
    const std::string secret = vector.at("secret");
    if (std::find(refused_on_purpose.begin(), refused_on_purpose.end(), name) != refused_on_purpose.end()) {
      CHECK(refusal(secret));
      ++refused;
      continue;
    }
    const Request request = request_of(vector);
    const Verification verdict = verify(request, at(vector.at("now")), {secret});
    if (vector.at("valid").get<bool>()) {
      CHECK(verdict.reason == Verification::ok);
      CHECK(verdict.id == vector.at("id").get<std::string>());
      const Headers headers =
          signed_headers(request, vector.at("id").get<std::string>(), vector.at("timestamp"), {secret});
      const std::string expected = vector.at("expected");
      CHECK(expected.find(headers.find("webhook-signature").value()) != std::string::npos);
      if (expected.find(' ') == std::string::npos) CHECK(headers.find("webhook-signature") == expected);
      CHECK(headers.find("webhook-id") == vector.at("id").get<std::string>());
      CHECK(headers.find("webhook-timestamp") == std::to_string(vector.at("timestamp").get<std::int64_t>()));
      ++valid;
    } else {
      CHECK(verdict.reason == reasons.at(name));
      ++invalid;
    }
  }
  CHECK(valid == 6);
  CHECK(invalid == reasons.size());
  CHECK(refused == refused_on_purpose.size());
}

TEST_CASE("every secret vector is taken or refused as it should be", "[scheme][standard][vectors]") {
  std::size_t seen = 0;
  for (const auto& vector : vectors("standard-webhooks-secret-parse")) {
    const std::string name = vector.at("name");
    INFO(name);
    CHECK(refusal(vector.at("secret").get<std::string>()).has_value() != vector.at("valid").get<bool>());
    ++seen;
  }
  CHECK(seen == 11);
}

TEST_CASE("a Svix message verifies by its webhook-* headers, and not by svix-* ones", "[scheme][standard][vectors]") {
  const std::map<std::string, Verification::Reason> reasons{
      {"svix-* headers", Verification::missing_header},
      {"svix library accepts unbranded webhook-* headers", Verification::ok},
  };
  std::size_t seen = 0;
  for (const auto& vector : vectors("svix-v1")) {
    INFO(vector.at("name").get<std::string>());
    CHECK(verify(request_of(vector), at(vector.at("now"))).reason == reasons.at(vector.at("name")));
    ++seen;
  }
  CHECK(seen == reasons.size());
}

TEST_CASE("a body changed by one bit, a byte-order mark or line ends is a bad signature", "[scheme][standard][G1]") {
  for (const char* body : {"{\"test\": 2432232315}", "\xEF\xBB\xBF{\"test\": 2432232314}", "{\"test\": 2432232314}\r\n",
                           "{\"test\":2432232314}", ""}) {
    Message message;
    message.body = body;
    CHECK(reason(message) == Verification::bad_signature);
  }
}

TEST_CASE("a timestamp in any spelling but plain digits is malformed", "[scheme][standard][G2]") {
  const std::string t = "1614265330";
  for (const std::string& text : {t + ".9", "000" + t, "0" + t, "+" + t, " " + t, t + " ", "17_0"s, t + "e0", t + "abc",
                                  "\t" + t, "0x60379e72"s, ""s, "\xD9\xA1"s /* an Arabic digit */}) {
    INFO(text);
    Message message;
    message.timestamp = text;
    CHECK(reason(message) == Verification::malformed);
  }
}

TEST_CASE("absurd timestamps are malformed or out of tolerance, and overflow nothing", "[scheme][standard][G3]") {
  const std::map<std::string, Verification::Reason> cases{
      {"-1", Verification::malformed},
      {"0", Verification::malformed},
      {"nan", Verification::malformed},
      {"1000000000000", Verification::malformed},
      {"1", Verification::too_old},
      {"999999999999", Verification::too_new},
      {std::string(40, '9'), Verification::malformed},
      {"18446744073709551617", Verification::malformed},
  };
  for (const auto& [text, expected] : cases) {
    INFO(text);
    Message message;
    message.timestamp = text;
    CHECK(reason(message) == expected);
  }
  Message far;
  far.timestamp = "999999999999";
  CHECK(reason(far, {{}, (webhook::WallTime::min)()}) == Verification::too_new);
  CHECK(reason({}, {{}, (webhook::WallTime::max)()}) == Verification::too_old);
  StandardWebhooks scheme;
  std::vector<StandardWebhooks::Key> keys;
  keys.push_back(scheme.prepare(Secret(published_secret), ""));
  CHECK(scheme.verify(Message().request(), keys, at(999'999'999), (webhook::Duration::max)()).reason ==
        Verification::ok);
}

TEST_CASE("the tolerance is inclusive in both directions, in whole seconds", "[scheme][standard][G4]") {
  CHECK(reason({}, at(sent + 300)) == Verification::ok);
  CHECK(reason({}, at(sent + 301)) == Verification::too_old);
  CHECK(reason({}, at(sent - 300)) == Verification::ok);
  CHECK(reason({}, at(sent - 301)) == Verification::too_new);
  webhook::Now late = at(sent + 300);
  late.wall += 999'999us;
  CHECK(reason({}, late) == Verification::ok);
}

TEST_CASE("a signature list has 1 to 16 entries", "[scheme][standard][G5]") {
  const auto list = [](int entries) {
    Message message;
    message.signature.clear();
    for (int i = 1; i < entries; ++i) message.signature.append(wrong).append(" ");
    if (entries > 0) message.signature.append(good);
    return message;
  };
  CHECK(reason(list(0)) == Verification::malformed);
  CHECK(reason(list(1)) == Verification::ok);
  CHECK(reason(list(2)) == Verification::ok);
  CHECK(reason(list(16)) == Verification::ok);
  CHECK(reason(list(17)) == Verification::malformed);
  CHECK(reason(list(1000)) == Verification::malformed);
}

TEST_CASE("bad entries of a signature list are passed over when another is valid", "[scheme][standard][G6]") {
  const std::string g(good), mac = g.substr(3);
  for (const std::string& bad :
       {"v1"s, "v1,"s, "V1," + mac, "v1a," + mac, g + ",x", ""s, "," + mac, ","s, "v1 ,"s, "v2," + mac, "\t"s, mac}) {
    INFO(bad);
    Message message;
    message.signature = bad + " " + g;
    CHECK(reason(message) == Verification::ok);
    message.signature = g + " " + bad;
    CHECK(reason(message) == Verification::ok);
    message.signature = bad;
    CHECK(reason(message) != Verification::ok);
  }
  Message message;
  for (const std::string& list : {"  " + g, g + "  ", std::string(wrong) + "  " + g}) {
    message.signature = list;
    CHECK(reason(message) == Verification::ok);
  }
  for (const std::string& list :
       {"\t" + g, g + "\t", std::string(wrong) + "\t" + g, g + "\n" + g}) {  // only a space parts entries
    message.signature = list;
    CHECK(reason(message) != Verification::ok);
  }
}

TEST_CASE("a signature is exactly the 44 characters of canonical base64", "[scheme][standard][G7]") {
  const std::string g(good);
  std::string url_safe = g;
  for (char& c : url_safe) c = c == '+' ? '-' : c == '/' ? '_' : c;
  std::string junk_inside = g;
  junk_inside.insert(10, "\n");
  std::string same_bytes = g;  // the last digit's two low bits are not part of the MAC
  same_bytes[same_bytes.size() - 2] = 'F';
  REQUIRE(g[g.size() - 2] == 'E');
  for (const std::string& text : {g + "=", g.substr(0, g.size() - 1), url_safe, junk_inside, same_bytes,
                                  g.substr(0, g.size() - 1) + "A", g + g.substr(3)}) {
    INFO(text);
    Message message;
    message.signature = text;
    CHECK(reason(message) == Verification::bad_signature);
  }
}

TEST_CASE("a signature whose last zero byte was cut off does not verify", "[scheme][standard][G7]") {
  Message message;
  std::array<unsigned char, 32> mac{};
  mac.back() = 1;
  for (int n = 0; mac.back() != 0; ++n) {  // one id in 256 will do
    message.id = "msg_" + std::to_string(n);
    message.signature = signature_for(message);
    REQUIRE(webhook::detail::decode_base64(std::string_view(message.signature).substr(3), mac) == 32U);
  }
  CHECK(reason(message) == Verification::ok);
  std::string cut(44, ' ');
  webhook::detail::encode_base64(std::span(mac).first(31), cut.data());
  message.signature = "v1," + cut;
  CHECK(reason(message) == Verification::bad_signature);
}

TEST_CASE("during a rotation the old key and the new one both verify, and the verdict names which",
          "[scheme][standard][G8]") {
  constexpr std::string_view fresh = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
  const Request request = Message().request();
  const Verification old_matches = verify(request, at(sent), {fresh, published_secret});
  CHECK(old_matches.reason == Verification::ok);
  CHECK(old_matches.key == 1);
  CHECK(verify(request, at(sent), {fresh}).reason == Verification::bad_signature);
  CHECK(verify(request, at(sent), {}).reason == Verification::unknown_key);

  const Headers both = signed_headers(request, "msg_1", sent, {fresh, published_secret});
  Message message{"msg_1", "1614265330", std::string(both.find("webhook-signature").value())};
  CHECK(message.signature.size() == 2 * 47 + 1);
  CHECK(verify(message.request(), at(sent), {fresh}).reason == Verification::ok);
  CHECK(verify(message.request(), at(sent), {published_secret}).reason == Verification::ok);
  CHECK(verify(message.request(), at(sent), {published_secret, fresh}).key == 0);
}

TEST_CASE("each of the three headers must be there exactly once", "[scheme][standard][G9]") {
  const std::array<std::string_view, 3> names{"webhook-id", "webhook-timestamp", "webhook-signature"};
  for (const std::string_view name : names) {
    INFO(std::string(name));
    Request twice = Message().request();
    twice.headers.add("Webhook" + std::string(name.substr(7)), std::string(twice.headers.find(name).value()));
    CHECK(verify(twice).reason == Verification::malformed);
    Request without = Message().request();
    without.headers.clear();
    for (const webhook::Header header : Message().request().headers) {
      if (header.name != name) without.headers.add(header.name, header.value);
    }
    CHECK(without.headers.size() == 2);
    CHECK(verify(without).reason == Verification::missing_header);
  }
}

TEST_CASE("header names are compared without regard to case, and an underscore is no hyphen",
          "[scheme][standard][G10]") {
  Request request = Message().request();
  request.headers = {
      {"WEBHOOK-ID", "msg_p5jXN8AQM9LWM0D4loKWxJek"}, {"Webhook-Timestamp", "1614265330"}, {"wEBHOOK-sIGNATURE", good}};
  CHECK(verify(request).reason == Verification::ok);
  request.headers = {
      {"webhook_id", "msg_p5jXN8AQM9LWM0D4loKWxJek"}, {"webhook_timestamp", "1614265330"}, {"webhook_signature", good}};
  CHECK(verify(request).reason == Verification::missing_header);
}

TEST_CASE("an id with a dot, a space, a control or non-ASCII character, or of absurd length, is malformed",
          "[scheme][standard][G11]") {
  for (const std::string& id : {"a.b"s, ""s, std::string(10 * 1024, 'a'), std::string(257, 'a'), "caf\xC3\xA9"s, "a b"s,
                                "a\tb"s, "a\0b"s, "\x7F"s}) {
    Message message;
    message.id = id;
    if (id.size() <= StandardWebhooks::max_id) message.signature = signature_for(message);
    CHECK(reason(message) == Verification::malformed);
  }
  std::vector<StandardWebhooks::Key> keys;
  keys.push_back(StandardWebhooks().prepare(Secret(published_secret), ""));
  Headers headers;
  const Request request;  // nor is such an id ever sent
  CHECK_THROWS_AS(StandardWebhooks().sign({std::string(257, 'a'), {}, request}, keys, headers), webhook::Error);
  CHECK(headers.empty());
  Message longest;
  longest.id = std::string(256, '~');
  longest.signature = signature_for(longest);
  CHECK(reason(longest) == Verification::ok);
}

TEST_CASE("a body that is not UTF-8, has NULs, or is empty is verified as bytes", "[scheme][standard][G15][G18]") {
  for (const std::string& body : {"\xC3\x28\xFF"s, "a\0b"s, ""s, "{}\r\n"s}) {
    Message message;
    message.body = body;
    message.signature = signature_for(message);
    CHECK(reason(message) == Verification::ok);
  }
}

TEST_CASE("a list without any v1 signature is unsupported", "[scheme][standard][G16]") {
  for (const char* list : {"v2,AAAA", "v1a,AAAA v3,BBBB", "hello", "v1", "V1,AAAA"}) {
    Message message;
    message.signature = list;
    CHECK(reason(message) == Verification::unsupported);
  }
}

TEST_CASE("wherever the first wrong byte is, the answer is the same", "[scheme][standard]") {
  // What this cannot show is time: the comparison is CRYPTO_memcmp on 32 bytes, for all keys and candidates.
  for (std::size_t i = 3; i < good.size() - 2; ++i) {
    Message message;
    message.signature[i] = message.signature[i] == 'A' ? 'B' : 'A';
    CHECK(reason(message) == Verification::bad_signature);
  }
}

TEST_CASE("a receiver whose clock is before 1970 accepts nothing", "[scheme][standard][G20]") {
  Message message;
  message.timestamp = "10";
  message.signature = signature_for(message);
  CHECK(reason(message, at(-1)) == Verification::too_new);
  CHECK(reason(message, at(0)) == Verification::ok);
}

TEST_CASE("a secret of the wrong length or spelling is refused with a sentence that does not show it",
          "[scheme][standard][A18][A19]") {
  const auto encoded = [](std::size_t bytes) {
    std::string text(webhook::detail::base64_size(bytes), '\0');
    webhook::detail::encode_base64(std::vector<unsigned char>(bytes, 0xA5), text.data());
    return "whsec_" + text;
  };
  CHECK_FALSE(refusal(encoded(24)));
  CHECK_FALSE(refusal(encoded(32)));
  CHECK_FALSE(refusal(encoded(64)));
  for (const std::size_t bytes : {1U, 10U, 23U, 65U, 66U, 67U, 200U}) {
    INFO(bytes);
    const auto sentence = refusal(encoded(bytes));
    REQUIRE(sentence);
    CHECK(sentence->find("24 to 64 bytes") != std::string::npos);
    CHECK(sentence->find("paWl") == std::string::npos);
  }
  for (const std::string& bad : {""s, "whsec_"s}) CHECK(refusal(bad));
  const std::string fine = encoded(32);
  for (const std::string& bad :
       {"whsec_!!"s, fine.substr(0, fine.size() - 1), fine + "=", " " + fine, fine + "\n", "whsec_" + fine,
        "WHSEC_" + fine.substr(6), "whsec_-fKQ9r8GKYqrTwjUPD8ILPZIo2LaLa_w"s}) {
    const auto sentence = refusal(bad);
    REQUIRE(sentence);
    CHECK(sentence->find("padded base64") != std::string::npos);
    CHECK(sentence->find("fKQ9") == std::string::npos);
  }
}

TEST_CASE("a generated secret is whsec_ and 32 bytes, and no two are alike", "[scheme][standard]") {
  const StandardWebhooks scheme;
  const Secret first = scheme.generate(""), second = scheme.generate("standard");
  CHECK(first.reveal().size() == 6 + 44);
  CHECK(first.reveal().substr(0, 6) == "whsec_");
  CHECK_FALSE(first == second);
  CHECK_FALSE(refusal(first.reveal()));
}

TEST_CASE("the scheme answers to its own names only", "[scheme][standard]") {
  const StandardWebhooks scheme;
  CHECK(scheme.signs(""));
  CHECK(scheme.signs("standard"));
  CHECK_FALSE(scheme.signs("github"));
  CHECK_THROWS_AS(scheme.prepare(Secret(published_secret), "github"), webhook::Error);
  CHECK_THROWS_AS(scheme.generate("github"), webhook::Error);
}

TEST_CASE("signing without a key throws, rather than sending unsigned", "[scheme][standard]") {
  const StandardWebhooks scheme;
  const Request request;
  Headers headers;
  CHECK_THROWS_AS(scheme.sign({"msg_1", {}, request}, {}, headers), webhook::Error);
  CHECK(headers.empty());
}

}  // namespace unit_scheme_standard
