// SPDX-License-Identifier: MIT
// Inboxes that mark in a transaction of the host's, as the conformance suite asks for one: each word commits by itself.
#ifndef WEBHOOK_TESTS_SUPPORT_JOINED_INBOX_HPP
#define WEBHOOK_TESTS_SUPPORT_JOINED_INBOX_HPP

#include <webhook/concepts.hpp>

#include <string_view>
#include <utility>

namespace support {

/// `Host::commit(call)` calls with a handle that has an open transaction, commits, and returns what the call did; from
/// any thread.
template <class Inbox, class Host>
class Committing {
 public:
  using role = webhook::role::inbox;

  explicit Committing(Host host) : host_(std::move(host)) {}

  bool first(std::string_view key, const webhook::Now& now, webhook::Duration keep) {
    return host_.commit([&](typename Inbox::Handle handle) { return inbox_.first(handle, key, now, keep); });
  }
  void forget(std::string_view key) {
    host_.commit([&](typename Inbox::Handle handle) {
      inbox_.forget(handle, key);
      return true;
    });
  }

 private:
  Host host_;
  Inbox inbox_{};
};

}  // namespace support

#endif
