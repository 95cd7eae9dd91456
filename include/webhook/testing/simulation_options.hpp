// SPDX-License-Identifier: MIT
// SimulationOptions: what one simulation is like, beside its seed, as data.
// It acts on nothing; simulator.hpp does.
#ifndef WEBHOOK_TESTING_SIMULATION_OPTIONS_HPP
#define WEBHOOK_TESTING_SIMULATION_OPTIONS_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

#include "../options.hpp"

namespace webhook {
inline namespace v0 {

/// What one simulation is like, beside its seed.
struct SimulationOptions {
  std::size_t hosts = 0;                        ///< 1 to 4, by the seed, if 0
  std::size_t most_pending = 150;               ///< bound of the store
  Duration emitting = std::chrono::hours{150};  ///< events come for so long
  Duration faulty = std::chrono::hours{132};    ///< then nothing fails any more
  Duration least = std::chrono::hours{7 * 24};  ///< simulated at least
  Duration most = std::chrono::hours{9 * 24};   ///< by then everything must have drained
  std::optional<RetrySchedule> schedule{};      ///< held against all hosts; one of several, by the seed, if not given
  std::optional<Duration> disable_after{};      ///< of all hosts; 12 hours or 5 days, by the seed, if not given
  std::function<void(Options&)> tamper{};       ///< changes a host's options, so that a test can see it caught
};

/// One of several schedules, by a number.
inline RetrySchedule simulated_schedule(std::uint64_t number) {
  switch (number % 6) {
    case 0:
      return RetrySchedule::exponential(std::chrono::seconds{2}, 7, std::chrono::hours{1});
    case 1:
      return RetrySchedule::linear(std::chrono::minutes{1}, 3);
    case 2:
      return RetrySchedule::none();
    default:
      return RetrySchedule::standard();
  }
}

}  // namespace v0
}  // namespace webhook

#endif
