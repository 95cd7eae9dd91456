// SPDX-License-Identifier: MIT
// Options: what a host may set for a whole dispatcher, as data.
// What belongs to one endpoint is in endpoint.hpp; what belongs to one policy is in the policy's own options.
#ifndef WEBHOOK_OPTIONS_HPP
#define WEBHOOK_OPTIONS_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "breaker.hpp"
#include "notice.hpp"
#include "retry.hpp"
#include "time.hpp"

namespace webhook {
inline namespace v0 {

/// What emit does when the store is full.
enum class WhenFull : std::uint8_t {
  reject,  ///< throws errc::full at once
  wait,    ///< waits for room, at most Options::wait_for_room, and throws errc::full then; never waits in an observer
  drop_oldest  ///< cancels the oldest pending deliveries, with a notice each; for stores that remember
};

/// Settings of a Dispatcher; the defaults are those of the Standard Webhooks specification where it has any.
struct Options {
  RetrySchedule retry{};                                ///< for every endpoint that has none of its own
  Duration timeout = std::chrono::seconds{15};          ///< of one attempt, where the endpoint says nothing
  Duration longest_timeout = std::chrono::seconds{30};  ///< an endpoint may not ask for more; a lease lasts 15 s longer
  BreakerRule breaker{};                                ///< when an endpoint that only fails is left alone for a while
  Duration disable_after = std::chrono::hours{5 * 24};  ///< an endpoint that only failed for so long is disabled
  std::vector<Duration> warn_after{std::chrono::hours{24}, std::chrono::hours{4 * 24}};  ///< notices before that
  std::size_t max_payload = 256 * 1024;              ///< bytes of an encoded payload; more is errc::too_large
  std::size_t max_endpoints = 10'000;                ///< of one tenant
  std::size_t keep_response = 4 * 1024;              ///< bytes of an answer's body that the delivery log keeps
  WhenFull when_full = WhenFull::reject;             ///< at the store's bounds on deliveries and bytes
  Duration wait_for_room = std::chrono::seconds{1};  ///< with WhenFull::wait
  std::size_t workers = 1;                           ///< threads that start() makes
  std::size_t per_lane = 8;                          ///< started at most for one endpoint before another has its turn
  std::optional<std::string> operational{};  ///< a tenant: its endpoints may subscribe to the dispatcher's own events,
                                             ///< "webhook.endpoint.disabled" and so on; see README, "Watching"
  Observer on_notice{};                      ///< told of everything that happens; see notice.hpp
  std::optional<std::uint64_t> seed{};       ///< makes ids and jitter repeatable, for simulations only
};

}  // namespace v0
}  // namespace webhook

#endif
