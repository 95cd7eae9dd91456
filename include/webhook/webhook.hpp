// SPDX-License-Identifier: MIT
// The umbrella: the default Dispatcher and the Receiver with everything they need. The only header that sees both the
// engine and the policies. Adapters, testing aids and stores with dependencies of their own are included by name.
#ifndef WEBHOOK_WEBHOOK_HPP
#define WEBHOOK_WEBHOOK_HPP

#include "clock/system.hpp"
#include "dispatcher.hpp"
#include "inbox/memory.hpp"
#include "receiver.hpp"
#include "scheme/standard.hpp"
#include "serializer/json.hpp"
#include "store/memory.hpp"
#include "transport/curl.hpp"
#include "transport/function.hpp"
#include "version.hpp"

#endif
