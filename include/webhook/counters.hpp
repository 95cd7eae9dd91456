// SPDX-License-Identifier: MIT
// Counters: what one dispatcher has done since it was made, and what it is at now; and the same as Prometheus text.
// Plain numbers of this process; what the store holds for all processes is asked of the store.
#ifndef WEBHOOK_COUNTERS_HPP
#define WEBHOOK_COUNTERS_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

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
  std::uint64_t exhausted = 0;    ///< deliveries that became dead letters
  std::uint64_t cancelled = 0;    ///< deliveries that ended because of their endpoint
  std::uint64_t expired = 0;      ///< deliveries whose event was no longer worth sending
  std::uint64_t quarantined = 0;  ///< deliveries over which three workers vanished
  std::uint64_t disabled = 0;     ///< endpoints that were disabled or gone
  std::uint64_t troubles = 0;     ///< failures of a policy, each after which a worker paused

  std::uint64_t in_flight = 0;  ///< requests under way
  std::uint64_t workers = 0;    ///< running
};

/// The counters in the text exposition format of Prometheus (version 0.0.4); `prefix` begins every name.
inline std::string to_prometheus(const Counters& counters, std::string_view prefix = "webhook") {
  struct Line {
    std::string_view name{}, help{};
    std::uint64_t value = 0;
    bool gauge = false;
  };
  const std::array<Line, 14> lines{{
      {"events_emitted_total", "Events that were stored.", counters.emitted, false},
      {"events_unwanted_total", "Events that nobody subscribed to.", counters.unwanted, false},
      {"events_refused_total", "Emits that were refused.", counters.refused, false},
      {"attempts_total", "Requests that were answered or failed.", counters.attempts, false},
      {"deliveries_delivered_total", "Deliveries answered with 2xx.", counters.delivered, false},
      {"attempts_failed_total", "Failed attempts that will be repeated.", counters.failed, false},
      {"deliveries_exhausted_total", "Deliveries that became dead letters.", counters.exhausted, false},
      {"deliveries_cancelled_total", "Deliveries that ended because of their endpoint.", counters.cancelled, false},
      {"deliveries_expired_total", "Deliveries whose event expired.", counters.expired, false},
      {"deliveries_quarantined_total", "Deliveries over which three workers vanished.", counters.quarantined, false},
      {"endpoints_disabled_total", "Endpoints that were disabled or gone.", counters.disabled, false},
      {"troubles_total", "Failures of a policy.", counters.troubles, false},
      {"in_flight", "Requests under way.", counters.in_flight, true},
      {"workers", "Workers running.", counters.workers, true},
  }};
  std::string text;
  for (const Line& line : lines) {
    const std::string name = std::string(prefix) + "_" + std::string(line.name);
    text.append("# HELP ").append(name).append(" ").append(line.help).append("\n# TYPE ").append(name);
    text.append(line.gauge ? " gauge\n" : " counter\n")
        .append(name)
        .append(" ")
        .append(std::to_string(line.value))
        .append("\n");
  }
  return text;
}

}  // namespace v0
}  // namespace webhook

#endif
