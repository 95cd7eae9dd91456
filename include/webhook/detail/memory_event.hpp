// SPDX-License-Identifier: MIT
// MemoryEvent and MemoryDelivery: an event and its deliveries as the memory store keeps them, in one block: a header, the
// rows, the texts and, unless it is long, the payload. An Event is made of it again when somebody asks.
// They do not know when they may be forgotten (memory_book.hpp), nor in which order rows go (memory_keys.hpp, _lane.hpp).
#ifndef WEBHOOK_DETAIL_MEMORY_EVENT_HPP
#define WEBHOOK_DETAIL_MEMORY_EVENT_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "../bytes.hpp"
#include "../delivery.hpp"
#include "../error.hpp"
#include "../event.hpp"
#include "../id.hpp"
#include "../time.hpp"
#include "attempt_log.hpp"
#include "block_pool.hpp"
#include "prefetch.hpp"

namespace webhook {
inline namespace v0 {
namespace detail {

class MemoryEvent;
struct MemoryLane;

/// A moment on the steady clock, in nanoseconds; `never` is later than all of them.
inline constexpr std::int64_t never = (std::numeric_limits<std::int64_t>::max)();

/// `at + wait`, where a negative wait is none and an endless one ends at `never`.
constexpr std::int64_t moment_after(std::int64_t at, Duration wait) noexcept {
  if (wait.count() <= 0) return at;
  return at > never - wait.count() ? never : at + wait.count();
}

/// Where a delivery sits. Nowhere: not there yet, or forgotten. Fresh: waiting since it came. Behind: in the queue of
/// its key, while another one of it is under way.
enum class Seat : std::uint8_t { nowhere, none, fresh, waiting, resent, behind, leased, parked, over };

/// A delivery: 32 bytes, because there may be a million.
struct MemoryDelivery {
  static constexpr std::uint32_t most_made = (1U << 24U) - 1, most_lost = (1U << 8U) - 1, most_siblings = 1U << 19U;

  MemoryLane* lane = nullptr;
  Fence fence = 0;  // of its last claim; 0: never claimed
  AttemptChain attempts{};
  std::uint32_t seat = 0;  // in its heap
  std::uint32_t made : 24 = 0;
  std::uint32_t lost : 8 = 0;
  std::uint32_t nth : 19 = 0;  // of its event's rows
  bool resent : 1 = false;     // queues behind live traffic until it is over
  State state : 4 = State::due;
  State word : 4 = State::leased;  // the last one settled under this fence; leased: none yet
  Seat in : 4 = Seat::nowhere;

  inline std::uint64_t id() const noexcept;
  std::uint64_t order() const noexcept { return id(); }
  inline MemoryEvent& block() const noexcept;  // where it stands
  inline MemoryEvent& what() const noexcept;   // its event

  /// Asks for its memory and, where it is the only one of its event, for the beginning of that.
  [[gnu::always_inline]] inline void prefetch() const noexcept;

  void count_attempt() noexcept {
    if (made < most_made) ++made;
  }
  void count_lost() noexcept {
    if (lost < most_lost) ++lost;
  }
};
static_assert(sizeof(MemoryDelivery) <= 32);

/// What stands where the rows will be, until an event is taken in: in each place an endpoint it goes to, in the first
/// what is told of all.
struct MemoryArrival {
  MemoryEvent* next = nullptr;
  std::int64_t at = 0;
  Duration delay{};
  EndpointId to{};  // none: the lane that it names
};
static_assert(sizeof(MemoryArrival) <= sizeof(MemoryDelivery) && std::is_trivially_destructible_v<MemoryArrival>);

/// 40 bytes, and what follows them in the same allocation. Nothing in it changes but the rows and the counts. Who unpacks it
/// shares a payload that lies within, and with it the allocation.
class MemoryEvent : BytesHost {  // which is where the allocation begins
  std::uint32_t rows_ : 19;
  std::uint32_t tenant_ : 12 = 0;  // size of the text
  bool outside_ : 1 = false;       // the tail begins with Bytes, because the payload is not within ...

 public:
  struct Ending {
    void operator()(MemoryEvent* event) const noexcept {
      if (end(*event)) ::operator delete(event);
    }
  };
  using Owner = std::unique_ptr<MemoryEvent, Ending>;

  static constexpr std::size_t longest_inside = 4096;  ///< a longer payload is shared with who gave it, not copied

  /// Copies an event, with room for `rows` deliveries. Throws std::bad_alloc, and Error (errc::too_large) for what no
  /// engine accepts.
  static Owner pack(const Event& event, std::size_t rows, WallTime created, bool named, BlockPool& pool) {
    check(event, rows);
    const std::size_t payload = event.payload.size();
    const bool inside = payload <= longest_inside;
    std::size_t size = inside ? payload : sizeof(Bytes);
    if (event.time != created) size += sizeof(WallTime);
    if (event.expires) size += sizeof(WallTime);
    const bool tagged = !(event.key.empty() && event.channel.empty() && event.traceparent.empty());
    if (tagged) size += sizeof(Tags) + event.key.size() + event.channel.size() + event.traceparent.size();
    size += event.id.view().size() + event.type.size() + event.tenant.size();

    Owner owner = build(pool.take(sizeof(MemoryEvent) + rows * sizeof(MemoryDelivery) + size), rows);
    MemoryEvent& packed = *owner;
    packed.created = created;
    packed.named_ = named;
    packed.length = static_cast<std::uint32_t>(payload);
    packed.id_ = event.id.view().size() & 0x7FU;
    packed.type_ = event.type.size() & 0xFFU;
    packed.tenant_ = event.tenant.size() & 0xFFFU;
    char* to = packed.tail();
    if (!inside) {
      packed.outside_ = true;
      new (static_cast<void*>(to)) Bytes(event.payload);
      to += sizeof(Bytes);
    }
    if (event.time != created) {
      packed.timed_ = true;
      to = put(to, event.time);
    }
    if (event.expires) {
      packed.expiring_ = true;
      to = put(to, *event.expires);
    }
    if (tagged) {
      packed.tagged_ = true;
      to = put(to, Tags{static_cast<std::uint16_t>(event.key.size()), static_cast<std::uint16_t>(event.channel.size()),
                        static_cast<std::uint16_t>(event.traceparent.size())});
    }
    to = put(put(put(to, event.id.view()), std::string_view(event.type)), std::string_view(event.tenant));
    if (tagged) {
      to = put(put(to, std::string_view(event.key)), std::string_view(event.channel));
      to = put(to, std::string_view(event.traceparent));
    }
    packed.text_at = static_cast<std::uint32_t>(to - reinterpret_cast<char*>(&packed));
    if (inside) put(to, event.payload.view());
    return owner;
  }

  /// A row for one more delivery of an event that is kept; it must not outlive it. Throws std::bad_alloc.
  static Owner extend(MemoryEvent& event) {
    check_rows(event.kept + 1U);
    constexpr std::size_t size = sizeof(MemoryEvent) + sizeof(MemoryDelivery) + sizeof(MemoryEvent*);
    Owner owner = build(::operator new(BlockPool::room_for(size)), 1);
    owner->begin_rows();
    owner->created = event.created;
    owner->extension_ = true;
    owner->text_at = size;
    event.extended_ = true;
    put(owner->tail(), &event);
    return owner;
  }

  /// Ends an event, whose memory may serve another.
  static void bury(MemoryEvent& event, BlockPool::Pile& pile) noexcept {
    const std::size_t size = event.text_at + (event.outside_ ? 0 : event.payload_size());
    if (end(event)) pile.push(&event, size);
  }

  MemoryEvent(const MemoryEvent&) = delete;
  MemoryEvent& operator=(const MemoryEvent&) = delete;

  std::uint64_t first = 0;                        ///< the id of the first row's delivery; the others follow it
  WallTime created{};                             ///< when it was accepted
  std::uint64_t pending : 20 = 0, kept : 20 = 0;  ///< of its deliveries, those of extensions too: not over; in all

  std::size_t rows() const noexcept { return rows_; }
  /// Makes rows, which must come before the first look at one.
  void begin_rows() noexcept {
    for (std::size_t nth = 0; nth < rows(); ++nth) {
      MemoryDelivery* const row = new (static_cast<void*>(place(nth))) MemoryDelivery;
      row->nth = static_cast<std::uint32_t>(nth) & (MemoryDelivery::most_siblings - 1);
    }
  }
  /// Notes what an event that is to be taken in later goes to; no rows must be asked for until then. It has rows.
  void await(std::int64_t at, Duration delay, std::span<const EndpointId> to) noexcept {
    for (std::size_t nth = 0; nth < rows(); ++nth)
      new (static_cast<void*>(place(nth))) MemoryArrival{nullptr, at, delay, nth < to.size() ? to[nth] : EndpointId{}};
  }
  MemoryArrival& arrival(std::size_t nth = 0) noexcept {
    return *std::launder(reinterpret_cast<MemoryArrival*>(place(nth)));
  }
  MemoryDelivery& row(std::size_t nth) noexcept { return reinterpret_cast<MemoryDelivery*>(this + 1)[nth]; }
  bool is_extension() const noexcept { return extension_; }
  bool is_extended() const noexcept { return extended_; }  ///< has it ever been?
  bool is_named() const noexcept { return named_; }

  /// The event itself, of which this may be an extension.
  MemoryEvent& origin() noexcept {
    if (!extension_) return *this;
    MemoryEvent* event = nullptr;
    std::memcpy(&event, tail(), sizeof event);
    return *event;
  }

  // Of an event, not of an extension.
  std::string_view id() const noexcept { return {texts(), id_}; }
  std::string_view type() const noexcept { return {texts() + id_, type_}; }
  std::string_view tenant() const noexcept { return {texts() + id_ + type_, tenant_}; }
  std::string_view key() const noexcept { return {tagged_text(), tags().key}; }
  std::string_view channel() const noexcept { return {tagged_text() + tags().key, tags().channel}; }
  std::string_view traceparent() const noexcept { return {tagged_text() + tags().key + tags().channel, tags().trace}; }
  std::string_view payload() const noexcept { return outside_ ? shared_payload().view() : text(); }
  std::size_t payload_size() const noexcept { return length; }

  /// Asks for the payload, if it is within: whoever unpacks the event is about to read it.
  [[gnu::always_inline]] void prefetch_payload() const noexcept {
    constexpr std::size_t most = 2048;
    if (!outside_) prefetch(text().data(), (std::min)(payload_size(), most));
  }

  /// The event as it was given. Throws std::bad_alloc.
  std::shared_ptr<const Event> unpack() {
    auto event = std::make_shared<Event>();
    event->id = EventId(id());
    event->type = type();
    event->tenant = tenant();
    if (tagged_) {
      event->key = key();
      event->channel = channel();
      event->traceparent = traceparent();
    }
    event->time = timed_ ? read_time(times()) : created;
    if (expiring_) event->expires = read_time(times() + (timed_ ? sizeof(WallTime) : 0));
    event->payload = outside_ ? shared_payload() : Bytes(static_cast<BytesHost&>(*this));
    return event;
  }

 private:
  struct Tags {  // sizes of the texts that few events have
    std::uint16_t key = 0, channel = 0, trace = 0;
  };

  explicit MemoryEvent(std::size_t rows) noexcept
      : rows_(static_cast<std::uint32_t>(rows) & (MemoryDelivery::most_siblings - 1)) {}
  ~MemoryEvent() = default;

  static Owner build(void* room, std::size_t rows) noexcept { return Owner(new (room) MemoryEvent(rows)); }
  char* place(std::size_t nth) noexcept { return reinterpret_cast<char*>(this + 1) + nth * sizeof(MemoryDelivery); }
  /// Ends everything but the memory. False: somebody shares it, and will end it.
  static bool end(MemoryEvent& event) noexcept {
    if (event.outside_) event.shared_payload().~Bytes();
    return event.let_go();  // all else is trivial
  }
  static_assert(std::is_trivially_destructible_v<MemoryDelivery>);

  static void check(const Event& event, std::size_t rows) {
    check_rows(rows);
    constexpr std::size_t longest = 255, longest_label = 4095;
    if (event.type.size() > longest || event.traceparent.size() > longest || event.tenant.size() > longest_label ||
        event.key.size() > longest_label || event.channel.size() > longest_label) {
      throw Error(errc::too_large,
                  "the event's type, tenant, key, channel or traceparent is too long for the memory "
                  "store (255 bytes for type and traceparent, 4095 for the others)");
    }
  }
  static void check_rows(std::size_t rows) {
    if (rows >= MemoryDelivery::most_siblings)
      throw Error(errc::too_large, "the memory store takes an event for at most 524287 endpoints");
  }

  template <class Value>
  static char* put(char* to, const Value& value) noexcept {
    if constexpr (std::is_same_v<Value, std::string_view>) {
      if (!value.empty()) std::memcpy(to, value.data(), value.size());
      return to + value.size();
    } else {
      std::memcpy(to, &value, sizeof value);
      return to + sizeof value;
    }
  }
  static WallTime read_time(const char* from) noexcept {
    WallTime time;
    std::memcpy(&time, from, sizeof time);
    return time;
  }

  char* tail() noexcept { return reinterpret_cast<char*>(this + 1) + rows_ * sizeof(MemoryDelivery); }
  const char* tail() const noexcept { return reinterpret_cast<const char*>(this + 1) + rows_ * sizeof(MemoryDelivery); }
  const char* times() const noexcept { return tail() + (outside_ ? sizeof(Bytes) : 0); }
  const char* after_times() const noexcept {
    return times() + (timed_ ? sizeof(WallTime) : 0) + (expiring_ ? sizeof(WallTime) : 0);
  }
  const char* texts() const noexcept { return after_times() + (tagged_ ? sizeof(Tags) : 0); }
  const char* tagged_text() const noexcept { return texts() + id_ + type_ + tenant_; }
  Tags tags() const noexcept {
    Tags sizes;
    if (tagged_) std::memcpy(&sizes, after_times(), sizeof sizes);
    return sizes;
  }
  const Bytes& shared_payload() const noexcept { return *std::launder(reinterpret_cast<const Bytes*>(tail())); }

  bool named_ : 1 = false;                   // the host chose its id
  bool extended_ : 1 = false;                // there are, or were, extensions of it
  bool extension_ : 1 = false;               // the tail is a pointer to the event, else what outside_ says ...
  bool timed_ : 1 = false;                   // ... then its time, if that is not the time of its acceptance ...
  std::uint64_t expiring_ : 1 = 0;           // ... its expiry, if it has one ...
  std::uint64_t tagged_ : 1 = 0;             // ... the sizes of rare texts, if there are any; then all texts
  std::uint64_t id_ : 7 = 0, type_ : 8 = 0;  // sizes of the texts
};
static_assert(sizeof(MemoryEvent) <= 40 && sizeof(MemoryEvent) % alignof(MemoryDelivery) == 0);

inline MemoryEvent& MemoryDelivery::block() const noexcept {
  const MemoryDelivery* const rows = this - nth;
  return const_cast<MemoryEvent&>(*(reinterpret_cast<const MemoryEvent*>(rows) - 1));
}
inline void MemoryDelivery::prefetch() const noexcept {
  detail::prefetch(reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(this) - sizeof(MemoryEvent)), 256);
}
inline MemoryEvent& MemoryDelivery::what() const noexcept { return block().origin(); }
inline std::uint64_t MemoryDelivery::id() const noexcept { return block().first + nth; }

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
