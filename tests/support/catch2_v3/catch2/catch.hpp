// SPDX-License-Identifier: MIT
// Lets sources written for Catch2 version 2 compile with version 3. On the include path only if that is installed.
#ifndef WEBHOOK_TESTS_CATCH_HPP
#define WEBHOOK_TESTS_CATCH_HPP

#include <catch2/catch_all.hpp>

using Catch::Approx;

#endif
