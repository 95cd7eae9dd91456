// SPDX-License-Identifier: MIT
// NoInbox: remembers nothing, for handlers whose effect may happen twice, or who find duplicates themselves.
// Without a seen-set a request that is sent again within the tolerance of its timestamp is handled again.
#ifndef WEBHOOK_INBOX_NONE_HPP
#define WEBHOOK_INBOX_NONE_HPP

#include <string_view>

#include "../concepts.hpp"

namespace webhook {
inline namespace v0 {

/// A seen-set that has never seen anything. Stateless: thread-safe.
class NoInbox {
 public:
  using role = webhook::role::inbox;

  bool first(std::string_view, const Now&, Duration) const noexcept { return true; }
  void forget(std::string_view) const noexcept {}
};

static_assert(InboxPolicy<NoInbox>);

}  // namespace v0
}  // namespace webhook

#endif
