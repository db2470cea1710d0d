# NVML libraries without a GPU: as drivers ship it today, and as one before fields and MIG did.
foreach(age IN ITEMS new old)
  add_library(fake_nvml_${age} SHARED
    "${CMAKE_CURRENT_LIST_DIR}/fake_nvml.cpp" "${CMAKE_CURRENT_LIST_DIR}/fake_gpu.cpp"
    "${CMAKE_CURRENT_LIST_DIR}/nvml_bench.cpp" "${CMAKE_CURRENT_LIST_DIR}/power_physics.cpp")
  autotune_compile_options(fake_nvml_${age})
  target_include_directories(fake_nvml_${age} PRIVATE "${CMAKE_CURRENT_LIST_DIR}/../../src"
                                                     "${CMAKE_CURRENT_LIST_DIR}/..")
  set_target_properties(fake_nvml_${age} PROPERTIES
    OUTPUT_NAME nvidia-ml SUFFIX .so.1
    LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/fakes/nvml_${age}")
endforeach()
target_compile_definitions(fake_nvml_old PRIVATE FAKE_NVML_OLD)
