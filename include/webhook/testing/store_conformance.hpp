// SPDX-License-Identifier: MIT
// check_store: whether a store keeps every rule of the page of contracts (concepts.hpp, chapter 5).
// Needs no test framework and knows no store; random sequences of operations are in store_model.hpp.
#ifndef WEBHOOK_TESTING_STORE_CONFORMANCE_HPP
#define WEBHOOK_TESTING_STORE_CONFORMANCE_HPP

#include <array>
#include <exception>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "../concepts.hpp"
#include "store_bench.hpp"
#include "store_delivery_cases.hpp"
#include "store_lane_cases.hpp"
#include "store_log_cases.hpp"
#include "store_thread_cases.hpp"

namespace webhook {
inline namespace v0 {

template <class Bench>
struct StoreBoundCases {  // on a store that takes three pending deliveries
  static void full(Bench& bench) {
    bench.endpoint(1);
    bench.append("a", {1});
    bench.append("b", {1});
    const std::array<EndpointId, 1> routes{EndpointId{1}};
    const std::array<NewEvent, 2> batch{{{bench.event("c"), routes, bench.registry(), true, {}},
                                         {bench.event("d"), routes, bench.registry(), true, {}}}};
    std::array<Appended, 2> answers{};
    bool refused = false;
    try {
      bench.store.append(bench.time.now(), batch, answers);
    } catch (const Error& error) {
      refused = error.code() == errc::full;
    }
    bench.expect(refused, "a store at its bound must refuse with errc::full");
    const std::vector<Claimed> claimed = bench.claim();
    bench.expect(Bench::ids(claimed) == "a b", "a batch is all or nothing: none of a refused one may be kept");
    for (const Claimed& one : claimed) bench.tried(one, 200, State::delivered);
    bench.store.append(bench.time.now(), batch, answers);
    bench.expect(answers[0] == Appended::inserted && answers[1] == Appended::inserted,
                 "once there is room again, the same batch is new");
    bench.expect(Bench::ids(bench.claim()) == "c d", "once there is room again, the same batch is taken");
  }

  static constexpr StoreCase<Bench> all[] = {{"a full store refuses whole batches", full}};
};

/// Runs the cases of one group, each on a store of its own; a case that throws has failed.
template <template <class> class Cases, class Store, class Time, class Make>
void run_store_cases(Make& make, const Time& time, std::vector<std::string>& failures) {
  using Bench = StoreBench<Store, Time>;
  for (const StoreCase<Bench>& one : Cases<Bench>::all) {
    try {
      Bench bench(make(), time, one.name, failures);
      one.run(bench);
    } catch (const std::exception& error) {
      failures.push_back(std::string(one.name) + ": threw \"" + error.what() + '"');
    } catch (...) {
      failures.push_back(std::string(one.name) + ": threw something that is no std::exception");
    }
  }
}

/// Tests a store against the page; returns what it did wrong, a sentence each ("case: what a store must do"), and
/// nothing if it conforms. `make()` returns a fresh, empty store each time. If `make(std::size_t)` exists, it returns
/// one that takes that many pending deliveries and then is full. A store that goes by a clock of its own is given
/// RealTime.
template <class Make, class Time = VirtualTime>
std::vector<std::string> check_store(Make make, const Time& time = Time()) {
  using Store = std::invoke_result_t<Make&>;
  static_assert(StorePolicy<Store>, "make() must return a store: see StorePolicy in concepts.hpp");
  std::vector<std::string> failures;
  run_store_cases<StoreDeliveryCases, Store>(make, time, failures);
  run_store_cases<StoreLaneCases, Store>(make, time, failures);
  run_store_cases<StoreThreadCases, Store>(make, time, failures);
  if constexpr (Remembers<Store>) run_store_cases<StoreLogCases, Store>(make, time, failures);
  if constexpr (RoutesLater<Store>) run_store_cases<StoreRoutingCases, Store>(make, time, failures);
  if constexpr (std::is_invocable_v<Make&, std::size_t>) {
    const auto bounded = [&make] { return make(std::size_t{3}); };
    run_store_cases<StoreBoundCases, Store>(bounded, time, failures);
  }
  return failures;
}

}  // namespace v0
}  // namespace webhook

#endif
