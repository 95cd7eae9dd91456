// SPDX-License-Identifier: MIT
// EndpointCache: what one worker has asked the router about endpoints, until any of them changes: asking again costs
// neither a lock nor a shared count. It does not know what the endpoints are asked for.
#ifndef WEBHOOK_DETAIL_ENDPOINT_CACHE_HPP
#define WEBHOOK_DETAIL_ENDPOINT_CACHE_HPP

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "../router.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// Not thread-safe.
class EndpointCache {
 public:
  explicit EndpointCache(const Router& router) noexcept : router_(router) {}

  /// As Router::find() answers; valid until the next call. Throws std::bad_alloc.
  const std::shared_ptr<const Endpoint>& find(EndpointId id) {
    const std::uint64_t changes = router_.changes();  // first: what changes after it is seen by the next call
    if (changes != changes_) {
      clear();
      changes_ = changes;
    }
    const auto known = known_.find(id);
    return known != known_.end() ? known->second : known_.emplace(id, router_.find(id)).first->second;
  }

  /// Lets go of every copy: an endpoint that was changed or removed had secrets.
  void clear() noexcept { known_.clear(); }

 private:
  const Router& router_;
  std::uint64_t changes_ = 0;
  std::unordered_map<EndpointId, std::shared_ptr<const Endpoint>> known_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
