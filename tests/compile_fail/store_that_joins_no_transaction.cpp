// error: webhook: the dispatcher's store cannot join a transaction of such a handle
#include <webhook/webhook.hpp>

struct Database {};

int main() {
  webhook::Dispatcher hooks;
  Database database;
  hooks.emit(webhook::in_transaction(&database), "order.created", {{"item", "a book"}});
}
