// SPDX-License-Identifier: MIT
// The contracts take what is just enough, and refuse what is just too little. Most of it is decided by the compiler.
#include "concepts/archetypes.hpp"

#include <webhook/clock/system.hpp>
#include <webhook/dispatcher.hpp>
#include <webhook/scheme/standard.hpp>
#include <webhook/serializer/json.hpp>
#include <webhook/store/memory.hpp>
#include <webhook/testing/manual_clock.hpp>
#include <webhook/testing/recording_transport.hpp>
#include <webhook/transport/curl.hpp>
#include <webhook/transport/function.hpp>

#include <catch2/catch.hpp>

namespace concepts_contracts {
using namespace webhook;

static_assert(ClockPolicy<archetype::Clock> && ClockPolicy<SystemClock> && ClockPolicy<ManualClock>);
static_assert(TransportSession<archetype::Session>);
static_assert(TransportPolicy<archetype::Transport> && TransportPolicy<CurlTransport> &&
              TransportPolicy<RecordingTransport>);
static_assert(ChecksUrls<CurlTransport> && !ChecksUrls<archetype::Transport>);
static_assert(ChecksAccess<CurlTransport> && !ChecksAccess<archetype::Transport>);
static_assert(SerializerPolicy<archetype::Serializer> && SerializerPolicy<JsonSerializer>);
static_assert(Encodes<JsonSerializer, int> && Encodes<JsonSerializer, nlohmann::json> &&
              !Encodes<JsonSerializer, archetype::Clock>);
static_assert(Reads<JsonSerializer> && !Reads<archetype::Serializer>);
static_assert(Decodes<JsonSerializer, std::string> && !Decodes<archetype::Serializer, std::string>);
static_assert(Filters<JsonSerializer> && !Filters<archetype::Serializer>);
static_assert(SignerPolicy<archetype::Signer> && SignerPolicy<StandardWebhooks>);
static_assert(Generates<StandardWebhooks> && !Generates<archetype::Signer>);
static_assert(SchemePolicy<archetype::Scheme> && SchemePolicy<StandardWebhooks> && !SchemePolicy<archetype::Signer>);
static_assert(StorePolicy<archetype::Store> && StorePolicy<MemoryStore>);
static_assert(Remembers<archetype::RememberingStore> && Remembers<MemoryStore> && !Remembers<archetype::Store>);
static_assert(RoutesLater<archetype::RoutingStore> && !RoutesLater<MemoryStore>);
static_assert(JoinsTransaction<archetype::JoiningStore, int*> && !JoinsTransaction<archetype::JoiningStore, char*> &&
              !JoinsTransaction<archetype::RoutingStore, int*>);
static_assert(InboxPolicy<archetype::Inbox> && !InboxPolicy<archetype::Inbox, int*>);

// One thing less each, or one thing wrong.
struct WrongRole : archetype::Clock {
  using role = webhook::role::store;
};
static_assert(!ClockPolicy<WrongRole> && !StorePolicy<WrongRole>);
struct ReadsOneClock : archetype::MoveOnly {
  using role = webhook::role::clock;
  Duration now() const { return {}; }
};
static_assert(!ClockPolicy<ReadsOneClock>);
struct MayThrow : archetype::Session {
  void cancel(Ticket) {}
};
static_assert(!TransportSession<MayThrow>);
struct OpensNothing : archetype::MoveOnly {
  using role = webhook::role::transport;
  int open() { return 0; }
};
static_assert(!TransportPolicy<OpensNothing>);
struct Immovable : archetype::Transport {
  Immovable(Immovable&&) = delete;
};
static_assert(!TransportPolicy<Immovable>);
struct WritesText : archetype::Serializer {
  std::string render(const Event&, std::string_view) const { return {}; }
};
static_assert(!SerializerPolicy<WritesText>);
struct SignsInSilence : archetype::Signer {
  void sign(const Signing&, std::span<Key>, Headers&) const {}
};
static_assert(!SignerPolicy<SignsInSilence>);
struct VerifiesWithBool : archetype::Signer {
  bool verify(const Request&, std::span<Key>, const Now&, Duration) const { return true; }
};
static_assert(!SchemePolicy<VerifiesWithBool>);
struct ClaimsBlindly : archetype::Store {
  void claim(const Claim&, std::vector<Claimed>&) {}
};
static_assert(!StorePolicy<ClaimsBlindly>);

TEST_CASE("a dispatcher runs on the least that the contracts allow") {
  Dispatcher hooks{archetype::Store(), archetype::Clock(), archetype::Signer(), archetype::Transport(),
                   archetype::Serializer()};
  const Endpoint endpoint = hooks.add({.url = "anything:at-all", .secrets = {Secret("k")}});
  CHECK(endpoint.version == 1);
  CHECK(hooks.emit_bytes("a.b", "payload").endpoints == 1);
  CHECK(hooks.run_once() == 0);
  CHECK_THROWS_AS(hooks.add({.url = "without:a-secret"}), Error);
  hooks.stop(Duration::zero());
}

TEST_CASE("policies are sorted into their places, whatever their order") {
  using Wanted =
      Dispatcher<archetype::Transport, archetype::Serializer, archetype::Signer, archetype::Store, archetype::Clock>;
  using OneWay = decltype(Dispatcher{archetype::Clock(), archetype::Store(), archetype::Signer(),
                                     archetype::Serializer(), archetype::Transport()});
  using OtherWay = decltype(Dispatcher{archetype::Signer(), archetype::Transport(), Options(), archetype::Store(),
                                       archetype::Serializer(), archetype::Clock()});
  STATIC_REQUIRE(std::is_same_v<OneWay, Wanted>);
  STATIC_REQUIRE(std::is_same_v<OtherWay, Wanted>);
  STATIC_REQUIRE(std::is_same_v<decltype(Dispatcher{}),
                                Dispatcher<CurlTransport, JsonSerializer, StandardWebhooks, MemoryStore, SystemClock>>);
  const auto function = [](const Request&) { return Response(); };
  STATIC_REQUIRE(std::is_same_v<decltype(Dispatcher{function}),
                                Dispatcher<FunctionTransport<std::remove_const_t<decltype(function)>>>>);
}

}  // namespace concepts_contracts
