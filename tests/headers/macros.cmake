# SPDX-License-Identifier: MIT
# What our headers define, beyond what the headers of the standard library and of the packages define, is ours by name.
include("${CMAKE_CURRENT_LIST_DIR}/includes.cmake")

set(ours)
set(theirs)
foreach(header IN LISTS headers)
  string(APPEND ours "#include <webhook/${header}>\n")
  foreach(name IN LISTS foreign_${header})
    string(APPEND theirs "#include <${name}>\n")
  endforeach()
endforeach()

foreach(side ours theirs)
  file(WRITE "${SCRATCH}/macros_${side}.cpp" "${${side}}")
  execute_process(COMMAND "${CXX}" "@${FLAGS}" -dM -E "${SCRATCH}/macros_${side}.cpp" OUTPUT_FILE "${SCRATCH}/macros_${side}.txt"
                  COMMAND_ERROR_IS_FATAL ANY)
  file(STRINGS "${SCRATCH}/macros_${side}.txt" defined REGEX "^#define ")
  list(TRANSFORM defined REPLACE "^#define ([A-Za-z0-9_]+).*" "\\1" OUTPUT_VARIABLE ${side})
endforeach()

list(LENGTH ours before)
list(REMOVE_ITEM ours ${theirs})
list(FILTER ours EXCLUDE REGEX "^WEBHOOK_(.*_HPP|VERSION_(MAJOR|MINOR|PATCH))$")
if(before LESS 300)
  list(APPEND problems "only ${before} macros were seen: the test sees nothing")
endif()
foreach(macro IN LISTS ours)
  list(APPEND problems "the macro ${macro} is left behind")
endforeach()
report("${problems}")
