// SPDX-License-Identifier: MIT
// The main of webhook.tests. Catch2 version 3 brings its own; the test sources do not see the difference.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
