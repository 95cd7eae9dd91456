# SPDX-License-Identifier: MIT
# Configures, builds and runs the host in ${HOST}, as someone would who has never seen this source tree.
cmake_minimum_required(VERSION 3.25)

file(REMOVE_RECURSE "${BUILD}")
set(launcher)
if(LAUNCHER)
  set(launcher "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}")
endif()
execute_process(COMMAND "${CMAKE_COMMAND}" -S "${HOST}" -B "${BUILD}" -G "${GENERATOR}" "-DCMAKE_CXX_COMPILER=${CXX}" ${launcher}
                        "-DCMAKE_PREFIX_PATH=${STAGE}" "-DCHECKOUT=${ROOT}" "-DCMAKE_INSTALL_PREFIX=${BUILD}/installed"
                        "-DFETCHCONTENT_SOURCE_DIR_WEBHOOK=${ROOT}" -DFETCHCONTENT_FULLY_DISCONNECTED=ON
                RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE said)
message("${said}")
if(REFUSED)
  string(REGEX REPLACE "[ \n]+" " " said "${said}")  # cmake breaks its lines
  if(status EQUAL 0)
    message(FATAL_ERROR "this should have been refused: ${REFUSED}")
  elseif(NOT said MATCHES "${REFUSED}")
    message(FATAL_ERROR "it was refused, but nothing matches: ${REFUSED}")
  endif()
  return()
endif()
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${HOST} cannot be configured")
endif()

execute_process(COMMAND "${CMAKE_COMMAND}" --build "${BUILD}" COMMAND_ERROR_IS_FATAL ANY)
if(EXISTS "${BUILD}/program")
  execute_process(COMMAND "${BUILD}/program" COMMAND_ERROR_IS_FATAL ANY)
endif()
execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" COMMAND_ERROR_IS_FATAL ANY)
if(CHECK)
  include("${CMAKE_CURRENT_LIST_DIR}/${CHECK}")
endif()
