// SPDX-License-Identifier: MIT
// check_store_model: random sequences of operations on a store, with the model (store_model.hpp) as the judge.
// A seed gives the same sequence on every machine, so a difference can be had again. One thread, virtual time.
#ifndef WEBHOOK_TESTING_STORE_CHECKER_HPP
#define WEBHOOK_TESTING_STORE_CHECKER_HPP

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../concepts.hpp"
#include "store_bench.hpp"
#include "store_model.hpp"

namespace webhook {
inline namespace v0 {

/// One random sequence on one store.
template <StorePolicy Store>
class StoreWalk {
 public:
  StoreWalk(Store&& fresh, std::uint64_t seed) : store_(std::move(fresh)), state_(seed) {
    for (std::uint64_t id = 1; id <= lanes; ++id) {
      Endpoint endpoint;
      endpoint.id = EndpointId{id};
      endpoint.url = "https://receiver.example/" + std::to_string(id);
      endpoint.cap = static_cast<std::uint32_t>(1 + random(4));
      // A lane is spaced or tuned, not both: how the two mix is a store's own choice.
      if (spaced(endpoint.id)) endpoint.spacing = std::chrono::milliseconds{random(3000)};
      store_.put(endpoint);
      model_.put(endpoint);
    }
  }

  /// Does one random thing; returns what the store did wrong, or "".
  std::string step() {
    time_.pass(std::chrono::milliseconds{1 + random(random(4) == 0 ? 4000 : 50)});
    switch (random(16)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return append();
      case 4:
      case 5:
      case 6:
      case 7:
        return claim();
      case 8:
      case 9:
      case 10:
      case 11:
      case 12:
        return settle();
      case 13:
        return tune();
      case 14:
        return random(4) == 0 ? put() : "";
      default:
        return remember();
    }
  }

 private:
  static constexpr std::uint64_t lanes = 5;

  std::uint64_t random(
      std::uint64_t below) noexcept {  // splitmix64: the same everywhere, unlike <random>'s distributions
    std::uint64_t bits = state_ += 0x9E3779B97F4A7C15U;
    bits = (bits ^ (bits >> 30U)) * 0xBF58476D1CE4E5B9U;
    bits = (bits ^ (bits >> 27U)) * 0x94D049BB133111EBU;
    return (bits ^ (bits >> 31U)) % below;
  }
  EndpointId lane() noexcept { return EndpointId{1 + random(lanes)}; }
  static bool spaced(EndpointId id) noexcept { return id == EndpointId{1}; }

  std::string append() {
    std::vector<std::vector<EndpointId>> routes(1 + random(3));
    std::vector<NewEvent> events;
    std::vector<Appended> expected;
    for (std::vector<EndpointId>& to : routes) {
      for (std::uint64_t id = 1; id <= lanes; ++id) {
        if (random(3) == 0) to.push_back(EndpointId{id});
      }
      if (to.empty()) to.push_back(lane());
      const bool again = !named_.empty() && random(6) == 0;
      const bool fresh_name = !again && random(4) == 0;
      std::shared_ptr<const Event> event;
      if (again) {
        event = named_[random(named_.size())];
        expected.push_back(Appended::duplicate);
        if (random(2) == 0) {
          auto other = std::make_shared<Event>(*event);
          other->payload = Bytes("something else");
          event = other;
          expected.back() = Appended::conflict;
        }
      } else {
        auto made = std::make_shared<Event>();
        made->id = EventId("e" + std::to_string(++events_));
        made->type = "order.created";
        made->payload = Bytes("{}");
        event = made;
        expected.push_back(Appended::inserted);
        if (fresh_name) named_.push_back(event);
      }
      const Duration delay = std::chrono::milliseconds{random(4) == 0 ? random(5000) : 0};
      if (expected.back() == Appended::inserted) model_.append(event->id.view(), to, time_.now().steady + delay);
      events.push_back({event, to, model_.registry, again || fresh_name, delay});
    }
    std::vector<Appended> answers(events.size(), Appended::conflict);
    store_.append(time_.now(), events, answers);
    return answers == expected ? "" : "append gave another answer than inserted, duplicate or conflict as it should be";
  }

  std::string claim() {
    const Claim ask{time_.now(), WorkerId{1}, std::chrono::milliseconds{100 + random(4000)},
                    static_cast<std::size_t>(1 + random(8)), static_cast<std::size_t>(1 + random(4))};
    std::vector<Claimed> claimed;
    const Found found = store_.claim(ask, claimed);
    for (const Claimed& one : claimed) held_.push_back(one.lease);
    return model_.claim(ask, claimed, found);
  }

  std::string settle() {
    if (held_.empty()) return "";
    static constexpr std::array<State, 8> states{State::delivered, State::due,        State::due,
                                                 State::dead,      State::leased,     State::delivered,
                                                 State::expired,   State::quarantined};
    const std::size_t at = held_.size() - 1 - random(held_.size() < 12 ? held_.size() : 12);  // mostly of late
    Attempt attempt;
    attempt.fence = held_[at].fence;
    attempt.status = 500;
    const bool tried = random(3) != 0;
    const Settlement word{held_[at], states[random(states.size())], std::chrono::milliseconds{random(3000)},
                          tried ? &attempt : nullptr};
    const std::size_t times = random(5) == 0 ? 2 : 1;  // the same word twice, as after errc::unknown_commit
    for (std::size_t i = 0; i < times; ++i) {
      Settled answer;
      store_.settle(time_.now(), {&word, 1}, {&answer, 1});
      std::string wrong = model_.settle(time_.now().steady, word, answer);
      if (!wrong.empty()) return wrong;
    }
    if (random(4) != 0) held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(at));
    return "";
  }

  std::string tune() {
    const EndpointId id = lane();
    if (spaced(id)) return "";
    const Lane how{static_cast<std::uint32_t>(1 + random(5)),
                   std::chrono::milliseconds{random(2) == 0 ? random(3000) : 0}};
    store_.tune(time_.now(), id, how);
    model_.tune(time_.now().steady, id, how);
    return "";
  }

  std::string put() {
    const Version known = model_.registry == 0 ? 0 : model_.registry - 1;
    for (const Endpoint& changed : store_.endpoints(known)) {
      if (changed.version != model_.registry) return "endpoints(after) returned something older";
    }
    const EndpointId id = lane();
    for (Endpoint& endpoint : store_.endpoints(0)) {
      if (endpoint.id != id) continue;
      static constexpr std::array<EndpointState, 8> states{
          EndpointState::active, EndpointState::active,   EndpointState::active, EndpointState::active,
          EndpointState::paused, EndpointState::disabled, EndpointState::gone,   EndpointState::removed};
      endpoint.state = endpoint.state == EndpointState::active ? states[random(states.size())] : EndpointState::active;
      endpoint.cap = static_cast<std::uint32_t>(1 + random(4));
      const Version given = store_.put(endpoint);
      model_.put(endpoint);
      // The model counts changes; a store may leave gaps.
      return given == model_.registry ? "" : "put gave another version than the next one";
    }
    return "endpoints(0) left one out";
  }

  std::string remember() {
    if constexpr (Remembers<Store>) {
      if (random(8) == 0) {
        const EndpointId id = lane();
        const State to = random(2) == 0 ? State::due : State::cancelled;
        const std::size_t amended = store_.amend(time_.now(), {.endpoint = id, .most = 1'000'000}, to);
        return amended == model_.amend(time_.now().steady, id, to) ? "" : "amend changed more or fewer than it should";
      }
      if (random(8) == 0) return compare(store_.find({.most = 1'000'000}));
    }
    return "";
  }

  std::string compare(const std::vector<Delivery>& all) const {
    if (all.size() != model_.rows.size()) return "find({}) returned more or fewer deliveries than there are";
    for (std::size_t i = 0; i < all.size(); ++i) {
      // Within one event the order of its deliveries is the store's choice.
      const auto same = [&](const StoreModel::Row& row) {
        return row.event == all[i].event.view() && row.endpoint == all[i].endpoint;
      };
      const auto row = std::find_if(model_.rows.begin(), model_.rows.end(), same);
      if (row == model_.rows.end() || model_.rows[i].event != row->event)
        return "find({}) is not in the order of appending";
      // A lost lease of a gone endpoint: cancelled at the next claim, or at once.
      const bool either = row->state == State::leased && StoreModel::closed(model_.lanes.at(row->endpoint)) &&
                          row->due <= time_.now().steady;
      if (row->state != all[i].state && !(either && all[i].state == State::cancelled)) {
        return "found " + row->event + " " + std::string(to_string(all[i].state)) + ", not " +
               std::string(to_string(row->state));
      }
      if (row->attempts != all[i].attempts) return "found " + row->event + " with another number of attempts";
    }
    return "";
  }

  Store store_;
  VirtualTime time_{};
  StoreModel model_{};
  std::uint64_t state_;
  std::uint64_t events_ = 0;
  std::vector<std::shared_ptr<const Event>> named_{};
  std::vector<Lease> held_{};
};

/// Runs about `operations` random operations, in sequences of a few hundred, each on a fresh store. Returns the first
/// difference with its seed and step ("seed 7, step 31: ..."), or "" if there is none. The store must have room for
/// some thousand deliveries, pending or over, and go by the clock readings it is handed.
template <class Make>
std::string check_store_model(Make make, std::uint64_t seed, std::size_t operations, std::size_t sequence = 400) {
  for (std::size_t done = 0; done < operations; done += sequence, ++seed) {
    StoreWalk walk(make(), seed);
    for (std::size_t step = 0; step < sequence; ++step) {
      std::string wrong;
      try {
        wrong = walk.step();
      } catch (const std::exception& error) {
        wrong = std::string("threw \"") + error.what() + '"';
      }
      if (!wrong.empty()) return "seed " + std::to_string(seed) + ", step " + std::to_string(step) + ": " + wrong;
    }
  }
  return "";
}

}  // namespace v0
}  // namespace webhook

#endif
