// SPDX-License-Identifier: MIT
// Secrets at rest: what a store is given to keep shows none of them, and opens only where it belongs.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>
#include <webhook/store/memory.hpp>
#include <webhook/store/sealed.hpp>
#include <webhook/store/sqlite.hpp>

#include "support/database.hpp"
#include "support/temporary_folder.hpp"

namespace unit_store_sealed {

namespace {
using namespace std::chrono_literals;
using webhook::Endpoint;
using webhook::EndpointId;
using webhook::errc;
using webhook::MemoryStore;
using webhook::Sealed;
using webhook::SealingKey;
using webhook::SealingKeys;
using webhook::Secret;
using webhook::SqliteStore;

static_assert(webhook::Remembers<Sealed<SqliteStore>> && webhook::RoutesLater<Sealed<SqliteStore>>);
static_assert(webhook::JoinsTransaction<Sealed<SqliteStore>, sqlite3*>);
static_assert(!webhook::JoinsTransaction<Sealed<MemoryStore>, sqlite3*>);

SealingKey key(const std::string& id, char letter = 'A') {  // 32 bytes, all of them alike
  const std::string coded = letter == 'A' ? std::string(43, 'A') : "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
  return {id, Secret(coded + "=")};
}

Endpoint endpoint(std::uint64_t id = 1) {
  Endpoint one;
  one.id = EndpointId{id};
  one.url = "https://receiver.example/hooks/T0KEN-IN-PATH";
  one.secrets = {Secret("whsec_FIRST-SECRET"), Secret("user:BASIC-PASSWORD", webhook::WallTime(1'800'000'000s + 7us)),
                 Secret("")};
  one.headers = {{"authorization", "Bearer HEADER-TOKEN"}, {"x-empty", ""}, {"x-empty", "twice"}};
  one.description = "shown";
  one.access.emplace();
  one.access->certificate_key = Secret("-----BEGIN KEY-OF-A-CERTIFICATE");
  one.access->client_id = "shop";
  one.access->client_secret = Secret("CLIENT-PASSWORD");
  return one;
}
const std::vector<std::string_view>& secrets() {
  static const std::vector<std::string_view> all{"T0KEN-IN-PATH", "FIRST-SECRET",         "BASIC-PASSWORD",
                                                 "HEADER-TOKEN",  "KEY-OF-A-CERTIFICATE", "CLIENT-PASSWORD"};
  return all;
}

bool same(const Endpoint& left, const Endpoint& right) {
  const auto fields = [](const Endpoint& one) {
    std::vector<std::string> all;
    for (const webhook::Header field : one.headers)
      all.push_back(std::string(field.name) + ": " + std::string(field.value));
    return all;
  };
  return left.id == right.id && left.url == right.url && left.secrets == right.secrets &&
         fields(left) == fields(right) && left.description == right.description && left.state == right.state &&
         left.access == right.access;
}

struct Told {
  std::error_code code{};
  std::string text{};
};
Told told(const std::function<void()>& call) {
  try {
    call();
  } catch (const webhook::Error& error) {
    for (const std::string_view secret : secrets())
      CHECK(std::string_view(error.what()).find(secret) == std::string::npos);
    return {error.code(), error.what()};
  }
  return {};
}

// What is kept of an endpoint, changed behind the back of the one who sealed it.
void alter(MemoryStore& store, const std::function<void(Endpoint&)>& change) {
  Endpoint kept = store.endpoints(0).front();
  change(kept);
  store.put(kept);
}
}  // namespace

TEST_CASE("what is sealed comes back as it was, and no secret is in the file", "[store][sealed]") {
  const support::TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  {
    Sealed store{SqliteStore{path}, {key("2026-11"), {}}};
    store.put(endpoint());
    Endpoint removed = endpoint(2);
    removed.state = webhook::EndpointState::removed;
    store.put(removed);
  }
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  CHECK(bytes.find("sealed:v1:2026-11:") != std::string::npos);
  CHECK(bytes.find("shown") != std::string::npos);  // else the search would find nothing in any case
  for (const std::string_view secret : secrets()) CHECK(bytes.find(secret) == std::string::npos);

  Sealed again{SqliteStore{path}, {key("2026-11"), {}}};
  const std::vector<Endpoint> all = again.endpoints(0);
  REQUIRE(all.size() == 2);
  CHECK(same(all.front(), endpoint()));
  CHECK(all.back().state == webhook::EndpointState::removed);
}

TEST_CASE("each sealing has a nonce of its own", "[store][sealed]") {
  Sealed store{MemoryStore{}, {key("k"), {}}};
  std::set<std::string> urls;
  for (int i = 0; i < 100; ++i) {
    Endpoint one = endpoint();
    one.version = i == 0 ? 0 : store.store().endpoints(0).front().version;
    store.put(one);
    urls.insert(store.store().endpoints(0).front().url);
  }
  CHECK(urls.size() == 100);
}

TEST_CASE("another key of that id, or none, opens nothing, and the error names the key and the endpoint",
          "[store][sealed]") {
  const support::TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  Sealed{SqliteStore{path}, {key("2026-11"), {}}}.put(endpoint(7));
  const auto read = [&](const SealingKeys& keys) {
    return told([&] { Sealed{SqliteStore{path}, keys}.endpoints(0); });
  };
  const Told wrong = read({key("2026-11", 'B'), {}});
  CHECK(wrong.code == errc::corrupt);
  CHECK_THAT(wrong.text, Catch::Contains("the url of endpoint 7") && Catch::Contains("\"2026-11\""));
  const Told unknown = read({key("2027-01", 'B'), {key("2026-12")}});
  CHECK(unknown.code == errc::invalid_secret);
  CHECK_THAT(unknown.text, Catch::Contains("the url of endpoint 7") && Catch::Contains("the key \"2026-11\"") &&
                               Catch::Contains("SealingKeys::older"));
  CHECK(read({key("2027-01", 'B'), {key("2026-11")}}).text.empty());
}

TEST_CASE("what was moved to another endpoint or field, or changed by a bit, does not open", "[store][sealed]") {
  const auto after = [](const std::function<void(Endpoint&)>& change) {
    Sealed store{MemoryStore{}, {key("k"), {}}};
    store.put(endpoint());
    alter(store.store(), change);
    return told([&] { store.endpoints(0); });
  };
  CHECK(after([](Endpoint&) {}).text.empty());
  Sealed other{MemoryStore{}, {key("k"), {}}};
  other.put(endpoint(2));
  const Endpoint second = other.store().endpoints(0).front();
  CHECK(after([&](Endpoint& kept) { kept.secrets[0] = second.secrets[0]; }).code == errc::corrupt);
  CHECK(after([&](Endpoint& kept) { kept.url = second.url; }).code == errc::corrupt);
  CHECK(after([&](Endpoint& kept) { kept.url = kept.secrets[0].reveal(); }).code == errc::corrupt);
  CHECK(after([&](Endpoint& kept) { kept.secrets[1] = Secret(kept.secrets[1].reveal()); }).code == errc::corrupt);
  CHECK(after([&](Endpoint& kept) { kept.secrets.pop_back(); }).text.empty());
  const std::string url = [] {
    Sealed store{MemoryStore{}, {key("k"), {}}};
    store.put(endpoint());
    return store.store().endpoints(0).front().url;
  }();
  for (std::size_t at = 0; at < url.size(); ++at) {
    const Told error = after([&](Endpoint& kept) { kept.url[at] = kept.url[at] == 'A' ? 'B' : 'A'; });
    CHECK_FALSE(error.text.empty());
  }
  for (const std::string_view cut :
       {"sealed:v1:", "sealed:v1:k", "sealed:v1:k:", "sealed:v1:k:AAAA", "sealed:v1:\n:AAAA"})
    CHECK_FALSE(after([&](Endpoint& kept) { kept.url = cut; }).text.empty());
}

TEST_CASE("what was stored before there was a key is refused, unless the host says so, and then sealed",
          "[store][sealed]") {
  const support::TemporaryFolder folder = support::TemporaryFolder::in_memory();
  const std::string path = folder.file("store.db");
  SqliteStore{path}.put(endpoint());
  const Told refused = told([&] { Sealed{SqliteStore{path}, {key("k"), {}}}.endpoints(0); });
  CHECK(refused.code == errc::corrupt);
  CHECK_THAT(refused.text, Catch::Contains("endpoint 1 is not sealed") && Catch::Contains("accept_clear"));

  Sealed first{SqliteStore{path}, {key("k"), {}, true}};
  CHECK(same(first.endpoints(0).front(), endpoint()));
  CHECK(first.reseal() == 1);
  CHECK(first.reseal() == 0);
  CHECK(same(Sealed{SqliteStore{path}, {key("k"), {}}}.endpoints(0).front(), endpoint()));
}

TEST_CASE("the key is changed while both are readable, and the former may go", "[store][sealed]") {
  const support::TemporaryFolder folder = support::TemporaryFolder::in_memory();
  const std::string path = folder.file("store.db");
  Sealed former{SqliteStore{path}, {key("old"), {key("new", 'B')}}};
  for (std::uint64_t id = 1; id <= 20; ++id) former.put(endpoint(id));
  Sealed rotating{SqliteStore{path}, {key("new", 'B'), {key("old")}}};
  rotating.put(endpoint(21));
  CHECK(rotating.reseal() == 20);
  CHECK(rotating.reseal() == 0);
  CHECK(former.endpoints(0).size() == 21);  // a process that was not restarted yet

  Sealed after{SqliteStore{path}, {key("new", 'B'), {}}};
  const std::vector<Endpoint> all = after.endpoints(0);
  REQUIRE(all.size() == 21);
  CHECK(std::all_of(all.begin(), all.end(),
                    [](const Endpoint& one) { return same(one, endpoint(static_cast<std::uint64_t>(one.id))); }));
}

TEST_CASE("keys that cannot be used are refused by name, and never shown", "[store][sealed]") {
  const auto with = [](const SealingKeys& keys) { return told([&] { Sealed{MemoryStore{}, keys}; }); };
  CHECK(with({{"k", Secret("dG9vIHNob3J0")}, {}}).code == errc::invalid_secret);
  const Told plain = with({{"k", Secret("a password that is no key")}, {}});
  CHECK(plain.code == errc::invalid_secret);
  CHECK_THAT(plain.text,
             Catch::Contains("\"k\"") && Catch::Contains("openssl rand -base64 32") && !Catch::Contains("password"));
  CHECK(with({key("k"), {key("k", 'B')}}).code == errc::invalid);
  for (const char* const id : {"", "with space", "a:b", "\n"}) CHECK(with({key(id), {}}).code == errc::invalid);
  CHECK(with({key(std::string(65, 'k')), {}}).code == errc::invalid);
  CHECK(with({}).code == errc::invalid);
}

}  // namespace unit_store_sealed
