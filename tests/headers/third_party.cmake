# SPDX-License-Identifier: MIT
# Writes a header that includes all that our headers include from elsewhere.
include("${CMAKE_CURRENT_LIST_DIR}/includes.cmake")

set(text)
foreach(header IN LISTS headers)
  foreach(name IN LISTS foreign_${header})
    string(APPEND text "#include <${name}>\n")
  endforeach()
endforeach()
file(WRITE "${OUTPUT}" "${text}")
