// SPDX-License-Identifier: MIT
// Effectively once: a shop keeps its customers in SQLite, and hears of new ones from a CRM. The mark that a message was
// handled commits in the same transaction as the customer's row, so that a message which comes twice counts once, and
// one whose commit fails comes again. Here the answer to the first attempt is lost on the way; the CRM tries again.
#include <webhook/inbox/sqlite.hpp>
#include <webhook/webhook.hpp>

#include <iostream>
#include <stdexcept>
#include <string>

struct CustomerCreated {
  std::string email{}, name{};
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(CustomerCreated, email, name)
template <>
inline constexpr std::string_view webhook::event_type<CustomerCreated> = "customer.created";

void run(sqlite3* db, const char* sql) {
  if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(db));
}

// Counts how often it was told, which no upsert hides: what arrives twice must not count twice.
void keep(const CustomerCreated& customer, sqlite3* db) {
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v2(db,
                     "INSERT INTO customer (email, name, told) VALUES (?, ?, 1)"
                     " ON CONFLICT (email) DO UPDATE SET name = excluded.name, told = told + 1",
                     -1, &statement, nullptr);
  sqlite3_bind_text(statement, 1, customer.email.c_str(), -1, SQLITE_TRANSIENT);
  sqlite3_bind_text(statement, 2, customer.name.c_str(), -1, SQLITE_TRANSIENT);
  const int code = sqlite3_step(statement);
  sqlite3_finalize(statement);
  if (code != SQLITE_DONE) throw std::runtime_error(sqlite3_errmsg(db));  // answered with 500: it comes again
}

// One transaction around each request; nothing is locked before it has been verified.
template <class Receiver>
webhook::Response receive(Receiver& receiver, const webhook::Request& request, sqlite3* db) {
  run(db, "BEGIN");
  webhook::Response answer = receiver.handle(request, db);
  const bool handled = answer.status >= 200 && answer.status < 300;
  if (handled && sqlite3_exec(db, "COMMIT", nullptr, nullptr, nullptr) == SQLITE_OK) return answer;
  sqlite3_exec(db, "ROLLBACK", nullptr, nullptr, nullptr);
  if (handled) answer.status = 500;  // neither the mark nor the row is there
  return answer;
}

int main() {
  sqlite3* db = nullptr;
  sqlite3_open(":memory:", &db);  // the shop's own, with its tables
  run(db, "CREATE TABLE customer (email TEXT PRIMARY KEY, name TEXT NOT NULL, told INTEGER NOT NULL)");
  webhook::SqliteInbox::create(db);

  const webhook::Secret secret = webhook::StandardWebhooks{}.generate("");
  webhook::Receiver shop{webhook::StandardWebhooks{}, secret, webhook::SqliteInbox{}};
  shop.on<CustomerCreated>(keep);  // a handler may take the transaction's handle as its last parameter

  int attempts = 0;
  webhook::Options options;
  options.retry = webhook::RetrySchedule::exponential(std::chrono::milliseconds{10}, 5, std::chrono::seconds{1});
  webhook::Dispatcher crm{options, [&](const webhook::Request& request) {
                            webhook::Response answer = receive(shop, request, db);
                            std::cout << "attempt " << ++attempts << ": " << answer.status << ' ' << answer.body
                                      << '\n';
                            if (attempts == 1) answer.failure = webhook::Failure::timeout;  // nobody hears of it
                            return answer;
                          }};
  crm.add({.url = "https://shop.example/hooks", .secrets = {secret}});
  crm.emit(CustomerCreated{"zoe@example.com", "Zoë Smith"});
  while (crm.counters().delivered == 0) crm.run_once(std::chrono::seconds{1});

  std::string rows;
  const auto row = [](void* into, int, char** values, char**) {
    static_cast<std::string*>(into)->append(values[0]).append(" told ").append(values[1]).append(" time(s)\n");
    return 0;
  };
  sqlite3_exec(db, "SELECT name, told FROM customer", row, &rows, nullptr);
  sqlite3_close(db);
  std::cout << rows;
  return attempts == 2 && rows == "Zoë Smith told 1 time(s)\n" ? 0 : 1;
}
