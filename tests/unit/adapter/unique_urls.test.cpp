// SPDX-License-Identifier: MIT
#include <atomic>
#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>
#include <webhook/adapter/unique_urls.hpp>

#include "support/received.hpp"
#include "support/thrown.hpp"

namespace unit_adapter_unique_urls {
using webhook::UniqueUrls;

TEST_CASE("each source gets an unguessable path, which finds it again", "[unique_urls]") {
  UniqueUrls urls;
  const std::string github = urls.mint("github"), shop = urls.mint("shop 1");
  CHECK(github.size() == UniqueUrls::token_size);
  CHECK(github.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
        std::string::npos);
  CHECK(urls.find(github) == "github");
  CHECK(urls.find("/in/" + shop) == "shop 1");
  CHECK(urls.find("https://crm.example/in/" + shop + "?a=/b") == "shop 1");
  for (const std::string& wrong :
       {std::string(), shop.substr(1), shop + "A", shop + "/", std::string(22, 'A'), "/in/" + shop + "/x"})
    CHECK_FALSE(urls.find(wrong));
}

TEST_CASE("no two paths are alike", "[unique_urls]") {
  UniqueUrls urls;
  std::set<std::string> tokens;
  for (int i = 0; i < 1000; ++i) tokens.insert(urls.mint("s"));
  CHECK(tokens.size() == 1000);
  CHECK(urls.list().size() == 1000);
}

TEST_CASE("a path ends when it is revoked, others of its source go on", "[unique_urls]") {
  UniqueUrls urls;
  const std::string old = urls.mint("shop"), replaced = urls.mint("shop"), other = urls.mint("crm");
  CHECK(urls.revoke("/in/" + old));
  CHECK_FALSE(urls.revoke(old));
  CHECK_FALSE(urls.find(old));
  CHECK(urls.find(replaced) == "shop");
  const std::string fresh = urls.mint("shop");
  CHECK(urls.revoke_all("shop", fresh) == 1);
  CHECK(urls.find(fresh) == "shop");
  CHECK(urls.revoke_all("shop") == 1);
  CHECK_FALSE(urls.find(fresh));
  CHECK(urls.find(other) == "crm");
}

TEST_CASE("paths survive a restart, and what is kept of them does not reveal them", "[unique_urls]") {
  UniqueUrls before;
  const std::string token = before.mint("shop");
  const std::vector<UniqueUrls::Entry> kept = before.list();
  REQUIRE(kept.size() == 1);
  CHECK(kept[0].digest.size() == 64);
  CHECK(kept[0].digest.find(token) == std::string::npos);
  UniqueUrls after;
  after.restore(kept);
  CHECK(after.find(token) == "shop");
  CHECK_FALSE(after.find(kept[0].digest));
  CHECK(after.list() == kept);

  UniqueUrls damaged;
  for (const std::string& digest : {std::string(), std::string(63, 'a'), std::string(64, 'g'), std::string(64, 'A')}) {
    const std::vector<UniqueUrls::Entry> entries{kept[0], {"x", digest}};
    CHECK(support::thrown([&] { damaged.restore(entries); }) == webhook::errc::corrupt);
  }
  CHECK(damaged.list().empty());
}

TEST_CASE("paths may be minted, found and revoked from many threads", "[unique_urls]") {
  UniqueUrls urls;
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, name = "source " + std::to_string(t)] {
      for (int i = 0; i < 200; ++i) {
        const std::string token = urls.mint(name);
        if (urls.find(token) != name || !urls.revoke(token) || urls.find(token)) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

// A host with one receiver a source: the path says whose key and whose handlers they are.
TEST_CASE("each source's path leads to its own receiver", "[unique_urls][receiver]") {
  const webhook::ManualClock clock;
  std::vector<std::string> seen;
  webhook::Receiver shop{support::secret(), clock}, crm{support::other_secret(), clock};
  shop.otherwise([&](const nlohmann::json&) { seen.emplace_back("shop"); });
  crm.otherwise([&](const nlohmann::json&) { seen.emplace_back("crm"); });

  UniqueUrls urls;
  const std::string shop_path = "/in/" + urls.mint("shop"), crm_path = "/in/" + urls.mint("crm");
  const auto serve = [&](webhook::Request request, std::string_view path) {
    request.url = "https://this.example" + std::string(path);
    const auto source = urls.find(request.url);
    if (!source) return 404;
    return (*source == "shop" ? shop.handle(request) : crm.handle(request)).status;
  };
  const webhook::Request from_shop = support::signed_request("{}", clock);
  CHECK(serve(from_shop, shop_path) == 204);
  CHECK(serve(from_shop, crm_path) == 401);
  CHECK(serve(from_shop, "/in/" + std::string(22, 'x')) == 404);
  CHECK(urls.revoke(shop_path));
  CHECK(serve(from_shop, shop_path) == 404);
  CHECK(seen == std::vector<std::string>{"shop"});
}

}  // namespace unit_adapter_unique_urls
