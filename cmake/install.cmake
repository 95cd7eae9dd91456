# SPDX-License-Identifier: MIT
# Installs the headers, one export set per component, the config files for find_package and the one for pkg-config.
# Nothing installed names an absolute path, nor an architecture.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_DATADIR}/cmake/webhook")
get_property(components GLOBAL PROPERTY webhook_components)
foreach(component IN LISTS components)
  install(TARGETS webhook_${component} EXPORT webhook-${component}
          FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
  install(EXPORT webhook-${component} NAMESPACE webhook:: DESTINATION "${package_dir}"
          FILE webhook-${component}.cmake)
endforeach()

configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/webhook-config.cmake.in"
                              "${PROJECT_BINARY_DIR}/webhook-config.cmake" INSTALL_DESTINATION "${package_dir}"
                              NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/webhook-config-version.cmake"
                                 COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES "${PROJECT_BINARY_DIR}/webhook-config.cmake" "${PROJECT_BINARY_DIR}/webhook-config-version.cmake"
        DESTINATION "${package_dir}")

# pkg-config finds the prefix from where the file lies, so that the installed tree may be moved.
cmake_path(APPEND pkgconfig_dir "${CMAKE_INSTALL_PREFIX}" "${CMAKE_INSTALL_DATADIR}" pkgconfig)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY "${pkgconfig_dir}" OUTPUT_VARIABLE pkgconfig_to_prefix)
configure_file("${CMAKE_CURRENT_LIST_DIR}/webhook.pc.in" "${PROJECT_BINARY_DIR}/webhook.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/webhook.pc" DESTINATION "${CMAKE_INSTALL_DATADIR}/pkgconfig")
foreach(component sqlite postgres)
  if(TARGET webhook_${component})
    configure_file("${CMAKE_CURRENT_LIST_DIR}/webhook-${component}.pc.in" "${PROJECT_BINARY_DIR}/webhook-${component}.pc"
                   @ONLY)
    install(FILES "${PROJECT_BINARY_DIR}/webhook-${component}.pc" DESTINATION "${CMAKE_INSTALL_DATADIR}/pkgconfig")
  endif()
endforeach()
