# autotune::autotune, the core: every layer but torch in one library. No torch, no CUDA.
get_property(autotune_layers GLOBAL PROPERTY AUTOTUNE_LAYERS)
add_library(autotune)
add_library(autotune::autotune ALIAS autotune)
foreach(layer IN LISTS autotune_layers)
  target_sources(autotune PRIVATE $<TARGET_OBJECTS:${layer}>)
endforeach()
target_compile_features(autotune PUBLIC cxx_std_20)
target_include_directories(autotune PUBLIC
  "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>" "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
target_link_libraries(autotune PRIVATE fmt::fmt PkgConfig::minizip ${CMAKE_DL_LIBS}
                               PUBLIC Threads::Threads)
if(AUTOTUNE_SANITIZE)
  target_link_options(autotune PUBLIC -fsanitize=${AUTOTUNE_SANITIZE})
endif()
set_target_properties(autotune PROPERTIES LINKER_LANGUAGE CXX)
