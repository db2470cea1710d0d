# The faults of meters and how measuring ends under each, for their test and their table.
add_library(meter_scenarios STATIC
  "${CMAKE_CURRENT_LIST_DIR}/nvml_scenarios.cpp" "${CMAKE_CURRENT_LIST_DIR}/rapl_scenarios.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/../fakes/nvml_bench.cpp"
  "${CMAKE_CURRENT_LIST_DIR}/../fakes/power_physics.cpp")
autotune_compile_options(meter_scenarios)
target_include_directories(meter_scenarios PUBLIC "${PROJECT_SOURCE_DIR}/src"
                                                  "${CMAKE_CURRENT_LIST_DIR}/..")
target_link_libraries(meter_scenarios PUBLIC autotune nlohmann_json::nlohmann_json ${CMAKE_DL_LIBS}
                                      PRIVATE fmt::fmt)
