// SPDX-License-Identifier: MIT
// Event: what happened in the host, with its payload encoded once; and what emit takes and gives back.
// It does not know who subscribed, nor what the payload's bytes mean.
#ifndef WEBHOOK_EVENT_HPP
#define WEBHOOK_EVENT_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bytes.hpp"
#include "emitted.hpp"
#include "event_type.hpp"
#include "id.hpp"
#include "time.hpp"

namespace webhook {
inline namespace v0 {

/// Something that happened in the host and that others want to know.
struct Event {
  EventId id{};                       ///< the same over all attempts and endpoints; emit generates one if it is empty
  std::string type{};                 ///< "order.created": [A-Za-z0-9_]+ joined by dots, at most 128 bytes
  std::string tenant{};               ///< whose event it is; only endpoints of the same tenant get it
  std::string key{};                  ///< orders or supersedes events, where an endpoint asks for it
  std::string channel{};              ///< a tag; an endpoint that names channels gets only events of these
  std::string traceparent{};          ///< of the trace it belongs to (W3C Trace Context, level 1); sent along as it is
  WallTime time{};                    ///< when it happened; emit fills it in if it is zero
  std::optional<WallTime> expires{};  ///< not sent after this
  Bytes payload{};  ///< of an emitted event: as the serializer encoded it, once; of a received one: the body as it came
};

/// What a host may say about an event beside its type and data; views need to live for the call only.
struct EmitOptions {
  std::string_view id{};  ///< the host's own id makes emit idempotent: letters, digits, '_' and '-', at most 64 bytes
  std::string_view tenant{};
  std::string_view key{};  ///< at most 256 bytes, as tenant and channel
  std::string_view channel{};
  std::string_view traceparent{};     ///< "00-<32 hex digits>-<16>-<2>", as a tracing library gives it
  std::optional<WallTime> expires{};  ///< std::chrono::time_point_cast<std::chrono::microseconds>(a system time)
  Duration delay{};                   ///< not before this long from now
};

}  // namespace v0
}  // namespace webhook

#endif
