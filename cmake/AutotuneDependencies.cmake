# What the core and the programs are linked with. Each message names the Debian package.
#
# Imported targets are made global: a project that adds ours as a subfolder links the static core
# from its own folder and must see them there.
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)

function(autotune_require target what packages)
  if(NOT TARGET ${target})
    message(FATAL_ERROR "${what} is missing. Install it: apt-get install ${packages}")
  endif()
endfunction()

# Debian ships fmt as a shared library only; its headers alone do as well.
function(autotune_header_only_fmt)
  find_path(AUTOTUNE_FMT_INCLUDE fmt/format.h)
  if(AUTOTUNE_FMT_INCLUDE AND NOT TARGET fmt::fmt)
    add_library(fmt::fmt INTERFACE IMPORTED GLOBAL)
    target_include_directories(fmt::fmt INTERFACE "${AUTOTUNE_FMT_INCLUDE}")
    target_compile_definitions(fmt::fmt INTERFACE FMT_HEADER_ONLY=1)
  endif()
endfunction()

# zlib stays shared: Debian's archive cannot go into a shared library, and every system has
# libz.so.1, since Python needs it.
function(autotune_static_minizip)
  find_library(AUTOTUNE_MINIZIP_ARCHIVE libminizip.a)
  find_library(AUTOTUNE_ZLIB z)
  find_path(AUTOTUNE_MINIZIP_INCLUDE unzip.h PATH_SUFFIXES minizip)
  if(AUTOTUNE_MINIZIP_ARCHIVE AND AUTOTUNE_ZLIB AND AUTOTUNE_MINIZIP_INCLUDE)
    add_library(PkgConfig::minizip INTERFACE IMPORTED GLOBAL)
    target_include_directories(PkgConfig::minizip INTERFACE "${AUTOTUNE_MINIZIP_INCLUDE}")
    target_link_libraries(PkgConfig::minizip INTERFACE "${AUTOTUNE_MINIZIP_ARCHIVE}"
                                                       "${AUTOTUNE_ZLIB}")
  endif()
endfunction()

find_package(Threads REQUIRED)
find_package(nlohmann_json QUIET)
find_package(Eigen3 QUIET)
find_package(ZLIB QUIET)
if(AUTOTUNE_STATIC_DEPENDENCIES)
  autotune_header_only_fmt()
  autotune_static_minizip()
else()
  find_package(fmt QUIET)
  find_package(PkgConfig QUIET)
  if(PkgConfig_FOUND)
    pkg_check_modules(minizip QUIET IMPORTED_TARGET GLOBAL minizip)
  endif()
endif()
autotune_require(nlohmann_json::nlohmann_json "nlohmann-json" nlohmann-json3-dev)
autotune_require(Eigen3::Eigen "Eigen" libeigen3-dev)
autotune_require(fmt::fmt "fmt" libfmt-dev)
autotune_require(ZLIB::ZLIB "zlib" zlib1g-dev)
autotune_require(PkgConfig::minizip "minizip" "libminizip-dev pkg-config")

if(AUTOTUNE_BUILD_CLI OR AUTOTUNE_BUILD_BENCHMARKS)
  set(Boost_USE_STATIC_LIBS ${AUTOTUNE_STATIC_DEPENDENCIES})
  find_package(Boost QUIET COMPONENTS program_options)
  autotune_require(Boost::program_options "Boost.Program_options" libboost-program-options-dev)
endif()
if(AUTOTUNE_BUILD_TESTS)
  find_package(GTest QUIET)
  autotune_require(GTest::gmock "GoogleTest" "libgtest-dev libgmock-dev")
endif()

if(AUTOTUNE_WITH_TORCH)
  include(AutotuneTorch)
  if(NOT autotune_torch_message)
    message(STATUS "LibTorch ${autotune_torch_version}: ${autotune_torch_root}")
  elseif(AUTOTUNE_WITH_TORCH STREQUAL "AUTO")
    message(STATUS "${autotune_torch_message} Without it there will be no worker to run models.")
    set(AUTOTUNE_WITH_TORCH OFF)
  else()
    message(FATAL_ERROR
      "${autotune_torch_message} -DAUTOTUNE_WITH_TORCH=OFF builds the core alone.")
  endif()
endif()
