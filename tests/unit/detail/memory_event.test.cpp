// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <string>
#include <webhook/detail/memory_event.hpp>

namespace unit_detail_memory_event {
using webhook::Bytes;
using webhook::Event;
using webhook::EventId;
using webhook::WallTime;
using webhook::detail::MemoryEvent;
using namespace std::chrono_literals;

namespace {
webhook::detail::BlockPool pool;

void check_same(const Event& there, const Event& here) {
  CHECK(there.id == here.id);
  CHECK(there.type == here.type);
  CHECK(there.tenant == here.tenant);
  CHECK(there.key == here.key);
  CHECK(there.channel == here.channel);
  CHECK(there.traceparent == here.traceparent);
  CHECK(there.time == here.time);
  CHECK(there.expires == here.expires);
  CHECK(there.payload == here.payload);
}
}  // namespace

TEST_CASE("an event comes out of its block as it went in, whatever it has of the rare things") {
  const WallTime now{1'700'000'000s};
  for (unsigned has = 0; has < 256; ++has) {
    CAPTURE(has);
    Event event;
    event.id = EventId("msg_1");
    event.type = "order.created";
    event.time = (has & 1U) != 0 ? now : now + 5s;
    if ((has & 2U) != 0) event.tenant = "acme";
    if ((has & 4U) != 0) event.key = std::string(256, 'k');
    if ((has & 8U) != 0) event.channel = "red";
    if ((has & 16U) != 0) event.traceparent = std::string(128, 't');
    if ((has & 32U) != 0) event.expires = now + 1h;
    if ((has & 64U) != 0) event.payload = Bytes("{}");
    if ((has & 128U) != 0) event.payload = Bytes(std::string(MemoryEvent::longest_inside + 1, 'p'));
    const MemoryEvent::Owner packed = MemoryEvent::pack(event, 1 + has % 3, now, true, pool);
    check_same(*packed->unpack(), event);
    CHECK(packed->key() == event.key);
    CHECK(packed->payload() == event.payload.view());
    CHECK(packed->payload_size() == event.payload.size());
    CHECK(packed->rows() == 1 + has % 3);
  }
}

TEST_CASE("a long payload is shared with whoever gave it") {
  Event event;
  event.payload = Bytes(std::string(MemoryEvent::longest_inside + 1, 'p'));
  const MemoryEvent::Owner packed = MemoryEvent::pack(event, 1, {}, false, pool);
  CHECK(packed->payload().data() == event.payload.view().data());
  CHECK(packed->unpack()->payload.view().data() == event.payload.view().data());
}

TEST_CASE("a payload within the block is shared with whoever unpacks the event, and outlives the event in the store") {
  Event event;
  event.id = EventId("msg_1");
  const std::string text(100, 'p');
  event.payload = Bytes(text);
  webhook::detail::BlockPool::Pile ended;
  Bytes payload;
  {
    MemoryEvent& packed = *MemoryEvent::pack(event, 1, {}, false, pool).release();
    const std::shared_ptr<const Event> first = packed.unpack();
    payload = packed.unpack()->payload;
    CHECK(payload.view().data() == packed.payload().data());
    CHECK(first->payload.view().data() == packed.payload().data());
    CHECK(payload.view().data() != event.payload.view().data());
    MemoryEvent::bury(packed, ended);
    CHECK(ended.empty());  // its memory serves no other event yet
  }
  CHECK(payload.view() == text);
  const Bytes copy = payload;
  payload = Bytes();
  CHECK(copy == Bytes(text));
  CHECK(copy.size() == text.size());

  MemoryEvent& alone = *MemoryEvent::pack(event, 1, {}, false, pool).release();
  static_cast<void>(alone.unpack());
  MemoryEvent::bury(alone, ended);
  CHECK_FALSE(ended.empty());
}

TEST_CASE("a row knows its event, its id and its place") {
  Event event;
  event.type = "a.b";
  const MemoryEvent::Owner packed = MemoryEvent::pack(event, 3, {}, false, pool);
  packed->begin_rows();
  packed->first = 40;
  CHECK(&packed->row(2).what() == packed.get());
  CHECK(packed->row(2).id() == 42);
  const MemoryEvent::Owner more = MemoryEvent::extend(*packed);
  more->first = 99;
  CHECK(packed->is_extended());
  CHECK(more->is_extension());
  CHECK(&more->row(0).what() == packed.get());
  CHECK(&more->row(0).block() == more.get());
  CHECK(more->row(0).id() == 99);
}

TEST_CASE("texts that no engine accepts are refused, not cut") {
  for (std::string Event::*const text :
       {&Event::type, &Event::tenant, &Event::key, &Event::channel, &Event::traceparent}) {
    Event event;
    event.*text = std::string(5000, 'x');
    CHECK_THROWS_AS(MemoryEvent::pack(event, 1, {}, false, pool), webhook::Error);
  }
}

}  // namespace unit_detail_memory_event
