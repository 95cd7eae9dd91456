// SPDX-License-Identifier: MIT
// Emitted: what became of an emit, as far as the caller's thread can know.
// Small, because the cheap emitter header includes it; what became of the deliveries is in delivery.hpp.
#ifndef WEBHOOK_EMITTED_HPP
#define WEBHOOK_EMITTED_HPP

#include <cstddef>
#include <cstdint>

#include "id.hpp"

namespace webhook {
inline namespace v0 {

/// What a store says to an event.
enum class Appended : std::uint8_t {
  inserted,   ///< kept, with its deliveries
  duplicate,  ///< the same id with the same content is there already; nothing was added
  conflict    ///< the same id with another type or payload is there; nothing was stored
};

/// What became of an emit: the event's id, and to how many endpoints it goes.
struct Emitted {
  EventId id{};                           ///< empty if nobody subscribed and the host chose none
  std::size_t endpoints = 0;              ///< how many deliveries there will be; 0: nobody subscribed
  Appended outcome = Appended::inserted;  ///< a conflict is thrown, never returned
};

}  // namespace v0
}  // namespace webhook

#endif
