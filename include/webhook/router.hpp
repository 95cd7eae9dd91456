// SPDX-License-Identifier: MIT
// Router: the engine's copy of the registry, and the answer to "who wants this event?".
// It takes endpoints as they are; checking them is endpoint_rules.hpp's, storing them the store's.
#ifndef WEBHOOK_ROUTER_HPP
#define WEBHOOK_ROUTER_HPP

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "detail/stripes.hpp"
#include "endpoint.hpp"
#include "pattern.hpp"

namespace webhook {
inline namespace v0 {

/// Who gets an event, as the registry stood at one version.
struct Routes {
  std::vector<EndpointId> endpoints{};                        ///< those that take every event of the type
  std::vector<std::shared_ptr<const Endpoint>> candidates{};  ///< those with a filter, which sees the data
  Version registry = 0;
};

/// Whether an endpoint asked for events of that tenant, type and channel, its filter left aside; never if it was removed.
inline bool subscribes(const Endpoint& endpoint, std::string_view tenant, std::string_view type,
                       std::string_view channel) {
  if (endpoint.state == EndpointState::removed || endpoint.tenant != tenant) return false;
  bool listens = endpoint.channels.empty();
  for (const std::string& one : endpoint.channels) listens = listens || one == channel;
  if (!listens) return false;
  for (const std::string& pattern : endpoint.events) {
    if (matches_pattern(pattern, type)) return true;
  }
  return false;
}

/// Knows every endpoint and who subscribed to what. Thread-safe; an answer is remembered until an endpoint changes, so
/// that asking costs a hash and a short lock.
class Router {
 public:
  /// Takes over endpoints as the store has them, newer versions replacing older ones. `complete`: nothing is missing
  /// between version() and the newest of them; otherwise version() stays, so that the store is asked for the rest.
  void update(std::vector<Endpoint> changed, bool complete = true) {
    const Forgetting forgetting(
        *this);  // last, whatever happens: what is remembered tells of the endpoints as they were
    const std::lock_guard lock(mutex_);
    Version newest = version_;
    for (Endpoint& endpoint : changed) {
      newest = (std::max)(newest, endpoint.version);
      const auto known = endpoints_.find(endpoint.id);
      if (known != endpoints_.end() && known->second->version >= endpoint.version) continue;
      auto taken =
          std::make_shared<const Endpoint>(std::move(endpoint));  // before there is a place for it: this may throw
      const EndpointId id = taken->id;
      endpoints_.insert_or_assign(id, std::move(taken));
      changes_.fetch_add(1, std::memory_order_release);
    }
    if (complete) version_ = newest;
  }

  /// How many endpoints were taken over: as long as it stays the same, find() gives the same answers.
  std::uint64_t changes() const noexcept { return changes_.load(std::memory_order_acquire); }

  /// How many endpoints of a tenant there are, without the removed ones.
  std::size_t count(std::string_view tenant) const {
    const std::lock_guard lock(mutex_);
    std::size_t found = 0;
    for (const auto& [id, endpoint] : endpoints_) {
      found += endpoint->state != EndpointState::removed && endpoint->tenant == tenant ? 1U : 0U;
    }
    return found;
  }

  /// The newest change that was taken over.
  Version version() const {
    const std::lock_guard lock(mutex_);
    return version_;
  }

  /// The endpoint, removed ones too; null if there never was one of that id.
  std::shared_ptr<const Endpoint> find(EndpointId id) const {
    const std::lock_guard lock(mutex_);
    const auto found = endpoints_.find(id);
    return found == endpoints_.end() ? nullptr : found->second;
  }

  /// All but the removed ones, of one tenant.
  std::vector<Endpoint> list(std::string_view tenant) const {
    const std::lock_guard lock(mutex_);
    std::vector<Endpoint> listed;
    for (const auto& [id, endpoint] : endpoints_) {
      if (endpoint->state != EndpointState::removed && endpoint->tenant == tenant) listed.push_back(*endpoint);
    }
    return listed;
  }

  /// How many endpoints there are in each state.
  std::array<std::size_t, 5> count_states() const {
    const std::lock_guard lock(mutex_);
    std::array<std::size_t, 5> counts{};
    for (const auto& [id, endpoint] : endpoints_) ++counts[static_cast<std::size_t>(endpoint->state)];
    return counts;
  }

  /// Who gets an event of that tenant, type and channel; null: nobody does. Throws Error (errc::invalid_type) for a malformed
  /// type.
  std::shared_ptr<const Routes> routes(std::string_view tenant, std::string_view type, std::string_view channel = {}) {
    Answers& answers = answers_.mine();
    const std::lock_guard lock(answers.mutex);
    if (const auto found = answers.remembered.find(Asked{tenant, type, channel}); found != answers.remembered.end())
      return found->second;
    check_event_type(type);
    std::shared_ptr<const Routes> routes = find_out(tenant, type, channel);
    // Tenants, types and channels may come from strangers: the memory is bounded, and forgets all at once because that is rare.
    if (answers.remembered.size() >= most_remembered) answers.remembered.clear();
    answers.remembered.emplace(Question{std::string(tenant), std::string(type), std::string(channel)}, routes);
    return routes;
  }

 private:
  static constexpr std::size_t most_remembered = 4096;  // by each stripe

  struct Asked {
    std::string_view tenant{}, type{}, channel{};
  };
  struct Question {
    std::string tenant{}, type{}, channel{};
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const Asked& asked) const noexcept {
      const std::hash<std::string_view> hash;
      const std::size_t labels =
          asked.tenant.empty() && asked.channel.empty() ? 0 : hash(asked.tenant) * 31U + hash(asked.channel) * 961U;
      return hash(asked.type) ^ labels;
    }
    std::size_t operator()(const Question& question) const noexcept {
      return (*this)(Asked{question.tenant, question.type, question.channel});
    }
  };
  struct Same {
    using is_transparent = void;
    template <class Left, class Right>
    bool operator()(const Left& left, const Right& right) const noexcept {
      return left.type == right.type && left.tenant == right.tenant && left.channel == right.channel;
    }
  };

  struct Answers {
    std::mutex mutex{};  // held while an answer is found out: an update that comes meanwhile has it forgotten again
    std::unordered_map<Question, std::shared_ptr<const Routes>, Hash, Same> remembered{};
  };
  struct Forgetting {
    explicit Forgetting(Router& all) noexcept : router(all) {}
    Forgetting(const Forgetting&) = delete;
    Forgetting& operator=(const Forgetting&) = delete;
    ~Forgetting() {
      router.answers_.each([](Answers& answers) {
        const std::lock_guard lock(answers.mutex);
        answers.remembered.clear();
      });
    }
    Router& router;
  };

  std::shared_ptr<const Routes> find_out(std::string_view tenant, std::string_view type,
                                         std::string_view channel) const {
    const std::lock_guard lock(mutex_);
    auto routes = std::make_shared<Routes>();
    routes->registry = version_;
    for (const auto& [id, endpoint] : endpoints_) {
      if (endpoint->state == EndpointState::gone || !subscribes(*endpoint, tenant, type, channel)) continue;
      if (endpoint->filter.empty()) {
        routes->endpoints.push_back(id);
      } else {
        routes->candidates.push_back(endpoint);
      }
    }
    if (routes->endpoints.empty() && routes->candidates.empty()) return nullptr;  // cheap to copy
    return routes;
  }

  mutable std::mutex mutex_{};
  std::unordered_map<EndpointId, std::shared_ptr<const Endpoint>> endpoints_{};
  Version version_ = 0;
  std::atomic<std::uint64_t> changes_{0};
  detail::Stripes<Answers> answers_{};
};

}  // namespace v0
}  // namespace webhook

#endif
