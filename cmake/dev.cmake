# SPDX-License-Identifier: MIT
# For people who work on the library: cmake -C cmake/dev.cmake -B .build/dev -G Ninja
# Sets first values of the cache; whatever is given on the command line after it wins.
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_EXPORT_COMPILE_COMMANDS ON CACHE BOOL "")
find_program(ccache ccache)
if(ccache)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${ccache}" CACHE STRING "")
endif()
