// SPDX-License-Identifier: MIT
// The least that each contract allows: nothing here does anything, and nothing may be taken away.
#ifndef WEBHOOK_TESTS_CONCEPTS_ARCHETYPES_HPP
#define WEBHOOK_TESTS_CONCEPTS_ARCHETYPES_HPP

#include <webhook/concepts.hpp>

#include <vector>

namespace archetype {

struct MoveOnly {
  MoveOnly() = default;
  MoveOnly(MoveOnly&&) = default;  // a policy need not be copyable, nor assignable
  MoveOnly& operator=(MoveOnly&&) = delete;
};

struct Clock : MoveOnly {
  using role = webhook::role::clock;
  webhook::Now now() const { return {}; }
};

struct Session {
  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  unsigned char room() { return 0; }
  void start(webhook::Ticket, const webhook::Request&) {}
  void poll(webhook::Duration, webhook::Exchanges&) {}
  void cancel(webhook::Ticket) noexcept {}
  void wake() noexcept {}
};

struct Transport : MoveOnly {
  using role = webhook::role::transport;
  Session open() { return Session(); }
};

struct Serializer : MoveOnly {
  using role = webhook::role::serializer;
  bool renders(std::string_view) const { return true; }
  webhook::Rendering render(const webhook::Event&, std::string_view) const { return {}; }
};

struct Signer : MoveOnly {
  using role = webhook::role::signer;
  struct Key : MoveOnly {};
  bool signs(std::string_view) const { return true; }
  Key prepare(const webhook::Secret&, std::string_view) const { return Key(); }
  bool sign(const webhook::Signing&, std::span<Key>, webhook::Headers&) const { return true; }
};

struct Scheme : Signer {
  webhook::Verification verify(const webhook::Request&, std::span<Key>, const webhook::Now&, webhook::Duration) const {
    return {};
  }
};

struct Store : MoveOnly {
  using role = webhook::role::store;
  void append(const webhook::Now&, std::span<const webhook::NewEvent>, std::span<webhook::Appended>) {}
  webhook::Found claim(const webhook::Claim&, std::vector<webhook::Claimed>&) { return {}; }
  void settle(const webhook::Now&, std::span<const webhook::Settlement>, std::span<webhook::Settled>) {}
  void tune(const webhook::Now&, webhook::EndpointId, const webhook::Lane&) {}
  webhook::Version put(const webhook::Endpoint&) { return 1; }
  std::vector<webhook::Endpoint> endpoints(webhook::Version) { return {}; }
};

struct RoutingStore : Store {
  std::vector<webhook::KeptEvent> unrouted(std::size_t) { return {}; }
  bool route(const webhook::Now&, std::span<const webhook::Route>, webhook::Version) { return true; }
};

struct JoiningStore : RoutingStore {  // a handle of the host's own
  using Store::append;
  void append(int*, std::span<const webhook::NewEvent>, std::span<webhook::Appended>) {}
};

struct RememberingStore : Store {
  std::vector<webhook::Delivery> find(const webhook::Query&) { return {}; }
  std::vector<webhook::Attempt> attempts(webhook::DeliveryId) { return {}; }
  std::size_t amend(const webhook::Now&, const webhook::Query&, webhook::State) { return 0; }
  std::vector<webhook::KeptEvent> events(const webhook::EventQuery&) { return {}; }
  webhook::Backlog backlog(const webhook::Now&) { return {}; }
  std::size_t replay(const webhook::Now&, std::span<const webhook::Route>) { return 0; }
  std::size_t prune(const webhook::Now&, webhook::Duration, std::size_t) { return 0; }
};

struct Inbox : MoveOnly {
  using role = webhook::role::inbox;
  bool first(std::string_view, const webhook::Now&, webhook::Duration) { return true; }
  void forget(std::string_view) {}
};

}  // namespace archetype

#endif
