// SPDX-License-Identifier: MIT
// The same random sequence on the SQLite store and on the memory store, which is the reading of the page.
#include <cstdlib>
#include <string>

#include "support/beside_memory.hpp"
#include "support/temporary_folder.hpp"
#include "webhook/store/sqlite.hpp"

#include <catch2/catch.hpp>

namespace conformance_sqlite_beside_memory {

namespace {

std::size_t operations() {  // more of them for a longer look: WEBHOOK_MODEL_OPS=1000000
  const char* const wanted = std::getenv("WEBHOOK_MODEL_OPS");  // NOLINT(concurrency-mt-unsafe)
  return wanted == nullptr ? 12'000 : static_cast<std::size_t>(std::strtoull(wanted, nullptr, 10));
}

}  // namespace

TEST_CASE("the SQLite store does what the memory store does, order, keys and parking included") {
  support::TemporaryFolder folder = support::TemporaryFolder::in_memory();
  const auto make = [&folder] {
    folder.empty();
    return webhook::SqliteStore(folder.file("store.db"), {.exclusive = true});
  };
  CHECK(support::check_beside_memory(make, operations(), true) == "");
}

}  // namespace conformance_sqlite_beside_memory
