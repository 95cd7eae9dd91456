// SPDX-License-Identifier: MIT
// The store contract: that the memory store keeps it, that the page suffices to write a store, and that neither suite
// lets a wrong store pass.
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "../../examples/custom_store.hpp"
#include "support/wrong_store.hpp"
#include "webhook/store/memory.hpp"
#include "webhook/store/sealed.hpp"
#include "webhook/testing/store_checker.hpp"
#include "webhook/testing/store_conformance.hpp"

#include <catch2/catch.hpp>

namespace conformance_store {

namespace {

struct MakeMemory {
  webhook::MemoryStore operator()() const { return webhook::MemoryStore{}; }
  webhook::MemoryStore operator()(std::size_t deliveries) const {
    return webhook::MemoryStore{{.max_deliveries = deliveries}};
  }
};

struct MakeWrong {
  StoreFault fault = StoreFault::none;
  WrongStore operator()() const { return WrongStore(fault); }
  WrongStore operator()(std::size_t deliveries) const { return WrongStore(fault, {.max_deliveries = deliveries}); }
};

// More operations for a longer look: WEBHOOK_MODEL_OPS=5000000
std::size_t model_operations() {
  const char* const wanted = std::getenv("WEBHOOK_MODEL_OPS");  // NOLINT(concurrency-mt-unsafe)
  return wanted == nullptr ? 100'000 : static_cast<std::size_t>(std::strtoull(wanted, nullptr, 10));
}

const std::vector<std::pair<const char*, StoreFault>>& faults() {
  static const std::vector<std::pair<const char*, StoreFault>> all{
      {"the fence is ignored", StoreFault::fence_ignored},
      {"the lease is ignored", StoreFault::lease_ignored},
      {"a wake-up is lost", StoreFault::wakes_too_late},
      {"append is not atomic", StoreFault::append_in_pieces},
      {"a duplicate is accepted as new", StoreFault::duplicate_taken_as_new},
      {"a rest is ignored", StoreFault::rest_ignored},
      {"an expired lease is never due again", StoreFault::lease_never_ends},
      {"settle is not idempotent", StoreFault::settle_counts_twice},
      {"the cap is ignored", StoreFault::cap_ignored},
      {"lost leases are not counted", StoreFault::lost_leases_not_counted},
      {"a lane is served newest first", StoreFault::newest_served_first},
      {"the version of an endpoint is not checked", StoreFault::version_unchecked},
      {"a removed endpoint is only paused", StoreFault::removed_endpoint_served},
      {"the spacing is ignored", StoreFault::spacing_ignored},
  };
  return all;
}

auto none() {
  static const std::vector<std::string> empty{};
  return Catch::Equals(empty);  // rather than empty(): a failing test shows the sentences
}

}  // namespace

TEST_CASE("the memory store keeps every rule of the page", "[E11][E18][E19]") {
  CHECK_THAT(webhook::check_store(MakeMemory{}), none());
}

TEST_CASE("the memory store does what the model does, whatever is asked of it") {
  CHECK_THAT(webhook::check_store_model(MakeMemory{}, 1, model_operations()), Catch::Equals(""));
}

TEST_CASE("a store written from the page alone keeps every rule of it") {
  const auto make = [] { return example::CustomStore{}; };
  CHECK_THAT(webhook::check_store(make), none());
  CHECK_THAT(webhook::check_store_model(make, 1, model_operations() / 10), Catch::Equals(""));
}

TEST_CASE("a store within Sealed keeps every rule of the page") {
  const webhook::SealingKeys keys{{"k", webhook::Secret(std::string(43, 'A') + '=')}, {}};
  CHECK_THAT(webhook::check_store([&] { return webhook::Sealed{webhook::MemoryStore{}, keys}; }), none());
}

TEST_CASE("the conformance suite fails a store in which something is wrong") {
  CHECK_THAT(webhook::check_store(MakeWrong{}), none());
  for (const auto& [name, fault] : faults()) {
    INFO(name);
    const std::vector<std::string> failures = webhook::check_store(MakeWrong{fault});
    CHECK_FALSE(failures.empty());
  }
}

TEST_CASE("the model finds what is wrong with a store") {
  CHECK_THAT(webhook::check_store_model(MakeWrong{}, 1, 10'000), Catch::Equals(""));
  for (const auto& [name, fault] : faults()) {
    // Nothing is ever full or put with an old version in a random sequence.
    if (fault == StoreFault::append_in_pieces || fault == StoreFault::version_unchecked) continue;
    INFO(name);
    const std::string difference = webhook::check_store_model(MakeWrong{fault}, 1, 100'000);
    CHECK_FALSE(difference.empty());
  }
}

TEST_CASE("a failure of the conformance suite is a sentence that names its case") {
  const std::vector<std::string> failures = webhook::check_store(MakeWrong{StoreFault::rest_ignored});
  REQUIRE_FALSE(failures.empty());
  CHECK(failures.front() == "tune sets a rest: a lane that rests is not served, and others are");
}

}  // namespace conformance_store
