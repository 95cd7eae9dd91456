# SPDX-License-Identifier: MIT
# Without CMake: flags from pkg-config, or nothing but -I include of a checkout.
cmake_minimum_required(VERSION 3.25)

if(WAY STREQUAL "pkg_config")
  set(ENV{PKG_CONFIG_PATH} "${STAGE}/share/pkgconfig")
  foreach(what cflags libs)
    execute_process(COMMAND "${PKG_CONFIG}" --${what} webhook OUTPUT_VARIABLE ${what} OUTPUT_STRIP_TRAILING_WHITESPACE
                    COMMAND_ERROR_IS_FATAL ANY)
    separate_arguments(${what} UNIX_COMMAND "${${what}}")
  endforeach()
  if(NOT "-I${STAGE}/share/../../include" IN_LIST cflags AND NOT "-I${STAGE}/share/pkgconfig/../../include" IN_LIST cflags)
    message(FATAL_ERROR "pkg-config does not point to the moved installation: ${cflags}")
  endif()
else()
  set(cflags -I "${ROOT}/include")
  set(libs -lcurl -lssl -lcrypto -pthread)
endif()

set(sources "${CMAKE_CURRENT_LIST_DIR}/program/main.cpp" "${CMAKE_CURRENT_LIST_DIR}/program/other.cpp")
execute_process(COMMAND "${CXX}" -std=c++20 ${cflags} ${sources} -o "${PROGRAM}" ${libs} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${PROGRAM}" COMMAND_ERROR_IS_FATAL ANY)
