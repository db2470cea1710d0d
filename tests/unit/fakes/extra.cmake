target_sources(${program} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/fakes/power_physics.cpp")
