# Finds LibTorch and makes the imported target autotune_libtorch from its include/ and lib/.
#
# Looked for in this order: Torch_DIR, CMAKE_PREFIX_PATH, the torch of the active Python, and
# .venv/ in the source folder (made by scripts/setup); for the Python package only the torch of the
# environment it is built for, unless one is named. Torch's own package file is not used: it
# demands a CUDA compiler as soon as its libraries were built with CUDA. The installed package
# file includes this file too.
#
# Sets autotune_torch_root, autotune_torch_version (2.11.0), autotune_torch_cuda (TRUE or FALSE),
# or else autotune_torch_message, which says what is wrong and how to mend it.

# The oldest release the component is tested with.
set(autotune_torch_oldest 2.11)

function(_autotune_torch_of_python python result)
  set(${result} "" PARENT_SCOPE)
  if(NOT EXISTS "${python}")
    return()
  endif()
  # Located by path: importing torch takes seconds. -E as well: pip hides the environment's
  # packages from an isolated build through PYTHONPATH.
  foreach(flags IN ITEMS "-B" "-BE")
    execute_process(
      COMMAND "${python}" ${flags} -c "import importlib.util as u; s = u.find_spec('torch'); \
print(s.submodule_search_locations[0] if s and s.origin else '')"
      WORKING_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}"
      OUTPUT_VARIABLE folder ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
    if(folder)
      set(${result} "${folder}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
endfunction()

# Sets `result` to the first of the folders that holds a LibTorch, or to nothing.
function(_autotune_first_torch result)
  set(${result} "" PARENT_SCOPE)
  foreach(folder IN LISTS ARGN)
    if(EXISTS "${folder}/lib/libtorch_cpu.so" AND EXISTS "${folder}/include/ATen/core/Tensor.h")
      file(REAL_PATH "${folder}" root)
      set(${result} "${root}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
endfunction()

function(_autotune_torch_named_by_user result)
  set(folders "")
  string(REPLACE ":" ";" environment "$ENV{CMAKE_PREFIX_PATH}")
  foreach(prefix IN LISTS CMAKE_PREFIX_PATH environment)
    list(APPEND folders "${prefix}" "${prefix}/../..")  # <torch> and <torch>/share/cmake
  endforeach()
  if(Torch_DIR)
    set(folders "${Torch_DIR}/../../..")
  endif()
  _autotune_first_torch(root ${folders})
  if(Torch_DIR AND NOT root)
    message(FATAL_ERROR "Torch_DIR=${Torch_DIR} does not belong to a LibTorch with include/ and "
                        "lib/: it must be <torch>/share/cmake/Torch. Correct it, or leave it out.")
  endif()
  set(${result} "${root}" PARENT_SCOPE)
endfunction()

function(_autotune_torch_of_pythons result)
  if(SKBUILD)  # Set by scikit-build-core.
    _autotune_torch_of_python("${Python_EXECUTABLE}" folder)
    _autotune_first_torch(root "${folder}")
    set(${result} "${root}" PARENT_SCOPE)
    return()
  endif()
  find_program(active_python NAMES python3 python NO_CACHE
               HINTS "$ENV{VIRTUAL_ENV}/bin" "$ENV{CONDA_PREFIX}/bin")
  set(root "")
  foreach(python IN ITEMS "${Python_EXECUTABLE}" "${active_python}"
                          "${PROJECT_SOURCE_DIR}/.venv/bin/python")
    if(NOT root)
      _autotune_torch_of_python("${python}" folder)
      _autotune_first_torch(root "${folder}")
    endif()
  endforeach()
  set(${result} "${root}" PARENT_SCOPE)
endfunction()

function(_autotune_find_torch result)
  _autotune_torch_named_by_user(root)
  if(NOT root)
    _autotune_torch_of_pythons(root)
  endif()
  if(NOT root)
    # Set by the installed package file: the one it was built with, if it is still there.
    _autotune_first_torch(root "${autotune_torch_built_with}")
  endif()
  set(${result} "${root}" PARENT_SCOPE)
endfunction()

function(_autotune_torch_version root result)
  # The second place is a short header of 2.11 and later; before, the first one held the number.
  foreach(header IN ITEMS torch/csrc/api/include/torch/version.h torch/headeronly/version.h)
    if(EXISTS "${root}/include/${header}")
      file(STRINGS "${root}/include/${header}" line REGEX "\"[0-9]+\\.[0-9]+\\.[0-9]+\"")
      if(line MATCHES "[0-9]+\\.[0-9]+\\.[0-9]+")
        set(${result} "${CMAKE_MATCH_0}" PARENT_SCOPE)
        return()
      endif()
    endif()
  endforeach()
  set(${result} "0" PARENT_SCOPE)
endfunction()

function(_autotune_add_libtorch root)
  set(libraries "")
  foreach(name IN ITEMS torch torch_cpu c10 torch_cuda c10_cuda)
    if(EXISTS "${root}/lib/lib${name}.so")
      list(APPEND libraries "${root}/lib/lib${name}.so")
    endif()
  endforeach()
  string(REPLACE ";" "," libraries "${libraries}")

  # libtorch_cuda announces itself when it is loaded and no symbol of it is called by name, so a
  # linker that drops unused libraries would leave the program without CUDA.
  add_library(autotune_libtorch INTERFACE IMPORTED)
  target_include_directories(autotune_libtorch INTERFACE
    "${root}/include" "${root}/include/torch/csrc/api/include")
  target_link_libraries(autotune_libtorch INTERFACE
    "-Wl,--push-state,--no-as-needed,${libraries},--pop-state")
  # A runpath, not an rpath: LD_LIBRARY_PATH can name another copy of the same release.
  target_link_options(autotune_libtorch INTERFACE
    "LINKER:--enable-new-dtags" "LINKER:-rpath,${root}/lib")
  # LibTorch ships headers of another fmt than the system's library, and its folder comes first.
  target_compile_definitions(autotune_libtorch INTERFACE FMT_HEADER_ONLY=1)
  target_compile_features(autotune_libtorch INTERFACE cxx_std_20)
  set_target_properties(autotune_libtorch PROPERTIES IMPORTED_GLOBAL TRUE)
endfunction()

_autotune_find_torch(autotune_torch_root)
if(NOT autotune_torch_root)
  string(CONCAT autotune_torch_message
    "LibTorch was not found in Torch_DIR, CMAKE_PREFIX_PATH, the active Python or .venv. Give it "
    "with -DTorch_DIR=<torch>/share/cmake/Torch, or install the wheel into the Python on PATH "
    "(pip install torch==2.11.0), or run scripts/setup.")
  return()
endif()

_autotune_torch_version("${autotune_torch_root}" autotune_torch_version)
set(autotune_torch_message "")
if(autotune_torch_version VERSION_LESS autotune_torch_oldest)
  string(CONCAT autotune_torch_message
    "LibTorch ${autotune_torch_version} in ${autotune_torch_root} is older than "
    "${autotune_torch_oldest}. Give a newer one with -DTorch_DIR=<torch>/share/cmake/Torch, or run "
    "scripts/setup.")
  return()
endif()
set(autotune_torch_cuda FALSE)
if(EXISTS "${autotune_torch_root}/lib/libtorch_cuda.so")
  set(autotune_torch_cuda TRUE)
endif()
if(NOT TARGET autotune_libtorch)
  _autotune_add_libtorch("${autotune_torch_root}")
endif()
