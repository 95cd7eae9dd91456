// SPDX-License-Identifier: MIT
// WrongStore: a memory store with one chosen fault, to prove that the conformance suite and the model notice it.
#ifndef WEBHOOK_TESTS_SUPPORT_WRONG_STORE_HPP
#define WEBHOOK_TESTS_SUPPORT_WRONG_STORE_HPP

#include <algorithm>
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
  spacing_ignored
};

class WrongStore {
 public:
  using role = webhook::role::store;

  explicit WrongStore(StoreFault fault, const webhook::MemoryOptions& options = {})
      : store_(options), fault_(fault), known_(std::make_unique<Known>()) {}

  void append(const webhook::Now& now, std::span<const webhook::NewEvent> events,
              std::span<webhook::Appended> appended) {
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
    store_.settle(now, changed, settled);
    for (webhook::Settled& answer : settled) {
      if (!is(StoreFault::settle_counts_twice) || answer.word != webhook::Settled::Word::already) continue;
      answer.word = webhook::Settled::Word::applied;
      ++answer.failures;
    }
  }

  void tune(const webhook::Now& now, webhook::EndpointId endpoint, const webhook::Lane& how) {
    webhook::Lane changed = how;
    if (is(StoreFault::rest_ignored)) changed.rest = webhook::Duration::zero();
    if (is(StoreFault::cap_ignored)) changed.cap = 1000;
    store_.tune(now, endpoint, changed);
  }

  webhook::Version put(const webhook::Endpoint& description) {
    webhook::Endpoint changed = description;
    if (is(StoreFault::cap_ignored)) changed.cap = 1000;
    if (is(StoreFault::spacing_ignored)) changed.spacing = webhook::Duration::zero();
    if (is(StoreFault::removed_endpoint_served) && changed.state == webhook::EndpointState::removed) {
      changed.state = webhook::EndpointState::paused;
    }
    if (is(StoreFault::version_unchecked)) {
      for (const webhook::Endpoint& there : store_.endpoints(0)) {
        if (there.id == changed.id) changed.version = there.version;
      }
    }
    return store_.put(changed);
  }

  std::vector<webhook::Endpoint> endpoints(webhook::Version after) { return store_.endpoints(after); }

 private:
  struct Known {
    std::mutex mutex{};
    std::map<webhook::DeliveryId, webhook::Fence> fences{};
  };
  bool is(StoreFault fault) const noexcept { return fault_ == fault; }

  webhook::MemoryStore store_;
  StoreFault fault_;
  std::unique_ptr<Known> known_;
};

#endif
