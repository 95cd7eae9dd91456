// SPDX-License-Identifier: MIT
// The version of the library, stated once: CMake and the package files read it from here.
// It knows nothing else and includes nothing.
#ifndef WEBHOOK_VERSION_HPP
#define WEBHOOK_VERSION_HPP

#define WEBHOOK_VERSION_MAJOR 0
#define WEBHOOK_VERSION_MINOR 1
#define WEBHOOK_VERSION_PATCH 0

#endif
