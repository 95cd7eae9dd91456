// SPDX-License-Identifier: MIT
// MemoryNames: the kept events whose ids the host chose, so that the memory store recognises one that comes again.
// It does not know how long an event is kept; its views are into the events themselves, which must outlive their names.
#ifndef WEBHOOK_DETAIL_MEMORY_NAMES_HPP
#define WEBHOOK_DETAIL_MEMORY_NAMES_HPP

#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "../concepts.hpp"
#include "memory_event.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// Names are a tenant's own.
class MemoryNames {
 public:
  /// Whether an event of this name is kept already, and if so, whether it is this one.
  std::optional<Appended> known(const Event& event) const {
    const auto there = events_.find({event.tenant, event.id.view()});
    if (there == events_.end()) return std::nullopt;
    const MemoryEvent& kept = *there->second;
    return kept.type() == event.type && kept.payload() == event.payload.view() ? Appended::duplicate
                                                                               : Appended::conflict;
  }

  /// Throws std::bad_alloc.
  void add(MemoryEvent& event) {
    if (event.is_named()) events_.emplace(name_of(event), &event);
  }
  void forget(const MemoryEvent& event) noexcept {
    if (!event.is_named()) return;
    const auto there = events_.find(name_of(event));
    if (there != events_.end() && there->second == &event) events_.erase(there);
  }

 private:
  using Name = std::pair<std::string_view, std::string_view>;  // tenant and id
  struct Hash {
    std::size_t operator()(const Name& name) const noexcept {
      const std::hash<std::string_view> hash;
      return hash(name.first) * 31 + hash(name.second);
    }
  };
  static Name name_of(const MemoryEvent& event) noexcept { return {event.tenant(), event.id()}; }

  std::unordered_map<Name, const MemoryEvent*, Hash> events_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
