# What the core and the programs are linked with. Each message names the Debian package.
find_package(Threads REQUIRED)

find_package(fmt QUIET)
find_package(nlohmann_json QUIET)
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(minizip QUIET IMPORTED_TARGET minizip)
endif()
if(NOT fmt_FOUND)
  message(FATAL_ERROR "fmt is missing. Install it: apt-get install libfmt-dev")
endif()
if(NOT nlohmann_json_FOUND)
  message(FATAL_ERROR "nlohmann-json is missing. Install it: apt-get install nlohmann-json3-dev")
endif()
if(NOT minizip_FOUND)
  message(FATAL_ERROR "minizip is missing. Install it: apt-get install libminizip-dev pkg-config")
endif()

if(AUTOTUNE_BUILD_CLI)
  set(Boost_USE_STATIC_LIBS ${AUTOTUNE_STATIC_DEPENDENCIES})
  find_package(Boost QUIET COMPONENTS program_options)
  if(NOT Boost_FOUND)
    message(FATAL_ERROR
      "Boost.Program_options is missing. Install it: apt-get install libboost-program-options-dev")
  endif()
endif()
if(AUTOTUNE_BUILD_TESTS)
  find_package(GTest QUIET)
  if(NOT GTest_FOUND)
    message(FATAL_ERROR
      "GoogleTest is missing. Install it (apt-get install libgtest-dev libgmock-dev) or configure "
      "with -DAUTOTUNE_BUILD_TESTS=OFF")
  endif()
endif()

if(AUTOTUNE_WITH_TORCH)
  include(AutotuneTorch)
  if(autotune_torch_message)
    message(FATAL_ERROR
      "${autotune_torch_message} -DAUTOTUNE_WITH_TORCH=OFF builds the core alone.")
  endif()
  message(STATUS "LibTorch ${autotune_torch_version}: ${autotune_torch_root}")
endif()
