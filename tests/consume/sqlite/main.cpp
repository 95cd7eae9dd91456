// SPDX-License-Identifier: MIT
// A host whose events outlive it: emitted once, and still there for the next one that opens the file.
#include <webhook/store/sqlite.hpp>
#include <webhook/webhook.hpp>

#include <cstdio>

int main() {
  const char* const path = "host.db";
  std::remove(path);
  {
    webhook::Dispatcher hooks{webhook::SqliteStore(path)};
    hooks.add({.url = "https://receiver.example/"});
    hooks.emit("order.created", {{"item", "a book"}});
  }
  webhook::Dispatcher hooks{webhook::SqliteStore(path)};
  return hooks.deliveries().size() == 1 ? 0 : 1;
}
