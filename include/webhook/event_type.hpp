// SPDX-License-Identifier: MIT
// How a C++ type of the host gets the name under which its events travel.
// Cheap to include beside the host's own types; what a name may contain is judged at emit.
#ifndef WEBHOOK_EVENT_TYPE_HPP
#define WEBHOOK_EVENT_TYPE_HPP

#include <string_view>

namespace webhook {
inline namespace v0 {

/// The event type that values of `T` are emitted and received as; the host specialises it for each of its event types.
/// Example: template <> inline constexpr std::string_view webhook::event_type<OrderCreated> = "order.created";
template <class T>
inline constexpr std::string_view event_type{};

}  // namespace v0
}  // namespace webhook

#endif
