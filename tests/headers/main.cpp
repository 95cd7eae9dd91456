// SPDX-License-Identifier: MIT
// The second source file that sees every header of the library; linking it with the others is the test.
#include "everything.hpp"

int main() { return webhook::category().name() == nullptr; }
