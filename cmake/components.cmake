# SPDX-License-Identifier: MIT
# What webhook consists of: which headers belong to which component, and where their packages are looked for.
# cmake/webhook-config.cmake.in looks for the same packages on behalf of whoever uses the installed package.

# An optional component is its headers, the package that they need, the target in it, and the least version if one is
# needed; it is looked for when asked.
set(webhook_xml_headers serializer/xml.hpp detail/expat_reader.hpp)
set(webhook_xml_needs EXPAT EXPAT::EXPAT)
set(webhook_gzip_headers serializer/gzip.hpp detail/zlib_gzip.hpp)
set(webhook_gzip_needs ZLIB ZLIB::ZLIB)
file(GLOB webhook_sqlite_headers RELATIVE "${PROJECT_SOURCE_DIR}/include/webhook" CONFIGURE_DEPENDS
     "${PROJECT_SOURCE_DIR}/include/webhook/*/sqlite*.hpp")
set(webhook_sqlite_needs SQLite3 SQLite::SQLite3 3.37)
file(GLOB webhook_postgres_headers RELATIVE "${PROJECT_SOURCE_DIR}/include/webhook" CONFIGURE_DEPENDS
     "${PROJECT_SOURCE_DIR}/include/webhook/*/postgres*.hpp")
set(webhook_postgres_needs PostgreSQL PostgreSQL::PostgreSQL 14)
set(webhook_optional_components xml gzip sqlite postgres)

# These headers bring in a library, or include one that does; everything else is webhook::core.
file(GLOB_RECURSE webhook_core_headers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/include/webhook/*.hpp")
set(webhook_default_headers ${webhook_core_headers})
list(FILTER webhook_default_headers INCLUDE REGEX
     "/include/webhook/(webhook|transport/curl[^/]*|serializer/.*|scheme/.*|adapter/.*|store/sealed|detail/(aes|curl|evp|hmac|seal|sha|openssl)[^/]*)\\.hpp$")
foreach(component IN LISTS webhook_optional_components)
  list(TRANSFORM webhook_${component}_headers PREPEND "${PROJECT_SOURCE_DIR}/include/webhook/")
  list(REMOVE_ITEM webhook_default_headers ${webhook_${component}_headers})
  list(REMOVE_ITEM webhook_core_headers ${webhook_${component}_headers})
endforeach()
list(REMOVE_ITEM webhook_core_headers ${webhook_default_headers})

if(NOT TARGET Threads::Threads)
  set(THREADS_PREFER_PTHREAD_FLAG ON)
  find_package(Threads REQUIRED)
endif()
if(NOT TARGET CURL::libcurl)
  find_package(CURL 7.85 REQUIRED)
endif()
if(NOT TARGET OpenSSL::SSL)
  find_package(OpenSSL 3.0 REQUIRED)
endif()
if(NOT TARGET nlohmann_json::nlohmann_json)
  find_package(nlohmann_json 3.11 REQUIRED)
endif()

# webhook_component(name HEADERS files LINK targets) declares webhook::name. Host code compiles with the host's own
# flags: the interface asks for C++20 and for nothing else.
function(webhook_component name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "HEADERS;LINK")
  add_library(webhook_${name} INTERFACE)
  add_library(webhook::${name} ALIAS webhook_${name})
  set_target_properties(webhook_${name} PROPERTIES EXPORT_NAME ${name})
  target_sources(webhook_${name} PUBLIC FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/include" FILES ${arg_HEADERS})
  target_compile_features(webhook_${name} INTERFACE cxx_std_20)
  target_link_libraries(webhook_${name} INTERFACE ${arg_LINK})
  set_property(GLOBAL APPEND PROPERTY webhook_components ${name})
endfunction()

# webhook_optional_component(name) declares a component that comes on top of the default, with a package of its own.
function(webhook_optional_component name)
  if(NOT name IN_LIST webhook_optional_components)
    list(JOIN webhook_optional_components ", " known)
    message(FATAL_ERROR "WEBHOOK_COMPONENTS: there is no optional component '${name}'; there are: ${known}.")
  endif()
  list(GET webhook_${name}_needs 0 package)
  list(GET webhook_${name}_needs 1 target)
  if(NOT TARGET ${target})
    set(version ${webhook_${name}_needs})
    list(REMOVE_ITEM version ${package} ${target})
    find_package(${package} ${version} REQUIRED)
  endif()
  webhook_component(${name} HEADERS ${webhook_${name}_headers} LINK webhook::webhook ${target})
endfunction()
