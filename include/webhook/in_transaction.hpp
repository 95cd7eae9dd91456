// SPDX-License-Identifier: MIT
// in_transaction: how a host says that an event belongs to a transaction of its own.
// It does not know what a handle is; the store does (JoinsTransaction in concepts.hpp).
#ifndef WEBHOOK_IN_TRANSACTION_HPP
#define WEBHOOK_IN_TRANSACTION_HPP

namespace webhook {
inline namespace v0 {

/// A handle with an open transaction; see in_transaction().
template <class Handle>
struct InTransaction {
  Handle handle{};
};

/// Says where an event is to be stored: `hooks.emit(webhook::in_transaction(db), order)`, where `db` is the sqlite3* on
/// which the host has begun a transaction. The event commits with it, or is gone with it; call Dispatcher::notify()
/// after the commit.
template <class Handle>
InTransaction<Handle> in_transaction(Handle handle) {
  return {handle};
}

}  // namespace v0
}  // namespace webhook

#endif
