// SPDX-License-Identifier: MIT
// The part of the library that needs the standard library only.
#include <webhook/concepts.hpp>
#include <webhook/dispatcher.hpp>
#include <webhook/emitter.hpp>
#include <webhook/receiver.hpp>

webhook::Emitted order_created(const webhook::Emitter& hooks) { return hooks.emit_bytes("order.created", "{}"); }

int main() {
  const webhook::Error error(webhook::errc::full, "a sentence");
  return error.code() == webhook::errc::full ? 0 : 1;
}
