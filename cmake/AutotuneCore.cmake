# autotune::autotune, the core: every layer but torch in one library. No torch, no CUDA.
get_property(autotune_layers GLOBAL PROPERTY AUTOTUNE_LAYERS)
file(GLOB autotune_headers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/include/autotune/*.hpp")

# Static whatever BUILD_SHARED_LIBS says: its symbols are hidden.
add_library(autotune STATIC)
add_library(autotune::autotune ALIAS autotune)
foreach(layer IN LISTS autotune_layers)
  target_sources(autotune PRIVATE $<TARGET_OBJECTS:${layer}>)
endforeach()
target_sources(autotune PUBLIC FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/include"
                               FILES ${autotune_headers})
target_compile_features(autotune PUBLIC cxx_std_20)
target_link_libraries(autotune PRIVATE fmt::fmt PkgConfig::minizip ZLIB::ZLIB ${CMAKE_DL_LIBS}
                               PUBLIC Threads::Threads)
if(AUTOTUNE_SANITIZE)
  target_link_options(autotune PUBLIC -fsanitize=${AUTOTUNE_SANITIZE})
endif()
# Each public header is compiled alone by the target all_verify_interface_header_sets.
set_target_properties(autotune PROPERTIES LINKER_LANGUAGE CXX VERIFY_INTERFACE_HEADER_SETS ON)
