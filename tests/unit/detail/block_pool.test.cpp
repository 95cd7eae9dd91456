// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <cstring>
#include <set>
#include <utility>
#include <vector>
#include <webhook/detail/block_pool.hpp>

namespace unit_detail_block_pool {
using webhook::detail::BlockPool;

TEST_CASE("a block that was given back serves the next of about its size, all of it") {
  BlockPool pool;
  for (std::size_t size = 16; size < 9000; size += 13) {
    CAPTURE(size);
    void* const first = pool.take(size);
    std::memset(first, 1, BlockPool::room_for(size));
    BlockPool::Pile pile;
    pile.push(first, size);
    pool.give(std::move(pile));
    const std::size_t room = BlockPool::room_for(size);
    CHECK(room >= size);
    CHECK(BlockPool::room_for(room) == room);
    void* const second = pool.take(room);
    std::memset(second, 2, room);
    if (room < 8000) CHECK(second == first);
    ::operator delete(second);
  }
}

TEST_CASE("a pool keeps a bounded number of bytes, and everything it was given ends") {
  BlockPool pool;
  std::set<void*> given;
  BlockPool::Pile pile;
  for (int i = 0; i < 20'000; ++i) {  // five times as much as it keeps
    void* const block = pool.take(1000);
    given.insert(block);
    pile.push(block, 1000);
  }
  pool.give(std::move(pile));
  std::vector<void*> taken;
  std::size_t known = 0;
  for (int i = 0; i < 4200; ++i) taken.push_back(pool.take(1000));
  for (void* const block : taken) known += given.count(block);
  CHECK(known >= 4000);
  for (void* const block : taken) ::operator delete(block);
}

TEST_CASE("of several blocks at once a pool gives those that it has, and no more than were asked for") {
  BlockPool pool;
  std::set<void*> given;
  BlockPool::Pile pile;
  for (int i = 0; i < 3; ++i) {
    void* const block = pool.take(100);
    given.insert(block);
    pile.push(block, 100);
  }
  pool.give(std::move(pile));
  BlockPool::Pile two = pool.take(100, 2), one = pool.take(100, 2);
  for (BlockPool::Pile* const taken : {&two, &two, &one}) {
    void* const block = taken->take();
    CHECK(given.erase(block) == 1);
    std::memset(block, 3, BlockPool::room_for(100));
    ::operator delete(block);
  }
  CHECK(two.take() == nullptr);
  CHECK(one.take() == nullptr);
  CHECK(pool.take(100, 1).empty());
  CHECK(pool.take(1'000'000, 1).empty());
}

}  // namespace unit_detail_block_pool
