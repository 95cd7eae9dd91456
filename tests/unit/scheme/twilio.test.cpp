// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <webhook/scheme/twilio.hpp>

#include "support/vectors.hpp"

namespace unit_scheme_twilio {

namespace {
using namespace std::string_literals;
using webhook::Request;
using webhook::Twilio;
using webhook::Verification;

constexpr std::string_view token = "12345";
constexpr std::int64_t now = 1700000000;

Request form(std::string_view url, std::string_view body, std::string_view type = "application/x-www-form-urlencoded") {
  Request request;
  request.url = url;
  if (!type.empty()) request.headers.add("content-type", type);
  request.body = webhook::Bytes(body);
  return request;
}
std::string signature(const Request& request) {
  return std::string(support::sign(Twilio(), request, {token}, now).find("X-Twilio-Signature").value());
}
// The verdict on `received` with the signature that was made of `sent`.
Verification judge(const Request& sent, Request received) {
  received.headers.add("X-Twilio-Signature", signature(sent));
  return support::verify(Twilio(), received, {token}, now);
}
bool same(std::string_view sent, std::string_view received) {
  return judge(form(sent, "a=b"), form(received, "a=b")).reason == Verification::ok;
}
}  // namespace

TEST_CASE("a form is signed by its parameters, however it is written", "[scheme][twilio]") {
  const std::string url = "https://example.com/sms";
  const Request sent = form(url, "To=%2B1&Body=It%27s+me&From=%2B2");
  for (const char* body : {"Body=It's%20me&From=%2b2&To=%2B1", "From=%2B2&&To=%2B1&Body=It%27s+me&"})
    CHECK(judge(sent, form(url, body)).reason == Verification::ok);
  for (const char* body :
       {"To=%2B1&Body=It%27s+me&From=%2B3", "To=%2B1&Body=It%27s+me", "", "To=%2B1&Body=It%27s+me&From=%2B2&More=1"})
    CHECK(judge(sent, form(url, body)).reason == Verification::bad_signature);
  CHECK(judge(form(url, "a=1&a=2"), form(url, "a=2&a=1&a=2")).reason == Verification::ok);
  CHECK(judge(form(url, "a"), form(url, "a=")).reason == Verification::ok);
  CHECK(judge(form(url, "a=100%"), form(url, "a=100%25")).reason == Verification::ok);
  CHECK(judge(form(url, "a=1", "Application/X-WWW-Form-Urlencoded; charset=utf-8"), form(url, "a=1")).reason ==
        Verification::ok);
}

TEST_CASE("parameters are sorted as Twilio's systems sort text, by UTF-16 code units", "[scheme][twilio]") {
  using webhook::detail::twilio_parameters;
  CHECK(twilio_parameters("b=2&a=1") == "a1b2");
  CHECK(twilio_parameters("Reason=P&ReasonConferenceEnded=t&Rea=x") == "ReaxReasonPReasonConferenceEndedt");
  CHECK(twilio_parameters("a=1&B=2") == "B2a1");
  // U+1F600 (a surrogate pair in UTF-16) comes before U+FF01, though its bytes are greater.
  CHECK(twilio_parameters("%EF%BC%81=b&%F0%9F%98%80=a") == "\xF0\x9F\x98\x80"s + "a" + "\xEF\xBC\x81"s + "b");
  CHECK(twilio_parameters("%C3%A9=b&z=a") == "za\xC3\xA9"s + "b");
}

TEST_CASE("every spelling of a URL that Twilio or a proxy may have had is tried", "[scheme][twilio]") {
  CHECK(same("https://example.com/a", "https://example.com:443/a"));
  CHECK(same("https://example.com:443/a", "https://example.com/a"));
  CHECK(same("http://example.com:80/a", "http://example.com/a"));
  CHECK(same("https://example.com/a", "https://example.com:8443/a"));
  CHECK_FALSE(same("https://example.com:8443/a", "https://example.com/a"));
  CHECK(same("https://u:p@[::1]/a", "https://u:p@[::1]:8443/a"));
  CHECK(same("https://u:p@[::1]:443/a", "https://u:p@[::1]/a"));
  CHECK(same("https://example.com?a='", "https://example.com?a=%27"));
  CHECK(same("https://example.com/?a=%27", "https://example.com/?a='"));
  CHECK(same("https://example.com/?a=b%20c", "https://example.com/?a=b+c"));
  CHECK_FALSE(same("https://example.com/a", "http://example.com/a"));
  CHECK_FALSE(same("https://example.com/a", "https://example.com/b"));
  CHECK_FALSE(same("https://example.com/a", "https://example.org/a"));
  CHECK_FALSE(same("https://example.com/a?b=1", "https://example.com/a"));
  CHECK_FALSE(same("https://user@example.com/a", "https://example.com/a"));
  CHECK(same("example.com", "example.com"));  // no URL at all is only itself
  CHECK(same("https://example.com/?a=1#part", "https://example.com:443/?a=1#part"));
}

TEST_CASE("a body that is no form must be named by the URL", "[scheme][twilio]") {
  const std::string url = "https://example.com/hook?a=1", body = R"({"property": "value"})";
  const std::string named = Twilio::url_for(url, body);
  CHECK(named.substr(0, url.size() + 12) == url + "&bodySHA256=");
  CHECK(Twilio::url_for("https://example.com/#part", "").substr(0, 32) == "https://example.com/?bodySHA256=");
  CHECK(judge(form(named, body, "application/json"), form(named, body, "application/json")).reason == Verification::ok);
  CHECK(judge(form(named, body, ""), form(named, body + " ", "application/json")).reason ==
        Verification::bad_signature);

  const Request nobody = form(url, "", "");
  CHECK(judge(nobody, nobody).reason == Verification::ok);
  for (const char* type : {"application/json", "", "multipart/form-data", "application/x-www-form-urlencodedx"})
    CHECK(judge(nobody, form(url, body, type)).reason == Verification::unsupported);
  CHECK_THROWS_WITH(signature(form(url, body, "application/json")), Catch::Contains("bodySHA256"));
}

TEST_CASE("a digest of the body that is none, or stands in the URL twice, is malformed", "[scheme][twilio]") {
  const std::string url = "https://example.com/", named = Twilio::url_for(url, "{}");
  std::string upper = named;
  for (std::size_t at = upper.find('=') + 1; at < upper.size(); ++at)
    upper[at] = upper[at] >= 'a' ? static_cast<char>(upper[at] - 32) : upper[at];
  for (const std::string& bad : {url + "?bodySHA256=", url + "?bodySHA256=00", named + "0", upper,
                                 named + "&" + named.substr(named.find('?') + 1)})
    CHECK(judge(form(url, "", ""), form(bad, "{}", "application/json")).reason == Verification::malformed);
  CHECK(judge(form(url, "", ""), form(url + "?bodySHA2567=", "", "")).reason == Verification::bad_signature);
}

TEST_CASE("Twilio's headers are judged before anything is computed", "[scheme][twilio]") {
  Request request = form("https://example.com/", "a=b");
  CHECK(support::verify(Twilio(), request, {token}, now).header == "X-Twilio-Signature");
  const std::string good = signature(request);
  for (const std::string& text : {good + "=", good.substr(0, 27), good + good, ""s, " " + good}) {
    Request changed = request;
    changed.headers.add("X-Twilio-Signature", text);
    CHECK(support::verify(Twilio(), changed, {token}, now).reason == Verification::malformed);
  }
  request.headers.add("X-Twilio-Signature", good);
  CHECK(support::verify(Twilio(), request, {"other", token}, now).key == 1);
  CHECK(support::verify(Twilio(), request, {}, now).reason == Verification::unknown_key);
  request.headers.add("I-Twilio-Idempotency-Token", "msg_1");
  CHECK(support::verify(Twilio(), request, {token}, now).id == "msg_1");
  request.headers.add("x-twilio-signature", good);
  CHECK(support::verify(Twilio(), request, {token}, now).reason == Verification::malformed);
  Request long_url = form("https://example.com/" + std::string(Twilio::max_url, 'a'), "");
  long_url.headers.add("X-Twilio-Signature", good);
  CHECK(support::verify(Twilio(), long_url, {token}, now).reason == Verification::malformed);
}

}  // namespace unit_scheme_twilio
