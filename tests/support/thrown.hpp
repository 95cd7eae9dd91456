// SPDX-License-Identifier: MIT
// The code of the error that a call throws, or none.
#ifndef WEBHOOK_TESTS_SUPPORT_THROWN_HPP
#define WEBHOOK_TESTS_SUPPORT_THROWN_HPP

#include <webhook/error.hpp>

#include <system_error>

namespace support {

template <class Call>
std::error_code thrown(const Call& call) {
  try {
    call();
  } catch (const webhook::Error& error) {
    return error.code();
  }
  return {};
}

}  // namespace support

#endif
