# SPDX-License-Identifier: MIT
# Compiles ${CASE} with ${CXX} and compares what is said with what its first line announces.
cmake_minimum_required(VERSION 3.25)

file(STRINGS "${CASE}" first LIMIT_COUNT 1)
set(ENV{LC_ALL} C)
execute_process(COMMAND "${CXX}" "@${FLAGS}" -fsyntax-only -fdiagnostics-color=never "${CASE}"
                RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE said)

if(first STREQUAL "// compiles")
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "it should compile, but:\n${said}")
  endif()
elseif(first MATCHES "^// error: (.+)$")
  set(expected "${CMAKE_MATCH_1}")
  if(status EQUAL 0)
    message(FATAL_ERROR "it compiles, but should fail with: ${expected}")
  endif()
  # Semicolons would be taken for a list's; the dot of a regular expression would cross lines.
  string(REGEX REPLACE "\\\\?;" "," expected "${expected}")
  string(REPLACE ";" "," said "${said}")
  string(REPLACE "\n" ";" lines "${said}")
  foreach(line IN LISTS lines)
    if(line MATCHES "error: .*(${expected})")
      message(STATUS "${line}")
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "no error matches: ${expected}\nThe compiler said:\n${said}")
else()
  message(FATAL_ERROR "the first line of ${CASE} must be '// error: <regular expression>' or '// compiles'")
endif()
