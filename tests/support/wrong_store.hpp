// SPDX-License-Identifier: MIT
// WrongStore: a memory store with one chosen fault, to prove that the conformance suite and the model notice it.
#ifndef WEBHOOK_TESTS_SUPPORT_WRONG_STORE_HPP
#define WEBHOOK_TESTS_SUPPORT_WRONG_STORE_HPP

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include "webhook/store/memory.hpp"

enum class StoreFault {
  none,
  fence_ignored,
  lease_ignored,
  wakes_too_late,
  append_in_pieces,
  duplicate_taken_as_new,
  rest_ignored,
  lease_never_ends,
  settle_counts_twice,
  cap_ignored,
  lost_leases_not_counted,
  newest_served_first,
  version_unchecked,
  removed_endpoint_served,
  spacing_ignored,
  // Not for the suite and the model, which ask nothing of the kind yet; for the simulator.
  lane_forgotten_after_settle,
  lane_forgotten_after_tune,
  lane_forgotten_after_put,
  order_ignored,
  head_skipped,
  parked_key_passed,
  superseded_sent,
  schedule_forgotten,
  resend_lost
};

class WrongStore {
 public:
  using role = webhook::role::store;

  explicit WrongStore(StoreFault fault, const webhook::MemoryOptions& options = {})
      : store_(options), fault_(fault), known_(std::make_unique<Known>()) {}

  void append(const webhook::Now& now, std::span<const webhook::NewEvent> events,
              std::span<webhook::Appended> appended) {
    for (const webhook::NewEvent& event : events) {
      for (const webhook::EndpointId id : event.routes) remember(now, id);
    }
    if (!is(StoreFault::append_in_pieces) && !is(StoreFault::duplicate_taken_as_new))
      return store_.append(now, events, appended);
    for (std::size_t i = 0; i < events.size(); ++i) {
      webhook::NewEvent one = events[i];
      if (is(StoreFault::duplicate_taken_as_new)) one.named = false;
      store_.append(now, {&one, 1}, appended.subspan(i, 1));
    }
  }

  webhook::Found claim(const webhook::Claim& ask, std::vector<webhook::Claimed>& claimed) {
    webhook::Claim changed = ask;
    if (is(StoreFault::lease_ignored)) changed.lease = webhook::Duration::zero();
    if (is(StoreFault::lease_never_ends)) changed.lease = std::chrono::hours{10000};
    const std::size_t before = claimed.size();
    webhook::Found found = store_.claim(changed, claimed);
    if (is(StoreFault::wakes_too_late)) found.next += std::chrono::seconds{30};
    if (is(StoreFault::newest_served_first))
      std::reverse(claimed.begin() + static_cast<std::ptrdiff_t>(before), claimed.end());
    const std::lock_guard lock(known_->mutex);
    for (std::size_t i = before; i < claimed.size(); ++i) {
      known_->fences[claimed[i].lease.delivery] = claimed[i].lease.fence;
      known_->endpoints[claimed[i].lease.delivery] = claimed[i].endpoint;
      if (is(StoreFault::lost_leases_not_counted)) claimed[i].lost = 0;
    }
    return found;
  }

  void settle(const webhook::Now& now, std::span<const webhook::Settlement> words,
              std::span<webhook::Settled> settled) {
    std::vector<webhook::Settlement> changed(words.begin(), words.end());
    if (is(StoreFault::fence_ignored)) {
      const std::lock_guard lock(known_->mutex);
      for (webhook::Settlement& word : changed) {
        const auto there = known_->fences.find(word.lease.delivery);
        if (there != known_->fences.end()) word.lease.fence = there->second;
      }
    }
    if (is(StoreFault::parked_key_passed)) {
      for (webhook::Settlement& word : changed) {
        if (word.state == webhook::State::parked) word.state = webhook::State::dead;
      }
    }
    store_.settle(now, changed, settled);
    if (is(StoreFault::lane_forgotten_after_settle)) {
      const std::lock_guard lock(known_->mutex);
      for (std::size_t i = 0; i < words.size(); ++i) {
        if (settled[i].word == webhook::Settled::Word::applied)
          forget(now, known_->endpoints[words[i].lease.delivery], settled[i].cap);
      }
    }
    for (webhook::Settled& answer : settled) {
      if (!is(StoreFault::settle_counts_twice) || answer.word != webhook::Settled::Word::already) continue;
      answer.word = webhook::Settled::Word::applied;
      ++answer.failures;
    }
  }

  void tune(const webhook::Now& now, webhook::EndpointId endpoint, const webhook::Lane& how) {
    const std::lock_guard lock(known_->mutex);
    known_->rests[endpoint] = now.steady + how.rest;
    webhook::Lane changed = how;
    if (is(StoreFault::rest_ignored)) changed.rest = webhook::Duration::zero();
    if (is(StoreFault::cap_ignored)) changed.cap = 1000;
    if (is(StoreFault::head_skipped)) changed.cap = 1;
    if (is(StoreFault::lane_forgotten_after_tune)) return forget(now, endpoint, how.cap);
    known_->forgotten.erase(endpoint);  // it is served again, and at this cap
    store_.tune(now, endpoint, changed);
  }

  webhook::Version put(const webhook::Endpoint& description) {
    webhook::Endpoint changed = description;
    if (is(StoreFault::cap_ignored)) changed.cap = 1000;
    if (is(StoreFault::head_skipped)) changed.cap = 1;  // so that the others go only while the first waits
    if (is(StoreFault::head_skipped) || is(StoreFault::order_ignored)) changed.order = webhook::Order::none;
    if (is(StoreFault::superseded_sent)) changed.supersede = false;
    if (is(StoreFault::spacing_ignored)) changed.spacing = webhook::Duration::zero();
    if (is(StoreFault::removed_endpoint_served) && changed.state == webhook::EndpointState::removed) {
      changed.state = webhook::EndpointState::paused;
    }
    if (is(StoreFault::version_unchecked)) {
      for (const webhook::Endpoint& there : store_.endpoints(0)) {
        if (there.id == changed.id) changed.version = there.version;
      }
    }
    const webhook::Version version = store_.put(changed);
    const bool active = changed.state == webhook::EndpointState::active;
    const std::lock_guard lock(known_->mutex);
    if (active && !std::exchange(known_->active[changed.id], active)) known_->rests.erase(changed.id);
    known_->active[changed.id] = active;
    if (const auto there = known_->forgotten.find(changed.id); there != known_->forgotten.end())
      there->second = (std::min)(there->second, changed.cap);
    if (is(StoreFault::lane_forgotten_after_put)) forget({}, changed.id, changed.cap);
    return version;
  }

  std::vector<webhook::Endpoint> endpoints(webhook::Version after) {
    std::vector<webhook::Endpoint> all = store_.endpoints(after);
    if (is(StoreFault::schedule_forgotten)) {
      for (webhook::Endpoint& endpoint : all) endpoint.retry.reset();
    }
    return all;
  }

  std::vector<webhook::Delivery> find(const webhook::Query& query) { return store_.find(query); }
  std::vector<webhook::Attempt> attempts(webhook::DeliveryId delivery) { return store_.attempts(delivery); }
  std::vector<webhook::KeptEvent> events(const webhook::EventQuery& query) { return store_.events(query); }
  webhook::Backlog backlog(const webhook::Now& now) { return store_.backlog(now); }
  std::size_t amend(const webhook::Now& now, const webhook::Query& query, webhook::State to) {
    if (is(StoreFault::resend_lost) && to == webhook::State::due) return store_.find(query).size();
    return store_.amend(now, query, to);
  }
  std::size_t replay(const webhook::Now& now, std::span<const webhook::Route> routes) {
    return store_.replay(now, routes);
  }
  std::size_t prune(const webhook::Now& now, webhook::Duration age, std::size_t most) {
    return store_.prune(now, age, most);
  }

 private:
  struct Known {
    std::recursive_mutex mutex{};  // what is forgotten is remembered within other words
    std::map<webhook::DeliveryId, webhook::Fence> fences{};
    std::map<webhook::DeliveryId, webhook::EndpointId> endpoints{};
    std::map<webhook::EndpointId, std::uint32_t> forgotten{};  // with the cap in force
    std::map<webhook::EndpointId, webhook::Duration> rests{};  // until then
    std::map<webhook::EndpointId, bool> active{};
  };

  /// The lane is not put where it belongs after something about it changed: nobody serves it until something else puts
  /// it there.
  void forget(const webhook::Now& now, webhook::EndpointId id, std::uint32_t cap) {
    const std::lock_guard lock(known_->mutex);
    known_->forgotten[id] = cap;
    store_.tune(now, id, webhook::Lane{cap, std::chrono::hours{1'000'000}});
  }
  void remember(const webhook::Now& now, webhook::EndpointId id) {
    const std::lock_guard lock(known_->mutex);
    const auto there = known_->forgotten.find(id);
    if (there == known_->forgotten.end()) return;
    const auto rests = known_->rests.find(id);
    const webhook::Duration left =
        rests == known_->rests.end() ? webhook::Duration::zero() : rests->second - now.steady;
    store_.tune(now, id, webhook::Lane{there->second, (std::max)(left, webhook::Duration::zero())});
    known_->forgotten.erase(there);
  }
  bool is(StoreFault fault) const noexcept { return fault_ == fault; }

  webhook::MemoryStore store_;
  StoreFault fault_;
  std::unique_ptr<Known> known_;
};

#endif
