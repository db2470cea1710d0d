# The packages of a set are archives.
target_link_libraries(${program} PRIVATE PkgConfig::minizip nlohmann_json::nlohmann_json)
