// SPDX-License-Identifier: MIT
// A store of a host's own, written from the page of contracts (concepts.hpp, chapter 5): its six words over a vector,
// two maps and a mutex. Short rather than fast: it never forgets, and looks at everything each time.
#ifndef WEBHOOK_EXAMPLES_CUSTOM_STORE_HPP
#define WEBHOOK_EXAMPLES_CUSTOM_STORE_HPP

#include <webhook/concepts.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace example {
using namespace webhook;

class CustomStore {
 public:
  using role = webhook::role::store;

  void append(const Now& now, std::span<const NewEvent> events, std::span<Appended> appended) {
    const std::lock_guard lock(all_->mutex);
    for (std::size_t i = 0; i < events.size(); ++i) {
      const NewEvent& what = events[i];
      appended[i] = Appended::inserted;
      if (what.named) {
        const auto [there, fresh] =
            all_->names.try_emplace({what.event->tenant, std::string(what.event->id.view())}, what.event);
        const bool same = there->second->type == what.event->type && there->second->payload == what.event->payload;
        if (!fresh) appended[i] = same ? Appended::duplicate : Appended::conflict;
        if (!fresh) continue;
      }
      for (const EndpointId endpoint : what.routes) {
        const bool open = !all_->lanes[endpoint].closed();
        all_->rows.push_back({what.event, endpoint, now.steady + what.delay, open ? State::due : State::cancelled});
      }
    }
  }

  Found claim(const Claim& ask, std::vector<Claimed>& claimed) {
    const std::lock_guard lock(all_->mutex);
    const Duration now = ask.now.steady;
    std::vector<Queue*> order;
    for (auto& entry : all_->lanes) order.push_back(&entry.second);
    std::stable_sort(order.begin(), order.end(),
                     [](const Queue* left, const Queue* right) { return left->served < right->served; });
    Found found{all_->registry, std::chrono::hours{1}};
    std::size_t room = ask.most;
    for (Queue* lane : order) {
      std::vector<Row*> waiting;
      std::size_t in_flight = 0;
      for (Row& row : all_->rows) {
        if (row.endpoint != lane->endpoint.id || !row.live()) continue;
        if (row.due > now) {
          in_flight += row.state == State::leased ? 1U : 0U;
        } else if (lane->closed()) {
          row.state = State::cancelled;
        } else {
          waiting.push_back(&row);
        }
      }
      std::stable_sort(waiting.begin(), waiting.end(),
                       [](const Row* left, const Row* right) { return left->due < right->due; });
      std::size_t taken = 0;
      for (Row* row : waiting) {
        if (!lane->open(now) || room == 0 || taken == ask.per_lane || in_flight >= lane->cap) break;
        row->lost += row->state == State::leased ? 1U : 0U;
        row->state = row->word = State::leased;
        row->due = now + ask.lease;
        row->fence = ++all_->fences;
        const auto id = DeliveryId{static_cast<std::uint64_t>(row - all_->rows.data()) + 1};
        claimed.push_back(
            {{id, row->fence}, row->endpoint, lane->endpoint.version, row->event, row->attempts, row->lost});
        ++in_flight, ++taken, --room;
      }
      if (taken > 0) lane->served = ++all_->servings;
      if (taken > 0) lane->spaced = now + static_cast<Duration::rep>(taken) * lane->endpoint.spacing;
      for (const Row& row : all_->rows) {
        if (row.endpoint != lane->endpoint.id || !row.live() || !lane->active()) continue;
        const Duration ready = std::max({row.due, lane->rests, lane->spaced});
        if (ready > now || in_flight < lane->cap)
          found.next = std::min(found.next, std::max(ready - now, Duration::zero()));
      }
    }
    return found;
  }

  void settle(const Now& now, std::span<const Settlement> words, std::span<Settled> settled) {
    const std::lock_guard lock(all_->mutex);
    for (std::size_t i = 0; i < words.size(); ++i) {
      const Settlement& word = words[i];
      settled[i] = {};
      const auto id = static_cast<std::uint64_t>(word.lease.delivery);
      if (id == 0 || id > all_->rows.size()) continue;
      Row& row = all_->rows[id - 1];
      Queue& lane = all_->lanes[row.endpoint];
      if (row.fence == word.lease.fence && row.state == State::leased) {
        settled[i].word = Settled::Word::applied;
        if (word.attempt != nullptr) ++row.attempts;
        if (word.state == State::delivered) {
          lane.failures = 0;
        } else if (word.attempt != nullptr && word.state != State::leased && lane.failures++ == 0) {
          lane.failing = now.steady;
        }
        row.due = now.steady + word.in;
        row.state = row.word = word.state;
        if (lane.closed() && row.state == State::due) row.state = State::cancelled;
      } else if (row.fence == word.lease.fence && row.word == word.state && row.word != State::leased) {
        settled[i].word = Settled::Word::already;
      }
      settled[i].failures = lane.failures;
      settled[i].failing_for = lane.failures == 0 ? Duration::zero() : now.steady - lane.failing;
      settled[i].cap = lane.cap;
    }
  }

  void tune(const Now& now, EndpointId endpoint, const Lane& how) {
    const std::lock_guard lock(all_->mutex);
    all_->lanes[endpoint].cap = how.cap;
    all_->lanes[endpoint].rests = now.steady + how.rest;
  }

  Version put(const Endpoint& description) {
    const std::lock_guard lock(all_->mutex);
    const auto there = all_->lanes.find(description.id);
    const bool fresh = there == all_->lanes.end();
    if ((fresh ? 0 : there->second.endpoint.version) != description.version) {
      throw Error(errc::conflict, "the endpoint was changed in between");
    }
    Queue& lane = all_->lanes[description.id];
    const bool opens = description.state == EndpointState::active && (fresh || !lane.active());
    if (fresh || opens || lane.endpoint.cap != description.cap) lane.cap = description.cap;
    if (opens) lane.rests = Duration::zero();
    if (opens) lane.failures = 0;
    lane.endpoint = description;
    for (Row& row : all_->rows) {
      if (row.endpoint == description.id && lane.closed() && row.state == State::due) row.state = State::cancelled;
    }
    return lane.endpoint.version = ++all_->registry;
  }

  std::vector<Endpoint> endpoints(Version after) {
    const std::lock_guard lock(all_->mutex);
    std::vector<Endpoint> changed;
    for (const auto& entry : all_->lanes) {
      if (entry.second.endpoint.version > after) changed.push_back(entry.second.endpoint);
    }
    return changed;
  }

 private:
  struct Row {
    std::shared_ptr<const Event> event{};
    EndpointId endpoint{};
    Duration due{};
    State state = State::due;
    State word = State::leased;
    Fence fence = 0;
    std::uint32_t attempts = 0, lost = 0;
    bool live() const { return state == State::due || state == State::leased; }
  };
  struct Queue {
    Endpoint endpoint{};
    std::uint32_t cap = 0, failures = 0;
    Duration rests{}, spaced{}, failing{};
    std::uint64_t served = 0;
    bool active() const { return endpoint.state == EndpointState::active; }
    bool open(Duration now) const { return active() && rests <= now && spaced <= now; }
    bool closed() const { return endpoint.state == EndpointState::gone || endpoint.state == EndpointState::removed; }
  };
  struct All {
    std::mutex mutex{};
    std::vector<Row> rows{};  // a delivery's id is its place, from 1
    std::map<EndpointId, Queue> lanes{};
    std::map<std::pair<std::string, std::string>, std::shared_ptr<const Event>> names{};
    Fence fences = 0;
    std::uint64_t servings = 0;
    Version registry = 0;
  };
  std::unique_ptr<All> all_ = std::make_unique<All>();
};

}  // namespace example

#endif
