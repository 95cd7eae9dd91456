// SPDX-License-Identifier: MIT
// BesideMemory: a random sequence on two stores, one of them the memory store: order, keys, supersede and parking
// included, which the model of the conformance suite does not know.
#ifndef WEBHOOK_TESTS_SUPPORT_BESIDE_MEMORY_HPP
#define WEBHOOK_TESTS_SUPPORT_BESIDE_MEMORY_HPP

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <webhook/store/memory.hpp>
#include <webhook/testing/store_bench.hpp>

namespace support {

using namespace webhook;

/// The same random sequence on a store and on the memory store, which is the reading of the page.
template <webhook::StorePolicy Store>
class BesideMemory {
 public:
  /// `alone`: the store knows that nobody else writes to it, and says exactly when to come again.
  BesideMemory(Store&& other, std::uint64_t seed, bool alone)
      : state_(seed), alone_(alone), leases_last_(seed % 2 == 0), other_(std::move(other)) {
    for (std::uint64_t id = 1; id <= 4; ++id) {
      Endpoint endpoint;
      endpoint.id = EndpointId{id};
      endpoint.cap = static_cast<std::uint32_t>(1 + random(3));
      change(endpoint);
      put(endpoint);
    }
  }

  std::string step() {
    time_.pass(std::chrono::milliseconds{1 + random(random(4) == 0 ? 4000 : 50)});
    switch (random(20)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
        return append();
      case 5:
      case 6:
      case 7:
      case 8:
      case 9:
        return claim();
      case 10:
      case 11:
      case 12:
      case 13:
      case 14:
        return settle();
      case 15:
        return amend();
      case 16:
        return random(3) == 0 ? change_one() : "";
      case 17:
        return tune();
      case 18:
        return prune();
      default:
        return compare();
    }
  }

 private:
  std::uint64_t random(std::uint64_t below) noexcept {  // splitmix64
    std::uint64_t bits = state_ += 0x9E3779B97F4A7C15U;
    bits = (bits ^ (bits >> 30U)) * 0xBF58476D1CE4E5B9U;
    bits = (bits ^ (bits >> 27U)) * 0x94D049BB133111EBU;
    return (bits ^ (bits >> 31U)) % below;
  }
  EndpointId lane() noexcept { return EndpointId{1 + random(4)}; }

  void change(Endpoint& endpoint) {
    endpoint.order = static_cast<Order>(random(3));
    endpoint.supersede = leases_last_ && random(3) == 0;
  }
  std::string put(const Endpoint& endpoint) {
    return memory_.put(endpoint) == other_.put(endpoint) ? "" : "put gave another version";
  }
  std::string change_one() {
    const EndpointId id = lane();
    for (Endpoint& endpoint : other_.endpoints(0)) {
      if (endpoint.id != id) continue;
      // What becomes of those in flight when an order changes is tested in unit/store/sqlite.test.cpp.
      if (random(2) == 0 && other_.find({.endpoint = id, .state = State::leased}).empty()) change(endpoint);
      static constexpr EndpointState states[] = {EndpointState::active, EndpointState::active, EndpointState::active,
                                                 EndpointState::paused, EndpointState::gone};
      endpoint.state = endpoint.state == EndpointState::active ? states[random(5)] : EndpointState::active;
      endpoint.spacing = std::chrono::milliseconds{random(4) == 0 ? random(500) : 0};
      return put(endpoint);
    }
    return "endpoints(0) left one out";
  }

  std::string append() {
    static const char* const keys[] = {"", "a", "b"};
    std::vector<std::vector<EndpointId>> routes(1 + random(3));
    std::vector<NewEvent> events;
    const Version registry = version();
    for (auto& to : routes) {
      for (std::uint64_t id = 1; id <= 4; ++id) {
        if (random(2) == 0) to.push_back(EndpointId{id});
      }
      auto event = std::make_shared<Event>();
      event->id = EventId("e" + std::to_string(++events_));
      event->type = "order.created";
      event->key = keys[random(3)];
      event->payload = Bytes(std::string(random(20), 'x'));
      events.push_back(
          {event, to, registry, random(2) == 0, std::chrono::milliseconds{random(4) == 0 ? random(3000) : 0}});
    }
    std::vector<Appended> one(events.size()), other(events.size());
    memory_.append(time_.now(), events, one);
    other_.append(time_.now(), events, other);
    return one == other ? "" : "append gave another answer";
  }

  std::string claim() {
    const Claim ask{time_.now(), WorkerId{1},
                    std::chrono::milliseconds{100 + random(leases_last_ ? 1'000'000'000 : 3000)},
                    static_cast<std::size_t>(1 + random(8)), static_cast<std::size_t>(1 + random(4))};
    std::vector<Claimed> one, other;
    const Found found = memory_.claim(ask, one), there = other_.claim(ask, other);
    const auto shown = [](const std::vector<Claimed>& claimed) {
      std::string text;
      for (const Claimed& each : claimed) {
        text += std::string(each.event->id.view()) + ":" + std::to_string(static_cast<std::uint64_t>(each.endpoint)) +
                "/" + std::to_string(each.attempts) + "/" + std::to_string(each.lost) + "@" +
                std::to_string(each.version) + " ";
      }
      return text;
    };
    if (shown(one) != shown(other)) return "claimed " + shown(other) + " and not " + shown(one);
    for (std::size_t i = 0; i < one.size(); ++i) held_.push_back({one[i].lease, other[i].lease});
    if (found.registry != there.registry) return "found another registry";
    const bool in_time =
        alone_ ? found.next == there.next
               : there.next <= found.next && (there.next == Duration::zero()) == (found.next == Duration::zero());
    if (!in_time) {
      return "next in " + std::to_string(there.next.count()) + " and not " + std::to_string(found.next.count());
    }
    return "";
  }

  std::string settle() {
    if (held_.empty()) return "";
    static constexpr State states[] = {State::delivered, State::due,    State::due,  State::dead,
                                       State::leased,    State::parked, State::dead, State::delivered};
    const std::size_t at = held_.size() - 1 - random((std::min)(held_.size(), std::size_t{10}));
    Attempt attempt;
    attempt.status = 500;
    Settlement word{held_[at].memory, states[random(8)], std::chrono::milliseconds{random(2000)},
                    random(3) == 0 ? nullptr : &attempt};
    Settled one, other;
    memory_.settle(time_.now(), {&word, 1}, {&one, 1});
    word.lease = held_[at].other;
    other_.settle(time_.now(), {&word, 1}, {&other, 1});
    if (random(3) != 0) held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(at));
    const bool same = one.word == other.word && one.cap == other.cap && one.failures == other.failures &&
                      one.failing_for == other.failing_for;
    const auto shown = [](const Settled& answer) {
      return std::to_string(static_cast<int>(answer.word)) + "/" + std::to_string(answer.failures) + "/" +
             std::to_string(answer.failing_for.count()) + "/" + std::to_string(answer.cap);
    };
    return same ? "" : "answered " + shown(other) + " to " + std::string(to_string(word.state)) + ", not " + shown(one);
  }

  std::string tune() {
    const Lane how{static_cast<std::uint32_t>(random(4)), std::chrono::milliseconds{random(2) == 0 ? random(2000) : 0}};
    const EndpointId id = lane();
    memory_.tune(time_.now(), id, how);
    other_.tune(time_.now(), id, how);
    return "";
  }

  std::string amend() {
    Query query;
    query.endpoint = lane();
    query.most = 1 + random(5);
    if (random(2) == 0) query.state = static_cast<State>(random(9));
    const State to = random(2) == 0 ? State::due : State::cancelled;
    const std::size_t one = memory_.amend(time_.now(), query, to), other = other_.amend(time_.now(), query, to);
    return one == other ? "" : "amended " + std::to_string(other) + " and not " + std::to_string(one);
  }

  std::string prune() {
    if (random(8) != 0) return "";
    constexpr std::size_t most =
        1'000'000;  // of those that ended at one moment, which go first is a store's own choice
    const std::size_t one = memory_.prune(time_.now(), std::chrono::seconds{20}, most);
    return other_.prune(time_.now(), std::chrono::seconds{20}, most) == one ? "" : "pruned more or fewer";
  }

  std::string compare() {
    const Query all{.most = 1'000'000};
    const auto one = memory_.find(all), other = other_.find(all);
    if (one.size() != other.size()) return "keeps more or fewer deliveries";
    for (std::size_t i = 0; i < one.size(); ++i) {
      if (one[i].event == other[i].event && one[i].endpoint == other[i].endpoint && one[i].state == other[i].state &&
          one[i].attempts == other[i].attempts)
        continue;
      return std::string(one[i].event.view()) + " for " + std::to_string(static_cast<std::uint64_t>(one[i].endpoint)) +
             " is " + std::string(to_string(other[i].state)) + " and not " + std::string(to_string(one[i].state));
    }
    const Backlog here = memory_.backlog(time_.now()), there = other_.backlog(time_.now());
    // Whether a lease that ran out counts as leased until somebody looks is a store's own choice.
    const bool same = here.due + here.leased == there.due + there.leased && here.parked == there.parked &&
                      here.bytes == there.bytes && here.oldest == there.oldest;
    return same ? "" : "backlog differs";
  }

  Version version() {
    Version newest = 0;
    for (const Endpoint& endpoint : memory_.endpoints(0)) newest = (std::max)(newest, endpoint.version);
    return newest;
  }

  std::uint64_t state_;
  bool alone_;
  bool leases_last_;  // when a lease that ran out is noticed is a store's own choice, and what supersedes it then, too
  VirtualTime time_{};
  MemoryStore memory_{};
  Store other_;
  std::uint64_t events_ = 0;
  struct Held {
    Lease memory{}, other{};
  };
  std::vector<Held> held_{};
};

/// Runs about `operations` of them, in sequences on a store each; returns the first difference, or "".
template <class Make>
std::string check_beside_memory(const Make& make, std::size_t operations, bool alone) {
  constexpr std::size_t sequence = 400;
  std::uint64_t seed = 1;
  for (std::size_t done = 0; done < operations; done += sequence, ++seed) {
    BesideMemory beside(make(), seed, alone);
    for (std::size_t step = 0; step < sequence; ++step) {
      const std::string wrong = beside.step();
      if (!wrong.empty()) return "seed " + std::to_string(seed) + ", step " + std::to_string(step) + ": " + wrong;
    }
  }
  return "";
}

}  // namespace support

#endif
