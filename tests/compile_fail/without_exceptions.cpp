// error: webhook reports what goes wrong as exceptions: compile this file without -fno-exceptions
// flags: -fno-exceptions
// at most 2 errors: that sentence, and that no compiler goes on after it
// case: F11
#include <webhook/webhook.hpp>

int main() {
  webhook::Dispatcher hooks;
  hooks.emit("customer.created", {{"name", "Smith"}});
}
