target_compile_definitions(${program} PRIVATE
  FAKE_NVML="$<TARGET_FILE:fake_nvml_new>" FAKE_NVML_OLD="$<TARGET_FILE:fake_nvml_old>")
add_dependencies(${program} fake_nvml_new fake_nvml_old)
# The fingerprint's tests write archives of their own.
target_link_libraries(${program} PRIVATE PkgConfig::minizip)
# NVIDIA's own header, for the check of our declarations alone; the core is built without it.
file(GLOB autotune_venv_headers
     "${PROJECT_SOURCE_DIR}/.venv/lib/python3*/site-packages/nvidia/cu13/include")
find_path(AUTOTUNE_NVML_INCLUDE nvml.h HINTS ${autotune_venv_headers})
if(AUTOTUNE_NVML_INCLUDE)
  set_source_files_properties("${CMAKE_CURRENT_SOURCE_DIR}/unit/platform/nvml_abi_test.cpp"
    PROPERTIES COMPILE_OPTIONS "-isystem;${AUTOTUNE_NVML_INCLUDE}")
else()
  message(STATUS "nvml.h is not installed: our declarations of NVML are not compared with it")
endif()
