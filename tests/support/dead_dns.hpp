// SPDX-License-Identifier: MIT
// A network of the calling process's own, in which names are looked up at a server that never answers.
#ifndef WEBHOOK_TESTS_SUPPORT_DEAD_DNS_HPP
#define WEBHOOK_TESTS_SUPPORT_DEAD_DNS_HPP

#include <string>

#include "support/own_network.hpp"

namespace support {

/// Enters it, for good: call it in a child that has one thread. Returns why it could not, or "".
inline std::string enter_dead_dns() {
  if (std::string why = enter_own_network(); !why.empty()) return why;
  // Open as long as the process is, and never read.
  return bound_to(SOCK_DGRAM, 53) < 0 ? "no port 53" : "";
}

}  // namespace support

#endif
