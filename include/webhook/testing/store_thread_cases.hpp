// SPDX-License-Identifier: MIT
// Conformance cases of the store contract with several threads at once: nothing lost, nothing claimed twice.
// Time stands still while they run, so that no lease ends.
#ifndef WEBHOOK_TESTING_STORE_THREAD_CASES_HPP
#define WEBHOOK_TESTING_STORE_THREAD_CASES_HPP

#include <array>
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "store_bench.hpp"

namespace webhook {
inline namespace v0 {

template <class Bench>
struct StoreThreadCases {
  static constexpr std::size_t emitters = 2, workers = 3, each = 60;

  /// Runs `work(i)` in `count` threads at once; what one throws becomes a failure.
  template <class Work>
  static void together(Bench& bench, std::size_t count, const Work& work) {
    std::mutex mutex;
    std::vector<std::string> thrown;
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < count; ++i) {
      threads.emplace_back([&, i] {
        try {
          work(i);
        } catch (const std::exception& error) {
          const std::lock_guard lock(mutex);
          thrown.push_back(error.what());
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const std::string& what : thrown) bench.expect(false, "no call may throw: " + what);
  }

  static void none_lost_none_twice(Bench& bench) {
    constexpr std::uint32_t cap = 5;
    for (const std::uint64_t id : {1U, 2U, 3U}) bench.endpoint(id, cap);
    const Now now = bench.time.now();
    const Version registry = bench.registry();
    std::atomic<std::size_t> emitting{emitters};
    std::atomic<std::size_t> delivered{0};
    std::mutex mutex;
    std::set<Fence> fences;
    std::set<DeliveryId> done;
    std::size_t twice = 0, wrong = 0, over_cap = 0;
    std::atomic<std::uint32_t> in_flight[3]{};

    together(bench, emitters + workers, [&](std::size_t thread) {
      if (thread < emitters) {
        const std::array<EndpointId, 3> routes{EndpointId{1}, EndpointId{2}, EndpointId{3}};
        for (std::size_t i = 0; i < each; ++i) {
          const NewEvent event{
              Bench::event("e" + std::to_string(thread) + "-" + std::to_string(i)), routes, registry, true, {}};
          Appended answer = Appended::conflict;
          bench.store.append(now, {&event, 1}, {&answer, 1});
        }
        --emitting;
        return;
      }
      for (int idle = 0; idle < 2000 && delivered < emitters * each * 3;) {
        std::vector<Claimed> claimed;
        bench.store.claim({now, WorkerId{thread}, bench.units(1000), 4, 2}, claimed);
        if (claimed.empty()) {
          if (emitting == 0) ++idle;
          std::this_thread::yield();
          continue;
        }
        idle = 0;
        std::vector<Settlement> words;
        bool give_back = false;
        for (const Claimed& one : claimed) {
          const std::size_t lane = static_cast<std::size_t>(one.endpoint) - 1;
          const std::lock_guard lock(mutex);
          if (++in_flight[lane] > cap) ++over_cap;
          if (!fences.insert(one.lease.fence).second) ++twice;
          give_back = !give_back && fences.size() % 5 == 0;
          words.push_back({one.lease, give_back ? State::due : State::delivered, {}, nullptr});
        }
        for (const Claimed& one : claimed)
          --in_flight[static_cast<std::size_t>(one.endpoint) - 1];  // before the store frees it
        std::vector<Settled> settled(words.size());
        bench.store.settle(now, words, settled);
        const std::lock_guard lock(mutex);
        for (std::size_t i = 0; i < words.size(); ++i) {
          if (settled[i].word != Settled::Word::applied) ++wrong;
          if (words[i].state != State::delivered) continue;
          if (!done.insert(words[i].lease.delivery).second) ++twice;
          ++delivered;
        }
      }
    });
    bench.expect(delivered == emitters * each * 3, "with several threads, no delivery may be lost");
    bench.expect(twice == 0, "with several threads, no delivery may be claimed twice, and no fence be given twice");
    bench.expect(over_cap == 0, "with several threads, the cap holds");
    bench.expect(wrong == 0, "with several threads, the holder's word must be applied");
  }

  static void one_of_a_name(Bench& bench) {
    bench.endpoint(1);
    const Now now = bench.time.now();
    const Version registry = bench.registry();
    std::atomic<std::size_t> inserted{0}, conflicts{0};
    together(bench, 4, [&](std::size_t) {
      const std::array<EndpointId, 1> routes{EndpointId{1}};
      for (int i = 0; i < 20; ++i) {
        const NewEvent event{Bench::event("name" + std::to_string(i)), routes, registry, true, {}};
        Appended answer = Appended::conflict;
        bench.store.append(now, {&event, 1}, {&answer, 1});
        inserted += answer == Appended::inserted ? 1U : 0U;
        conflicts += answer == Appended::conflict ? 1U : 0U;
      }
    });
    bench.expect(inserted == 20 && conflicts == 0, "of several that append the same name, exactly one inserts it");
    bench.expect(bench.claim().size() == 20, "of several that append the same name, one delivery comes");
  }

  static void one_change_wins(Bench& bench) {
    const Endpoint read = bench.endpoint(1);
    std::atomic<int> won{0};
    together(bench, 4, [&](std::size_t thread) {
      Endpoint mine = read;
      mine.cap = static_cast<std::uint32_t>(10 + thread);
      try {
        bench.store.put(mine);
        ++won;
      } catch (const Error& error) {
        if (error.code() != errc::conflict) throw;
      }
    });
    bench.expect(won == 1, "of several that put the same version, exactly one succeeds");
  }

  static constexpr StoreCase<Bench> all[] = {
      {"threads lose nothing and claim nothing twice", none_lost_none_twice},
      {"threads insert a name once", one_of_a_name},
      {"threads change an endpoint one after the other", one_change_wins},
  };
};

}  // namespace v0
}  // namespace webhook

#endif
