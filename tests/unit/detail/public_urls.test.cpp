// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>
#include <webhook/detail/public_urls.hpp>

namespace unit_detail_public_urls {
using webhook::Clue;
using webhook::Headers;
using webhook::Request;

namespace {
std::vector<std::string> guesses(std::string_view url, Headers headers = {}) {
  Request request;
  request.url = std::string(url);
  request.headers = std::move(headers);
  std::vector<std::string> urls;
  for (const auto& guess : webhook::detail::PublicUrls::of(request)) urls.push_back(guess.url);
  return urls;
}
bool has(const std::vector<std::string>& urls, std::string_view url) {
  for (const std::string& each : urls) {
    if (each == url) return true;
  }
  return false;
}
}  // namespace

TEST_CASE("the other scheme and the path with or without its last slash are always guessed", "[detail][url]") {
  CHECK(guesses("http://a/hooks?x=1") == std::vector<std::string>{"https://a/hooks?x=1", "http://a/hooks/?x=1"});
  CHECK(guesses("https://a/hooks/") == std::vector<std::string>{"http://a/hooks/", "https://a/hooks"});
  CHECK(guesses("https://a").size() == 2);
}

TEST_CASE("what proxies say of the public host and path is guessed", "[detail][url]") {
  CHECK(has(guesses("http://10.0.0.7:8080/h", {{"X-Forwarded-Host", "shop.example, inner.example"}}),
            "https://shop.example/h"));
  CHECK(has(guesses("http://10.0.0.7/h", {{"Forwarded", "for=1.2.3.4; Host=\"shop.example:8443\";proto=https"}}),
            "https://shop.example:8443/h"));
  CHECK(has(guesses("http://10.0.0.7/h", {{"Host", "shop.example"}}), "http://shop.example/h"));
  CHECK(has(guesses("http://shop.example/h", {{"X-Forwarded-Prefix", "/api"}}), "https://shop.example/api/h"));
  CHECK(has(guesses("http://10.0.0.7/h", {{"x-forwarded-host", "shop.example"}, {"x-original-uri", "/api/h?a=1"}}),
            "https://shop.example/api/h?a=1"));
}

TEST_CASE("guesses are few, and never the URL itself", "[detail][url]") {
  const Headers all{{"host", "a"},
                    {"x-forwarded-host", "b"},
                    {"forwarded", "host=c"},
                    {"x-forwarded-prefix", "/p"},
                    {"x-original-uri", "/q"}};
  const auto urls = guesses("http://c/h", all);
  CHECK(urls.size() <= webhook::detail::PublicUrls::most);
  CHECK_FALSE(has(urls, "http://c/h"));
  CHECK(guesses("").empty());
  CHECK(guesses("/hooks").empty());
  CHECK(guesses("http://c/h", {{"x-forwarded-host", std::string(5000, 'x')}, {"forwarded", ";;==host"}}).size() == 2);
}

}  // namespace unit_detail_public_urls
