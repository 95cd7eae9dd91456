// SPDX-License-Identifier: MIT
#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webhook/detail/base64.hpp>
#include <webhook/scheme/rfc9421.hpp>

namespace unit_scheme_rfc9421 {

namespace {
using namespace std::chrono_literals;
using namespace std::string_literals;
using webhook::Headers;
using webhook::MessageSignatureOptions;
using webhook::MessageSignatures;
using webhook::Request;
using webhook::Secret;
using webhook::Verification;

constexpr std::string_view shared =
    "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==";
constexpr std::string_view other_shared = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr std::int64_t sent = 1618884473;

using Keys = std::vector<MessageSignatures::Key>;
Keys keys(const std::vector<std::string>& secrets) {
  Keys prepared;
  for (const std::string& secret : secrets) prepared.push_back(MessageSignatures().prepare(Secret(secret), ""));
  return prepared;
}
webhook::Now at(std::int64_t seconds) { return {1h, webhook::WallTime(std::chrono::seconds(seconds))}; }

Request message(std::string_view url = "https://receiver.example/hooks?a=1") {
  Request request;
  request.url = url;
  request.headers = {{"content-type", "application/json"}};
  request.body = webhook::Bytes(R"({"hello": "world"})");
  return request;
}
Request signed_by(const std::vector<std::string>& secrets, MessageSignatureOptions options = {},
                  Request request = message()) {
  Keys prepared = keys(secrets);
  REQUIRE(MessageSignatures(std::move(options)).sign({"evt_1", at(sent).wall, request}, prepared, request.headers));
  return request;
}
Verification verify(const Request& request, const std::vector<std::string>& secrets = {std::string(shared)},
                    MessageSignatureOptions options = {}, webhook::Now now = at(sent)) {
  Keys prepared = keys(secrets);
  return MessageSignatures(std::move(options)).verify(request, prepared, now, 300s);
}
std::string field(const Request& request, std::string_view name) {
  return std::string(request.headers.find(name).value());
}
Request with(const Request& request, std::string_view name, std::optional<std::string> value) {
  Request changed = request;
  changed.headers.clear();
  for (const webhook::Header header : request.headers) {
    if (!Headers::same_name(header.name, name)) changed.headers.add(header.name, header.value);
  }
  if (value) changed.headers.add(name, *value);
  return changed;
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
  request.method = vector.at("method").is_null() ? "" : vector.at("method").get<std::string>();
  request.url = vector.at("url").is_null() ? "" : vector.at("url").get<std::string>();
  for (const auto& pair : vector.at("headers").at("list"))
    request.headers.add(pair.at(0).get<std::string>(), pair.at(1).get<std::string>());
  request.body = webhook::Bytes(vector.at("body").get<std::string>());
  return request;
}
std::string bytes_of(const std::string& base64) {
  std::string bytes(base64.size() / 4 * 3, '\0');
  const auto size =
      webhook::detail::decode_base64(base64, {reinterpret_cast<unsigned char*>(bytes.data()), bytes.size()});
  bytes.resize(size.value());
  return bytes;
}
std::string base64_of(const std::string& bytes) {
  std::string text(webhook::detail::base64_size(bytes.size()), '\0');
  webhook::detail::encode_base64({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()}, text.data());
  return text;
}
// The keys of a vector in the forms that are read here: first one that verifies, then one that signs, if there is one.
std::vector<std::string> secrets_of(const nlohmann::json& vector) {
  const std::string algorithm = vector.at("algorithm");
  if (algorithm == "hmac-sha256") return {vector.at("secret"), vector.at("secret")};
  if (algorithm != "ed25519") return {vector.at("public_key")};
  const std::string key = vector.at("public_key"), seed = vector.at("secret");
  return {"whpk_" + key, "whsk_" + base64_of(bytes_of(seed) + bytes_of(key))};
}
}  // namespace

TEST_CASE("every RFC 9421 vector gives its signature base to the byte, and its signature is judged right",
          "[scheme][rfc9421][vectors]") {
  std::size_t seen = 0, made = 0;
  for (const auto& vector : vectors("rfc9421")) {
    INFO(vector.at("name").get<std::string>());
    const Request request = request_of(vector);
    const auto read = webhook::detail::read_signatures(field(request, "Signature-Input"), field(request, "Signature"));
    REQUIRE(read);
    REQUIRE(read->size() == 1);
    const auto& one = read->front();
    webhook::detail::CoveredMessage covered{request.method, request.url, request.headers};
    if (vector.at("method").is_null()) covered.status = 200;
    std::string base;
    REQUIRE(webhook::detail::signature_base(covered, one.components, one.canonical, base) ==
            webhook::detail::BaseFault::none);
    CHECK(base == vector.at("signature_base").get<std::string>());
    for (const std::string& secret : secrets_of(vector)) {
      Keys prepared = keys({secret});
      CHECK(prepared.front().algorithm() == vector.at("algorithm").get<std::string>());
      CHECK(prepared.front().verify(base, one.signature) == (vector.at("valid").get<bool>() ? 1U : 0U));
      if (prepared.front().signs() && vector.at("valid").get<bool>()) {
        CHECK(base64_of(prepared.front().sign(base)) == vector.at("expected").get<std::string>());
        ++made;
      }
    }
    ++seen;
  }
  CHECK(seen == 13);
  CHECK(made == 2 + 1 + 4);  // hmac-sha256 by both of its texts; ed25519
}

TEST_CASE(
    "a receiver takes the one RFC 9421 vector that vouches for body and target, and refuses the others for a reason",
    "[scheme][rfc9421][vectors]") {
  // Whoever leaves out the digest, the method or the place lets the same signature be used for something else.
  const std::string full = "B.2.3 rsa-pss-sha512 full coverage",
                    no_method = "B.2.2 rsa-pss-sha512 selective (@query-param)";
  std::size_t seen = 0;
  for (const auto& vector : vectors("rfc9421")) {
    const std::string name = vector.at("name");
    INFO(name);
    const Request request = request_of(vector);
    const std::vector<std::string> secrets{secrets_of(vector).front()};
    CHECK(verify(request, secrets).reason == (name == full ? Verification::ok : Verification::unsupported));
    MessageSignatureOptions lenient;
    lenient.require_target = false;
    const bool digest = name == full || name == no_method;
    // A response is no webhook: what it covers, a request does not have.
    const auto expected = digest                          ? Verification::ok
                          : vector.at("method").is_null() ? Verification::missing_header
                                                          : Verification::unsupported;
    CHECK(verify(request, secrets, lenient).reason == expected);
    if (digest) {
      Request changed = request;
      changed.body = webhook::Bytes(R"({"hello": "w0rld"})");
      const Verification verdict = verify(changed, secrets, lenient);
      CHECK(verdict.reason == Verification::bad_signature);
      CHECK(verdict.header == "content-digest");
    }
    ++seen;
  }
  CHECK(seen == 13);
}

TEST_CASE("a signed request names what is covered, when, and its digest", "[scheme][rfc9421]") {
  const Request request = signed_by({std::string(shared)});
  CHECK(field(request, "Content-Digest") == "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:");
  CHECK(field(request, "Webhook-Id") == "evt_1");
  CHECK(field(request, "Signature-Input") ==
        "sig1=(\"@method\" \"@authority\" \"@path\" \"@query\" \"content-type\" \"content-digest\" \"webhook-id\")"
        ";created=1618884473");
  const Verification verdict = verify(request);
  CHECK(verdict.reason == Verification::ok);
  CHECK(verdict.id == "evt_1");
  // The base, written out by hand.
  Keys prepared = keys({std::string(shared)});
  CHECK(field(request, "Signature") ==
        "sig1=:" +
            base64_of(prepared.front().sign(
                "\"@method\": POST\n\"@authority\": receiver.example\n\"@path\": /hooks\n\"@query\": ?a=1\n"
                "\"content-type\": application/json\n"
                "\"content-digest\": sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:\n\"webhook-id\": evt_1\n"
                "\"@signature-params\": (\"@method\" \"@authority\" \"@path\" \"@query\" \"content-type\" "
                "\"content-digest\" \"webhook-id\");created=1618884473")) +
            ":");
}

TEST_CASE("options of a signature are written, and read back", "[scheme][rfc9421]") {
  MessageSignatureOptions options;
  options.components = {"@method", "@target-uri", "content-digest"};
  options.label = "shop";
  options.tag = "webhooks";
  options.expires = 60s;
  options.nonce = true;
  options.alg = true;
  const Request request = signed_by({"keyid: 2026-1\n" + std::string(shared)}, options);
  const std::string input = field(request, "signature-input");
  CHECK(input.substr(0, 66) == "shop=(\"@method\" \"@target-uri\" \"content-digest\");created=1618884473");
  CHECK(input.find(";expires=1618884533;nonce=\"") != std::string::npos);
  CHECK(input.find(";keyid=\"2026-1\";alg=\"hmac-sha256\";tag=\"webhooks\"") != std::string::npos);
  CHECK_FALSE(request.headers.find("webhook-id"));
  const Verification verdict = verify(request, {std::string(shared)}, options);
  CHECK(verdict.reason == Verification::ok);
  CHECK(verdict.id.size() == 24);  // the nonce
  CHECK(verify(request, {"keyid: 2026-1\n" + std::string(shared)}));
  CHECK(verify(request, {"keyid: 2026-2\n" + std::string(shared)}).reason == Verification::bad_signature);
  CHECK(verify(request, {std::string(shared)}, options, at(sent + 60)).reason == Verification::ok);
  CHECK(verify(request, {std::string(shared)}, options, at(sent + 61)).reason == Verification::too_old);
  options.tag = "payments";
  CHECK(verify(request, {std::string(shared)}, options).reason == Verification::unsupported);
  CHECK(field(signed_by({std::string(shared)}, {.nonce = true}), "signature-input") !=
        field(signed_by({std::string(shared)}, {.nonce = true}), "signature-input"));
}

TEST_CASE("keys of several kinds sign side by side, and each verifies alone", "[scheme][rfc9421]") {
  const MessageSignatures scheme;
  const std::string pair(scheme.generate("rfc9421").reveal());
  const std::string half = MessageSignatures::public_key(Secret(pair));
  const Request request = signed_by({std::string(shared), pair});
  CHECK(field(request, "signature-input").find(", sig1-2=(") != std::string::npos);
  CHECK(verify(request, {std::string(shared)}));
  CHECK(verify(request, {half}));
  CHECK(verify(request, {std::string(other_shared), half}).key == 1);
  CHECK(verify(request, {std::string(other_shared)}).reason == Verification::bad_signature);
  CHECK(verify(request, {}).reason == Verification::unknown_key);
}

TEST_CASE("alg must agree with the key, and a key is never used with another algorithm", "[scheme][rfc9421]") {
  const Request request = signed_by({std::string(shared)}, {.alg = true});
  CHECK(verify(request));
  const std::string half = MessageSignatures::public_key(MessageSignatures().generate(""));
  CHECK(verify(request, {half}).reason == Verification::unsupported);
  const std::string input = field(request, "signature-input");
  for (const std::string_view other : {"ed25519", "rsa-v1_5-sha256", "none", "HMAC-SHA256", ""}) {
    std::string changed = input;
    changed.replace(changed.find("hmac-sha256"), 11, other);
    CHECK(verify(with(request, "signature-input", changed)).reason == Verification::unsupported);
  }
}

TEST_CASE("what is covered and missing, changed or doubled is found", "[scheme][rfc9421]") {
  const Request good = signed_by({std::string(shared)});
  REQUIRE(verify(good));
  Request other = good;
  other.method = "PUT";
  CHECK(verify(other).reason == Verification::bad_signature);
  for (const std::string_view url :
       {"https://receiver.example/hooks?a=2", "https://receiver.example/hook?a=1", "https://receiver.example/hooks",
        "https://receiver2.example/hooks?a=1", "https://receiver.example:8443/hooks?a=1",
        "https://receiver.example/hooks?a=1&"}) {
    INFO(std::string(url));
    other = good;
    other.url = url;
    CHECK(verify(other).reason == Verification::bad_signature);
  }
  // Written in another way, it is the same place.
  for (const std::string_view url : {"https://receiver.example:443/hooks?a=1", "HTTPS://Receiver.Example/hooks?a=1",
                                     "https://receiver.example/hooks?a=1#part"}) {
    INFO(std::string(url));
    other = good;
    other.url = url;
    CHECK(verify(other).reason == Verification::ok);
  }
  other = good;
  other.url = "/hooks?a=1";
  CHECK(verify(other).reason == Verification::missing_header);
  other.headers.add("Host", "Receiver.example");
  CHECK(verify(other).reason == Verification::ok);
  other.headers.add("Host", "elsewhere.example");
  CHECK(verify(other).reason == Verification::malformed);
  for (const std::string_view name : {"content-type", "content-digest", "webhook-id"}) {
    INFO(std::string(name));
    const Verification without = verify(with(good, name, std::nullopt));
    CHECK(without.reason == Verification::missing_header);
    CHECK(without.header == name);
    // A digest is compared with the body before a key is touched, and these two are none.
    const auto changed = name == "content-digest" ? Verification::malformed : Verification::bad_signature;
    CHECK(verify(with(good, name, "other")).reason == changed);
    Request twice = good;
    twice.headers.add(name, field(good, name));
    CHECK(verify(twice).reason == changed);
    CHECK(verify(with(good, name, field(good, name) + "\nx: y")).reason == Verification::malformed);
    CHECK(verify(with(good, name, field(good, name) + "\xC3\xA9")).reason == Verification::malformed);
    CHECK(verify(with(good, name, " " + field(good, name) + "\t")).reason == Verification::ok);
  }
}

TEST_CASE("a digest that is covered and is not the body's is refused, whoever signed it", "[scheme][rfc9421]") {
  // Signed over a wrong digest by a holder of the key.
  const auto signed_over = [](const std::string& digest) {
    Request request = message();
    request.headers.add("Content-Digest", digest);
    const std::string parameters =
        "(\"@method\" \"@authority\" \"@path\" \"@query\" \"content-digest\");created=1618884473";
    Keys prepared = keys({std::string(shared)});
    const std::string signature = prepared.front().sign(
        "\"@method\": POST\n\"@authority\": receiver.example\n\"@path\": /hooks\n\"@query\": "
        "?a=1\n\"content-digest\": " +
        digest + "\n\"@signature-params\": " + parameters);
    request.headers.add("Signature-Input", "a=" + parameters);
    request.headers.add("Signature", "a=:" + base64_of(signature) + ":");
    return verify(request).reason;
  };
  const std::string right = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
                    wrong = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";
  CHECK(signed_over(right) == Verification::ok);
  CHECK(signed_over("md5=:AAAA:, " + right) == Verification::ok);
  CHECK(signed_over(wrong) == Verification::bad_signature);
  CHECK(signed_over("md5=:AAAA:") == Verification::unsupported);
  for (const std::string& bad : {"x"s, "sha-256"s, "sha-256=abc"s, right + ", " + right, right + ","s, "sha-256=::=:"s})
    CHECK(signed_over(bad) == Verification::malformed);
  CHECK(signed_over(right + ", sha-512=:AAAA:") == Verification::bad_signature);
}

TEST_CASE("every RFC 9530 vector gives its verdict", "[scheme][rfc9421][vectors]") {
  std::size_t seen = 0;
  for (const auto& vector : vectors("rfc9530-content-digest")) {
    INFO(vector.at("name").get<std::string>());
    const std::string value = vector.at("headers").at("Content-Digest"), body = vector.at("body");
    const auto verdict = webhook::detail::check_content_digest(value, body);
    CHECK(verdict == (vector.at("valid").get<bool>() ? webhook::detail::DigestVerdict::ok
                                                     : webhook::detail::DigestVerdict::different));
    if (vector.at("valid").get<bool>() && value.substr(0, 7) == "sha-256")
      CHECK(webhook::detail::content_digest(body) == value);
    ++seen;
  }
  CHECK(seen == 6);
}

TEST_CASE("a signature must cover the digest, the method and the place", "[scheme][rfc9421]") {
  const auto covering = [](std::vector<std::string> components,
                           std::string_view url = "https://receiver.example/hooks?a=1") {
    MessageSignatureOptions options;
    options.components = std::move(components);
    return verify(signed_by({std::string(shared)}, options, message(url))).reason;
  };
  CHECK(covering({"content-digest", "@method", "@target-uri"}) == Verification::ok);
  CHECK(covering({"content-digest", "@method", "@authority", "@request-target"}) == Verification::ok);
  CHECK(covering({"content-digest", "@method", "@authority", "@path", "@query"}) == Verification::ok);
  CHECK(covering({"content-digest", "@method", "@authority", "@path"}) == Verification::unsupported);
  CHECK(covering({"content-digest", "@method", "@authority", "@path"}, "https://receiver.example/hooks") ==
        Verification::ok);
  CHECK(covering({"content-digest", "@method", "@path", "@query"}) == Verification::unsupported);
  CHECK(covering({"content-digest", "@target-uri"}) == Verification::unsupported);
  CHECK(covering({"content-digest", "@method"}) == Verification::unsupported);
  CHECK(verify(signed_by({std::string(shared)}), {std::string(shared)}, {.required = {"content-type"}}));
  CHECK(verify(signed_by({std::string(shared)}), {std::string(shared)}, {.required = {"date"}}).reason ==
        Verification::unsupported);
}

TEST_CASE("created is bounded both ways, inclusive, and must be there", "[G4][scheme][rfc9421]") {
  const Request good = signed_by({std::string(shared)});
  const auto judged = [&](std::int64_t now) { return verify(good, {std::string(shared)}, {}, at(now)).reason; };
  CHECK(judged(sent + 300) == Verification::ok);
  CHECK(judged(sent + 301) == Verification::too_old);
  CHECK(judged(sent - 300) == Verification::ok);
  CHECK(judged(sent - 301) == Verification::too_new);
  CHECK(judged(-1) == Verification::too_new);
  CHECK(verify(good, {std::string(shared)}, {}, at(sent + 301)).age == 301s);
  std::string input = field(good, "signature-input");
  input.resize(input.find(";created"));
  CHECK(verify(with(good, "signature-input", input)).reason == Verification::unsupported);
  for (const std::string_view time : {"0", "-1", "01618884473", "1618884473.0", "\"1618884473\"", "1000000000000",
                                      "99999999999999999999", "+1", "1_0", ":AAAA:", "?1", ""}) {
    INFO(std::string(time));
    CHECK(verify(with(good, "signature-input", input + ";created=" + std::string(time))).reason ==
          Verification::malformed);
  }
  CHECK(verify(with(good, "signature-input", input + ";created=1618884473;expires=1618884472")).reason ==
        Verification::malformed);
}

TEST_CASE("Signature-Input and Signature are read strictly, and bounded", "[scheme][rfc9421]") {
  const Request good = signed_by({std::string(shared)});
  const std::string input = field(good, "signature-input"), value = field(good, "signature");
  const std::string params = input.substr(5);
  const auto judged = [&](const std::string& inputs, const std::string& values) {
    return verify(with(with(good, "signature-input", inputs), "signature", values)).reason;
  };
  CHECK(judged(input, value) == Verification::ok);
  CHECK(judged("  " + input + " ", value) == Verification::ok);
  for (const std::string& bad :
       std::vector<std::string>{""s,
                                "sig1"s,
                                "sig1="s,
                                "sig1=()"s.substr(0, 6),
                                input + ",",
                                input + ", ",
                                "," + input,
                                input + " x=()",
                                input + ", " + input,
                                "Sig1=" + params,
                                "1sig=" + params,
                                input + ";created=1618884473",
                                "sig1=(\"@method\" \"@method\" \"content-digest\");created=1618884473",
                                "sig1=(\"@method\"\"content-digest\");created=1618884473",
                                "sig1=(@method);created=1618884473",
                                "sig1=(\"@Method\");created=1618884473",
                                "sig1=(\"a b\");created=1618884473",
                                "sig1=(\"\");created=1618884473",
                                "sig1=(\"@method\" ;created=1618884473",
                                "sig1=(\"@method\n\");created=1618884473",
                                "sig1=(\"@method);created=1",
                                "sig1=(1);created=1618884473",
                                "sig1=\"@method\"",
                                input + ";keyid=" + "\"" + std::string(257, 'k') + "\"",
                                input + ";keyid=x",
                                input + ";nonce=\"\xC3\xA9\"",
                                input + ";tag=\"\\x\"",
                                input + ";;",
                                input + ";",
                                input + ";x=",
                                input + ", other=()" + std::string(9000, ' ')}) {
    INFO(bad);
    CHECK(judged(bad, value) == Verification::malformed);
  }
  for (const std::string& bad :
       std::vector<std::string>{""s, "sig1"s, "sig1=::"s, value + ",", value + ", " + value, "sig2" + value.substr(4),
                                value.substr(0, value.size() - 1), value + ", sig2=:AAAA:", "sig1=\"x\"",
                                "sig1=:!!!!:", "sig1=:AAA:", "sig1=1", value + "x"}) {
    INFO(bad);
    CHECK(judged(input, bad) == Verification::malformed);
  }
  std::string inputs, values;
  for (int i = 0; i < 9; ++i) {
    const std::string label = "s" + std::to_string(i), comma = i == 0 ? "" : ", ";
    inputs += comma + label + "=" + params;
    values += comma + label + value.substr(4);
    if (i == 7) CHECK(judged(inputs, values) == Verification::ok);
  }
  CHECK(judged(inputs, values) == Verification::malformed);
  std::string many = "sig1=(";
  for (int i = 0; i < 33; ++i) many += (i == 0 ? "\"x" : " \"x") + std::to_string(i) + "\"";
  CHECK(judged(many + ");created=1618884473", value) == Verification::malformed);
  // A signature that is not understood does not spoil the one beside it, and two lines are one field.
  CHECK(judged("z=(\"@method\";req);created=1, " + input, "z=:AAAA:, " + value) == Verification::ok);
  Request lines = good;
  lines.headers.add("Signature-Input", "z=();created=1618884473");
  lines.headers.add("Signature", "z=:AAAA:");
  CHECK(verify(lines).reason == Verification::ok);
  CHECK(verify(with(good, "signature-input", std::nullopt)).header == "signature-input");
  CHECK(verify(with(good, "signature", std::nullopt)).header == "signature");
}

TEST_CASE("parameters that are not understood are covered, not ignored", "[scheme][rfc9421]") {
  const Request good = signed_by({std::string(shared)});
  CHECK(verify(with(good, "signature-input", field(good, "signature-input") + ";x")).reason ==
        Verification::bad_signature);
  std::string input = field(good, "signature-input");
  input.replace(input.find("\"content-digest\""), 16, "\"content-digest\";req");
  CHECK(verify(with(good, "signature-input", input)).reason == Verification::unsupported);
}

TEST_CASE("@query-param is decoded and written again as the RFC says, and refused where it is ambiguous",
          "[scheme][rfc9421]") {
  using webhook::detail::query_parameter;
  const std::string_view query =
      "?var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something&e&d=1&d=2";
  CHECK(query_parameter(query, "var") == "this%20is%20a%20big%0Amultiline%20value");
  CHECK(query_parameter(query, "bar") == "with%20plus%20whitespace");
  CHECK(query_parameter(query, "fa%C3%A7ade%22%3A%20") == "something");
  CHECK(query_parameter(query, "e") == "");
  CHECK_FALSE(query_parameter(query, "d"));
  CHECK_FALSE(query_parameter(query, "x"));
  CHECK_FALSE(query_parameter("", "x"));
  CHECK(query_parameter("?a=%zz%4", "a") == "%25zz%254");
}

TEST_CASE("components of a target follow RFC 9421 2.2", "[scheme][rfc9421]") {
  const Headers none;
  const auto value = [&](std::string_view url, std::string name) {
    std::string found;
    const webhook::detail::CoveredMessage message{"POST", url, none};
    return webhook::detail::component_value(message, {std::move(name)}, found) == webhook::detail::BaseFault::none
               ? found
               : "nothing"s;
  };
  CHECK(value("https://Example.com:443", "@target-uri") == "https://example.com/");
  CHECK(value("http://example.com:80/a?b", "@target-uri") == "http://example.com/a?b");
  CHECK(value("http://example.com:443/", "@authority") == "example.com:443");
  CHECK(value("https://example.com", "@path") == "/");
  CHECK(value("https://example.com?x", "@path") == "/");
  CHECK(value("https://example.com?x", "@query") == "?x");
  CHECK(value("https://example.com/a", "@query") == "?");
  CHECK(value("https://example.com/a?", "@query") == "?");
  CHECK(value("https://[::1]:8443/a", "@authority") == "[::1]:8443");
  CHECK(value("https://example.com/a?b=/c", "@request-target") == "/a?b=/c");
  CHECK(value("HTTPS://example.com/", "@scheme") == "https");
  for (const std::string_view url : {"https://user@example.com/", "https:///a", "example.com/a", "", "https://a b/"})
    CHECK(value(url, "@authority") == "nothing");
  CHECK(value("/a", "@target-uri") == "nothing");
  CHECK(value("/a", "@authority") == "nothing");
  CHECK(value("https://example.com/", "@status") == "nothing");
  CHECK(value("https://example.com/", "@unknown") == "nothing");
}

TEST_CASE("options that leave the body out, or name what cannot be covered, are refused with a sentence",
          "[scheme][rfc9421]") {
  const auto refused = [](MessageSignatureOptions options) {
    try {
      const MessageSignatures made(std::move(options));
      return ""s;
    } catch (const webhook::Error& error) {
      CHECK(error.code() == webhook::errc::invalid);
      return std::string(error.what());
    }
  };
  CHECK(refused({}).empty());
  CHECK(refused({.components = {"@method"}}).find("content-digest") != std::string::npos);
  CHECK(refused({.components = {"content-digest", "@query-param"}}).find("@query-param") != std::string::npos);
  CHECK(refused({.components = {"content-digest", "Date"}}).find("Date") != std::string::npos);
  CHECK(refused({.components = {"content-digest", "@method", "@method"}}).find("twice") != std::string::npos);
  CHECK(refused({.components = {"content-digest", "signature"}}).find("cannot cover") != std::string::npos);
  CHECK(refused({.label = "Sig"}).find("label") != std::string::npos);
  CHECK(refused({.label = ""}).find("label") != std::string::npos);
  CHECK(refused({.tag = "a\"b"}).find("tag") != std::string::npos);
  CHECK(refused({.expires = -1s}).find("expires") != std::string::npos);
  CHECK(refused({.expires = 1ms}).find("expires") != std::string::npos);
  CHECK(refused({.required = {"@nothing"}}).find("@nothing") != std::string::npos);
}

TEST_CASE("a request that lacks what is to be covered is not signed, and the sentence names it", "[scheme][rfc9421]") {
  Keys prepared = keys({std::string(shared)});
  const auto refused = [&](const Request& request, MessageSignatureOptions options = {}) {
    Headers headers;
    try {
      MessageSignatures(std::move(options)).sign({"evt_1", at(sent).wall, request}, prepared, headers);
      return ""s;
    } catch (const webhook::Error& error) {
      CHECK(error.code() == webhook::errc::invalid_header);
      CHECK(headers.empty());
      return std::string(error.what());
    }
  };
  CHECK(refused(message()).empty());
  CHECK(refused(with(message(), "content-type", std::nullopt)).find("\"content-type\"") != std::string::npos);
  CHECK(refused(message(), {.components = {"content-digest", "date"}}).find("\"date\"") != std::string::npos);
  CHECK(refused(with(message(), "content-type", "a\nb")).find("\"content-type\"") != std::string::npos);
  CHECK(refused(with(message(), "content-digest", "sha-256=:AAAA:")).find("Content-Digest") != std::string::npos);
  CHECK(refused(with(message(), "signature", "x=:AAAA:")).find("already") != std::string::npos);
  const Request own = with(message(), "content-digest", "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:");
  const Request signed_own = signed_by({std::string(shared)}, {}, own);
  CHECK(signed_own.headers.count("content-digest") == 1);
  CHECK(verify(signed_own));
}

}  // namespace unit_scheme_rfc9421
