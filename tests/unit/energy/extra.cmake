target_compile_definitions(${program} PRIVATE
  FAKE_NVML="$<TARGET_FILE:fake_nvml_new>" FAKE_NVML_OLD="$<TARGET_FILE:fake_nvml_old>")
add_dependencies(${program} fake_nvml_new fake_nvml_old)
target_link_libraries(${program} PRIVATE meter_scenarios)
