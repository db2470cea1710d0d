# Replay stands on the core and is no part of it.
target_link_libraries(${program} PRIVATE autotune_replay_tables nlohmann_json::nlohmann_json)
target_compile_definitions(${program} PRIVATE
  RECORDED_TABLES="${PROJECT_SOURCE_DIR}/profiles/recorded")
