# The journal's calls into the file system go through the tests, which make them fail.
target_link_options(${program} PRIVATE -Wl,--wrap=pwrite -Wl,--wrap=fdatasync)
target_link_libraries(${program} PRIVATE nlohmann_json::nlohmann_json)
