// SPDX-License-Identifier: MIT
// Threads that share turns: everything is done once, errors reach who asked, and those that ask again and again meet in
// one turn instead of waiting for each other's.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <span>
#include <stdexcept>
#include <thread>
#include <vector>

#include "webhook/detail/group_commit.hpp"

#include <catch2/catch.hpp>

namespace unit_detail_group_commit {
using namespace std::chrono_literals;
using webhook::detail::GroupCommit;

namespace {

struct Counted final : GroupCommit::Task {
  explicit Counted(bool alone = false) : Task(alone) {}
  void perform() override { ++performed; }
  int performed = 0;
};

/// What `threads` threads get done that each ask for `each` tasks, one after the other; a turn takes `turn`.
struct Shared {
  Shared(std::size_t threads, std::size_t each, std::chrono::milliseconds turn) {
    std::vector<std::thread> running;
    for (std::size_t i = 0; i < threads; ++i) {
      running.emplace_back([&, each, turn] {
        for (std::size_t n = 0; n < each; ++n) {
          Counted task;
          commits.run(task, [&](std::span<GroupCommit::Task* const> tasks) {
            ++turns;
            std::this_thread::sleep_for(turn);
            for (GroupCommit::Task* const one : tasks) one->perform();
          });
          done += static_cast<std::size_t>(task.performed);
        }
      });
    }
    for (std::thread& one : running) one.join();
  }

  GroupCommit commits{};
  std::atomic<std::size_t> turns{0}, done{0};
};

}  // namespace

TEST_CASE("what threads ask for is done once each") {
  const Shared shared(8, 200, 0ms);
  CHECK(shared.done == 1600);
  CHECK(shared.turns <= 1600);
}

// A busy machine may keep a thread from running for longer than anybody waits, so these are tried some times.
TEST_CASE("threads that ask again at once share their turns, rather than wait for each other's") {
  std::size_t least = 24;
  for (int i = 0; i < 20 && least >= 16; ++i) {
    const Shared shared(2, 12, 20ms);
    REQUIRE(shared.done == 24);
    least = (std::min)(least, shared.turns.load());
  }
  CHECK(least < 16);  // thirteen together, about twenty one after the other
}

TEST_CASE("who asks when nobody else does waits for nobody, and who is alone shares with nobody") {
  auto least = std::chrono::steady_clock::duration::max();
  for (int i = 0; i < 20 && least >= 9ms; ++i) {
    GroupCommit commits;
    std::size_t turns = 0;
    const auto execute = [&](std::span<GroupCommit::Task* const> tasks) {
      ++turns;
      REQUIRE(tasks.size() == 1);
      std::this_thread::sleep_for(turns == 1 ? 80ms : 0ms);
      tasks.front()->perform();
    };
    Counted first, second, third(true);
    commits.run(first, execute);
    const auto start = std::chrono::steady_clock::now();
    commits.run(second, execute);
    least = (std::min)(least, std::chrono::steady_clock::now() - start);
    commits.run(third, execute);
    REQUIRE(first.performed + second.performed + third.performed == 3);
  }
  CHECK(least < 9ms);  // an eighth of the turn before is ten
}

TEST_CASE("what went wrong with a task is thrown to whoever asked for it") {
  GroupCommit commits;
  Counted task;
  const auto execute = [](std::span<GroupCommit::Task* const> tasks) {
    tasks.front()->error = std::make_exception_ptr(std::runtime_error("no room"));
  };
  CHECK_THROWS_WITH(commits.run(task, execute), "no room");
}

}  // namespace unit_detail_group_commit
