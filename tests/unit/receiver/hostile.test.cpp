// SPDX-License-Identifier: MIT
// What a stranger may send to a receiver, and what becomes of it: the whole way, with Standard Webhooks.
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "support/received.hpp"
#include "support/thrown.hpp"

namespace unit_receiver_hostile {

namespace {
using namespace std::chrono_literals;
using namespace std::string_literals;
using support::secret;
using support::signed_request;
using support::with_body;
using webhook::ManualClock;
using webhook::NoInbox;
using webhook::Receiver;
using webhook::Request;
using webhook::Verification;

// The same request, with one header's value replaced, or removed if there is none.
Request with_header(const Request& request, std::string_view name, const std::string* value) {
  Request changed = request;
  changed.headers.clear();
  for (const webhook::Header field : request.headers) {
    if (!webhook::Headers::same_name(field.name, name)) changed.headers.add(field.name, field.value);
  }
  if (value != nullptr) changed.headers.add(name, *value);
  return changed;
}
Request with_header(const Request& request, std::string_view name, const std::string& value) {
  return with_header(request, name, &value);
}
std::string signature_of(const Request& request) {
  return std::string(request.headers.find("webhook-signature").value());
}

// Signed as it stands, whatever the timestamp's text and the id are.
Request signed_as(const std::string& id, const std::string& time, std::string_view body) {
  std::array<unsigned char, 24> key{};  // of secret(), decoded
  REQUIRE(EVP_DecodeBlock(key.data(), reinterpret_cast<const unsigned char*>("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), 32) ==
          24);
  const std::string message = id + "." + time + "." + std::string(body);
  std::array<unsigned char, 32> mac{};
  REQUIRE(HMAC(EVP_sha256(), key.data(), 24, reinterpret_cast<const unsigned char*>(message.data()), message.size(),
               mac.data(), nullptr) != nullptr);
  std::array<unsigned char, 45> text{};
  EVP_EncodeBlock(text.data(), mac.data(), 32);
  const std::string signature(text.begin(), text.begin() + 44);
  Request request;
  request.headers = {{"webhook-id", id}, {"webhook-timestamp", time}, {"webhook-signature", "v1," + signature}};
  request.body = webhook::Bytes(body);
  return request;
}

struct Here {  // a receiver, and what its handler saw
  Here() {
    inbox.otherwise([this](const nlohmann::json&, const webhook::Event&, const Request& request) {
      ++handled;
      last = request;
    });
  }
  ManualClock clock{};
  Receiver<webhook::StandardWebhooks, webhook::JsonSerializer, ManualClock, NoInbox> inbox{secret(), clock, NoInbox{}};
  int handled = 0;
  Request last{};

  Verification::Reason judge(const Request& request) {
    const int before = handled;
    const Verification::Reason reason = inbox.verify(request).reason;
    const int status = inbox.handle(request).status;
    if (reason == Verification::ok) {
      CHECK((status == 204 || status == 400));  // 400: verified, but no JSON
    } else {
      CHECK((status == 400 || status == 401 || status == 413));
      CHECK(handled == before);
    }
    return reason;
  }
};
}  // namespace

TEST_CASE("a body that was changed by one bit, written again, marked or re-ended is refused", "[receiver][G1]") {
  Here here;
  const std::string body = "{\"a\": 1,\n\"b\": 2}";
  const Request good = signed_request(body, here.clock);
  CHECK(here.judge(good) == Verification::ok);
  for (std::size_t bit = 0; bit < 8 * body.size(); ++bit) {
    std::string changed = body;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    CHECK(here.judge(with_body(good, changed)) == Verification::bad_signature);
  }
  for (const std::string& changed :
       {R"({"a":1,"b":2})"s, "\xEF\xBB\xBF" + body, "{\"a\": 1,\r\n\"b\": 2}"s, body + "\n", ""s})
    CHECK(here.judge(with_body(good, changed)) == Verification::bad_signature);
}

TEST_CASE("a timestamp has one spelling, even when another one is signed", "[receiver][G2]") {
  Here here;
  const std::string now = std::to_string(here.clock.now().wall.time_since_epoch() / 1s);
  CHECK(here.judge(signed_as("evt_1", now, "{}")) == Verification::ok);
  for (const std::string& time : {now + ".9", "000" + now, "+" + now, " " + now, now + " ", " " + now + " ", "17_0"s,
                                  now + "e0", now + "abc", "0x" + now, ""s, "1\0"s + "2"}) {
    INFO(time);
    CHECK(here.judge(signed_as("evt_1", time, "{}")) == Verification::malformed);
  }
}

TEST_CASE("absurd timestamps are refused without any overflow", "[receiver][G3]") {
  Here here;
  for (const std::string& time : {"-1"s, "0"s, "nan"s, std::string(40, '9'), "1000000000000"s}) {
    INFO(time);
    CHECK(here.judge(signed_as("evt_1", time, "{}")) == Verification::malformed);
  }
  CHECK(here.judge(signed_as("evt_1", "1", "{}")) == Verification::too_old);
  CHECK(here.judge(signed_as("evt_1", "999999999999", "{}")) == Verification::too_new);
}

TEST_CASE("five minutes either way are taken, and not a second more", "[receiver][G4]") {
  Here here;
  const Request request = signed_request("{}", here.clock);
  const webhook::WallTime sent = here.clock.now().wall;
  const auto at = [&](std::chrono::seconds off) {
    here.clock.set_wall(sent + off);
    return here.judge(request);
  };
  CHECK(at(300s) == Verification::ok);
  CHECK(at(301s) == Verification::too_old);
  CHECK(at(-300s) == Verification::ok);
  CHECK(at(-301s) == Verification::too_new);
}

TEST_CASE("a list of signatures has at most sixteen, and one that fits is enough", "[receiver][G5]") {
  Here here;
  const Request good = signed_request("{}", here.clock);
  const std::string fits = signature_of(good), other = signature_of(signed_request("{ }", here.clock));
  const auto list = [&](std::size_t others, bool with_good) {
    std::string text;
    for (std::size_t i = 0; i < others; ++i) text += other + " ";
    return here.judge(with_header(good, "webhook-signature", with_good ? text + fits : text));
  };
  CHECK(list(0, false) == Verification::malformed);
  CHECK(list(0, true) == Verification::ok);
  CHECK(list(1, true) == Verification::ok);
  CHECK(list(15, true) == Verification::ok);
  CHECK(list(16, true) == Verification::malformed);
  CHECK(list(999, true) == Verification::malformed);
  CHECK(list(2, false) == Verification::bad_signature);
}

TEST_CASE("bad parts of a list are passed over; alone they are refused", "[receiver][G6]") {
  Here here;
  const Request good = signed_request("{}", here.clock);
  const std::string fits = signature_of(good), mac = fits.substr(3);
  for (const std::string& bad :
       {"v1"s, "v1,"s, "V1," + mac, "v1a," + mac, "v1," + mac + ",x", "," + fits, "v1\t" + mac}) {
    INFO(bad);
    CHECK(here.judge(with_header(good, "webhook-signature", bad)) != Verification::ok);
    CHECK(here.judge(with_header(good, "webhook-signature", bad + " " + fits)) == Verification::ok);
    CHECK(here.judge(with_header(good, "webhook-signature", fits + "  " + bad)) == Verification::ok);
  }
}

TEST_CASE("a signature's base64 has one spelling", "[receiver][G7]") {
  Here here;
  // Found by trying: a MAC whose text ends in a character with bits to spare, and has a '+' or '/'.
  for (int i = 0; i < 200; ++i) {
    const Request good = signed_request("{\"i\":" + std::to_string(i) + "}", here.clock);
    const std::string fits = signature_of(good);
    const std::size_t sign = fits.find_first_of("+/");
    if (sign == std::string::npos) continue;
    std::string url_safe = fits, loose = fits;
    url_safe[sign] = url_safe[sign] == '+' ? '-' : '_';
    loose[loose.size() - 2] = static_cast<char>(loose[loose.size() - 2] + 1);
    for (const std::string& bad :
         {fits.substr(0, 10) + "!" + fits.substr(10), fits + "=", fits.substr(0, fits.size() - 1), loose, url_safe,
          fits.substr(0, 10) + "\r\n" + fits.substr(10)}) {
      CHECK(here.judge(with_header(good, "webhook-signature", bad)) == Verification::bad_signature);
    }
    return;
  }
  FAIL("no signature with a '+' or '/' in 200");
}

TEST_CASE("a header that stands there twice is malformed, whichever of the two is good", "[receiver][G9]") {
  Here here;
  const Request good = signed_request("{}", here.clock);
  for (const char* name : {"webhook-id", "webhook-timestamp", "webhook-signature", "Webhook-ID"}) {
    Request twice = good;
    twice.headers.add(name, *good.headers.find(name));
    CHECK(here.judge(twice) == Verification::malformed);
    Request other_first;
    other_first.body = good.body;
    other_first.headers.add(name, "x");
    for (const webhook::Header field : good.headers) other_first.headers.add(field.name, field.value);
    CHECK(here.judge(other_first) == Verification::malformed);
  }
}

TEST_CASE("header names differ in case only, never in '_' for '-'", "[receiver][G10]") {
  Here here;
  const Request good = signed_request("{}", here.clock);
  Request shouted, underscored;
  shouted.body = underscored.body = good.body;
  for (const webhook::Header field : good.headers) {
    std::string name(field.name);
    for (char& c : name) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    shouted.headers.add(name, field.value);
    for (char& c : name) c = c == '-' ? '_' : c;
    underscored.headers.add(name, field.value);
  }
  CHECK(here.judge(shouted) == Verification::ok);
  CHECK(here.judge(underscored) == Verification::missing_header);
}

TEST_CASE("an id has no dot, is not empty, not long and plain ASCII, even when it is signed", "[receiver][G11]") {
  Here here;
  const std::string now = std::to_string(here.clock.now().wall.time_since_epoch() / 1s);
  for (const std::string& id :
       {"evt.1"s, ""s, std::string(10'240, 'x'), "evt\xC3\xBC"s, "evt 1"s, "evt\n1"s, "evt\0001"s}) {
    INFO(id.size());
    CHECK(here.judge(signed_as(id, now, "{}")) == Verification::malformed);
  }
}

TEST_CASE("a body that is not UTF-8 is verified as the bytes that it is", "[receiver][G15]") {
  Here here;
  const std::string body = "{\"a\":\"\xFF\xFE\"}";
  const Request request = signed_request(body, here.clock);
  CHECK(here.judge(request) == Verification::ok);
  CHECK(here.inbox.handle(request).status == 400);  // verified; it is JSON that it cannot be
  CHECK(here.judge(with_body(request, "{\"a\":\"\xEF\xBF\xBD\xEF\xBF\xBD\"}")) == Verification::bad_signature);
}

TEST_CASE("signatures of unknown versions only are unsupported, and never taken", "[receiver][G16]") {
  Here here;
  const Request good = signed_request("{}", here.clock);
  const std::string mac = signature_of(good).substr(3);
  for (const std::string& list : {"v2," + mac, "v0," + mac + " v9," + mac, mac})
    CHECK(here.judge(with_header(good, "webhook-signature", list)) == Verification::unsupported);
}

TEST_CASE("an empty body is verified like any other", "[receiver][G18]") {
  Here here;
  const Request request = signed_request("", here.clock);
  CHECK(here.inbox.verify(request));
  CHECK(here.inbox.handle(request).status == 400);  // no JSON, but it was verified
  CHECK(here.judge(with_body(request, " ")) == Verification::bad_signature);
}

TEST_CASE("a machine whose clock stands before 1970 verifies nothing, and says so", "[receiver][G20]") {
  std::string told;
  ManualClock clock;
  Receiver inbox{secret(), clock, webhook::ReceiverOptions{.on_error = [&](std::string_view text) { told = text; }}};
  inbox.otherwise([](const nlohmann::json&) { FAIL("handled"); });
  const Request request = signed_request("{}", clock);
  clock.set_wall(webhook::WallTime(-1us));
  CHECK(support::thrown([&] { (void)inbox.verify(request); }) == webhook::errc::transient);
  CHECK(inbox.handle(request).status == 500);  // our fault: a refusal could cost us the sender
  CHECK(told.find("before 1970") != std::string::npos);
  clock.set_wall(webhook::WallTime{});
  CHECK(inbox.verify(request).reason == Verification::too_new);
}

}  // namespace unit_receiver_hostile
