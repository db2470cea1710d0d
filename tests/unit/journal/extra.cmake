target_link_libraries(${program} PRIVATE nlohmann_json::nlohmann_json)
