# autotune_layer(NAME SOURCES file... [USES layer...] [LIBRARIES target...])
#
# A folder is a layer and a target; USES names the layers it may include. The check in
# tests/layers_test.py reads these lines and fails on an include that points elsewhere.
function(autotune_layer name)
  cmake_parse_arguments(arg "" "" "SOURCES;USES;LIBRARIES" ${ARGN})
  add_library(autotune_${name} OBJECT ${arg_SOURCES})
  autotune_compile_options(autotune_${name})
  target_include_directories(autotune_${name} PUBLIC
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>" "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>")
  foreach(layer IN LISTS arg_USES)
    target_link_libraries(autotune_${name} PUBLIC autotune_${layer})
  endforeach()
  # fmt's objects come from the library, so that the core's consumers need not find its headers.
  target_link_libraries(autotune_${name} PRIVATE fmt::fmt ${arg_LIBRARIES})
  set_property(GLOBAL APPEND PROPERTY AUTOTUNE_LAYERS autotune_${name})
endfunction()

# Designated initialisers name what differs from the defaults; the rest is left out on purpose.
function(autotune_compile_options target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wshadow -Wnon-virtual-dtor
                                           -Wno-missing-field-initializers)
  if(AUTOTUNE_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(AUTOTUNE_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${AUTOTUNE_SANITIZE}
                                             -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${AUTOTUNE_SANITIZE})
  endif()
endfunction()
