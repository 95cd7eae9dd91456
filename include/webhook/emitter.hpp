// SPDX-License-Identifier: MIT
// Emitter: the small handle that business code holds, so that it never sees the Dispatcher's template.
// It carries bytes; its typed emit works wherever the serializer's header is included too. Cheap to include.
#ifndef WEBHOOK_EMITTER_HPP
#define WEBHOOK_EMITTER_HPP

#include <string_view>

#include "emitted.hpp"
#include "event_type.hpp"
#include "fwd.hpp"

namespace webhook {
inline namespace v0 {

/// Emits events into the dispatcher it came from (Dispatcher::emitter()). Copies are free.
/// Thread safety: any number of threads, but no signal handler: it allocates and takes locks. Lifetime: the dispatcher
/// must outlive every use.
/// Example: examples/store.cpp
class Emitter {
 public:
  /// Emits a value of the host under event_type<T>; include <webhook/serializer/json.hpp> where this is called, or name
  /// the dispatcher's own serializer. Throws what Dispatcher::emit throws.
  template <class T, class Serializer = JsonSerializer>
  Emitted emit(const T& event) const {
    static_assert(!event_type<T>.empty(),
                  "webhook: this type has no event type: specialise `template <> inline constexpr std::string_view "
                  "webhook::event_type<T> = \"order.created\";`");
    return emit_bytes(event_type<T>, Serializer().encode(event).view());
  }

  /// Emits any value that the serializer encodes, under a type given by name.
  template <class T, class Serializer = JsonSerializer>
  Emitted emit(std::string_view type, const T& data) const {
    return emit_bytes(type, Serializer().encode(data).view());
  }

  /// Emits a payload that is encoded already, byte for byte (JSON, for the default serializer).
  Emitted emit_bytes(std::string_view type, std::string_view payload) const {
    return emit_(dispatcher_, type, payload, nullptr);
  }

  /// The same, with an id, a tenant, a key, an expiry or a delay; include <webhook/event.hpp> for EmitOptions.
  Emitted emit_bytes(std::string_view type, std::string_view payload, const EmitOptions& options) const {
    return emit_(dispatcher_, type, payload, &options);
  }

 private:
  using Emit = Emitted (*)(void* dispatcher, std::string_view type, std::string_view payload,
                           const EmitOptions* options);
  Emitter(void* dispatcher, Emit call) noexcept : dispatcher_(dispatcher), emit_(call) {}

  template <class, class, class, class, class>
  friend class Dispatcher;

  void* dispatcher_;
  Emit emit_;
};

}  // namespace v0
}  // namespace webhook

#endif
