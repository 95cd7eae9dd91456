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
  for (int i = 0; i < 5000; ++i) {  // five times as much as it keeps
    void* const block = pool.take(1000);
    given.insert(block);
    pile.push(block, 1000);
  }
  pool.give(std::move(pile));
  std::vector<void*> taken;
  std::size_t known = 0;
  for (int i = 0; i < 1040; ++i) taken.push_back(pool.take(1000));
  for (void* const block : taken) known += given.count(block);
  CHECK(known >= 1000);
  for (void* const block : taken) ::operator delete(block);
}

}  // namespace unit_detail_block_pool
