# Install rules and the package files for find_package(autotune [COMPONENTS torch]) and pkg-config.
#
# Install components: `core` is enough for a consumer of autotune::autotune; `torch` adds the
# shared library and the worker; `programs` adds the command line.
include(CMakePackageConfigHelpers)
set(autotune_package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/autotune")
file(RELATIVE_PATH autotune_libexec_to_lib
     "/${CMAKE_INSTALL_LIBEXECDIR}" "/${CMAKE_INSTALL_LIBDIR}")

# --- core ---
install(TARGETS autotune EXPORT autotune-targets
        ARCHIVE COMPONENT core FILE_SET HEADERS COMPONENT core)
install(EXPORT autotune-targets NAMESPACE autotune:: DESTINATION "${autotune_package_folder}"
        COMPONENT core)
configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/autotune-config.cmake.in"
  "${PROJECT_BINARY_DIR}/autotune-config.cmake"
  INSTALL_DESTINATION "${autotune_package_folder}" NO_SET_AND_CHECK_MACRO)
# Until 1.0 a minor version may break its users.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/autotune-config-version.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/autotune-config.cmake"
              "${PROJECT_BINARY_DIR}/autotune-config-version.cmake"
        DESTINATION "${autotune_package_folder}" COMPONENT core)
file(RELATIVE_PATH autotune_pc_to_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
configure_file("${PROJECT_SOURCE_DIR}/cmake/autotune.pc.in" "${PROJECT_BINARY_DIR}/autotune.pc"
               @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/autotune.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig"
        COMPONENT core)
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT core)

# --- torch: an export set of its own, so that a consumer of the core never sees LibTorch ---
if(TARGET autotune_torch)
  set_target_properties(autotune_torch PROPERTIES EXPORT_NAME torch)
  install(TARGETS autotune_torch EXPORT autotune-torch-targets LIBRARY COMPONENT torch)
  install(EXPORT autotune-torch-targets NAMESPACE autotune::
          DESTINATION "${autotune_package_folder}" COMPONENT torch)
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/autotune/torch"
          DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/autotune" COMPONENT torch)
  install(FILES "${PROJECT_SOURCE_DIR}/cmake/AutotuneTorch.cmake"
          DESTINATION "${autotune_package_folder}" COMPONENT torch)
endif()
if(TARGET autotune-worker)
  set_target_properties(autotune-worker PROPERTIES
    INSTALL_RPATH "\$ORIGIN/${autotune_libexec_to_lib}")
  install(TARGETS autotune-worker DESTINATION "${CMAKE_INSTALL_LIBEXECDIR}" COMPONENT torch)
endif()

# --- programs and shipped profiles ---
foreach(program IN ITEMS autotune_program autotune_replay)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME COMPONENT programs)
  endif()
endforeach()
if(EXISTS "${PROJECT_SOURCE_DIR}/profiles/schema")
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/profiles/schema"
          DESTINATION "${CMAKE_INSTALL_DATADIR}/autotune/profiles" COMPONENT core)
endif()
