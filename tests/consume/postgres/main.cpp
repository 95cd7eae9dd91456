// SPDX-License-Identifier: MIT
// A host that asks for the component: where no server answers, it is told so.
#include <webhook/store/postgres.hpp>
#include <webhook/webhook.hpp>

int main() {
  try {
    webhook::Dispatcher hooks{webhook::PostgresStore("host=/nowhere dbname=shop")};
  } catch (const webhook::Error& error) {
    return error.code() == webhook::errc::transient ? 0 : 1;
  }
  return 2;
}
