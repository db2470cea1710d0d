#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>
#include <vector>

#include "autotune/error.hpp"
#include "autotune/worker.hpp"

namespace autotune {
namespace {

namespace fs = std::filesystem;

constexpr auto program_name = "autotune-worker";

bool is_program(const fs::path& path) {
  std::error_code failure;
  return fs::is_regular_file(path, failure) && ::access(path.c_str(), X_OK) == 0;
}

/// Where a worker lies relative to a folder with programs or libraries: built, installed, packaged.
void add_places_around(const fs::path& folder, std::vector<fs::path>& places) {
  if (folder.empty()) return;
  const fs::path above = folder.parent_path();
  places.push_back(above / "libexec" / program_name);
  places.push_back(above / "libexec" / "autotune" / program_name);
  places.push_back(folder / "libexec" / program_name);
}

fs::path folder_of_this_program() {
  std::error_code failure;
  return fs::read_symlink("/proc/self/exe", failure).parent_path();
}

/// Of the shared object that holds this library: a Python extension, or the program itself.
fs::path folder_of_this_library() {
  Dl_info info{};
  if (::dladdr(reinterpret_cast<void*>(&find_worker), &info) == 0) return {};
  // A program linked with the library is named by its argv[0], which without a slash came by PATH.
  if (std::string_view(info.dli_fname).find('/') == std::string_view::npos) return {};
  std::error_code failure;
  return fs::canonical(info.dli_fname, failure).parent_path();
}

std::vector<fs::path> installed_places() {
  std::vector<fs::path> places;
  const fs::path program = folder_of_this_program();
  const fs::path library = folder_of_this_library();
  // A package's worker before one that lies beside the interpreter: it is of this version.
  add_places_around(library, places);
  if (program != library) add_places_around(program, places);
#ifdef AUTOTUNE_INSTALL_LIBEXEC
  places.push_back(fs::path(AUTOTUNE_INSTALL_LIBEXEC) / program_name);
  places.push_back(fs::path(AUTOTUNE_INSTALL_LIBEXEC) / "autotune" / program_name);
#endif
  return places;
}

fs::path named_worker(const fs::path& path, const char* named_by) {
  if (is_program(path)) return path;
  throw Error(ErrorCode::worker,
              fmt::format("{} names the worker {}, which is not an executable file. Correct it, or "
                          "leave it out to use the installed one.",
                          named_by, path.string()));
}

std::string joined(const std::vector<fs::path>& places) {
  std::string text;
  for (const fs::path& place : places) text += (text.empty() ? "" : ", ") + place.string();
  return text;
}

}  // namespace

fs::path find_worker(const std::optional<fs::path>& executable) {
  if (executable) return named_worker(*executable, "the option");
  const char* named = std::getenv("AUTOTUNE_WORKER");
  if (named != nullptr && *named != '\0') return named_worker(named, "AUTOTUNE_WORKER");
  const std::vector<fs::path> places = installed_places();
  for (const fs::path& place : places) {
    if (is_program(place)) return place.lexically_normal();
  }
  throw Error(ErrorCode::worker,
              fmt::format("there is no worker (the program that runs models) at {}.\nBuild or "
                          "install autotune with AUTOTUNE_WITH_TORCH=ON, or set AUTOTUNE_WORKER to "
                          "its path.",
                          joined(places)));
}

}  // namespace autotune
