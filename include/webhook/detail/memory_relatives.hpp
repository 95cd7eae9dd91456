// SPDX-License-Identifier: MIT
// MemoryRelatives: what belongs to an event beside its block: the deliveries that were added to it later, and the Event
// that its deliveries in flight share.
// It does not know when an event may be forgotten; the book tells it (memory_book.hpp).
#ifndef WEBHOOK_DETAIL_MEMORY_RELATIVES_HPP
#define WEBHOOK_DETAIL_MEMORY_RELATIVES_HPP

#include <cstddef>
#include <memory>
#include <unordered_map>
#include <vector>

#include "../event.hpp"
#include "memory_event.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

class MemoryRelatives {
 public:
  /// Visits the kept deliveries of an event by their ids, as long as `visit` says so.
  template <class Visit>
  void each_kept(MemoryEvent& event, const Visit& visit) const noexcept {
    for (std::size_t nth = 0; nth < event.rows(); ++nth) {
      if (event.row(nth).in != Seat::nowhere && !visit(event.row(nth))) return;
    }
    if (!event.is_extended()) return;
    const auto others = extensions_.find(&event);
    if (others == extensions_.end()) return;
    for (MemoryEvent* const other : others->second) {
      if (!visit(other->row(0))) return;
    }
  }

  /// Throws std::bad_alloc, and then nothing happened.
  void add(MemoryEvent& extension) { extensions_[&extension.origin()].push_back(&extension); }
  void remove(MemoryEvent& extension) noexcept {
    std::erase(extensions_.find(&extension.origin())->second, &extension);
  }

  /// The event of a delivery that is about to be leased; the same object as for others of it that are in flight. Throws
  /// std::bad_alloc.
  std::shared_ptr<const Event> open(MemoryEvent& event) {
    if (!has_several(event)) return event.unpack();
    std::weak_ptr<const Event>& known = opened_[&event];
    std::shared_ptr<const Event> opened = known.lock();
    if (opened == nullptr) known = opened = event.unpack();
    return opened;
  }

  /// A delivery of it is in flight no more.
  void close(const MemoryEvent& event) noexcept {
    if (!has_several(event)) return;
    const auto known = opened_.find(&event);
    if (known != opened_.end() && known->second.expired()) opened_.erase(known);
  }

  /// The event ends; its extensions have.
  void forget(const MemoryEvent& event) noexcept {
    if (has_several(event)) opened_.erase(&event);
    if (event.is_extended()) extensions_.erase(&event);
  }

 private:
  static bool has_several(const MemoryEvent& event) noexcept { return event.rows() > 1 || event.is_extended(); }

  std::unordered_map<const MemoryEvent*, std::vector<MemoryEvent*>> extensions_{};
  std::unordered_map<const MemoryEvent*, std::weak_ptr<const Event>> opened_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
