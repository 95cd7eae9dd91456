// SPDX-License-Identifier: MIT
// A signer whose key lives elsewhere, in a key management service say: sign() asks for a signature and answers false
// until it is there. The engine gives the delivery back meanwhile; no attempt is counted, and no worker waits.
#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>
#include <webhook/detail/base64.hpp>
#include <webhook/detail/hmac.hpp>

#include "support/virtual_host.hpp"

namespace unit_dispatcher_remote_key {

namespace {
using namespace std::chrono_literals;
using webhook::Headers;
using webhook::Request;
using webhook::State;

// The service: it holds the keys, takes its time, and may be down. A real one is asked over the network, from a thread
// of its own, so that sign() never waits for it.
class KeyService {
 public:
  void create(const std::string& name, std::string_view key) {
    keys_.emplace(name, webhook::detail::HmacSha256({reinterpret_cast<const unsigned char*>(key.data()), key.size()}));
  }
  bool knows(const std::string& name) const { return keys_.count(name) != 0; }

  // The answer if there is one; else the question is noted.
  std::optional<std::string> signature(const std::string& key, const std::string& message) {
    const auto found = answers_.find(key + '\n' + message);
    if (found != answers_.end()) return found->second;
    questions_.emplace_back(key, message);
    return std::nullopt;
  }

  // Time passes there: all questions are answered, unless it is down.
  void work() {
    if (down) return;
    for (const auto& [key, message] : questions_) {
      std::string text(webhook::detail::base64_size(32), '\0');
      webhook::detail::encode_base64(keys_.at(key)({message}), text.data());
      answers_[key + '\n' + message] = text;
    }
    questions_.clear();
  }

  bool down = false;
  std::size_t asked() const noexcept { return questions_.size(); }

 private:
  std::unordered_map<std::string, webhook::detail::HmacSha256> keys_{};
  std::unordered_map<std::string, std::string> answers_{};
  std::vector<std::pair<std::string, std::string>> questions_{};
};

// What an endpoint holds as its secret is the name of a key: the key itself never comes into this process. What is
// signed has no time in it, so that the answer to an earlier question is the answer to this one.
class RemoteSigner {
 public:
  using role = webhook::role::signer;
  struct Key {
    std::string name{};
  };

  explicit RemoteSigner(std::shared_ptr<KeyService> service) : service_(std::move(service)) {}

  bool signs(std::string_view scheme) const { return scheme.empty() || scheme == "remote"; }
  Key prepare(const webhook::Secret& secret, std::string_view) const {
    Key key{std::string(secret.reveal())};
    if (!service_->knows(key.name))
      throw webhook::Error(webhook::errc::invalid_secret, "the key service has no key of this name; create it first");
    return key;
  }
  bool sign(const webhook::Signing& signing, std::span<Key> keys, Headers& headers) const {
    const std::string message = std::string(signing.id) + "." + std::string(signing.request.body.view());
    std::string all;
    for (const Key& key : keys) {
      const std::optional<std::string> signature = service_->signature(key.name, message);
      if (!signature) return false;
      all += (all.empty() ? "" : " ") + *signature;
    }
    headers.add("X-Id", signing.id);
    headers.add("X-Signature", all);
    return true;
  }

 private:
  std::shared_ptr<KeyService> service_;
};
static_assert(webhook::SignerPolicy<RemoteSigner>);

struct Host {
  std::shared_ptr<KeyService> service = std::make_shared<KeyService>();
  webhook::ManualClock clock{};
  webhook::RecordingTransport transport{};
  webhook::Dispatcher<webhook::RecordingTransport, webhook::JsonSerializer, RemoteSigner, webhook::MemoryStore,
                      webhook::ManualClock>
      hooks{clock, transport, RemoteSigner(service), options()};

  Host() { service->create("key-1", "what the service knows"); }

  static webhook::Options options() {
    webhook::Options options;
    options.seed = 1;
    return options;
  }
  void pass(webhook::Duration time) {
    for (webhook::Duration passed{}; passed < time; passed += 100ms) {
      clock.advance(100ms);
      service->work();
      for (int i = 0; i < 5; ++i) hooks.run_once();
    }
  }
};
}  // namespace

TEST_CASE("a delivery whose signature comes from elsewhere is sent when it is there", "[dispatcher][signer]") {
  Host host;
  host.hooks.add({.url = "https://a.example/", .secrets = {webhook::Secret("key-1")}});
  host.hooks.emit("order.created", {{"price", 1}});
  for (int i = 0; i < 5; ++i) host.hooks.run_once();
  CHECK(host.service->asked() > 0);
  CHECK(host.transport.requests().empty());

  host.pass(1s);
  REQUIRE(host.transport.requests().size() == 1);
  const Request request = host.transport.requests().front();
  webhook::detail::HmacSha256 key({reinterpret_cast<const unsigned char*>("what the service knows"), 22});
  std::string expected(webhook::detail::base64_size(32), '\0');
  webhook::detail::encode_base64(key({request.headers.find("X-Id").value(), ".", request.body.view()}),
                                 expected.data());
  CHECK(request.headers.find("X-Signature") == expected);
  const std::vector<webhook::Delivery> delivered = host.hooks.deliveries({.state = State::delivered});
  REQUIRE(delivered.size() == 1);
  CHECK(delivered[0].attempts == 1);  // the waiting was none
}

TEST_CASE("while a key service is down nothing is lost, and nothing is counted as an attempt", "[dispatcher][signer]") {
  Host host;
  host.hooks.add({.url = "https://a.example/", .secrets = {webhook::Secret("key-1")}});
  host.service->down = true;
  host.hooks.emit("order.created", {{"price", 1}});
  host.pass(5min);
  CHECK(host.transport.requests().empty());
  const std::vector<webhook::Delivery> waiting = host.hooks.deliveries({});
  REQUIRE(waiting.size() == 1);
  CHECK(waiting[0].attempts == 0);

  host.service->down = false;
  host.pass(2s);
  CHECK(host.transport.requests().size() == 1);
  CHECK(host.hooks.deliveries({.state = State::delivered}).size() == 1);
}

TEST_CASE("an endpoint whose key the service does not know is refused", "[dispatcher][signer]") {
  Host host;
  CHECK_THROWS_WITH(host.hooks.add({.url = "https://a.example/", .secrets = {webhook::Secret("key-2")}}),
                    Catch::Contains("no key of this name"));
  CHECK_THROWS_AS(host.hooks.add({.url = "https://a.example/"}), webhook::Error);  // it cannot make one up
}

}  // namespace unit_dispatcher_remote_key
