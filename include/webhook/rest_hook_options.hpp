// SPDX-License-Identifier: MIT
// RestHookOptions: who may subscribe, to what, and how the endpoints that come of it are served, as data.
// The requests themselves are answered by rest_hooks.hpp.
#ifndef WEBHOOK_REST_HOOK_OPTIONS_HPP
#define WEBHOOK_REST_HOOK_OPTIONS_HPP

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "endpoint.hpp"
#include "http.hpp"
#include "time.hpp"

namespace webhook {
inline namespace v0 {

/// Settings of RestHooks.
struct RestHookOptions {
  /// Whose subscriptions a request is about: a tenant's name ("" if there is but one), or nothing for a stranger. By an
  /// API key or a token in its headers; called for every request, from any thread.
  std::function<std::optional<std::string>(const Request&)> authenticate{};

  std::vector<std::string> events{};  ///< patterns that may be subscribed to; none: any
  std::vector<std::string>
      formats{};  ///< that a subscriber may ask for ("format": "xml"), instead of the endpoint's own
  std::size_t body_limit = 64 * 1024;  ///< bytes

  /// What a new endpoint has beside its URL, event and tenant: format, scheme, cap, spacing. Its description is the
  /// mark by which subscriptions are told from other endpoints; "" stands for "REST hook".
  Endpoint endpoint{};

  bool show_secret =
      false;  ///< tell the subscriber the key that deliveries are signed with, in the answer; Zapier needs none

  /// Ask the URL first whether it wants this: POST with X-Hook-Secret, to be sent back in the answer, or later as a
  /// header of POST …/<id>. Until then nothing is sent. handle() then waits for that answer. Zapier does not support
  /// it.
  bool confirm = false;
  Duration confirm_within = std::chrono::seconds{10};
};

}  // namespace v0
}  // namespace webhook

#endif
