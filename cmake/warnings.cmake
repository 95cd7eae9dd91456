# SPDX-License-Identifier: MIT
# webhook_dev: the flags under which everything of ours is compiled. Linked privately, never exported.
# A newer compiler that warns of more can be calmed by cmake --compile-no-warning-as-error.
set(WEBHOOK_SANITIZE "" CACHE STRING "Sanitizer of the tests and examples: address (with undefined) or thread")
set_property(CACHE WEBHOOK_SANITIZE PROPERTY STRINGS "" address thread)

add_library(webhook_dev INTERFACE)
if(MSVC)
  target_compile_options(webhook_dev INTERFACE /W4 /utf-8)
else()
  set(webhook_strict_warnings -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow)
  target_compile_options(webhook_dev INTERFACE ${webhook_strict_warnings})
endif()

if(WEBHOOK_SANITIZE STREQUAL "address")
  # The check of dynamic types opens a pipe, and misjudges in a test that has run out of descriptors.
  set(sanitizer -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer)
elseif(WEBHOOK_SANITIZE STREQUAL "thread")
  set(sanitizer -fsanitize=thread)
elseif(WEBHOOK_SANITIZE)
  message(FATAL_ERROR "WEBHOOK_SANITIZE is '${WEBHOOK_SANITIZE}'; it can be address, thread or empty.")
endif()
target_compile_options(webhook_dev INTERFACE ${sanitizer})
target_link_options(webhook_dev INTERFACE ${sanitizer})
