// SPDX-License-Identifier: MIT
// Counters: what one dispatcher has done since it was made, and what it is at now; and the same as Prometheus text.
// Plain numbers of this process; what the store holds for all processes is asked of the store.
#ifndef WEBHOOK_COUNTERS_HPP
#define WEBHOOK_COUNTERS_HPP

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "error.hpp"
#include "time.hpp"

namespace webhook {
inline namespace v0 {

/// What a dispatcher counts. The first group only grows, the second goes up and down.
struct Counters {
  std::uint64_t emitted = 0;      ///< events that were stored
  std::uint64_t unwanted = 0;     ///< events that nobody subscribed to; not stored
  std::uint64_t refused = 0;      ///< emits that threw
  std::uint64_t attempts = 0;     ///< requests that were answered or failed
  std::uint64_t delivered = 0;    ///< deliveries answered with 2xx
  std::uint64_t failed = 0;       ///< attempts that failed and will be repeated
  std::uint64_t recovered = 0;    ///< of those, after failed attempts
  std::uint64_t exhausted = 0;    ///< deliveries that became dead letters
  std::uint64_t parked = 0;       ///< deliveries that failed for good and hold up those behind them
  std::uint64_t cancelled = 0;    ///< deliveries that ended because of their endpoint
  std::uint64_t expired = 0;      ///< deliveries whose event was no longer worth sending
  std::uint64_t dropped = 0;      ///< deliveries that were cancelled to make room
  std::uint64_t quarantined = 0;  ///< deliveries over which three workers vanished
  std::uint64_t disabled = 0;     ///< endpoints that were disabled or gone
  std::uint64_t troubles = 0;     ///< failures of a policy, each after which a worker paused

  std::uint64_t in_flight = 0;  ///< requests under way
  std::uint64_t workers = 0;    ///< running
};

/// What the store holds for all dispatchers that share it, at one moment.
struct Gauges {
  std::uint64_t due = 0;               ///< deliveries that wait for their turn or their next attempt
  std::uint64_t leased = 0;            ///< deliveries that a worker is at
  std::uint64_t parked = 0;            ///< deliveries that wait for the host
  std::uint64_t bytes = 0;             ///< of their payloads, each event counted once
  Duration oldest{};                   ///< since the oldest of them was accepted; 0: there is none
  std::uint64_t active_endpoints = 0;  ///< endpoints by state; the removed ones are not counted
  std::uint64_t paused_endpoints = 0;
  std::uint64_t disabled_endpoints = 0;
  std::uint64_t gone_endpoints = 0;
};

namespace detail {

struct Sample {
  std::string_view name{}, help{};
  std::uint64_t value = 0;
  bool gauge = false;
};

inline std::string exposition(std::string_view prefix, std::span<const Sample> samples) {
  bool named = !prefix.empty() && (prefix.front() < '0' || prefix.front() > '9');
  for (const char c : prefix) {
    named =
        named && (c == '_' || c == ':' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'));
  }
  if (!named) {
    throw Error(errc::invalid,
                "the prefix of metric names has letters, digits, '_' and ':', and does not begin with a digit");
  }
  std::string text;
  for (const Sample& sample : samples) {
    const std::string name = std::string(prefix) + "_" + std::string(sample.name);
    text.append("# HELP ").append(name).append(" ").append(sample.help).append("\n# TYPE ").append(name);
    text.append(sample.gauge ? " gauge\n" : " counter\n").append(name).append(" ");
    text.append(std::to_string(sample.value)).append("\n");
  }
  return text;
}

}  // namespace detail

/// The counters in the text exposition format of Prometheus (version 0.0.4); `prefix` begins every name. Throws Error
/// (errc::invalid) for one that cannot begin a metric's name.
inline std::string to_prometheus(const Counters& counters, std::string_view prefix = "webhook") {
  const std::array<detail::Sample, 17> samples{{
      {"events_emitted_total", "Events that were stored.", counters.emitted, false},
      {"events_unwanted_total", "Events that nobody subscribed to.", counters.unwanted, false},
      {"events_refused_total", "Emits that were refused.", counters.refused, false},
      {"attempts_total", "Requests that were answered or failed.", counters.attempts, false},
      {"deliveries_delivered_total", "Deliveries answered with 2xx.", counters.delivered, false},
      {"deliveries_recovered_total", "Deliveries answered with 2xx after failed attempts.", counters.recovered, false},
      {"attempts_failed_total", "Failed attempts that will be repeated.", counters.failed, false},
      {"deliveries_exhausted_total", "Deliveries that became dead letters.", counters.exhausted, false},
      {"deliveries_parked_total", "Deliveries that failed for good and hold up others.", counters.parked, false},
      {"deliveries_cancelled_total", "Deliveries that ended because of their endpoint.", counters.cancelled, false},
      {"deliveries_expired_total", "Deliveries whose event expired.", counters.expired, false},
      {"deliveries_dropped_total", "Deliveries that were cancelled to make room.", counters.dropped, false},
      {"deliveries_quarantined_total", "Deliveries over which three workers vanished.", counters.quarantined, false},
      {"endpoints_disabled_total", "Endpoints that were disabled or gone.", counters.disabled, false},
      {"troubles_total", "Failures of a policy.", counters.troubles, false},
      {"in_flight", "Requests under way.", counters.in_flight, true},
      {"workers", "Workers running.", counters.workers, true},
  }};
  return detail::exposition(prefix, samples);
}

/// The gauges in the same format; of several processes on one store, one is enough to be scraped.
inline std::string to_prometheus(const Gauges& gauges, std::string_view prefix = "webhook") {
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>((std::max)(gauges.oldest, Duration::zero())).count();
  const std::array<detail::Sample, 9> samples{{
      {"deliveries_due", "Deliveries that wait for an attempt.", gauges.due, true},
      {"deliveries_leased", "Deliveries that a worker is at.", gauges.leased, true},
      {"deliveries_parked", "Deliveries that wait for the host.", gauges.parked, true},
      {"pending_bytes", "Bytes of pending payload.", gauges.bytes, true},
      {"oldest_pending_seconds", "Age of the oldest pending delivery.", static_cast<std::uint64_t>(seconds), true},
      {"endpoints_active", "Endpoints that are served.", gauges.active_endpoints, true},
      {"endpoints_paused", "Endpoints that the host paused.", gauges.paused_endpoints, true},
      {"endpoints_disabled", "Endpoints that are disabled.", gauges.disabled_endpoints, true},
      {"endpoints_gone", "Endpoints that answered 410.", gauges.gone_endpoints, true},
  }};
  return detail::exposition(prefix, samples);
}

}  // namespace v0
}  // namespace webhook

#endif
