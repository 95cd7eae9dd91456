// SPDX-License-Identifier: MIT
// Slots: places for exchanges in flight, each found by a ticket that is never given twice.
// A place does not move while it is taken, because the session holds on to the request in it.
#ifndef WEBHOOK_DETAIL_SLOTS_HPP
#define WEBHOOK_DETAIL_SLOTS_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "../id.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

/// One worker's slots; not thread-safe.
template <class Content>
class Slots {
 public:
  std::size_t taken() const noexcept { return taken_; }

  /// Throws std::bad_alloc, and then nothing was taken.
  Ticket take() {
    if (free_.empty()) {
      free_.reserve(slots_.size() + 1);  // so that give_back() cannot fail
      slots_.push_back(std::make_unique<Slot>());
      free_.push_back(slots_.size() - 1);
    }
    const std::size_t index = free_.back();
    free_.pop_back();
    slots_[index]->taken = true;
    ++taken_;
    return ticket_of(index);
  }

  /// Null for a ticket that was given back.
  Content* find(Ticket ticket) noexcept {
    const std::size_t index = index_of(ticket);
    if (index >= slots_.size() || !slots_[index]->taken || ticket_of(index) != ticket) return nullptr;
    return &slots_[index]->content;
  }

  void give_back(Ticket ticket) noexcept {
    Slot& slot = *slots_[index_of(ticket)];
    slot.taken = false;
    ++slot.generation;
    --taken_;
    free_.push_back(index_of(ticket));
  }

  /// Calls visit(ticket, content) for each that is taken; it may give back the one it is called for.
  template <class Visit>
  void each(const Visit& visit) {
    for (std::size_t index = 0; index < slots_.size(); ++index) {
      if (slots_[index]->taken) visit(ticket_of(index), slots_[index]->content);
    }
  }

 private:
  struct Slot {
    bool taken = false;
    std::uint32_t generation = 0;
    Content content{};
  };
  static std::size_t index_of(Ticket ticket) noexcept { return static_cast<std::uint64_t>(ticket) & 0xFFFFFFFFU; }
  Ticket ticket_of(std::size_t index) const noexcept {
    return Ticket{(static_cast<std::uint64_t>(slots_[index]->generation) << 32U) | index};
  }

  std::vector<std::unique_ptr<Slot>> slots_{};
  std::vector<std::size_t> free_{};
  std::size_t taken_ = 0;
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
