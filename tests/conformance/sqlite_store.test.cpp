// SPDX-License-Identifier: MIT
// The store contract on SQLite, in a file: every rule of the page, and the model's answers to whatever is asked.
#include <string>
#include <vector>

#include "support/temporary_folder.hpp"
#include "webhook/store/sqlite.hpp"
#include "webhook/testing/store_checker.hpp"
#include "webhook/testing/store_conformance.hpp"

#include <catch2/catch.hpp>

namespace conformance_sqlite_store {

namespace {

// More operations for a longer look: WEBHOOK_MODEL_OPS=5000000
std::size_t model_operations() {
  const char* const wanted = std::getenv("WEBHOOK_MODEL_OPS");  // NOLINT(concurrency-mt-unsafe)
  return wanted == nullptr ? 6'000 : static_cast<std::size_t>(std::strtoull(wanted, nullptr, 10));
}

struct MakeSqlite {  // each in a file of its own
  support::TemporaryFolder* folder;
  bool exclusive = false;

  webhook::SqliteStore operator()() const { return (*this)(webhook::SqliteOptions{}.max_deliveries); }
  webhook::SqliteStore operator()(std::size_t deliveries) const {
    folder->empty();
    return webhook::SqliteStore(folder->file("store.db"), {.exclusive = exclusive, .max_deliveries = deliveries});
  }
};

auto none() {
  static const std::vector<std::string> empty{};
  return Catch::Equals(empty);  // rather than empty(): a failing test shows the sentences
}

}  // namespace

TEST_CASE("the SQLite store keeps every rule of the page") {
  support::TemporaryFolder folder;
  CHECK_THAT(webhook::check_store(MakeSqlite{&folder}), none());
}

TEST_CASE("the SQLite store keeps every rule of the page in WAL mode") {
  support::TemporaryFolder folder = support::TemporaryFolder::in_memory();
  CHECK_THAT(webhook::check_store(MakeSqlite{&folder, true}), none());
}

TEST_CASE("the SQLite store does what the model does, whatever is asked of it") {
  support::TemporaryFolder folder = support::TemporaryFolder::in_memory();
  CHECK_THAT(webhook::check_store_model(MakeSqlite{&folder, true}, 1, model_operations()), Catch::Equals(""));
}

}  // namespace conformance_sqlite_store
