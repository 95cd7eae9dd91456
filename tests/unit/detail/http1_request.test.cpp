// SPDX-License-Identifier: MIT
// The head of a request on the wire, and which URLs say plainly where it goes.
#include <webhook/detail/http1_request.hpp>

#include <string>

#include <catch2/catch.hpp>

namespace unit_detail_http1_request {

namespace {

using webhook::detail::Http1Origin;

std::string host_of(const std::string& origin) {
  const auto read = Http1Origin::read(origin);
  return read ? read->host : "none";
}

}  // namespace

TEST_CASE("a plain origin is read, and its usual port is left out of the Host field") {
  CHECK(host_of("https://receiver.example") == "receiver.example");
  CHECK(host_of("https://receiver.example:443") == "receiver.example");
  CHECK(host_of("http://receiver.example:80") == "receiver.example");
  CHECK(host_of("http://receiver.example:443") == "receiver.example:443");
  CHECK(host_of("https://Re-ceiver_1.example:8443") == "Re-ceiver_1.example:8443");
  CHECK(host_of("http://127.0.0.1:54321") == "127.0.0.1:54321");
  CHECK(host_of("https://[2606:4700::1]:8443") == "[2606:4700::1]:8443");
  CHECK(Http1Origin::read("https://a.example")->tls);
  CHECK_FALSE(Http1Origin::read("http://a.example")->tls);
}

TEST_CASE("an origin that libcurl might read otherwise is left to it") {
  for (const char* origin : {"",
                             "https://",
                             "ftp://a.example",
                             "HTTPS://a.example",
                             "https://a.example:",
                             "https://a.example:0",
                             "https://a.example:0443",
                             "https://a.example:65536",
                             "https://a.example:4x",
                             "https://a.example:-1",
                             "https://.a.example",
                             "https://a..example",
                             "https://a.example.",
                             "https://127.1",
                             "https://0x7f.1",
                             "https://2130706433",
                             "https://a.0x7f",
                             "https://127.0.0.1.",
                             "https://%31.example",
                             "https://a@b.example",
                             "https://a;b.example",
                             "https://[::1",
                             "https://[::ffff:127.0.0.1]",
                             "https://[fe80::1%25eth0]",
                             "https://[x]",
                             "https://a.example:1:2",
                             "https://[::1]x",
                             "https://[::1]x:1"}) {
    CAPTURE(origin);
    CHECK(host_of(origin) == "none");
  }
}

TEST_CASE("the origin of a URL ends where its path, its query or its fragment begins") {
  using webhook::detail::http1_origin_of;
  CHECK(http1_origin_of("https://a.example:1/path?x=/y") == "https://a.example:1");
  CHECK(http1_origin_of("https://a.example") == "https://a.example");
  CHECK(http1_origin_of("https://a.example?x=y") == "https://a.example");
  CHECK(http1_origin_of("https://a.example#x") == "https://a.example");
  CHECK(http1_origin_of("a.example").empty());
}

TEST_CASE("a head is written byte for byte") {
  webhook::Request request;
  request.headers = {{"content-type", "application/json"}, {"X-Empty", ""}, {"X-Blank", "  a b\t"}};
  request.body = webhook::Bytes("{}");
  webhook::detail::WireBuffer out;
  CHECK(webhook::detail::write_http1_head(out, request, "a.example", "?q", "webhook/1") == "");
  CHECK(out.view() ==
        "POST /?q HTTP/1.1\r\nHost: a.example\r\ncontent-type: application/json\r\nX-Empty: \r\nX-Blank: a b\r\n"
        "User-Agent: webhook/1\r\nAccept: */*\r\nContent-Length: 2\r\n\r\n");

  webhook::Request bare;
  bare.method = "GET";
  bare.headers = {{"user-agent", "own"}, {"accept", "text/plain"}};
  out.clear();
  out.append("before: ");
  CHECK(webhook::detail::write_http1_head(out, bare, "h", "/", "webhook/1") == "");
  CHECK(out.view() == "before: GET / HTTP/1.1\r\nHost: h\r\nuser-agent: own\r\naccept: text/plain\r\n\r\n");
}

TEST_CASE("a head that would smuggle is not written") {
  const auto wrong = [](const char* name, std::string_view value) {
    webhook::Request request;
    request.headers.add(name, value);
    webhook::detail::WireBuffer out;
    out.append("before");
    const std::string why = webhook::detail::write_http1_head(out, request, "h", "/", "u");
    CHECK(out.view() == "before");
    return why;
  };
  CHECK_THAT(wrong("X A", "a"), Catch::Contains("token"));
  CHECK_THAT(wrong("", "a"), Catch::Contains("token"));
  CHECK_THAT(wrong("X", "a\r\nY: b"), Catch::Contains("control character"));
  CHECK_THAT(wrong("X", std::string_view("a\0", 2)), Catch::Contains("control character"));
  CHECK_THAT(wrong("Content-Length", "1"), Catch::Contains("transport's own"));
  webhook::Request request;
  request.method = "GET / HTTP/1.1\r\n";
  webhook::detail::WireBuffer out;
  CHECK_THAT(webhook::detail::write_http1_head(out, request, "h", "/", "u"), Catch::Contains("method"));
}

}  // namespace unit_detail_http1_request
