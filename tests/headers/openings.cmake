# SPDX-License-Identifier: MIT
# How each header begins, and that none grows beyond what one reads in one sitting.
include("${CMAKE_CURRENT_LIST_DIR}/includes.cmake")

set(most_lines 500)
foreach(header IN LISTS headers)
  # Brackets and semicolons would be taken for lists' own; only the shape of the first lines matters here.
  file(READ "${include_dir}/${header}" text)
  string(REGEX REPLACE "[][;\\]" "?" text "${text}")
  string(REPLACE "\n" ";" lines "${text}")
  list(LENGTH lines length)
  if(length GREATER most_lines)
    list(APPEND problems "${header}: ${length} lines, more than ${most_lines}, split it by responsibility")
  endif()

  list(POP_FRONT lines first)
  if(NOT first STREQUAL "// SPDX-License-Identifier: MIT")
    list(APPEND problems "${header}: the first line is not '// SPDX-License-Identifier: MIT'")
  endif()
  set(comments 0)
  list(POP_FRONT lines line)
  while(line MATCHES "^//")
    math(EXPR comments "${comments} + 1")
    list(POP_FRONT lines line)
  endwhile()
  # The page of contracts has more to say at its head than what it is responsible for.
  if(comments LESS 2 OR (comments GREATER 5 AND NOT header STREQUAL "concepts.hpp"))
    list(APPEND problems "${header}: ${comments} lines say what it is responsible for and what it does not know, 2 to 5 should")
  endif()

  string(REGEX REPLACE "[/.]" "_" guard "webhook/${header}")
  string(TOUPPER "${guard}" guard)
  list(POP_FRONT lines next)
  if(NOT line STREQUAL "#ifndef ${guard}" OR NOT next STREQUAL "#define ${guard}")
    list(APPEND problems "${header}: after its opening comes the guard ${guard}, not '${line}'")
  endif()
endforeach()
report("${problems}")
