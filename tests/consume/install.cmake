# SPDX-License-Identifier: MIT
# Installs this build's package under ${STAGE}, and moves it to ${STAGE}/moved.
cmake_minimum_required(VERSION 3.25)

file(REMOVE_RECURSE "${STAGE}")
execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${STAGE}/first" COMMAND_ERROR_IS_FATAL ANY
                OUTPUT_QUIET)
file(RENAME "${STAGE}/first" "${STAGE}/moved")

# The headers, the package files, and nothing else; no header is missing.
file(GLOB_RECURSE headers RELATIVE "${ROOT}/include" "${ROOT}/include/webhook/*.hpp")
list(TRANSFORM headers PREPEND "include/")
set(package cmake/webhook/webhook-config.cmake cmake/webhook/webhook-config-version.cmake cmake/webhook/webhook-core.cmake
    cmake/webhook/webhook-webhook.cmake cmake/webhook/webhook-xml.cmake cmake/webhook/webhook-gzip.cmake
    cmake/webhook/webhook-sqlite.cmake cmake/webhook/webhook-postgres.cmake pkgconfig/webhook.pc
    pkgconfig/webhook-sqlite.pc pkgconfig/webhook-postgres.pc)
list(TRANSFORM package PREPEND "share/")
set(expected ${headers} ${package})
file(GLOB_RECURSE installed RELATIVE "${STAGE}/moved" "${STAGE}/moved/*")
foreach(file IN LISTS expected)
  if(NOT file IN_LIST installed)
    message(SEND_ERROR "not installed: ${file}")
  endif()
endforeach()
list(REMOVE_ITEM installed ${expected})
if(installed)
  message(SEND_ERROR "installed, but should not be: ${installed}")
endif()

foreach(file IN LISTS package)
  file(READ "${STAGE}/moved/${file}" text)
  if(text MATCHES "/(lib|usr)/" OR text MATCHES "${STAGE}|${ROOT}")
    message(SEND_ERROR "${file} names a place on this machine: ${CMAKE_MATCH_0}")
  endif()
endforeach()
